"""An evaluation from Python leaves what the command leaves, and says what it came to."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import Bench, Command, fish_cases
from scoville.cases.files import write_cases
from scoville.errors import UsageError
from scoville.evaluate.runs import create_run
from scoville.track.store import FILE_NAME, Store
from scoville.types import Evidence

ANIMALS = ("otter", "badger", "heron", "lynx", "marten", "osprey")


@pytest.fixture
def bot(bench: Bench, fakes: None) -> Any:
    for animal in ANIMALS:
        lines = [f"The {animal} of ward {ward} eats {ward + 3} fish each day." for ward in range(6)]
        bench.write(f"{animal}.txt", "\n\n".join(lines))
    with sc.open(bench.workspace.root, split={"size": 30}) as bot:
        bot.add(bench.docs)
        yield bot


@pytest.fixture
def file() -> Path:
    path = Path("cases.jsonl")
    write_cases(path, fish_cases(6))
    return path


def shape(value: Any) -> Any:
    """Give the keys and types of JSON, without what differs from run to run."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return type(value).__name__


def test_a_run_from_python_leaves_what_the_command_leaves(bot: sc.Bot, file: Path, command: Command):
    run = bot.evaluate(file)
    done = command("evaluate", file, "--set", "split.size=30", "--json")
    assert done.code == 0, done.err
    other = bot.run(done.json["run"])
    assert shape(run.header) == shape(other.header)
    assert {key: run.header[key] for key in ("system", "recipe_hash", "cases_file", "index", "status")} == {
        key: other.header[key] for key in ("system", "recipe_hash", "cases_file", "index", "status")
    }
    measured, others = (
        {name: found for name, found in one.summary()["metrics"].items() if "seconds" not in name}
        for one in (run, other)
    )
    assert measured == others
    assert all(saved["trace"] for saved in run.saved().values())
    bot.close()
    store = Store(bot.workspace.folder / FILE_NAME)
    listed = dict(store.query("SELECT id, kind FROM runs"))
    costs = dict(store.query("SELECT run_id, count(*) FROM ledger WHERE activity = 'generation' GROUP BY 1"))
    store.close()
    assert listed == {run.id: "evaluation", other.id: "evaluation"}
    assert costs[run.id] == costs[other.id] == 6
    assert [one.id for one in bot.runs()] == [run.id, other.id]


def test_a_summary_is_data_and_as_text_a_table(bot: sc.Bot, file: Path):
    run = bot.evaluate(file)
    assert json.loads(json.dumps(run.summary()))["counts"]["cases"] == 6
    text = str(run.summary())
    assert run.id in text.splitlines()[0] and "quality" in text and "{" not in text
    shown, _, folded = run._repr_html_().partition("<details>")
    assert f"run {run.id}" in shown and "quality" in shown and "6 answered" in folded
    assert "token_f1" in folded and "token_f1" not in shown


def test_wrong_answers_are_blamed_on_a_stage(bot: sc.Bot, file: Path):
    run = bot.evaluate(file, system=lambda question: "No fish at all.", name="<b>wrong</b>")
    assert run.header["system"] == "<b>wrong</b>"
    assert run.blame() == []  # what a function searched is not known
    empty = bot.variant({"search.passages": 1}).evaluate(file)
    blamed = empty.blame()
    assert str(blamed).startswith(f"{len(blamed)} wrong answers")
    assert blamed._repr_html_().startswith("<table>")


def test_cases_may_be_given_as_such_and_are_chosen(bot: sc.Bot):
    cases = fish_cases(6)
    run = bot.evaluate(cases, limit=2)
    assert [case.id for case in run.cases()] == [case.id for case in cases[:2]]
    assert run.header["cases_file"] == ""
    with pytest.raises(UsageError, match="none of 6 cases"):
        bot.evaluate(cases, split="test")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"expected": ("",)}, r"case 2 \(heron-0\): expected: '' is no answer"),
        ({"question": " "}, "case 2 .*question: ' '; expected a text"),
        ({"id": "otter-0"}, "case 2 has the id 'otter-0' as case 1"),
    ],
)
def test_a_case_that_no_file_may_hold_is_refused_before_anything_is_asked(bot: sc.Bot, wrong: Any, said: str):
    asked: list[str] = []
    first, _, third = fish_cases(3)
    with pytest.raises(UsageError, match=said):
        bot.evaluate([first, replace(third, **wrong)], system=asked.append)
    assert (asked, bot.runs()) == ([], [])


