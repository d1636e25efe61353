"""The gate: what fails, what passes, and what these cases cannot tell; with its rates of error by simulation."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoville.errors import ScovilleError, UsageError
from scoville.evaluate.gate import check_gate, decide
from scoville.evaluate.paired import paired_difference
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import Run, create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import FunctionSystem
from scoville.types import Case, Score

CASES = [Case(id=f"{number}", question=f"{number}?", expected=(f"{number}",)) for number in range(40)]


def made(folder: Path, values: Sequence[float | None], metric: str = "quality", **header: Any) -> Run:
    """Give a run in which each case has a score, or with None the judge was down."""
    run = create_run(folder, CASES[: len(values)], {"system": "function", **header})
    with run.recording() as record:
        for case in CASES[: len(values)]:
            record(case.id, {"answer": "bananas are yellow", "refused": False})
    down = "the judge gave no verdict: 503"
    run.write_scores(
        {case.id: [Score(metric=metric, value=value, reason="" if value is not None else down)]
         for case, value in zip(CASES, values, strict=False)},
        {},
    )  # fmt: skip
    return run


def asked(folder: Path, function: Callable[[str], Any], cases: Sequence[Case] = CASES) -> Run:
    run = create_run(folder, cases, {"system": "function"})
    with suppress(ScovilleError):
        run_cases(FunctionSystem(function), cases, run)
    score_run(run)
    return run


def test_a_drop_that_is_large_and_real_fails(tmp_path: Path):
    base, worse = made(tmp_path, [1.0] * 40), made(tmp_path, [1.0] * 28 + [0.0] * 12)
    gate = check_gate(base, worse, "quality", 0.02)
    assert gate.verdict == "fails"
    assert "quality fell by 0.300, more than 0.02 (difference -0.300; 95 % interval" in gate.reasons[0]
    assert check_gate(base, worse, "quality", 0.3).verdict == "cannot tell"
    assert check_gate(worse, base, "quality", 0.02).verdict == "passes"


def test_a_drop_that_may_be_chance_is_not_decided_and_says_how_many_cases_would(tmp_path: Path):
    base, worse = made(tmp_path, [1.0] * 40), made(tmp_path, [1.0] * 38 + [0.0] * 2)
    gate = check_gate(base, worse, "quality", 0.02)
    assert gate.verdict == "cannot tell"
    assert gate.reasons[0].startswith("cannot tell with 40 cases whether quality fell by more than 0.02 (")
    assert gate.needed and 100 < gate.needed < 400 and f"about {gate.needed} would do" in gate.reasons[0]


def test_so_many_cases_do_tell():
    """The number that the gate gives finds a drop of that size, or rules one out, in about 80 % of simulations."""
    dice = np.random.default_rng(5)
    for lost, gained, allowed, wanted in ((0.10, 0.02, 0.02, "fails"), (0.05, 0.05, 0.04, "passes")):
        gaps = dice.choice([-1.0, 0.0, 1.0], 20_000, p=[lost, 1 - lost - gained, gained])
        drop = lost - gained
        whole = replace(paired_difference([0.0] * 20_000, gaps.tolist()), difference=-drop, p=0.5, low=-1.0)
        n = decide(whole, allowed).needed
        assert n
        tries = dice.choice([-1.0, 0.0, 1.0], (300, n), p=[lost, 1 - lost - gained, gained])
        ruled = [decide(paired_difference([0.0] * n, row.tolist()), allowed).verdict for row in tries]
        assert 0.72 < np.mean([one == wanted for one in ruled]) < 0.9


def test_rates_of_false_alarms_and_misses_by_simulation():
    """60 cases, binary: a system that is as good rarely fails, a random one never more often, a broken one always."""
    dice = np.random.default_rng(11)

    def fails(first: float, second: float, kept: float, times: int = 400, allowed: float = 0.02) -> float:
        found = 0
        for _ in range(times):
            one = dice.random(60) < first
            other = np.where(dice.random(60) < kept, one, dice.random(60) < second)
            found += decide(paired_difference((one * 1.0).tolist(), (other * 1.0).tolist()), allowed).verdict == "fails"
        return found / times

    assert fails(0.5, 0.5, 0.0) <= 0.045  # a bot that answers at random, against itself: 2 of 10 before
    assert fails(0.8, 0.8, 0.7) <= 0.045
    assert fails(0.8, 0.4, 0.0) >= 0.97  # falls by .4
    assert fails(0.8, 0.5, 0.3, allowed=0.05) >= 0.6  # falls by .21


def test_nonsense_does_not_pass_while_the_judge_is_down(tmp_path: Path):
    base = made(tmp_path, [1.0] * 36 + [0.0] * 4)
    down = made(tmp_path, [1.0] * 4 + [None] * 36)
    gate = check_gate(base, down, "quality", 0.5)
    assert gate.verdict == "fails"
    assert "36 cases have no quality, in the baseline 0" in gate.reasons[0] and "503" in gate.reasons[0]


def test_a_run_whose_cases_all_failed_passes_against_none(tmp_path: Path):
    broken = [asked(tmp_path, lambda _: None, CASES[:6]) for _ in range(2)]
    gate = check_gate(broken[0], broken[1], "quality", 1.0)
    assert gate.verdict == "fails"
    assert gate.reasons[0].startswith("no case was answered: ")
    assert (
        check_gate(asked(tmp_path, lambda question: question, CASES[:6]), broken[0], "quality", 1.0).verdict == "fails"
    )


def test_a_metric_that_applies_to_really_fewer_cases_is_no_pass(tmp_path: Path):
    base, few = made(tmp_path, [1.0] * 40), made(tmp_path, [1.0] * 40)
    few.write_scores({case.id: [Score(metric="quality", value=1.0)] for case in CASES[:20]}, {})
    gate = check_gate(base, few, "quality", 0.0)
    assert (gate.verdict, "applies to 20 cases, in the baseline to 40" in gate.reasons[0]) == ("fails", True)
    few.write_scores({case.id: [Score(metric="quality", value=1.0)] for case in CASES[:39]}, {})
    assert check_gate(base, few, "quality", 0.0).verdict == "passes"  # one refusal more is no sign


def test_of_a_metric_of_which_less_is_better_a_rise_fails(tmp_path: Path):
    base, worse = made(tmp_path, [0.0] * 40, "hallucination"), made(tmp_path, [1.0] * 40, "hallucination")
    gate = check_gate(base, worse, "hallucination", 0.02)
    assert (gate.verdict, "hallucination rose by 1.000" in gate.reasons[0]) == ("fails", True)
    assert check_gate(worse, base, "hallucination", 0.02).verdict == "passes"


def test_the_same_answers_pass_and_a_fall_of_all_of_few_cases_fails(tmp_path: Path):
    base = made(tmp_path, [1.0] * 3)
    same = check_gate(base, base, "quality", 0.0)
    assert (same.verdict, same.reasons) == ("passes", ("quality is the same in each of 3 cases",))
    assert check_gate(base, made(tmp_path, [0.0] * 3), "quality", 0.5).verdict == "fails"
    assert check_gate(base, made(tmp_path, [1.0, 1.0, 0.0]), "quality", 0.0).verdict == "cannot tell"


def test_a_system_that_refuses_everything_does_not_pass_for_its_quality(tmp_path: Path):
    cases = [replace(case, answerable=number < 20) for number, case in enumerate(CASES)]
    refusing = asked(tmp_path, lambda _: "I don't know.", cases)
    honest = asked(tmp_path, lambda question: question.strip("?") if int(question.strip("?")) < 20 else "Yes.", cases)
    values = [run.summary()["metrics"]["quality"]["mean"] for run in (honest, refusing)]
    assert values == [0.5, 0.5]
    gate = check_gate(honest, refusing, "quality", 0.05)
    assert gate.verdict == "fails"
    assert [reason.split(" by ")[0] for reason in gate.reasons] == ["answered_right fell"]
    assert check_gate(honest, refusing, "refused_right", 0.05).verdict == "passes"


def test_evidence_that_is_not_indexed_is_no_pass(tmp_path: Path):
    base = made(tmp_path, [1.0] * 3)
    gate = check_gate(base, made(tmp_path, [1.0] * 3, not_indexed=["gone.pdf"]), "quality", 0.0)
    assert (gate.verdict, "gone.pdf" in gate.reasons[0]) == ("fails", True)


def test_runs_of_different_cases_have_no_gate(tmp_path: Path):
    with pytest.raises(UsageError, match="different cases"):
        check_gate(made(tmp_path, [1.0] * 3), made(tmp_path, [1.0] * 4), "quality", 0.0)
