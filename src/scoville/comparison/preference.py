"""Which of two systems' answers a judge prefers, case by case.

Enters: two runs on the same cases, a judge. Leaves: wins, ties and losses, the share of cases that prefers the one,
with its interval. The judge sees each pair in both orders; what it says of one order only is a tie.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from scoville.evaluate.clusters import clusters_of
from scoville.evaluate.judge.judge import Judge
from scoville.evaluate.judge.metrics import OnDone, at_once, preference
from scoville.evaluate.noise import estimate_scores
from scoville.evaluate.paired import ALPHA, paired_difference
from scoville.evaluate.result import Result
from scoville.evaluate.run_cases import same_cases
from scoville.evaluate.runs import Run
from scoville.evaluate.shown import between, written
from scoville.types import Case, Score

SWAPPED = "in the other"
"""Ends the reason of a tie in which the judge contradicted itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preference:
    """How a system's answers were liked beside the baseline's."""

    wins: int
    ties: int
    losses: int
    unscored: int
    """Cases without a verdict."""
    contradicted: int
    """Ties in which the judge took the other side when the answers were swapped."""
    mean: float | None
    """The share that prefers the system, ties counted half; None without a verdict."""
    low: float | None
    high: float | None
    n: int
    p: float
    """Of no preference."""


def prefer(judge: Judge, baseline: Run, run: Run, *, on_done: OnDone | None = None) -> Preference:
    """Ask a judge which answer to each case is better; UsageError where the runs have different cases."""
    cases = run.cases()
    same_cases(baseline.cases(), cases)
    before, now = baseline.results(), run.results()
    jobs = [partial(preference, judge, case, _of(now, case), _of(before, case)) for case in cases]
    return _counted(cases, at_once(judge, jobs, on_done))


def preference_text(name: str, baseline: str, found: Preference) -> str:
    """Say in a line or two how a system was liked."""
    if found.mean is None:
        return f"{name} against {baseline}: the judge gave no verdict on any of {found.unscored} cases"
    limits = (
        "" if found.low is None or found.high is None else f"; 95 % interval {between(found.low, found.high, 'share')}"
    )
    sure = "" if found.p <= ALPHA else "; no sure preference"
    missing = f"; {found.unscored} without a verdict" if found.unscored else ""
    swapped = f" ({found.contradicted} of them judged otherwise when swapped)" if found.contradicted else ""
    return (
        f"{name} is preferred to {baseline} in {found.wins} cases, {baseline} in {found.losses}, {found.ties} are ties"
        f"{swapped}: {written(found.mean, 'share')}{limits}; n {found.n}{missing}{sure}"
    )


def _of(results: dict[str, Result], case: Case) -> Result:
    return results.get(case.id, Result(case_id=case.id, text="", refused=False, error="not asked"))


def _counted(cases: Sequence[Case], scores: Sequence[Score]) -> Preference:
    clusters = clusters_of(cases)[1]
    labels = [clusters[case.id] for case in cases]
    values = [score.value for score in scores]
    found, _ = estimate_scores(scores, labels)
    against = [None if value is None else 1 - value for value in values]
    given = [value for value in values if value is not None]
    return Preference(
        wins=sum(value > 0.5 for value in given), ties=given.count(0.5), losses=sum(value < 0.5 for value in given),
        unscored=found.unscored, contradicted=sum(SWAPPED in score.reason for score in scores if score.value == 0.5),
        mean=found.mean, low=found.low, high=found.high, n=found.n,
        p=paired_difference(against, values, labels).p,
    )  # fmt: skip
