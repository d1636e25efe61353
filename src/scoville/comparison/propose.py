"""What a sweep tries next, and which keys mattered.

Enters: a space and the trials so far. Leaves: the next choices, which depend on nothing else, so that a sweep that was
killed goes on as if it had not been. TPE (Bergstra and others, 2011) and importances (PED-ANOVA, Watanabe and others,
2023) are Optuna's. Runs nothing.
"""

import json
import random
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from scoville.comparison.space import MOST_LISTED, Choices, draw, grid, listed, name_of, size
from scoville.comparison.trials import Trial
from scoville.errors import MissingExtra
from scoville.recipe.observers import Range, Sweep

STARTUP = 10
"""So many trials are drawn by chance before TPE has something to go by."""
LEAST_TRIALS = 10
"""With fewer nothing is said of importance."""
TOP = 5
"""About so many trials count as good ones where importance is measured."""
DRAWS = 1000


def propose(sweep: Sweep, past: Sequence[Trial], better: Sequence[bool]) -> Choices | None:
    """Give the next choices, which were not tried yet; None when all were.

    ``better`` says for each objective whether more is better.
    """
    tried = {name_of(trial.choices) for trial in past}
    if sweep.method == "grid":
        return next((choices for choices in grid(sweep) if name_of(choices) not in tried), None)
    scored = [trial for trial in past if trial.is_scored]
    if sweep.method == "tpe" and len(scored) >= STARTUP:
        choices = _by_tpe(sweep, scored, better, len(past))
        if name_of(choices) not in tried:
            return choices
    chance = random.Random(f"{sweep.seed}/{len(past)}")  # noqa: S311 - no secret
    count = size(sweep)
    if count is not None and count <= MOST_LISTED:
        rest = [choices for choices in grid(sweep) if name_of(choices) not in tried]
        return chance.choice(rest) if rest else None
    drawn = (draw(sweep, chance) for _ in range(DRAWS))
    return next((choices for choices in drawn if name_of(choices) not in tried), None)


def importances(
    sweep: Sweep, past: Sequence[Trial], better: Sequence[bool]
) -> Mapping[str, Mapping[str, float]]:  # fmt: skip
    """Say for each objective how much each key decides whether a trial is among the best; the shares sum to 1.

    Empty with too few trials; an objective that does not vary is left out. Raises MissingExtra without Optuna.
    """
    optuna = require_optuna()
    scored = [trial for trial in past if trial.is_scored]
    if len(scored) < LEAST_TRIALS:
        return {}
    found: dict[str, Mapping[str, float]] = {}
    with _quiet(optuna):
        study = _study(optuna, sweep, scored, better)
        for place, objective in enumerate(sweep.objectives):
            sign = -1 if better[place] else 1
            share = _share_of_the_best([sign * (trial.values[objective] or 0.0) for trial in scored])
            if share is None:
                continue
            found[objective] = optuna.importance.get_param_importances(
                study,
                evaluator=optuna.importance.PedAnovaImportanceEvaluator(target_quantile=share),
                target=lambda trial, place=place, sign=sign: sign * trial.values[place],
            )
    return found


def _share_of_the_best(losses: Sequence[float]) -> float | None:
    """Give the share of trials that count as good: about five, equals together; None where all are equal.

    Of few cases many trials have the same value; a cut through equals would keep them all and tell nothing.
    """
    kept = {sum(loss <= cut for loss in losses) for cut in losses} - {len(losses)}
    wanted = max(TOP, len(losses) / 10)
    return (min(kept, key=lambda count: (abs(count - wanted), -count)) - 0.5) / len(losses) if kept else None


def require_optuna() -> Any:
    """Import Optuna; MissingExtra where it is not installed."""
    try:
        with warnings.catch_warnings():  # in a notebook tqdm, which it brings, asks for widgets
            warnings.simplefilter("ignore")
            import optuna
    except ImportError:
        raise MissingExtra("this needs Optuna: pip install 'scoville[sweep]'") from None
    return optuna


def _by_tpe(sweep: Sweep, scored: Sequence[Trial], better: Sequence[bool], number: int) -> Choices:
    optuna = require_optuna()
    with _quiet(optuna):
        study = _study(optuna, sweep, scored, better)
        study.sampler = optuna.samplers.TPESampler(seed=(sweep.seed * 1_000_003 + number) % 2**32, n_startup_trials=0)
        given = study.ask(_distributions(optuna, sweep)).params
    return {key: _from_optuna(sweep.space[key], given[key]) for key in sweep.space}


def _study(optuna: Any, sweep: Sweep, scored: Sequence[Trial], better: Sequence[bool]) -> Any:
    study = optuna.create_study(directions=["maximize" if more else "minimize" for more in better])
    distributions = _distributions(optuna, sweep)
    for trial in scored:
        params = {key: _for_optuna(sweep.space[key], value) for key, value in trial.choices.items()}
        values = [trial.values[objective] for objective in sweep.objectives]
        study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, values=values))
    return study


def _distributions(optuna: Any, sweep: Sweep) -> dict[str, Any]:
    kinds = optuna.distributions
    found: dict[str, Any] = {}
    for key, given in sweep.space.items():
        values = listed(given)
        if not isinstance(given, Range):
            found[key] = kinds.CategoricalDistribution([_for_optuna(given, value) for value in values or ()])
            continue
        kind = kinds.IntDistribution if given.is_whole else kinds.FloatDistribution
        step = {} if given.step is None else {"step": given.step}
        found[key] = kind(given.low, values[-1] if values else given.high, log=given.log, **step)
    return found


def _for_optuna(given: tuple[Any, ...] | Range, value: Any) -> Any:
    """Name a choice: Optuna takes no lists and no sections."""
    return value if isinstance(given, Range) else json.dumps(value, sort_keys=True)


def _from_optuna(given: tuple[Any, ...] | Range, value: Any) -> Any:
    return value if isinstance(given, Range) else json.loads(value)


@contextmanager
def _quiet(optuna: Any) -> Generator[None]:
    """Keep Optuna from telling of each trial, and of what is new in it."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)
