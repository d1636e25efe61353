"""Cases asked, scored and compared: what a run comes to when systems fail, and which runs may be compared."""

import itertools
import json
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scoville.errors import ScovilleError, UsageError
from scoville.evaluate.clusters import clusters_of
from scoville.evaluate.compare_runs import compare_runs
from scoville.evaluate.judge.judge import Judge
from scoville.evaluate.run_cases import run_cases, same_cases
from scoville.evaluate.runs import Run, create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.statistics import estimate
from scoville.evaluate.system import FunctionSystem
from scoville.llm import FakeLlm
from scoville.types import Case, Evidence, Score

DAYS = Case(id="days", question="How many days of leave?", expected=("Thirty days.",))
NOTICE = Case(id="notice", question="How long is the notice?", expected=("One month.",))
MOON = Case(id="moon", question="How far is the moon?", answerable=False)
RIGHT = {DAYS.question: "Thirty days.", NOTICE.question: "One month.", MOON.question: "I don't know."}


def made(folder: Path, cases: Sequence[Case], function: Callable[..., Any], **options: Any) -> Run:
    run = create_run(folder, cases, {"system": "function"})
    run_cases(FunctionSystem(function), cases, run, **options)
    score_run(run)
    return run


class TestAsking:
    def test_every_case_is_asked_once_and_told_of(self, tmp_path: Path):
        asked: list[str] = []
        told: list[tuple[int, int]] = []
        run = made(
            tmp_path, [DAYS, NOTICE, MOON], lambda question: asked.append(question) or RIGHT[question],
            on_case=lambda done, total: told.append((done, total)),
        )  # fmt: skip
        assert (len(asked), told) == (3, [(1, 3), (2, 3), (3, 3)])
        assert run.header["status"] == "finished"
        assert run.summary()["counts"] == {"cases": 3, "answered": 2, "refused": 1, "errors": 0, "missing": 0}
        assert run.summary()["metrics"]["quality"]["mean"] == 1.0

    def test_a_case_with_an_error_costs_no_other_and_is_asked_again(self, tmp_path: Path):
        def broken(question: str) -> str:
            return RIGHT[question] if question != NOTICE.question else 1 / 0  # type: ignore[return-value]

        run = made(tmp_path, [DAYS, NOTICE, MOON], broken)
        assert run.summary()["counts"]["errors"] == 1
        assert (run.summary()["metrics"]["quality"]["n"], run.summary()["metrics"]["quality"]["unscored"]) == (2, 1)
        assert "ZeroDivisionError" in run.scores()["notice"]["quality"].reason
        asked: list[str] = []
        run_cases(FunctionSystem(lambda question: asked.append(question) or RIGHT[question]), run.cases(), run)
        assert asked == [NOTICE.question]
        score_run(run)
        assert run.summary()["counts"]["errors"] == 0

    def test_three_hangs_in_a_row_halt_the_run_and_it_goes_on(self, tmp_path: Path):
        cases = [Case(id=f"c{number}", question=f"{number}?", expected=("yes",)) for number in range(7)]
        hanging, release = {"1?", "3?", "4?", "5?"}, threading.Event()
        run = create_run(tmp_path, cases, {"system": "function"})
        system = FunctionSystem(lambda question: release.wait(60) if question in hanging else "yes")
        with pytest.raises(ScovilleError, match=rf"3 cases in a row.*--resume {run.id}"):
            run_cases(system, cases, run, timeout_seconds=0.5)
        release.set()
        assert run.header["status"] == "halted"
        assert list(run.saved()) == ["c0", "c1", "c2", "c3", "c4", "c5"]
        score_run(run)
        assert run.summary()["counts"] == {"cases": 7, "answered": 2, "refused": 0, "errors": 4, "missing": 1}
        asked: list[str] = []
        run_cases(FunctionSystem(lambda question: asked.append(question) or "yes"), cases, run)
        assert asked == ["1?", "3?", "4?", "5?", "6?"]
        assert run.header["status"] == "finished"

    def test_the_same_error_three_times_in_a_row_halts_the_run(self, tmp_path: Path):
        cases = [Case(id=f"c{number}", question=f"{number}?", expected=("yes",)) for number in range(9)]

        def broken(question: str) -> str:
            if question in ("1?", "2?", "3?"):
                raise ValueError(f"about {question}")
            if question in ("5?", "6?", "7?"):
                raise ScovilleError("the key was refused")
            return "yes"

        run = create_run(tmp_path, cases, {"system": "function"})
        with pytest.raises(ScovilleError, match=rf"3 cases in a row: the key was refused; .*--resume {run.id}$"):
            run_cases(FunctionSystem(broken), cases, run)
        assert (run.header["status"], len(run.saved())) == ("halted", 8)

    def test_a_refusal_that_asked_no_model_does_not_hide_an_endpoint_that_fails(self, tmp_path: Path):
        def refused_key(question: str) -> dict[str, Any]:
            if int(question[:-1]) % 2:
                return {"answer": "I don't know.", "refused": True, "reason": "weak_evidence"}
            raise ScovilleError("the key was refused")

        cases = [Case(id=f"c{number}", question=f"{number}?", expected=("yes",)) for number in range(9)]
        for count, told, asked in ((9, "3 cases in a row", 5), (2, "answered none", 2)):
            run = create_run(tmp_path, cases[:count], {"system": "function"})
            with pytest.raises(ScovilleError, match=rf"{told}.*the key was refused"):
                run_cases(FunctionSystem(refused_key), cases[:count], run)
            assert len(run.saved()) == asked

    def test_a_run_without_an_answer_is_halted(self, tmp_path: Path):
        run = create_run(tmp_path, [DAYS, MOON], {"system": "function"})
        with pytest.raises(ScovilleError, match="answered none of 2 cases: ZeroDivisionError"):
            run_cases(FunctionSystem(lambda _: 1 / 0), [DAYS, MOON], run)
        assert run.header["status"] == "halted"

    def test_workers_ask_several_cases_at_once_and_the_run_goes_on_with_them(self, tmp_path: Path):
        cases = [Case(id=f"c{number}", question=f"{number}?", expected=("yes",)) for number in range(16)]
        met = threading.Barrier(4)  # passed only by four at once
        run = create_run(tmp_path, cases, {"system": "function"})

        def meet(question: str) -> str:
            met.wait(60)
            return question

        def interrupt(done: int, _: int) -> None:
            if done == 8:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_cases(FunctionSystem(meet), cases, run, workers=4, on_case=interrupt)
        assert len(run.saved()) == 8
        asked: list[str] = []
        run_cases(FunctionSystem(lambda question: asked.append(question) or question), cases, run, workers=4)
        assert len(asked) == 8
        assert {name: one["answer"] for name, one in run.saved().items()} == {one.id: one.question for one in cases}
        assert (run.header["status"], run.header["workers"]) == ("finished", 4)

    def test_cases_that_hang_together_halt_no_run_that_goes_on_beside_them(self, tmp_path: Path):
        cases = [Case(id=f"c{number}", question=f"{number}?", expected=("yes",)) for number in range(40)]
        release = threading.Event()
        hanging = FunctionSystem(lambda question: release.wait(60) if question in ("0?", "1?", "2?") else "yes")
        run = create_run(tmp_path, cases, {"system": "function"})
        run_cases(hanging, cases, run, workers=6, timeout_seconds=1)
        release.set()
        assert run.header["status"] == "finished"
        score_run(run)
        assert run.summary()["counts"]["errors"] == 3

    def test_workers_stop_soon_where_every_case_fails_alike(self, tmp_path: Path):
        def refused(_: str) -> str:
            raise ScovilleError("the key was refused")

        cases = [Case(id=f"c{number}", question=f"{number}?", expected=("yes",)) for number in range(400)]
        run = create_run(tmp_path, cases, {"system": "function"})
        with pytest.raises(ScovilleError, match="3 cases in a row: the key was refused"):
            run_cases(FunctionSystem(refused), cases, run, workers=8)
        assert (run.header["status"], len(run.saved())) == ("halted", 3)

    def test_the_seconds_of_a_resumed_run_add_up(self, tmp_path: Path):
        run = made(tmp_path, [DAYS], lambda _: "Thirty days.")
        run.update(seconds=100.0)
        run_cases(FunctionSystem(lambda _: ""), run.cases(), run)
        assert 100 <= run.header["seconds"] < 160


