"""`scoville evaluate` and `scoville report`: runs, baselines for CI, and what is kept of them."""

import json
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import click
import pytest

from conftest import Bench, Command
from scoville.cli.app import scoville
from scoville.evaluate.runs import Run, find_run, list_runs
from scoville.track.store import FILE_NAME, Store

QUESTIONS = {
    "days": ("How many days of leave do staff have?", "Staff have thirty days of leave in a year."),
    "notice": ("How long is the notice?", "Notice must be given one month ahead."),
    "trains": ("What is preferred to planes?", "Trains are preferred to planes."),
}
BOT = """
import os, time
ANSWERS = {answers}
def right(question): return ANSWERS[question]
def wrong(question): return "Nobody ever wrote that down in words."
def broken(question): raise ValueError("the bot is broken")
def nothing(question): return None
def counted(question):
    with open("asked.txt", "a") as file: file.write(question + chr(10))
    return ANSWERS[question]
def slow(question):
    counted(question)
    if "notice" in question: time.sleep(30)
    return ANSWERS[question]
def hanging(question): time.sleep(0.5)
"""


@pytest.fixture
def cases(bench: Bench) -> Path:
    """Give a file of cases in a workspace with documents and with bots in `bot.py`."""
    for name, (_, answer) in QUESTIONS.items():
        bench.write(f"{name}.txt", answer)
    bench.add()
    Path("bot.py").write_text(BOT.format(answers=dict(QUESTIONS.values())))
    path = Path("cases.jsonl")
    rows = [
        {"id": name, "question": question, "expected": answer,
         "evidence": [{"document": f"{name}.txt", "quote": answer}], "tags": [name], "split": "test"}
        for name, (question, answer) in QUESTIONS.items()
    ]  # fmt: skip
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.fixture
def runs(bench: Bench) -> Path:
    return bench.workspace.folder / "runs"


def evaluated(command: Command, cases: Path, function: str, *words: str) -> Any:
    done = command("evaluate", cases, "--system", f"bot.py:{function}", "--json", *words)
    assert done.code == 0, done.err
    return done.json