def test_a_run_is_compared_with_its_baseline(bot: sc.Bot, file: Path):
    first = bot.evaluate(file)
    second = bot.evaluate(file, baseline=first, system=lambda question: "Nothing.")
    assert second.compare(first).second == 0.0
    assert second.compare(first.id).difference == second.compare(first).difference
    with pytest.raises(UsageError, match="the runs have different cases"):
        bot.evaluate(fish_cases(3), baseline=first)


def test_a_run_that_was_interrupted_goes_on_and_one_is_scored_again(bot: sc.Bot):
    cases = fish_cases(3)
    run = create_run(bot.workspace.folder / "runs", cases, {"system": "recipe", "spec": ""})
    with run.recording() as record:
        record(cases[0].id, {"answer": "3 fish", "refused": False})
    resumed = bot.resume()
    assert resumed.id == run.id and len(resumed.saved()) == 3
    assert resumed.saved()[cases[0].id]["answer"] == "3 fish"
    (run.folder / "scores.json").unlink()
    assert bot.score(run.id).summary()["counts"]["answered"] >= 1


def test_a_run_may_not_take_the_place_of_a_better_one(bot: sc.Bot):
    right = bot.evaluate(fish_cases(6))
    wrong = bot.evaluate(fish_cases(6), system=lambda question: "Nobody ever wrote that down.")
    quality = right.summary()["metrics"]["quality"]["mean"]
    gate = wrong.gate(right)
    assert gate.verdict == "fails" and f"quality fell by {quality:.3f}, more than 0" in gate.reasons[0]
    assert wrong.gate(right.id, max_drop=quality).verdict == "passes"
    assert right.gate(wrong).verdict == "passes"


def test_runs_become_a_page(bot: sc.Bot, tmp_path: Path):
    run = bot.evaluate(fish_cases(6))
    report = bot.report(run, out=tmp_path / "page.html")
    assert report.blamed == {run.id: run.blame()}
    assert "How many fish" in report.file.read_text()


def test_cases_are_checked_against_what_was_read(bot: sc.Bot, tmp_path: Path):
    evidence = Evidence(document="docs/otter.txt", quote="The otter of ward 3 eats 6 fish each day.")
    case = sc.Case(id="a", question="How many fish does the otter of ward 3 eat?", expected=("6",))
    cases = [
        replace(case, evidence=(evidence,)),
        replace(case, id="b", evidence=(replace(evidence, document="x.txt"),)),
    ]
    write_cases(tmp_path / "cases.jsonl", cases)
    (checked,) = bot.check_cases(tmp_path / "cases.jsonl")
    assert checked.blocks and checked.evidence_checked
    assert {(problem.kind, problem.cases) for problem in checked.problems} >= {("evidence", ("b",))}


def test_a_case_that_keeps_a_document_out_is_asked_without_it(bot: sc.Bot):
    case = replace(fish_cases(1)[0], where='document != "docs/otter.txt"')
    seen = replace(case, id="seen", where="")
    saved = bot.evaluate([case, seen]).saved()
    assert "docs/otter.txt" in {hit["document"] for hit in saved["seen"]["passages"]}
    assert saved[case.id]["passages"]
    assert "docs/otter.txt" not in {hit["document"] for hit in saved[case.id]["passages"]}
    cheated = bot.evaluate([case], system="cheat:first-passage").saved()[case.id]
    assert "docs/otter.txt" not in {hit["document"] for hit in cheated["passages"]}


def test_what_cannot_be_kept_from_documents_is_not_asked_such_a_case(bot: sc.Bot, caplog: pytest.LogCaptureFixture):
    one, other = fish_cases(2)
    cases = [replace(one, where='document != "docs/otter.txt"'), other]
    with caplog.at_level("INFO", "scoville"):
        run = bot.evaluate(cases, system=lambda question: "4 fish")
    assert [case.id for case in run.cases()] == [other.id]
    assert "1 of 2 cases are left out" in caplog.text
    compared = sc.compare([bot, lambda question: "4 fish"], cases)
    assert [[case.id for case in system.run.cases()] for system in compared.systems] == [[other.id]] * 2
