"""`scoville train reader` and `scoville train score`, with a tiny encoder and files of questions."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_cli import check
from tiny_encoder import colour_rows, write_rows, write_tiny_encoder

from conftest import Bench, Command
from scoville.cases.files import write_cases
from scoville.types import Case, Evidence

CARD = {"n", "f1_answerable", "em_answerable", "auroc", "best_f1", "wrongly_refused_at_best", "seconds"}
RECIPE = """\
base: path:{base}
longest: 48
batch_tokens: 512
learning_rate: 3.0e-3
warmup_steps: 5
steps: 25
made_unanswerable: 0
titled: 0
score_every_steps: 25
files: [{{path: rows.jsonl, hold_out: 2}}]
"""


@pytest.fixture
def place(bench: Bench) -> Path:
    """Give a workspace with a recipe of training, an encoder and questions."""
    pytest.importorskip("torch")
    folder = bench.workspace.root
    write_rows(folder / "rows.jsonl", colour_rows(200))
    write_rows(folder / "more.jsonl", colour_rows(40, seed=9))
    (folder / "reader.yaml").write_text(RECIPE.format(base=write_tiny_encoder(folder / "base")))
    return folder


def leave_cases(folder: Path) -> list[Case]:
    """Ask how long twelve kinds of leave are; each stands in a document of its own."""
    kinds = "parental adoption sick study annual moving jury carer unpaid summer winter spring".split()
    cases: list[Case] = []
    (folder / "docs").mkdir(exist_ok=True)
    for weeks, kind in enumerate(kinds, start=2):
        sentence = f"The {kind} leave of our staff takes {weeks} weeks in a year."
        (folder / "docs" / f"{kind}.md").write_text(f"# {kind.title()}\n\nAsk your manager first. {sentence}\n")
        evidence = (Evidence(document=f"docs/{kind}.md", quote=sentence),)
        cases.append(Case(id=kind, question=f"How long is {kind} leave?", expected=(f"{weeks} weeks",),
                          evidence=evidence))  # fmt: skip
    return cases


def test_a_reader_is_trained_and_scored_by_name_and_by_path(place: Path, command: Command):
    done = command("train", "reader", "reader.yaml", "--json")
    assert done.code == 0, done.err
    assert done.json["steps"] == 25 and done.json["stopped"] == "done"
    assert CARD <= set(done.json["scores"]["rows.jsonl"])
    folder = place / ".scoville" / "models" / "reader"
    assert Path(done.json["folder"]) == folder
    named = command("train", "score", "reader", "more.jsonl", "--json")
    assert named.code == 0, named.err
    assert set(named.json) >= CARD and named.json["n"] == 40
    check("train score MODEL FILE --json", [named.json])
    check("train reader --json", [done.json])
    there = command("train", "score", str(folder), "more.jsonl", "--json")
    assert {**there.json, "seconds": 0} == {**named.json, "seconds": 0}
    asked = command("train", "score", "path:.scoville/models/reader", "more.jsonl", "--json")
    assert asked.json["f1_answerable"] == named.json["f1_answerable"]
    fewer = command("train", "score", "reader", "more.jsonl", "--limit", "10")
    assert "told apart" in fewer.out and "10 questions in" in fewer.err


def test_a_trained_reader_answers_by_its_name(place: Path, bench: Bench, command: Command):
    assert command("train", "reader", "reader.yaml", "--name", "ours", "--json").code == 0
    bench.write("animals.md", "# Animals\n\ncat dog fox red hen owl cat dog\n")
    bench.add()
    for model in ("ours", f"path:{place / '.scoville' / 'models' / 'ours'}"):
        given = ("--set", f"llm.model={model}", "--set", "answer.min_similarity=0", "--json")
        done = command("ask", "cat ?", *given)
        assert done.code == 0, done.err
        assert "**red" in done.json["answer"] and not done.json["refused"], done.err


def test_a_model_that_writes_is_asked_in_the_bots_prompt(place: Path, command: Command):
    texts = [("The fee is 5 EUR. It is due in May.", "The fee is 5 EUR"), ("No word of that. Not one.", "")]
    rows = [
        {"question": "How much is the fee?", "context": text, "answerable": bool(answer),
         "answers": [{"text": answer, "answer_start": 0}] if answer else []}
        for text, answer in texts
    ]  # fmt: skip
    write_rows(place / "fees.jsonl", rows)
    quoting = command("train", "score", "fake", "fees.jsonl", "--json").json
    assert (quoting["f1_answerable"], quoting["em_answerable"], quoting["auroc"]) == (1.0, 1.0, 0.5)
    declining = command("train", "score", "fake:I do not know.", "fees.jsonl", "--json").json
    assert (declining["f1_answerable"], declining["wrongly_refused_at_best"]) == (0.0, 1.0)


def test_cases_of_the_workspace_become_rows(place: Path, bench: Bench, command: Command):
    write_cases(place / "cases" / "leave.jsonl", leave_cases(place))
    bench.add()
    done = command("train", "reader", "--from-cases", "--base", f"path:{place / 'base'}", "--json")
    assert done.code == 0, done.err
    report = json.loads((place / ".scoville" / "models" / "reader" / "training.json").read_text())
    part = report["parts"][0]
    assert part["name"] == "cases" and part["rows"] >= 8
    assert part["rows"] + part["held_out"] > 12  # each case, and what lies beside some


def test_what_is_kept_for_testing_is_not_learned(place: Path, command: Command):
    rows = colour_rows(40, seed=9)
    rows[0]["question"] = "What is the colour of the third animal?"
    write_rows(place / "more.jsonl", rows)
    write_cases(place / "cases" / "test.jsonl", [Case(id="t", question=rows[0]["question"], split="test")])
    done = command("train", "reader", "reader.yaml", "--rows", "more.jsonl")
    assert done.code == 1 and "1 of 1 cases leak: t: " in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["reader"], "nothing to learn from: give a recipe such as recipes/reader.yaml, --rows FILE or --from-cases"),
        (["reader", "--from-cases"], "holds no case to learn from"),
        (["reader", "none.yaml"], "none.yaml cannot be read"),
        (["reader", "--rows", "empty.jsonl"], "holds no question with a text"),
        (["reader", "--rows", "one.jsonl"], "1 questions with an answer to learn from; expected at least 8"),
        (["reader", "--rows", "moved.jsonl"], "the answer 'blue' does not stand at its `answer_start`"),
        (["reader", "--rows", "rows.jsonl", "--base", "docs"], "'docs' is a folder without a reader"),
        (["score", "fake", "none.jsonl"], "none.jsonl cannot be read"),
        (["score", "fake", "cut.jsonl.gz"], "cut.jsonl.gz cannot be read"),
        (["score", "fake", "bent.jsonl.gz"], "bent.jsonl.gz cannot be read"),
        (["score", "fake", "squad.json"], "no SQuAD JSON"),
        (["score", "fake", "list.jsonl"], "line 1"),
        (["score", "nonsense", "rows.jsonl"], "'nonsense' is no llm that Scoville knows"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(place: Path, command: Command, words: list[str], said: str):
    import gzip

    (place / "empty.jsonl").write_text("\n")
    write_rows(place / "one.jsonl", colour_rows(2)[1:])
    moved: dict[str, Any] = {"question": "?", "context": "cat blue", "answers": [{"text": "blue", "answer_start": 3}]}
    write_rows(place / "moved.jsonl", [moved])
    packed = gzip.compress((place / "rows.jsonl").read_bytes())
    (place / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    (place / "bent.jsonl.gz").write_bytes(packed[:200] + b"\xff" * 40 + packed[240:])
    (place / "squad.json").write_text('{"data": [{"title": "a", "paragraphs": [{"qas": [1]}]}]}')
    (place / "list.jsonl").write_text("[1, 2]\n")
    done = command("train", *words)
    assert done.code in (1, 2) and said in done.err
    assert len(done.err.strip().splitlines()) == 1