class TestSystems:
    def test_the_workspace_answers_by_default(self, cases: Path, command: Command, runs: Path):
        done = command("evaluate", cases)
        assert done.code == 0, done.err
        assert re.search(r"^quality +100 % ", done.out, re.MULTILINE)
        assert "3 answered, 0 refused, 0 errors" in done.out
        header = find_run(runs, "latest").header
        assert (header["kind"], header["status"], header["models"]["llm"]) == ("recipe", "finished", "fake")
        assert (header["cases_file"], header["recipe"]["llm"]["model"]) == ("cases.jsonl", "fake")
        assert header["index"] and header["system"] == "work"  # the folder's name, not what it is made of

    def test_another_recipe_answers_over_the_same_index_and_flags_hold_for_it(
        self, cases: Path, command: Command, runs: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.delenv("SCOVILLE_LLM__MODEL")
        Path("other.yaml").write_text("llm: {model: 'fake:I do not know.', seed: 7}\n")
        done = command("evaluate", cases, "--system", "other.yaml", "--set", "llm.max_tokens=33")
        assert done.code == 0, done.err
        assert "0 answered, 3 refused" in done.out
        header = find_run(runs, "latest").header
        assert (header["system"], header["recipe"]["llm"]["seed"]) == ("other", 7)
        assert header["recipe"]["llm"]["max_tokens"] == 33

    def test_a_function_answers(self, cases: Path, command: Command):
        assert evaluated(command, cases, "right")["metrics"]["exact_match"]["mean"] == 1.0

    @pytest.mark.parametrize(
        ("function", "reason"), [("broken", "ValueError: the bot is broken"), ("nothing", "nothing")]
    )
    def test_a_system_that_always_fails_is_an_error_and_its_run_is_kept(
        self, cases: Path, command: Command, runs: Path, function: str, reason: str
    ):
        done = command("evaluate", cases, "--system", f"bot.py:{function}")
        assert (done.code, done.out) == (1, "")
        assert reason in done.err and "--resume" in done.err
        assert all(reason in result.error for result in find_run(runs, "latest").results().values())
        assert "not scored" in command("evaluate", "--score", "latest").out

    @pytest.mark.parametrize(("broken", "code"), [(1, 0), (2, 1)])
    def test_a_run_fails_when_over_a_tenth_of_its_cases_do(
        self, bench: Bench, command: Command, broken: int, code: int
    ):
        rows = [{"id": str(number), "question": str(number), "expected": "x"} for number in range(10)]
        Path("cases.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        lines = (
            "def ask(question):",
            f"    if int(question) < {broken}: raise ValueError('it broke')",
            "    return 'x'",
        )
        Path("bot.py").write_text("\n".join(lines))
        done = command("evaluate", "cases.jsonl", "--system", "bot.py:ask", "--json")
        assert (done.code, done.json["counts"]["errors"]) == (code, broken)
        assert f"{broken} of 10 cases failed: ValueError: it broke ({broken})" in done.err
        assert f"--resume {done.json['run']}" in done.err
        again = command("evaluate", "--score", "latest")
        assert again.code == code and "of 10 cases failed" in again.err
        Path("bot.py").write_text("def ask(question): return 'x'")
        healed = command("evaluate", "--resume", "latest")
        assert healed.code == 0 and "failed" not in healed.err

    def test_a_system_that_hangs_ends_the_run_with_what_to_do(self, cases: Path, command: Command):
        done = command("evaluate", cases, "--system", "bot.py:hanging", "--timeout", "0.1")
        assert (done.code, done.out) == (1, "")
        assert "--resume" in done.err

    @pytest.mark.parametrize("spec", ["bot.py:nowhere", "nowhere.py:right", "nowhere.yaml"])
    def test_a_system_that_is_none_is_refused(self, cases: Path, command: Command, spec: str, runs: Path):
        done = command("evaluate", cases, "--system", spec)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert spec.partition(":")[0] in done.err
        assert list_runs(runs) == []

    def test_a_servers_secrets_are_kept_nowhere(self, cases: Path, command: Command, runs: Path):
        url = "http://ash:secret@127.0.0.1:9/ask?key=secret"
        command("evaluate", cases, "--system", url, "--limit", "1")
        [run] = list_runs(runs)
        assert run.header["system"] == "http://127.0.0.1:9/ask"
        assert not any("secret" in path.read_text() for path in run.folder.iterdir())


class TestCases:
    def test_parts_of_the_cases(self, cases: Path, command: Command):
        assert evaluated(command, cases, "right", "--tag", "days", "--tag", "notice")["counts"]["cases"] == 2
        assert evaluated(command, cases, "right", "--limit", "1")["counts"]["cases"] == 1
        assert evaluated(command, cases, "right", "--split", "test")["counts"]["cases"] == 3
        done = command("evaluate", cases, "--split", "dev")
        assert (done.code, "none of 3 cases" in done.err) == (2, True)

    def test_a_leak_stops_the_run_before_it_asks(self, cases: Path, command: Command, runs: Path):
        done = command("evaluate", cases, "--against", cases, "--system", "bot.py:counted")
        assert (done.code, list_runs(runs), Path("asked.txt").exists()) == (1, [], False)

    def test_one_case_and_no_answerable_case(self, command: Command, cases: Path):
        Path("one.jsonl").write_text('{"question": "How far is the moon?", "answerable": false}\n')
        for words in ([], ["--markdown", "summary.md"]):
            done = command("evaluate", "one.jsonl", "--system", "bot.py:wrong", *words)
            assert done.code == 0, done.err
            assert re.search(r"^quality +0 %", done.out, re.MULTILINE)
        assert command("report").code == 0

    def test_turns_without_replies_are_asked_first(self, command: Command, cases: Path, runs: Path):
        turns = [{"role": "user", "content": QUESTIONS["days"][0]}]
        question = "Which means of travel is preferred to planes?"  # with fewer words of its own it leans on the turns
        Path("turns.jsonl").write_text(json.dumps({"question": question, "history": turns}) + "\n")
        assert command("evaluate", "turns.jsonl").code == 0
        [result] = find_run(runs, "latest").results().values()
        assert "Trains are preferred" in result.text


class TestSavedRuns:
    def test_scoring_again_asks_nothing(self, cases: Path, command: Command):
        first = evaluated(command, cases, "counted")
        Path("bot.py").unlink()
        again = command("evaluate", "--score", "latest", "--json").json
        assert (again["run"], again["metrics"]) == (first["run"], first["metrics"])
        assert len(Path("asked.txt").read_text().splitlines()) == 3

    def test_a_killed_command_is_resumed_and_nothing_is_asked_or_written_twice(
        self, cases: Path, command: Command, runs: Path
    ):
        words = [sys.executable, "-m", "scoville", "evaluate", str(cases), "--system", "bot.py:slow"]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as child:
            asked = Path("asked.txt")
            ends = time.monotonic() + 60
            while not asked.exists() or len(asked.read_text().splitlines()) < 2:
                assert time.monotonic() < ends
                time.sleep(0.02)
            assert [row["status"] for row in command("evaluate", "--json").json] == ["running"]
            second = command("evaluate", "--resume", "latest")
            assert (second.code, "is under way in another process" in second.err) == (2, True)
            child.send_signal(signal.SIGKILL)
        [run] = list_runs(runs)
        assert list(run.saved()) == ["days"]
        assert re.search(r" stopped +3 cases", command("evaluate").out)
        assert [row["status"] for row in command("evaluate", "--json").json] == ["stopped"]
        scored = command("evaluate", "--score", "latest")
        assert re.search(r"3 cases, stopped$", scored.out, re.MULTILINE) and "2 not asked yet" in scored.out
        assert command("report").code == 0
        assert re.search(rf"{run.id[-4:]} \(stopped\)", Path("report.html").read_text())
        Path("bot.py").write_text(Path("bot.py").read_text().replace("time.sleep(30)", "pass"))
        done = command("evaluate", "--resume", "latest", "--json")
        assert done.code == 0, done.err
        assert done.json["counts"] == {"cases": 3, "answered": 3, "refused": 0, "errors": 0, "missing": 0}
        assert done.json["status"] == "finished"
        assert [line.split()[-1] for line in asked.read_text().splitlines()] == [
            "have?",
            "notice?",
            "notice?",
            "planes?",
        ]
        rows = [json.loads(line) for line in (run.folder / "results.jsonl").read_text().splitlines()]
        assert [row["case"] for row in rows] == list(QUESTIONS)

    def test_runs_are_listed(self, cases: Path, command: Command):
        assert "No runs yet" in command("evaluate").err
        evaluated(command, cases, "right", "--name", "mine")
        assert re.search(r"finished +3 cases  quality 100 %  mine", command("evaluate").out)
        assert [row["system"] for row in command("evaluate", "--json").json] == ["mine"]

    @pytest.mark.parametrize(
        "words",
        [["cases.jsonl", "--score", "latest"], ["--resume", "a", "--score", "b"], ["cases.jsonl", "--max-drop", "0"],
         ["--baseline", "latest"], ["--semantic"], ["--perplexity"], ["--judge"], ["--resume", "nonsense"],
         ["--score", "nonsense"], ["nowhere.jsonl"], ["cases.jsonl", "--max-drop", "2"]],
    )  # fmt: skip
    def test_what_cannot_be_meant_is_refused(self, cases: Path, command: Command, words: list[str]):
        done = command("evaluate", *words)
        assert (done.code, done.out) == (2, "")


class TestJson:
    """The contract of docs/json.md, which programs of others rely on."""

    def test_answered_and_refused_rightly_are_two_numbers_each_with_an_interval(self, cases: Path, command: Command):
        with cases.open("a") as file:
            file.writelines(f'{{"question": "Who is {name}?", "answerable": false}}\n' for name in ("Ada", "Bo"))
        with Path("bot.py").open("a") as file:
            file.write('def some(question): return ANSWERS.get(question, "I do not know.")\n')
            file.write('def refuses(question): return "I do not know."\n')
        found = evaluated(command, cases, "some", "--workers", "2")
        assert isinstance(found["run"], str) and found["status"] == "finished"
        for name, values in found["metrics"].items():
            assert values.keys() == {"mean", "low", "high", "n", "unscored"}, name
        shown = {name: (values["mean"], values["n"]) for name, values in found["metrics"].items()}
        assert (shown["answered_right"], shown["refused_right"], shown["quality"]) == ((1, 3), (1, 2), (1, 5))
        found = evaluated(command, cases, "refuses")["metrics"]
        assert (found["answered_right"]["mean"], found["refused_right"]["mean"]) == (0, 1)
        assert found["quality"]["mean"] == pytest.approx(2 / 5)  # a refusal costs nothing and brings nothing
        for name in ("answered_right", "refused_right"):
            assert found[name]["low"] <= found[name]["mean"] <= found[name]["high"] and found[name]["unscored"] == 0


class TestNothingToCompareWith:
    def test_cases_without_an_expected_answer_are_counted_before_the_run(self, cases: Path, command: Command):
        rows = [json.loads(line) for line in cases.read_text().splitlines()]
        cases.write_text("".join(f"{json.dumps(row | {'expected': ['-']})}\n" for row in rows[:1]))
        with cases.open("a") as file:
            file.write('{"question": "Who?", "expected": ["the otter"]}\n{"question": "No?", "answerable": false}\n')
        done = command("evaluate", cases)
        told = "1 of 3 cases have no expected answer, and whether they are answered rightly is not scored"
        assert (done.code, done.err.index(told) < done.err.index("after an interruption")) == (0, True)

    @pytest.mark.parametrize("expected", ['""', '"3", " "'])
    def test_an_empty_expected_answer_is_refused_with_its_line(self, cases: Path, command: Command, expected: str):
        with cases.open("a") as file:
            file.write(f'{{"question": "Who?", "expected": [{expected}]}}\n')
        done = command("evaluate", cases)
        assert done.code == 2 and "is no answer; leave `expected` out" in done.err and "line 4" in done.err


class TestNotIndexed:
    def test_evidence_outside_the_index_is_said_before_the_run_and_passes_no_gate(self, cases: Path, command: Command):
        rows = [json.loads(line) for line in cases.read_text().splitlines()]
        rows[0]["evidence"][0]["document"] = "gone.pdf"
        rows.append({"question": "Who?", "answerable": False, "evidence": [{"document": "taken-out.pdf"}]})
        cases.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        done = command("evaluate", cases, "--name", "base")
        told = "1 of 4 cases have evidence in documents that are not in the index (gone.pdf)"
        assert (done.code, told in done.err) == (0, True)
        assert done.err.index(told) < done.err.index("after an interruption")
        done = command("evaluate", cases, "--baseline", "base", "--max-drop", "1")
        assert (done.code, "not in the index (gone.pdf)" in done.err.splitlines()[-1]) == (1, True)
        done = command("evaluate", cases, "--system", "bot.py:wrong")  # what it searches is not known
        assert told not in done.err


class TestResume:
    """A run has the answers of one system, whatever is set when it goes on."""

    @pytest.fixture
    def begun(self, cases: Path, command: Command, runs: Path) -> Run:
        """Give a run of a recipe that was set by a flag and lacks two of its three answers."""
        done = command("evaluate", cases, "--set", "search.passages=2", "--json")
        run = find_run(runs, done.json["run"])
        journal = run.folder / "results.jsonl"
        journal.write_text(journal.read_text().splitlines(keepends=True)[0])
        return run

    def test_what_was_set_when_it_began_holds_when_it_goes_on(self, begun: Run, command: Command):
        done = command("evaluate", "--resume", "latest", "--json")
        assert (done.code, done.json["counts"]["missing"]) == (0, 0), done.err
        assert "goes on with the one that it began with" in done.err
        assert {len(saved["passages"]) for saved in begun.saved().values()} == {2}

    def test_what_would_change_its_answers_is_refused_and_what_only_watches_is_not(self, begun: Run, command: Command):
        for words in (["--set", "search.passages=1"], ["--system", "bot.py:right"], ["--system", "cheat:echo"]):
            done = command("evaluate", "--resume", "latest", *words)
            assert (done.code, done.out) == (2, "") and "of both" in done.err, done.err
        assert len(begun.saved()) == 1
        assert command("evaluate", "--resume", "latest", "--set", "llm.timeout_seconds=9").code == 0

    def test_an_index_that_changed_is_refused(self, begun: Run, bench: Bench, command: Command):
        bench.write("more.txt", "Cats are preferred to dogs.")
        bench.add()
        done = command("evaluate", "--resume", "latest")
        assert (done.code, "the index changed since run" in done.err) == (2, True)

    def test_another_function_and_none_are_refused(self, cases: Path, command: Command, runs: Path):
        run = find_run(runs, evaluated(command, cases, "right")["run"])
        (run.folder / "results.jsonl").unlink()
        done = command("evaluate", "--resume", run.id, "--system", "bot.py:wrong")
        assert (done.code, "bot.py:right" in done.err and "bot.py:wrong" in done.err) == (2, True)
        run.update(spec="")  # as of a function that was given from Python
        done = command("evaluate", "--resume", run.id)
        assert (done.code, "was answered by the Python function bot.py:right" in done.err) == (2, True)


class TestBaseline:
    def test_where_the_cases_are_too_few_to_tell_it_says_so_and_stops_no_job(self, cases: Path, command: Command):
        base = evaluated(command, cases, "right")["run"]
        Path("bot.py").write_text(Path("bot.py").read_text().replace("thirty days", "nine weeks"))
        done = command("evaluate", cases, "--system", "bot.py:right", "--baseline", base, "--max-drop", ".02")
        assert done.code == 0
        assert "gate: cannot tell with 3 cases whether quality fell by more than 0.02" in " ".join(done.err.split())

    def test_a_run_as_good_as_its_baseline_passes_and_a_worse_one_does_not(self, cases: Path, command: Command):
        base = evaluated(command, cases, "right")["run"]
        same = evaluated(command, cases, "right", "--baseline", base, "--max-drop", "0")
        assert same["baseline"]["difference"] == 0.0
        assert same["gate"]["verdict"] == "passes"
        assert list(same["baseline_parts"]) == ["answered_right"]  # no case has a refusal as its answer
        done = command(
            "evaluate", cases, "--system", "bot.py:wrong", "--baseline", base, "--max-drop", "0.02",
            "--markdown", "out.md",
        )  # fmt: skip
        assert done.code == 1
        assert "quality fell by 1.000, more than 0.02" in done.err
        assert re.search(r"quality: 100 %, now 0 % \(-100 points; 95 % interval -", done.out)
        markdown = Path("out.md").read_text()
        assert re.search(r"^\| quality \| 0 % \|", markdown, re.MULTILINE)
        assert re.search(r"^quality: 100 %, now 0 %", markdown, re.MULTILINE)
        assert re.search(r"^gate: fails: quality fell by 1\.000", markdown, re.MULTILINE)
        assert command("evaluate", cases, "--system", "bot.py:wrong", "--baseline", base).code == 0

    def test_a_run_that_fails_does_not_pass_for_what_it_still_answers(self, cases: Path, command: Command):
        base = evaluated(command, cases, "right")["run"]
        Path("bot.py").write_text(f"{Path('bot.py').read_text()}\ndef half(question):\n    return ANSWERS[question] if 'days' in question else None\n")  # fmt: skip  # noqa: E501
        done = command("evaluate", cases, "--system", "bot.py:half", "--baseline", base, "--max-drop", "0.5")
        assert (done.code, "2 cases have no quality, in the baseline 0" in done.err) == (1, True)
        done = command("evaluate", cases, "--system", "bot.py:nothing", "--baseline", base, "--max-drop", "1")
        assert (done.code, "3 cases in a row" in done.err) == (1, True)

    def test_other_cases_are_refused_before_anything_is_asked(self, cases: Path, command: Command, runs: Path):
        base = evaluated(command, cases, "right")["run"]
        done = command("evaluate", cases, "--limit", "2", "--system", "bot.py:counted", "--baseline", base)
        assert (done.code, done.out) == (2, "")
        assert "1 only in the first (trains)" in done.err
        assert not Path("asked.txt").exists()
        assert [run.id for run in list_runs(runs)] == [base]

    def test_a_saved_run_is_compared_without_asking(self, cases: Path, command: Command):
        base = evaluated(command, cases, "right")["run"]
        evaluated(command, cases, "wrong")
        done = command(
            "evaluate", "--score", "latest", "--baseline", base, "--max-drop", "0.1", "--metric", "exact_match"
        )
        assert (done.code, "exact_match fell by 1.000" in done.err) == (1, True)

    def test_scores_of_another_version_are_not_compared(self, cases: Path, command: Command, runs: Path):
        base = evaluated(command, cases, "right")["run"]
        path = runs / base / "scores.json"
        saved = json.loads(path.read_text())
        for scores in saved["cases"].values():
            scores["exact_match"]["version"] = 99
        path.write_text(json.dumps(saved))
        done = command("evaluate", cases, "--system", "bot.py:right", "--baseline", base, "--metric", "exact_match")
        assert (done.code, "different versions" in done.err) == (2, True)


class TestJudged:
    JUDGE = ("--judge", "--set", """judge.model='fake:{"verdict": "wrong"}'""")

    def test_a_judge_that_was_not_checked_is_said_so_and_one_that_was_with_its_numbers(
        self, cases: Path, command: Command
    ):
        evaluated(command, cases, "wrong")
        done = command("evaluate", "--score", "latest", *self.JUDGE)
        assert done.code == 0, done.err
        assert re.search(r"^quality +0 %", done.out, re.MULTILINE)
        assert "was not compared with people: scoville judge check LABELS" in done.out
        label = {"question": "How long?", "answer": "Ten.", "expected": ["Thirty."], "label": 0}
        Path("labels.jsonl").write_text(json.dumps(label))
        assert command("judge", "check", "labels.jsonl", "--model", 'fake:{"verdict": "wrong"}').code == 0
        done = command("evaluate", "--score", "latest", *self.JUDGE, "--markdown", "out.md")
        for text in (done.out, Path("out.md").read_text()):
            assert "agreed with people on 100% of 1 labels" in text
        right = {"question": "How long?", "answer": "A whole month.", "expected": ["Thirty."], "label": 1}
        Path("labels.jsonl").write_text("\n".join(map(json.dumps, (label, right))))
        assert command("judge", "check", "labels.jsonl", "--model", 'fake:{"verdict": "wrong"}').code == 0
        done = command("evaluate", "--score", "latest", *self.JUDGE)
        assert "kappa 0.00, little better than chance" in done.out, done.out

    def test_a_judged_run_is_not_compared_with_one_that_was_not(self, cases: Path, command: Command):
        base = evaluated(command, cases, "wrong")["run"]
        done = command("evaluate", cases, "--system", "bot.py:wrong", "--baseline", base, *self.JUDGE)
        assert (done.code, "made of correctness_words and of correctness" in done.err) == (2, True)

    def test_no_judge_is_said_before_anything_is_asked(self, cases: Path, command: Command):
        done = command("evaluate", cases, "--system", "bot.py:counted", "--judge")
        assert (done.code, "judge.model" in done.err) == (2, True)
        assert not Path("asked.txt").exists()


class TestTwoRuns:
    def test_runs_are_compared_by_name_question_by_question_and_by_preference(self, cases: Path, command: Command):
        evaluated(command, cases, "right", "--name", "before")
        evaluated(command, cases, "wrong", "--name", "after")
        words = ("compare", "before", "after", "--set", """judge.model='fake:{"verdict": "first"}'""")
        done = command(*words, "--questions", "--preference")
        assert done.code == 0, done.err
        assert re.search(r"^after \S+ against before \S+, quality: 3 worse$", done.out, re.MULTILINE)
        assert re.search(r"^worse by 100 points: How long is the notice\? \(notice\)$", done.out, re.MULTILINE)
        assert re.search(r"^after \S+ is preferred to before \S+ in \d cases", done.out, re.MULTILINE)
        found = command(*words, "--preference", "--json").json
        [(name, rows)] = found["questions"].items()
        assert {row["outcome"] for row in rows} == {"worse"} and name.startswith("after")
        assert rows[0]["run"]["answer"] == "Nobody ever wrote that down in words."
        assert found["preference"][name]["n"] == 3
        assert "preference" not in command(*words, "--json").json
        done = command("compare", "before", "after", "--preference")
        assert (done.code, "judge.model" in done.err) == (2, True)


class TestMeasuredByModels:
    def test_answers_are_compared_by_embeddings_in_new_and_saved_runs(
        self, cases: Path, command: Command, runs: Path, monkeypatch: pytest.MonkeyPatch
    ):
        found = evaluated(command, cases, "right", "--semantic")["metrics"]
        assert found["answer_similarity"]["mean"] == pytest.approx(1)
        assert 0 < found["answer_relevance"]["mean"] < 1
        scores = find_run(runs, "latest").scores()["days"]
        assert scores["answer_similarity"].judge == "fake"
        assert "answer_similarity" not in command("evaluate", "--score", "latest").out
        done = command("evaluate", "--score", "latest", "--semantic")
        assert re.search(r"^near to the expected answer +1.00 ", done.out, re.MULTILINE)
        assert "was not compared with people" not in done.out
        assert command("report").code == 0
        assert "answer_similarity" in Path("report.html").read_text()

    def test_systems_are_compared_by_what_embeddings_say(self, cases: Path, command: Command):
        ids = [evaluated(command, cases, name, "--semantic")["run"] for name in ("right", "wrong")]
        done = command("compare", *ids, "--metric", "answer_similarity", "--json")
        assert done.code == 0, done.err
        assert [row["system"][-4:] for row in done.json["systems"]] == [one[-4:] for one in ids]
        path = Path(".scoville", "runs", ids[1], "scores.json")
        path.write_text(path.read_text().replace('"judge": "fake"', '"judge": "another"'))
        done = command("compare", *ids, "--metric", "answer_similarity")
        assert (done.code, "of different judges, fake and another" in done.err) == (2, True)

    def test_what_measuring_takes_is_entered(self, cases: Path, command: Command):
        run = command("evaluate", cases, "--semantic", "--perplexity", "--json").json["run"]

        def entries() -> list[int]:
            groups = command("cost", "--run", run, "--json").json["groups"]
            return [row["entries"] for row in groups if row["group"] == "judging"]

        wait_for(lambda: entries() == [4])  # one batch, three cases

    def test_expected_answers_are_as_likely_as_the_model_holds_them(self, cases: Path, command: Command):
        # The fake holds a word of its prompt for as likely as not: each expected answer stands in a passage.
        found = command("evaluate", cases, "--perplexity", "--json").json["metrics"]
        assert found["perplexity"]["mean"] == pytest.approx(2)
        sizes = [(len(answer.split()), len(answer)) for _, answer in QUESTIONS.values()]
        assert found["bits_per_byte"]["mean"] == pytest.approx(sum(words / size for words, size in sizes) / 3)
        assert command("evaluate", "--score", "latest", "--perplexity", "--json").json["metrics"] == found

    def test_passages_that_changed_since_leave_a_case_unscored(self, cases: Path, command: Command, runs: Path):
        evaluated_run = command("evaluate", cases, "--json").json["run"]
        Path("docs/days.txt").write_text("Staff have ninety days of leave in a year.")
        assert command("add", "docs").code == 0
        found = command("evaluate", "--score", evaluated_run, "--perplexity", "--json").json["metrics"]["perplexity"]
        assert (found["n"], found["unscored"]) == (0, 3)
        assert "other passages now" in find_run(runs, evaluated_run).scores()["days"]["perplexity"].reason

    def test_a_run_of_an_older_recipe_is_scored_again_but_for_its_prompts(
        self, cases: Path, command: Command, runs: Path
    ):
        assert command("evaluate", cases).code == 0
        run = find_run(runs, "latest")
        run.update(recipe={**run.header["recipe"], "stove": "hot"})
        assert command("evaluate", "--score", "latest", "--semantic").code == 0
        done = command("evaluate", "--score", "latest", "--perplexity")
        assert (done.code, "a recipe of another version" in done.err) == (2, True)

    @pytest.mark.parametrize("words", [["--system", "bot.py:counted"], ["--set", "llm.model=quote"],
                                       ["--set", "llm.model=openai:any", "--set", "cost.limit_usd=null"]])  # fmt: skip
    def test_what_cannot_tell_is_refused_before_anything_is_asked(
        self, cases: Path, command: Command, runs: Path, words: list[str]
    ):
        done = command("evaluate", cases, "--perplexity", *words)
        assert (done.code, "expected" in done.err, list_runs(runs)) == (2, True, [])


class TestKept:
    def test_costs_traces_and_lineage_of_a_run_are_kept(self, cases: Path, command: Command, runs: Path):
        done = command("evaluate", cases, "--json")
        run = done.json["run"]
        traces = [saved["trace"] for saved in Run(runs / run).saved().values()]
        assert len(set(traces)) == 3
        wait_for(lambda: len(command("trace", "--json").json) >= 3)
        assert {row["trace_id"] for row in command("trace", "--json").json} >= set(traces)
        wait_for(lambda: command("cost", "--run", run, "--json").json["total"]["entries"] >= 3)
        built_from = {row["kind"] for row in command("lineage", run, "--json").json["built_from"]}
        assert built_from >= {"cases", "index", "recipe", "document"}

    def test_what_a_watching_sync_adds_is_kept_too(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        from scoville.cli.common import open_bot

        bot = open_bot(bench.workspace.root, ())
        monkeypatch.setattr("scoville.sources.watch.changes", lambda *_, **__: iter([None, None]))
        bench.write("late.txt", "Bicycles are lent to staff.")
        assert [report.added for report in bot.watch(bench.docs)] == [1]
        store = Store(bench.workspace.folder / FILE_NAME, create=False)
        wait_for(lambda: store.query("SELECT count(*) FROM ledger WHERE activity = 'ingest'") == [(1,)])
        store.close()


class TestReport:
    def test_runs_become_a_page(self, cases: Path, command: Command):
        ids = [command("evaluate", cases, "--json").json["run"], evaluated(command, cases, "wrong")["run"]]
        done = command("report", *ids, "--out", "page.html", "--json")
        assert done.code == 0, done.err
        assert done.json == {"file": "page.html", "runs": ids, "blame": {ids[0]: {}, ids[1]: {}}}
        assert f"No stage is blamed in {ids[1]}" in done.err
        assert "Trains are preferred" in Path("page.html").read_text()

    def test_blame_says_which_stage_lost_the_answer(self, cases: Path, command: Command):
        done = command("evaluate", cases, "--set", "llm.model='fake:Nobody wrote that down [1].'", "--json")
        run = done.json["run"]
        blamed = command("report", "--blame", "--json")
        assert blamed.code == 0, blamed.err
        assert {row["case_id"] for row in blamed.json[run]} == set(QUESTIONS)
        assert {row["stage"] for row in blamed.json[run]} <= {"refused_wrongly", "invented"}
        text = command("report", "--blame", run)
        assert re.search(r"^  refused wrongly +3  lower answer", text.out, re.MULTILINE)
        assert not Path("report.html").exists()

    def test_runs_on_different_cases_are_refused(self, cases: Path, command: Command):
        ids = [evaluated(command, cases, "right")["run"], evaluated(command, cases, "right", "--limit", "1")["run"]]
        done = command("report", *ids)
        assert (done.code, "2 only in the first" in done.err) == (2, True)

    def test_a_run_that_was_never_scored_is_scored(self, cases: Path, command: Command, runs: Path):
        evaluated(command, cases, "right")
        (find_run(runs, "latest").folder / "scores.json").unlink()
        assert command("report").code == 0

    def test_no_runs_is_a_usage_error(self, bench: Bench, command: Command):
        done = command("report")
        assert (done.code, "scoville evaluate CASES" in done.err) == (2, True)


def test_the_commands_of_the_docs_can_be_typed():
    text = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text()
    lines = re.findall(r"^scoville .+", text, re.MULTILINE)
    assert len(lines) > 20
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        found: click.Command | None = scoville
        while isinstance(found, click.Group):
            found = found.get_command(click.Context(found), words.pop(0))
        assert found, line
        found.make_context("scoville", words)


def wait_for(happened: Any) -> None:
    ends = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < ends
        threading.Event().wait(0.05)
