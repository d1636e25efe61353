"""What a trial is worth, case by case, and whether it can still catch up with those before it.

Enters: the objectives of a sweep, runs. Leaves: values, and whether a trial is lost. Runs nothing.
"""

from collections.abc import Callable, Mapping, Sequence

from scoville.errors import RecipeError
from scoville.evaluate.metrics import described, scorers
from scoville.evaluate.paired import paired_chance
from scoville.evaluate.result import Result
from scoville.evaluate.rightness import HEADLINE, rightness
from scoville.evaluate.run_cases import score_cases
from scoville.evaluate.runs import Run
from scoville.recipe.observers import Sweep
from scoville.types import Case, Score

LEAST_CASES = 20
"""Before so many cases no trial is ended early."""
SURE = 0.01
"""A trial is ended where a difference like the one seen has less than this chance, if there were none."""
USES: Mapping[str, Callable[[Result], float | None]] = {
    "seconds": lambda result: (result.seconds.get("search") or 0.0) + (result.seconds.get("generate") or 0.0),
    "tokens": lambda result: float(result.prompt_tokens + result.completion_tokens),
    "usd": lambda result: result.cost_usd,
}
"""What a question uses; less is better."""

CaseValues = Mapping[str, Mapping[str, float]]
"""Objective → case id → value, of the cases that have one."""
Scores = Mapping[str, Mapping[str, Score]]
"""Case id → metric → score."""


def directions(sweep: Sweep) -> list[bool]:
    """Say for each objective whether more is better; RecipeError for one that is unknown or neither way better."""
    known = dict.fromkeys(USES, False)
    known |= {
        name: metric.higher_is_better
        for name, metric in {**HEADLINE, **described()}.items()
        if metric.higher_is_better is not None
    }
    for name in sweep.objectives:
        if known.get(name) is None:
            raise RecipeError(f"sweep.objectives: {name!r} is unknown; expected of {', '.join(sorted(known))}")
    return [bool(known[name]) for name in sweep.objectives]


class Race:
    """The trials that were run to their end, and whether another can still catch up with them."""

    def __init__(self, sweep: Sweep, better: Sequence[bool]) -> None:
        self._sweep = sweep
        self._better = better
        self._finished: list[CaseValues] = []

    def enter(self, values: CaseValues) -> None:
        """Add a trial that was run to its end."""
        self._finished.append(values)

    def is_lost(self, values: CaseValues) -> bool:
        """Say whether a trial that has these values so far is surely worse than one that is otherwise no worse."""
        return self._sweep.prune and any(self._beats(other, values) for other in self._finished)

    def _beats(self, other: CaseValues, values: CaseValues) -> bool:
        first, *others = self._sweep.objectives
        for objective, more in zip(others, self._better[1:], strict=True):
            gaps = gaps_between(other[objective], values[objective], more)
            if not gaps or sum(gaps) < 0:
                return False
        gaps = gaps_between(other[first], values[first], self._better[0])
        return len(gaps) >= LEAST_CASES and sum(gaps) > 0 and paired_chance(gaps) < SURE


def case_values(sweep: Sweep, run: Run, scores: Scores | None = None) -> CaseValues:
    """Give the value of each objective for each case of a run that has one; ``scores``: those of a run under way."""
    scores = run.scores() if scores is None else scores
    values: dict[str, dict[str, float]] = {name: {} for name in sweep.objectives}
    for case, result in run.results().items():
        if result.error:
            continue
        for name in sweep.objectives:
            score = scores.get(case, {}).get(name)
            value = USES[name](result) if name in USES else score.value if score else None
            if value is not None:
                values[name][case] = value
    return values


def scores_now(cases: Sequence[Case], run: Run, wrong_costs: float) -> Scores:
    """Score the answers of a run under way."""
    results = run.results()
    found = score_cases(cases, results, scorers())
    scores = {
        case.id: [*found[case.id], *rightness(case, results[case.id], found[case.id], wrong_costs)]
        for case in cases
        if case.id in found
    }
    return {case: {score.metric: score for score in several} for case, several in scores.items()}


def gaps_between(one: Mapping[str, float], other: Mapping[str, float], more: bool) -> list[float]:
    """Give by how much one is better than the other on each case that both have."""
    sign = 1 if more else -1
    return [sign * (one[case] - other[case]) for case in one.keys() & other.keys()]
