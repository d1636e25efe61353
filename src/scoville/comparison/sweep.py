"""Recipes are tried one after the other on the same cases, until the space or the number of trials is at its end.

Enters: a sweep, what its recipes share. Leaves: a trial for each combination, saved as it ends; which are the best. A
sweep that was killed goes on in the middle of a run. Knows no screen.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from scoville.comparison.leaderboard import Aim, pareto
from scoville.comparison.propose import propose
from scoville.comparison.race import LEAST_CASES, Race, case_values, directions, scores_now
from scoville.comparison.space import Choices, check_space, size
from scoville.comparison.stages import SharedStages
from scoville.comparison.trials import SweepFolder, Trial
from scoville.errors import RecipeError, ScovilleError
from scoville.evaluate.run_cases import OnCase, run_cases
from scoville.evaluate.runs import Run, create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import System
from scoville.recipe import Recipe
from scoville.recipe.file import with_values
from scoville.recipe.observers import Sweep
from scoville.types import Case

TRIALS = 24
"""Of a sweep that has no end and says no number."""
MOST_PROPOSED = 20
"""A sweep ends after so many times its trials, where nearly all combinations contradict themselves."""
LATER = 1.5
"""The next look is after so many times the cases: few looks, so that few are by chance."""
MOST_ERRORS = 0.1
"""A trial failed when more than this share of its cases has no answer."""
OnTrial = Callable[[Trial], None]


class Hopeless(Exception):
    """A trial is surely worse than another that is no dearer."""


class Plan(NamedTuple):
    """What a sweep will do."""

    trials: int
    """The most that are run."""
    combinations: int | None
    """None: without end."""


def plan(recipe: Recipe) -> Plan:
    """Check the sweep of a recipe, and say how much it is; RecipeError when it makes no sense."""
    check_space(recipe)
    directions(recipe.sweep)
    count = size(recipe.sweep)
    wanted = recipe.sweep.trials or (count if recipe.sweep.method == "grid" else None) or TRIALS
    return Plan(min(wanted, count or wanted), count)


def run_sweep(
    sweep: SweepFolder, recipe: Recipe, cases: Sequence[Case], stages: SharedStages, *,
    on_trial: OnTrial | None = None, on_case: OnCase | None = None,
) -> list[Trial]:  # fmt: skip
    """Run the trials of a sweep that have not been run; give all, in their order."""
    wanted = plan(recipe).trials
    better = directions(recipe.sweep)
    race = Race(recipe.sweep, better)
    past = sweep.trials()
    for place, trial in enumerate(past):
        if trial.state == "complete":
            run = Run(sweep.runs / trial.run)
            race.enter(case_values(recipe.sweep, run))
        elif trial.state == "failed":  # a model may be back
            past[place] = _Try(sweep, recipe, cases, stages, race, on_case).run(trial.choices, past, trial.number)
            sweep.add(past[place])
            if on_trial:
                on_trial(past[place])
    while sum(trial.state != "invalid" for trial in past) < wanted and len(past) < MOST_PROPOSED * wanted:
        choices = propose(recipe.sweep, past, better)
        if choices is None:
            break
        trial = _Try(sweep, recipe, cases, stages, race, on_case).run(choices, past, len(past))
        sweep.add(trial)
        past.append(trial)
        if on_trial:
            on_trial(trial)
    if not any(trial.is_scored for trial in past):
        reasons = "; ".join(dict.fromkeys(trial.reason for trial in past))
        raise ScovilleError(f"no trial of {sweep.name} came to a result: {reasons[:500]}")
    return past


class _Try:
    """One combination is tried."""

    def __init__(
        self, sweep: SweepFolder, recipe: Recipe, cases: Sequence[Case], stages: SharedStages, race: Race,
        on_case: OnCase | None,
    ) -> None:  # fmt: skip
        self.sweep = sweep
        self.recipe = recipe
        self.settings = recipe.sweep
        self.cases = cases
        self.stages = stages
        self.race = race
        self.on_case = on_case
        self.look_after = LEAST_CASES

    def run(self, choices: Choices, past: Sequence[Trial], number: int) -> Trial:
        """Give what came of a combination."""
        try:
            recipe = with_values(self.recipe, choices)
        except RecipeError as error:
            return Trial(number=number, choices=choices, state="invalid", reason=str(error))
        same = next((trial.number for trial in past if trial.recipe_hash == recipe.hash), number)
        if same != number:
            return Trial(number=number, choices=choices, state="invalid", reason=f"is the same as trial {same}")
        started = time.perf_counter()
        run: Run | None = None
        reason, pruned = "", False
        try:
            system = self.stages.system(recipe)
            run = self.sweep.unfinished(recipe) or create_run(self.sweep.runs, self.cases, {
                **system.describe(), "system": f"trial {number}", "sweep": self.sweep.name, "choices": choices,
                "cases_file": self.sweep.header.get("cases_file", ""), "index": self.stages.index_digest(recipe),
            })  # fmt: skip
            self._ask(system, run, recipe)
        except Hopeless as end:
            pruned, reason = True, str(end)
        except ScovilleError as error:
            reason = str(error)
        values: Mapping[str, float | None] = {}
        answered = 0
        if run and (pruned or not reason):
            values, answered, failure = self._score(run, recipe)
            reason = reason or failure
        return Trial(
            number=number, choices=choices, recipe_hash=recipe.hash, values=values, cases=answered,
            state="pruned" if pruned else "failed" if reason else "complete",
            reason=reason, run=run.id if run else "", seconds=round(time.perf_counter() - started, 3),
        )  # fmt: skip

    def _ask(self, system: System, run: Run, recipe: Recipe) -> None:
        """Ask every case; Hopeless once the rest would change nothing."""

        def watch(done: int, total: int) -> None:
            if self.on_case:
                self.on_case(done, total)
            if self.look_after <= done < total:
                self.look_after = int(done * LATER)
                if self.race.is_lost(
                    case_values(self.settings, run, scores_now(self.cases, run, recipe.evaluate.wrong_costs))
                ):
                    run.update(status="pruned")
                    raise Hopeless(f"after {done} cases surely worse than a trial that is otherwise no worse")

        # Questions that a local model answers side by side take longer each: their seconds would say nothing.
        workers = None if "seconds" in self.settings.objectives else recipe.llm.at_once
        run_cases(
            system, self.cases, run, timeout_seconds=self.settings.timeout_seconds, workers=workers, on_case=watch
        )

    def _score(self, run: Run, recipe: Recipe) -> tuple[dict[str, float | None], int, str]:
        """Score a run; give the means, how many cases were answered, and why that says nothing."""
        score_run(run, wrong_costs=recipe.evaluate.wrong_costs)
        results = run.results()
        values = case_values(self.settings, run)
        means = {name: sum(found.values()) / len(found) if found else None for name, found in values.items()}
        errors = [result.error for result in results.values() if result.error]
        failure = ""
        if len(errors) > MOST_ERRORS * len(self.cases):
            failure = f"{len(errors)} of {len(self.cases)} cases have no answer: {errors[0]}"
        elif empty := [name for name, found in values.items() if not found]:
            failure = f"no case has a value for {', '.join(empty)}"
        elif run.header["status"] == "finished":
            self.race.enter(values)
        return means, len(results) - len(errors), failure


def best_trials(sweep: Sweep, trials: Sequence[Trial]) -> list[Trial]:
    """Give the trials that no other beats in everything (the Pareto front), best of the first objective first."""
    better = directions(sweep)
    aims: dict[str, Aim] = {
        name: "max" if more else "min" for name, more in zip(sweep.objectives, better, strict=True)
    }  # fmt: skip
    ended = {str(trial.number): trial for trial in trials if trial.state == "complete"}
    kept = [ended[name] for name in pareto({name: trial.values for name, trial in ended.items()}, aims)]
    signs = [-1 if more else 1 for more in better]

    def order(trial: Trial) -> list[float]:
        return [sign * (trial.values[name] or 0.0) for sign, name in zip(signs, sweep.objectives, strict=True)]

    return sorted(kept, key=order)