class TestScoring:
    def test_a_run_is_scored_again_without_its_system(self, tmp_path: Path):
        run = made(tmp_path, [DAYS, MOON], RIGHT.get)
        before = run.scores()
        (run.folder / "scores.json").unlink()
        score_run(run)
        assert run.scores() == before

    def test_one_case_alone_has_a_mean(self, tmp_path: Path):
        found = made(tmp_path, [DAYS], RIGHT.get).summary()["metrics"]["quality"]
        assert (found["mean"], found["n"]) == (1.0, 1)

    def test_no_answerable_case_leaves_the_refusals(self, tmp_path: Path):
        summary = made(tmp_path, [MOON, replace(MOON, id="sun", question="And the sun?")], lambda _: "Far.").summary()
        assert summary["metrics"]["quality"]["mean"] == 0.0
        assert "exact_match" not in summary["metrics"]
        assert summary["sets"]["refusal_recall"] == 0.0

    def test_what_is_said_of_the_set_has_an_interval_and_how_many_cases_it_is_of(self, tmp_path: Path):
        cases = [replace(MOON, id=str(at)) for at in range(9)] + [DAYS]
        summary = made(tmp_path, cases, lambda question: "" if "days" in question else "Far.").summary()
        found = summary["metrics"]["refusal_precision"]
        assert (found["mean"], found["n"], found["unscored"]) == (0.0, 1, 0)
        assert found["low"] == 0 and 0.5 < found["high"] < 1
        assert summary["metrics"]["refusal_recall"]["n"] == 9
        assert summary["metrics"]["seconds_total_p50"]["n"] == 10
        printed = {name: one for name, one in summary["metrics"].items() if one["mean"] is not None}
        assert all(one["n"] for one in printed.values())
        assert all(summary["sets"][name] == one["mean"] for name, one in printed.items() if name in summary["sets"])

    def test_answers_that_all_failed_leave_no_mean_and_nothing_infinite(self, tmp_path: Path):
        run = create_run(tmp_path, [DAYS, MOON], {"system": "function"})
        with pytest.raises(ScovilleError, match="answered none"):
            run_cases(FunctionSystem(lambda _: None), [DAYS, MOON], run)
        score_run(run)
        summary = run.summary()
        assert summary["metrics"]["quality"] == {"mean": None, "low": None, "high": None, "n": 0, "unscored": 2}
        values = [
            *summary["sets"].values(),
            *(mean for found in summary["metrics"].values() for mean in found.values()),
        ]
        assert all(value is None or math.isfinite(value) for value in values)

    def test_the_noise_of_a_judge_is_kept_told_and_in_the_interval(self, tmp_path: Path):
        cases = [replace(DAYS, id=f"{number}", question=f"{number}?") for number in range(20)]
        said = ({"right": 1.0, "wrong": 0.0}[word] for word in itertools.cycle(["right", "wrong", "right", "right"]))
        words = {1.0: "right", 0.0: "wrong"}
        judge = Judge(FakeLlm(lambda _: json.dumps({"verdict": words[next(said)]})), repeat=3, temperature=0.7)
        run = made(tmp_path, cases, lambda question: f"About a month, {question}")
        score_run(run, judge=judge)
        assert len(run.scores()["0"]["correctness"].rounds) == 3
        summary = run.summary()
        found, noise = summary["metrics"]["correctness"], summary["noise"]["correctness"]
        means = [score["correctness"].value for score in run.scores().values()]
        assert found["mean"] == pytest.approx(0.75, abs=0.02) and noise["verdict"] > 0.3
        silent = estimate(means, list(range(20)))
        assert silent.low is not None and found["low"] < silent.low - 0.02

    def test_pages_are_the_clusters_of_few_documents_and_documents_of_many(self):
        cases = [
            replace(DAYS, id=f"{number}", evidence=(Evidence(document=f"{number % 10}.pdf", page=1),))
            for number in range(20)
        ]
        by, names = clusters_of([*cases, MOON])
        assert (by, len(set(names.values()))) == ("document", 11)
        by, names = clusters_of([one for one in cases if one.evidence[0].document != "9.pdf"])
        assert (by, names["0"]) == ("page", "0.pdf#1")


