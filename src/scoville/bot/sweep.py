"""Recipes are tried on the same cases, and the best is kept. Enters: a bot, cases. Leaves: a sweep.

Python and the command come through here, so both leave the same.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scoville.bot.check_cases import say_not_indexed
from scoville.bot.evaluate import Cases, Choice, name_of
from scoville.bot.opened import Opened
from scoville.cases.files import cases_of
from scoville.cases.parts import overlap
from scoville.comparison.propose import require_optuna
from scoville.comparison.publish_sweep import PublishedSweep
from scoville.comparison.show_sweep import recipe_text, sweep_json, sweep_notes, sweep_rows, sweep_text
from scoville.comparison.stages import SharedStages
from scoville.comparison.standing import measure_best
from scoville.comparison.sweep import plan, run_sweep
from scoville.comparison.trials import FOLDER, SweepFolder, Trial, find_sweep, list_sweeps, open_sweep
from scoville.errors import UsageError
from scoville.html import pre, table
from scoville.llm.paid import announce
from scoville.recipe import Recipe
from scoville.track.ledger import Ledger, save_entries
from scoville.track.store import FILE_NAME, Store
from scoville.types import Case

logger = logging.getLogger("scoville")

LAST = "test"
"""The part that chooses nothing."""
OnTrial = Callable[[Recipe, Trial], None]
"""Told the recipe that is swept and each trial as it ends."""


class Sweep(SweepFolder):
    """The folder of one sweep, which says what it came to."""

    def __str__(self) -> str:
        """Write every trial, the keys that mattered and what it took."""
        return sweep_text(self)

    def json(self) -> dict[str, Any]:
        """Give it for a program: the trials, the best, the Pareto front, which keys mattered."""
        return sweep_json(self)

    def _repr_html_(self) -> str:
        head, *rows = sweep_rows(self)
        notes = "\n".join(sweep_notes(self))
        return f"<div>{table(head, rows)}{pre(notes)}</div>"


def sweep(
    bot: Opened, given: Cases | None, *, trials: int | None, split: str, limit: int | None, resume: str, no_limit: bool,
    on_trial: OnTrial | None,
) -> Sweep:  # fmt: skip
    """Run the trials that have not been run."""
    sweeps = bot.workspace.folder / FOLDER
    old = find_sweep(sweeps, resume) if resume else None
    recipe = old.recipe if old else bot.recipe
    changes = {
        key: value
        for key, value in (("trials", trials), ("split", split or None), ("limit", limit))
        if value is not None
    }
    recipe = recipe.model_copy(update={"sweep": recipe.sweep.model_copy(update=changes)})
    planned = plan(recipe)
    if recipe.sweep.method == "tpe":
        require_optuna()
    cases, untouched = (old.cases(), old.untouched()) if old else _cases(bot, recipe, given)
    say_not_indexed(bot, [*cases, *untouched])
    budget = bot.budget(no_limit=no_limit)
    for model in recipe.sweep.space.get("llm.model", (recipe.llm.model,)):
        announce("trials are answered by", recipe.llm.model_copy(update={"model": model}), budget)
    stages = SharedStages(
        bot.workspace, recipe, budget=budget, writers=lambda trial: bot.with_recipe(trial).writers(budget)
    )  # fmt: skip
    file = name_of(given or str(recipe.sweep.cases or ""))
    found = old or open_sweep(
        sweeps,
        recipe,
        cases,
        stages.content,
        cases_file=file,
        recipe_file=bot.workspace.recipe_path,
        untouched=untouched,
    )
    stages.replies = found.replies
    published = PublishedSweep(bot.workspace, bot.recipe.track.to, found)
    done = len(found.trials())
    of = f" of {planned.combinations:,} combinations" if planned.combinations else ""
    logger.info(
        f"Sweep {found.name}: {planned.trials} trials{of} × {len(cases)} cases{f', {done} are done' if done else ''}"
    )

    def ended(trial: Trial) -> None:
        if on_trial:
            on_trial(recipe, trial)
        published.add(trial)

    status = "halted"
    try:
        with bot.bars("cases") as progress:
            ran = run_sweep(
                found, recipe, cases, stages, on_trial=ended,
                on_case=lambda now, total: progress("trial", now, total),
            )  # fmt: skip
            measure_best(found, ran, stages, on_case=lambda now, total: progress("the best, untouched", now, total))
        status = "finished"
    finally:
        _enter(bot, found, stages)
        stages.close()
        published.end(status)
    return Sweep(found.folder)


def sweeps_of(bot: Opened) -> list[Sweep]:
    """List the sweeps of a workspace, oldest first."""
    return [Sweep(one.folder) for one in list_sweeps(bot.workspace.folder / FOLDER)]


def best_recipe(bot: Opened, name: str) -> str:
    """Write the best recipe of a sweep as YAML."""
    return recipe_text(find_sweep(bot.workspace.folder / FOLDER, name))


def _cases(bot: Opened, recipe: Recipe, given: Cases | None) -> tuple[list[Case], list[Case]]:
    """Give the cases of the trials, and those on which the best is measured at the end."""
    settings = recipe.sweep
    if given is None and settings.cases is None:
        raise UsageError("no cases to try the recipes on: set sweep.cases in the recipe, or give a file of cases")
    if given is None:
        given = bot.workspace.root / str(settings.cases)
    read = cases_of(Path(given)) if isinstance(given, str | Path) else list(given)
    chosen = Choice(split=settings.split, limit=settings.limit).of(read)
    if settings.split in ("", LAST):
        return chosen, []
    left = [case for case in read if case.split == LAST]
    known = {leak.case_id for leak in overlap(left, chosen)}
    if known:
        logger.info(f"{len(known)} of {len(left)} cases of {LAST} share a page or a question with {settings.split}: they are left out at the end.")  # fmt: skip  # noqa: E501
    return chosen, [case for case in left if case.id not in known]


def _enter(bot: Opened, found: SweepFolder, stages: SharedStages) -> None:
    """Enter into the ledger what was really done; what was known cost nothing."""
    recipe = bot.recipe
    ledger = Ledger(recipe.cost.hardware_usd_per_hour, found.name, embed_url=recipe.embed.base_url)
    entries = [entry for report, embedder in stages.reports for entry in ledger.added(report, embedder)]
    entries += [ledger.reply("generation", reply) for reply in stages.written]
    with Store(bot.workspace.folder / FILE_NAME) as store:
        save_entries(store, entries)
