"""How sure the results of a sweep are, and what its winner is worth on cases that chose nothing.

Enters: a sweep with its runs. Leaves: for each trial the interval of the first objective and whether it can be told
from the best; the winner's run on the untouched part. The best of several is better on the cases that chose it than it
will be on others, so the winner is measured there, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scoville.comparison.race import case_values
from scoville.comparison.stages import SharedStages
from scoville.comparison.sweep import best_trials
from scoville.comparison.trials import SweepFolder, Trial
from scoville.evaluate.clusters import clusters_of
from scoville.evaluate.paired import ALPHA, Comparison, holm, paired_difference
from scoville.evaluate.run_cases import OnCase, run_cases
from scoville.evaluate.runs import Run, create_run
from scoville.evaluate.score_run import known_metrics, score_run
from scoville.evaluate.statistics import Estimate, estimate
from scoville.recipe.file import with_values

Place = Literal["best", "not distinguishable", "behind"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a trial stands by the first objective."""

    place: Place
    found: Estimate
    """Its mean with the interval."""
    p: float | None
    """Of no difference to the best, adjusted for the number of trials (Holm); None of the best."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Final:
    """The winner on the untouched part."""

    trial: int
    run: str
    found: Mapping[str, Estimate]
    """Of each objective."""


def standings(sweep: SweepFolder, trials: Sequence[Trial]) -> dict[int, Standing]:
    """Compare each trial that has a score with the best, on the cases that both answered; empty without a best."""
    settings = sweep.recipe.sweep
    front = best_trials(settings, trials)
    if not front:
        return {}
    name = settings.objectives[0]
    by_case = clusters_of(sweep.cases())[1]
    values = {
        trial.number: case_values(settings, Run(sweep.runs / trial.run))[name] for trial in trials if trial.is_scored
    }
    best = values[front[0].number]
    compared = {number: _compare(best, own, by_case) for number, own in values.items() if number != front[0].number}
    adjusted = dict(zip(compared, holm([one.p for one in compared.values()]), strict=True))

    def place(number: int) -> Place:
        if number == front[0].number:
            return "best"
        return "behind" if adjusted[number] <= ALPHA else "not distinguishable"

    return {
        number: Standing(place=place(number), found=_estimate(name, own, by_case), p=adjusted.get(number))
        for number, own in values.items()
    }


def measure_best(
    sweep: SweepFolder, trials: Sequence[Trial], stages: SharedStages, on_case: OnCase | None = None
) -> None:
    """Ask the winner the untouched cases, unless that was done; a run that was killed goes on.

    Once they were asked they are not untouched any more: a later winner is not measured on them.
    """
    cases, front, done = sweep.untouched(), best_trials(sweep.recipe.sweep, trials), sweep.final_run()
    if not cases or not front or (done and done.header["status"] == "finished"):
        return
    best = next((trial for trial in trials if done and trial.number == done.header["trial"]), front[0])
    recipe = with_values(sweep.recipe, best.choices)
    system = stages.system(recipe)
    run = done or create_run(sweep.final, cases, {
        **system.describe(), "system": f"trial {best.number}", "trial": best.number, "sweep": sweep.name,
        "cases_file": sweep.header.get("cases_file", ""), "index": stages.index_digest(recipe),
    })  # fmt: skip
    run_cases(system, cases, run, timeout_seconds=recipe.sweep.timeout_seconds, on_case=on_case)
    score_run(run, wrong_costs=recipe.evaluate.wrong_costs)


def final_of(sweep: SweepFolder) -> Final | None:
    """Give what the winner is worth on the untouched cases; None where that was not measured."""
    run = sweep.final_run()
    if run is None or run.header["status"] != "finished":
        return None
    by_case = clusters_of(run.cases())[1]
    values = case_values(sweep.recipe.sweep, run)
    found = {name: _estimate(name, own, by_case) for name, own in values.items()}
    return Final(trial=run.header["trial"], run=run.id, found=found)


def _estimate(name: str, values: Mapping[str, float], by_case: Mapping[str, str]) -> Estimate:
    known = known_metrics().get(name)
    low, high = (known.low, known.high) if known else (0.0, None)
    return estimate(list(values.values()), [by_case[case] for case in values], low=low, high=high)


def _compare(best: Mapping[str, float], own: Mapping[str, float], by_case: Mapping[str, str]) -> Comparison:
    shared = sorted(best.keys() & own.keys())
    return paired_difference(
        [best[case] for case in shared], [own[case] for case in shared], [by_case[case] for case in shared]
    )
