"""`scoville cases`: what each command writes, says and exits with; the review key by key."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from conftest import Bench
from scoville.cases.files import cases_of
from scoville.cases.importers.formats import IMPORTERS
from scoville.cli.cases import command
from scoville.errors import ScovilleError, UsageError
from scoville.types import Evidence


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run() -> Run:
    def run(*words: object, keys: str = "") -> Done:
        result = CliRunner().invoke(command, [str(word) for word in words], input=keys)
        if isinstance(result.exception, ScovilleError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return Done(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def qa(bench: Bench) -> Path:
    rows = [
        {"question": f"How long is leave number {number * 7919}?", "truth": f"Thirty.[leave.md#page={number}]"}
        for number in range(1, 31)
    ]
    path = bench.workspace.root / "qa.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_import_writes_cases_to_the_workspace_and_says_how_many(qa: Path, run: Run):
    done = run("import", qa, "--tag", "hr", "--json")
    file = Path(done.json["file"])
    assert file == qa.parent / "cases" / "qa.jsonl"
    assert (done.json["kind"], done.json["cases"], done.json["with_evidence"]) == ("truth", 30, 30)
    assert "30 cases" in done.err
    assert all(case.tags == ("hr",) for case in cases_of(file))
    with pytest.raises(UsageError, match="--force"):
        run("import", qa)
    assert run("import", qa, "--force", "--unanswerable", "--json").json["answerable"] == 0
    assert run("import", qa, "--as", "truth", "--out", "other.jsonl").out == ""
    assert len(cases_of(Path("other.jsonl"))) == 30


def test_import_says_how_many_answers_are_empty_where_others_are_not(bench: Bench, run: Run):
    path = bench.workspace.root / "table.csv"
    path.write_text("Question,Answer,Answerable\nWho?,Ann,\nWhen?,,\nWhere?,,no\n")
    said = run("import", path)
    assert "  1 have no answer in the file and count as answerable" in said.err
    path.write_text("Question,Document\nWho?,a.pdf\n")  # evidence alone is told on purpose
    assert "count as answerable" not in run("import", path, "--force").err


def test_the_help_of_import_names_every_format(run: Run):
    shown = run("import", "--help").out
    assert all(f" {name} " in shown for name in IMPORTERS)


def test_split_writes_the_file_again_and_moves_nothing_the_next_time(qa: Path, run: Run):
    file = Path(run("import", qa, "--json").json["file"])
    divided = run("split", file, "--json").json
    assert divided["train"] + divided["dev"] + divided["test"] == divided["cases"] == 30
    before = file.read_bytes()
    run("split", file, "--train", 0, "--dev", 0, "--test", 1, "--seed", 3)
    assert file.read_bytes() == before
    assert run("split", file, "--train", 0, "--dev", 0, "--test", 1, "--anew", "--json").json["test"] == 30
    with pytest.raises(UsageError, match="make 1 together"):
        run("split", file, "--train", 0.9)


def test_one_case_is_divided_with_a_word(bench: Bench, run: Run):
    file = write(bench.workspace.root / "one.jsonl", {"question": "Who?"})
    assert "too few groups" in run("split", file).err


def test_check_without_an_index_looks_at_everything_else(bench: Bench, run: Run):
    file = write(bench.workspace.root / "a.jsonl",
                 {"question": "Who pays?", "expected": "Ann", "evidence": [{"document": "x.md"}]})  # fmt: skip
    done = run("check", file)
    assert (done.code, "no index" in done.err, "nothing to mend" in done.out) == (0, True, True)


def test_check_finds_what_is_not_in_the_index_and_exits_1(bench: Bench, run: Run):
    bench.write("leave.md", "# Leave\n\nStaff of Larkspur Freight have thirty days of leave in a year.\n")
    bench.add()
    rows = [
        {"id": "good", "question": "How long is leave?", "expected": "30",
         "evidence": [{"document": "leave.md", "quote": "thirty days of leave"}]},
        {"id": "paged", "question": "Who has it?", "expected": "all",
         "evidence": [{"document": "leave.md", "page": 2}]},
        {"id": "lost", "question": "Which firm is it?", "expected": "Larkspur",
         "evidence": [{"document": "leaves.md"}]},
        {"id": "unsaid", "question": "Is it paid?", "expected": "yes",
         "evidence": [{"document": "docs/leave.md", "quote": "All leave is paid."}]},
    ]  # fmt: skip
    file = write(bench.workspace.root / "a.jsonl", *rows)
    done = run("check", file, "--json")
    assert done.code == 1
    assert {tuple(problem["cases"]): problem["detail"] for problem in done.json[0]["problems"]} == {
        ("paged",): "leave.md: it has no pages, so there is no page 2",
        ("lost",): "leaves.md is not in the index; did you mean leave.md?",
        ("unsaid",): 'docs/leave.md: the quote "All leave is paid." stands nowhere in what was read',
    }
    assert "evidence: 3" in run("check", file).out
    assert run("check", write(file, rows[0])).code == 0


def test_check_finds_what_two_files_share(bench: Bench, run: Run):
    root = bench.workspace.root
    one = write(root / "train.jsonl", {"id": "a", "question": "Who pays for lunch?", "expected": "Ann"})
    other = write(root / "test.jsonl", {"id": "b", "question": "who pays for lunch", "expected": "Ann"})
    done = run("check", one, other, "--json")
    assert done.code == 1
    assert done.json[1]["overlaps"] == [
        {"case_id": "b", "other": "a", "what": "question", "detail": "asks the same as a"}
    ]
    assert run("check", one).code == 0


def test_list_shows_every_file_and_passes_over_none_in_silence(bench: Bench, run: Run):
    assert "No cases" in run("list").err
    write(bench.workspace.root / "cases" / "a.jsonl", {"question": "Who?"}, {"question": "When?", "split": "test"})
    write(bench.workspace.root / "cases" / "bad.jsonl", {"quest": "Who?"})
    done = run("list", "--json")
    (row,) = done.json
    assert (row["file"], row["cases"], row["test"], row["undivided"]) == ("cases/a.jsonl", 2, 1, 1)
    assert "bad.jsonl: line 1" in done.err


@pytest.fixture
def three(bench: Bench) -> Path:
    return write(
        bench.workspace.root / "cases" / "three.jsonl",
        {"id": "a", "question": "Who pays?", "expected": "Ann", "evidence": [{"document": "hr.pdf", "page": 3, "quote": "Ann\x1b[2J pays"}]},  # noqa: E501
        {"id": "b", "question": "When?", "expected": ["May", "in May"]},
        {"id": "c", "question": "Why?", "answerable": False},
    )  # fmt: skip


def test_review_accepts_drops_and_skips(three: Path, run: Run):
    done = run("review", three, "--json", keys="a\nd\ns\n")
    assert done.json == {"file": str(three), "accepted": 1, "edited": 0, "dropped": 1, "left": 1}
    assert [(case.id, case.tags) for case in cases_of(three)] == [("a", ("reviewed",)), ("c", ())]
    for text in ("Who pays?", "expected: Ann", "evidence: hr.pdf, page 3", "expected: a refusal"):
        assert text in done.err
    assert "\x1b[2J" not in done.err  # a file cannot clear the screen


def test_review_goes_on_where_it_was_left(three: Path, run: Run):
    assert run("review", three, "--json", keys="a\nq\n").json["left"] == 2
    done = run("review", three, "--json", keys="a\na\n")
    assert "Who pays?" not in done.err
    assert done.json["left"] == 0
    assert "Who pays?" in run("review", three, "--all", keys="q\n").err


def test_review_writes_each_decision_at_once(three: Path, run: Run, monkeypatch: pytest.MonkeyPatch):
    seen: list[list[str]] = []
    keys = iter("adq")

    def key() -> str:
        seen.append([f"{case.id}{'+' if case.tags else ''}" for case in cases_of(three)])
        return next(keys)

    monkeypatch.setattr("scoville.cli.cases_review._key", key)
    run("review", three)
    assert seen == [["a", "b", "c"], ["a+", "b", "c"], ["a+", "c"]]


def test_review_ends_with_its_input_and_asks_again_for_other_keys(three: Path, run: Run):
    before = cases_of(three)
    assert run("review", three, "--json", keys="x\n\n").json["left"] == 3
    assert cases_of(three) == before


def test_review_edits_line_by_line(three: Path, run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    done = run("review", three, "--json", keys="e\nWho pays for lunch?\n\na\ne\n\n\ns\nq\n")
    assert (done.json["edited"], done.json["accepted"]) == (1, 1)
    first, second, _ = cases_of(three)
    assert (first.id, first.question, first.expected) == ("a", "Who pays for lunch?", ("Ann",))
    assert second.expected == ("May", "in May")


@pytest.mark.skipif(os.name == "nt", reason="the editor is a shell script")
def test_review_edits_in_the_editor(three: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "$SED" "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    monkeypatch.setenv("SED", 's/Ann"/Bea"/')
    run("review", three, keys="e\na\nq\n")
    assert cases_of(three)[0].expected == ("Bea",)
    for wrong, said in (
        ("s/question/quest/", "unknown key 'quest'"),
        ('s/"b"/"z"/', "an id stays"),
        ("s/{/</", "Expecting"),
    ):
        monkeypatch.setenv("SED", wrong)
        before = cases_of(three)
        done = run("review", three, "--json", keys="e\nq\n")
        assert "nothing changed: " in done.err and said in done.err
        assert cases_of(three) == before
        assert done.json["edited"] == 0


def test_review_of_a_csv_is_refused_before_the_first_key(bench: Bench, run: Run):
    path = bench.workspace.root / "a.csv"
    path.write_text("question\nWho?\n")
    with pytest.raises(UsageError, match=r"ends in \.jsonl"):
        run("review", path, keys="a\n")


def test_json_lines_may_name_what_they_hold_as_a_table_does(run: Run, bench: Bench):
    row = {"Question": "How long is leave?", "answer": "16 weeks", "document": "handbook.pdf", "page": 9}
    mine = write(bench.workspace.root / "mine.jsonl", row)
    (case,) = cases_of(Path(run("import", mine, "--json").json["file"]))
    assert (case.expected, case.evidence) == (("16 weeks",), (Evidence(document="handbook.pdf", page=9),))
    twice = write(bench.workspace.root / "twice.jsonl", row | {"expected": "17 weeks"})
    with pytest.raises(UsageError, match="expected twice"):
        run("import", twice, "--as", "cases")


def test_a_table_of_something_else_is_told_which_columns_are_expected(run: Run, bench: Bench):
    other = bench.workspace.root / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="expected question, and of answer, document, page and quote"):
        run("import", other)