class TestComparing:
    def test_a_better_run_is_better(self, tmp_path: Path):
        cases = [replace(DAYS, id=f"{number}", question=f"{number}?") for number in range(12)]
        first, second = (made(tmp_path, cases, lambda _, text=text: text) for text in ("Nine.", "Thirty days."))
        compared = compare_runs(first, second, "quality")
        assert (compared.difference, compared.n, compared.p < 0.01) == (1.0, 12, True)

    def test_different_cases_are_refused_with_the_difference(self, tmp_path: Path):
        first = made(tmp_path, [DAYS, MOON], RIGHT.get)
        second = made(tmp_path, [replace(DAYS, expected=("Forty.",)), NOTICE], RIGHT.get)
        with pytest.raises(UsageError) as told:
            compare_runs(first, second, "quality")
        for words in ("1 only in the first (moon)", "1 only in the second (notice)", "1 that differ (days)"):
            assert words in str(told.value)

    def test_other_tags_splits_and_orders_are_the_same_cases(self):
        same_cases([DAYS, MOON], [MOON, replace(DAYS, tags=("reviewed",), split="dev")])

    @pytest.mark.parametrize(
        ("first", "second", "reason"),
        [
            (Score(metric="quality", value=1.0), Score(metric="quality", value=1.0, version=2), "versions"),
            (Score(metric="quality", value=1.0, judge="a"), Score(metric="quality", value=1.0, judge="b"), "a and b"),
            (Score(metric="quality", value=1.0, reason="correctness"),
             Score(metric="quality", value=1.0, reason="gold_token_recall"), "correctness and of gold_token_recall"),
        ],
    )  # fmt: skip
    def test_scores_of_different_making_are_not_compared(
        self, tmp_path: Path, first: Score, second: Score, reason: str
    ):
        runs = made(tmp_path, [DAYS], RIGHT.get), made(tmp_path, [DAYS], RIGHT.get)
        for run, score in zip(runs, (first, second), strict=True):
            run.write_scores({"days": [score]}, {})
        with pytest.raises(UsageError, match=f"{reason}.*--score"):
            compare_runs(*runs, "quality")
        assert compare_runs(runs[0], runs[0], "quality").n == 1

    def test_what_a_judge_left_unscored_has_no_version_that_could_differ(self, tmp_path: Path):
        first, second = (made(tmp_path, [DAYS, NOTICE], RIGHT.get) for _ in range(2))
        other = Score(metric="answered_right", value=1.0, version=2, reason="correctness", judge="j")
        first.write_scores({"days": [other], "notice": [other]}, {})
        second.write_scores({"days": [other], "notice": [Score(metric="answered_right", value=None, reason="503")]}, {})
        assert compare_runs(first, second, "answered_right").unscored == 1
        second.write_scores({"days": [replace(other, reason="correctness_words", judge="")], "notice": [other]}, {})
        with pytest.raises(UsageError, match="correctness and of correctness_words"):
            compare_runs(first, second, "answered_right")

    def test_an_unknown_metric_is_refused(self, tmp_path: Path):
        run = made(tmp_path, [DAYS], RIGHT.get)
        with pytest.raises(UsageError, match="no case has beauty in both runs"):
            compare_runs(run, run, "beauty")

    def test_runs_without_a_common_answer_differ_by_nothing_known(self, tmp_path: Path):
        first = made(tmp_path, [DAYS], RIGHT.get)
        second = create_run(tmp_path, [DAYS], {"system": "function"})
        with pytest.raises(ScovilleError, match="answered none"):
            run_cases(FunctionSystem(lambda _: None), [DAYS], second)
        score_run(second)
        compared = compare_runs(first, second, "quality")
        assert (compared.difference, compared.n, compared.unscored) == (None, 0, 1)
