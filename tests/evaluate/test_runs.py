"""Runs on disk: what is written is read back, whatever happens in between."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from scoville.errors import UsageError, WorkspaceError
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import Run, create_run, find_run, list_runs
from scoville.evaluate.system import FunctionSystem
from scoville.types import Case, Evidence, Message, Score

CASES = tuple(Case(id=f"c{number}", question=f"Question {number}?", expected=("é",)) for number in range(4))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return create_run(tmp_path / "runs", CASES, {"system": "nobody"})


def record(run: Run, *case_ids: str, **answer: object) -> None:
    with run.recording() as record:
        for case_id in case_ids:
            record(case_id, {"answer": f"Réponse {case_id}", "refused": False, **answer})


class TestReadBack:
    def test_cases_and_header_come_back(self, tmp_path: Path):
        case = Case(
            id="x", question="Wie lange?\u2028", history=(Message(role="user", content="Hallo"),),
            evidence=(Evidence(document="a.pdf", page=2, quote="nine"),), answerable=False, tags=("a",), split="dev",
        )  # fmt: skip
        run = create_run(tmp_path, [case], {"system": "s", "seed": 7})
        assert run.cases() == [case]
        assert (run.header["system"], run.header["seed"]) == ("s", 7)
        assert run.header["machine"]["cores"] == os.cpu_count()

    def test_a_run_without_answers_has_none(self, run: Run):
        assert (run.saved(), run.results(), run.scores(), run.summary()) == ({}, {}, {}, {})

    def test_answers_come_back_as_results(self, run: Run):
        record(run, "c1", "c2")
        assert run.results()["c2"].text == "Réponse c2"
        assert list(run.saved()) == ["c1", "c2"]

    def test_the_last_answer_to_a_case_counts(self, run: Run):
        record(run, "c1", error="it was down")
        record(run, "c1")
        assert run.results()["c1"].error == ""

    def test_an_answer_cannot_claim_to_be_of_another_case(self, run: Run):
        record(run, "c1", case="c2")
        assert list(run.saved()) == ["c1"]

    def test_half_a_character_is_kept(self, run: Run):
        record(run, "c1", answer="half \udce9")
        assert run.saved()["c1"]["answer"] == "half \udce9"

    def test_scores_come_back_whole(self, run: Run):
        scores = [
            Score(metric="right", value=0.0), Score(metric="judged", value=None, reason="down", version=3, judge="j"),
            Score(metric="sure", value=1.0, version=2),
        ]  # fmt: skip
        run.write_scores({"c1": scores}, {"counts": {"cases": 4}})
        assert run.scores() == {"c1": {score.metric: score for score in scores}}
        assert run.summary() == {"counts": {"cases": 4}}


class TestDamage:
    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_nan_and_infinity_are_no_scores(self, run: Run, value: float):
        with pytest.raises(ValueError, match="is no score"):
            run.write_scores({"c1": [Score(metric="right", value=value)]}, {})
        with pytest.raises(ValueError, match="JSON"):
            run.write_scores({}, {"mean": value})
        assert run.scores() == {}
        assert {path.name for path in run.folder.iterdir()} == {"run.json", "cases.jsonl"}

    def test_a_line_cut_within_a_character_is_left_out_and_the_next_is_not_lost(self, run: Run):
        record(run, "c0", "c1")
        path = run.folder / "results.jsonl"
        whole = path.read_bytes()
        cut = whole[: whole.rindex("é".encode()) + 1]
        with pytest.raises(UnicodeDecodeError):
            cut.decode()
        path.write_bytes(cut)
        assert list(run.saved()) == ["c0"]
        record(run, "c2")
        assert list(run.saved()) == ["c0", "c2"]

    @pytest.mark.parametrize("line", [b"[]", b"7", b"{}", b'{"case": 7}', b"\xff\xfe", b"null"])
    def test_a_line_that_is_no_answer_is_left_out(self, run: Run, line: bytes):
        (run.folder / "results.jsonl").write_bytes(line + b"\n")
        assert run.saved() == {}

    def test_damaged_scores_say_how_to_get_new_ones(self, run: Run):
        (run.folder / "scores.json").write_text('{"cases"')
        for read in (run.scores, run.summary):
            with pytest.raises(WorkspaceError, match=f"evaluate --score {run.id}"):
                read()

    def test_a_run_of_a_newer_version_is_refused(self, run: Run):
        run.update(format=99)
        with pytest.raises(WorkspaceError, match="newer version"):
            _ = run.header

    def test_a_folder_without_a_header_is_no_run(self, run: Run):
        (run.folder / "run.json").unlink()
        assert list_runs(run.folder.parent) == []
        with pytest.raises(WorkspaceError, match="is no run"):
            _ = run.header

    def test_two_processes_do_not_write_one_run(self, run: Run):
        with run.recording(), pytest.raises(UsageError, match="under way"), run.recording():
            pass
        record(run, "c1")

    def test_who_looks_at_a_run_keeps_nobody_from_asking(self, run: Run):
        record(run, "c0")
        ends = threading.Event()

        def look() -> None:
            while not ends.wait(0.0005):
                _ = run.header

        looker = threading.Thread(target=look)
        looker.start()
        try:
            for _ in range(20):
                record(run, "c1")
        finally:
            ends.set()
            looker.join()


class TestStatus:
    def test_a_run_is_under_way_only_while_somebody_asks(self, run: Run):
        assert run.header["status"] == "stopped"  # begun, and nobody asks
        with run.recording():
            assert run.header["status"] == "running"
        assert run.header["status"] == "stopped"

    def test_an_error_in_the_middle_stops_the_run(self, run: Run):
        def stop(done: int, _: int) -> None:
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_cases(FunctionSystem(str.upper), CASES, run, on_case=stop)
        assert (run.header["status"], list(run.saved())) == ("stopped", ["c0", "c1"])

    def test_a_halted_run_that_goes_on_is_running_and_then_finished(self, run: Run):
        run.update(status="halted")
        assert run.header["status"] == "halted"
        seen: list[str] = []
        run_cases(FunctionSystem(str.upper), CASES, run, on_case=lambda *_: seen.append(run.header["status"]))
        assert (set(seen), run.header["status"]) == ({"running"}, "finished")

    def test_what_is_written_meanwhile_does_not_stop_a_run(self, run: Run):
        run.update(seconds=1)
        with run.recording():
            assert run.header["status"] == "running"

    def test_where_no_lock_can_be_had_the_header_stands(self, run: Run, monkeypatch: pytest.MonkeyPatch):
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError("read-only")

        record(run, "c0")
        monkeypatch.setattr("filelock.FileLock.acquire", refuse)
        assert run.header["status"] == "running"


class TestFind:
    def test_runs_are_listed_as_they_were_made(self, tmp_path: Path):
        made = [create_run(tmp_path, CASES, {}).id for _ in range(30)]
        assert [run.id for run in list_runs(tmp_path)] == made
        assert find_run(tmp_path, "latest").id == made[-1]

    def test_a_run_is_found_by_a_part_of_its_name_and_by_its_folder(self, run: Run):
        runs = run.folder.parent
        for name in (run.id, run.id[:12], run.id[-4:], str(run.folder)):
            assert find_run(runs, name) == run

    def test_a_run_is_found_by_the_name_that_it_was_given_of_several_the_newest(self, run: Run):
        runs = run.folder.parent
        named = [create_run(runs, CASES, {"system": name}) for name in ("nightly", "nightly", run.id[-4:])]
        assert find_run(runs, "nightly") == named[1]
        assert find_run(runs, run.id[-4:]) == run  # what an id says comes first

    def test_a_name_of_none_or_several_lists_them(self, run: Run):
        runs = run.folder.parent
        other = create_run(runs, CASES, {})
        with pytest.raises(UsageError, match=f"several runs .*{run.id}, {other.id}"):
            find_run(runs, "2")
        with pytest.raises(UsageError, match=f"no runs .*{other.id}"):
            find_run(runs, "nonsense")
        with pytest.raises(UsageError, match="none yet: `scoville evaluate CASES`"):
            find_run(runs / "nowhere", "latest")


KILLED = """
import sys, time
from pathlib import Path
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import Run
from scoville.evaluate.system import FunctionSystem
run = Run(Path(sys.argv[1]))
def slow(question):
    print(question, flush=True)
    time.sleep(0 if question < sys.argv[2] else 60)
    return f"To {question}"
run_cases(FunctionSystem(slow), run.cases(), run)
"""


def test_a_run_that_is_killed_goes_on_where_it_was(run: Run):
    words = [sys.executable, "-c", KILLED, str(run.folder), CASES[2].question]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        asked = [child.stdout.readline().strip() for _ in range(3)]
        assert run.header["status"] == "running"
        with pytest.raises(UsageError, match=f"{run.id} is under way in another process"):
            run_cases(FunctionSystem(str.upper), run.cases(), run)
        child.send_signal(signal.SIGKILL)
    assert asked == [case.question for case in CASES[:3]]
    assert list(run.saved()) == ["c0", "c1"]
    assert run.header["status"] == "stopped"
    with (run.folder / "results.jsonl").open("ab") as file:
        file.write(b'{"case": "c2", "answer": "To Que')  # as if the kill had come while it was written
    again: list[str] = []
    run_cases(FunctionSystem(lambda question: again.append(question) or f"To {question}"), run.cases(), run)
    assert again == [case.question for case in CASES[2:]]
    assert {name: result.text for name, result in run.results().items()} == {
        case.id: f"To {case.question}" for case in CASES
    }
    lines = (run.folder / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["case"] for line in lines if line.endswith("}")] == [case.id for case in CASES]
    assert run.header["status"] == "finished"
