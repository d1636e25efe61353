"""`scoville sweep`: try recipes on the same cases, and keep the best."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, progress_bar, say, write, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoville.bot import Bot
    from scoville.compare.stages import SharedStages
    from scoville.compare.trials import SweepFolder, Trial
    from scoville.index import Writers
    from scoville.recipe import Recipe
    from scoville.track.limit import Planned
    from scoville.types import Case


@click.command("sweep")
@click.option("--cases", "cases_file", type=click.Path(path_type=Path), default=None, help="Default: sweep.cases of the recipe.")  # fmt: skip  # noqa: E501
@click.option("--trials", type=click.IntRange(1), default=None, help="The most recipes that are tried.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many cases.")
@click.option("--resume", "name", default="", metavar="SWEEP", help="Go on with this sweep as it was begun, whatever the recipe says now.")  # fmt: skip  # noqa: E501
@click.option("--best", is_flag=True, help="Write the best recipe of the last sweep, or of --resume SWEEP; try none.")
@click.option("--list", "listing", is_flag=True, help="List the sweeps; try none.")
@click.option("--yes", is_flag=True, help="Go on where it may cost more than cost.limit_usd.")
@common_options
def command(
    cases_file: Path | None, trials: int | None, limit: int | None, name: str, best: bool, listing: bool, yes: bool,
    folder: Path | None, flags: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Try the values of `sweep` in the recipe; what recipes have in common is done once.

    It goes on where it was interrupted. `scoville sweep --best > recipe.yaml` takes the best.
    """
    from scoville.cli.show_sweep import list_text, recipe_text, sweep_json, sweep_text
    from scoville.compare.trials import FOLDER, find_sweep, list_sweeps

    bot = open_bot(folder, flags)
    sweeps = bot.workspace.folder / FOLDER
    if listing:
        known = list_sweeps(sweeps)
        if as_json:
            write_json([{"name": one.name, "trials": len(one.trials()), "cases": one.header["cases"]} for one in known])
        else:
            write(list_text(known))
        return
    if best:
        # The shell empties recipe.yaml before this begins: all that is needed stands in the folder of the sweep.
        write(recipe_text(find_sweep(sweeps, name or "latest")))
        return
    sweep = _run(bot, sweeps, _recipe(bot, name, sweeps, trials, limit), cases_file, name, yes)
    if as_json:
        write_json(sweep_json(sweep))
    else:
        write(sweep_text(sweep))
        say(f"Take the best: scoville sweep --best > recipe.yaml; {sweep.name} goes on with: scoville sweep")


def _recipe(bot: "Bot", name: str, sweeps: Path, trials: int | None, limit: int | None) -> "Recipe":
    """Give the recipe with the sweep that is asked for."""
    from scoville.compare.trials import find_sweep

    recipe = find_sweep(sweeps, name).recipe if name else bot.recipe
    changes = {key: value for key, value in (("trials", trials), ("limit", limit)) if value is not None}
    return recipe.model_copy(update={"sweep": recipe.sweep.model_copy(update=changes)})


def _run(
    bot: "Bot", sweeps: Path, recipe: "Recipe", cases_file: Path | None, name: str, yes: bool
) -> "SweepFolder":  # fmt: skip
    """Run the trials that have not been run."""
    from scoville.bot.forecast import check_cost
    from scoville.cli.show_sweep import trial_line
    from scoville.compare.propose import require_optuna
    from scoville.compare.publish_sweep import PublishedSweep
    from scoville.compare.stages import SharedStages
    from scoville.compare.sweep import plan, run_sweep
    from scoville.compare.trials import find_sweep, open_sweep

    planned = plan(recipe)
    if recipe.sweep.method == "tpe":
        require_optuna()
    cases = find_sweep(sweeps, name).cases() if name else _cases(bot, recipe, cases_file)
    check_cost(bot, list(_planned(recipe, planned.trials, cases)), yes=yes)

    def writers(trial: "Recipe") -> "Writers":
        return bot.with_recipe(trial).writers(no_limit=yes)

    stages = SharedStages(bot.workspace, recipe, writers=writers)
    file = str(cases_file or recipe.sweep.cases or "")
    sweep = find_sweep(sweeps, name) if name else open_sweep(
        sweeps, recipe, cases, stages.content, cases_file=Path(file).name
    )  # fmt: skip
    stages.replies = sweep.replies
    published = PublishedSweep(bot.workspace, bot.recipe.track.to, sweep)
    done = len(sweep.trials())
    of = f" of {planned.combinations:,} combinations" if planned.combinations else ""
    say(f"Sweep {sweep.name}: {planned.trials} trials{of} × {len(cases)} cases{f', {done} are done' if done else ''}")

    def tell(trial: "Trial") -> None:
        say(trial_line(recipe.sweep, trial))
        published.add(trial)

    status = "halted"
    try:
        with progress_bar("cases") as progress:
            run_sweep(
                sweep, recipe, cases, stages, on_trial=tell,
                on_case=lambda now, total: progress("trial", now, total),
            )  # fmt: skip
        status = "finished"
    finally:
        _enter(bot, sweep, stages)
        stages.close()
        published.end(status)
    return sweep


def _enter(bot: "Bot", sweep: "SweepFolder", stages: "SharedStages") -> None:
    """Enter into the ledger what was really done; what was known cost nothing."""
    from scoville.track.ledger import Ledger, save_entries
    from scoville.track.store import FILE_NAME, Store

    recipe = bot.recipe
    ledger = Ledger(recipe.cost.hardware_usd_per_hour, sweep.name, embed_url=recipe.embed.base_url)
    entries = [entry for report, embedder in stages.reports for entry in ledger.added(report, embedder)]
    entries += [ledger.reply("generation", reply) for reply in stages.written]
    store = Store(bot.workspace.folder / FILE_NAME)
    try:
        save_entries(store, entries)
    finally:
        store.close()


def _cases(bot: "Bot", recipe: "Recipe", given: Path | None) -> "Sequence[Case]":
    from scoville.cases.files import cases_of
    from scoville.errors import UsageError

    if given is None and recipe.sweep.cases is None:
        raise UsageError("no cases to try the recipes on: set sweep.cases in the recipe, or give --cases FILE")
    path = given or bot.workspace.root / str(recipe.sweep.cases)
    return cases_of(path)[: recipe.sweep.limit]


def _planned(recipe: "Recipe", trials: int, cases: "Sequence[Case]") -> "Iterator[Planned]":
    """Plan what the trials take, as if each value of `llm.model` had its share of them."""
    from scoville.bot.forecast import answering

    models = recipe.sweep.space.get("llm.model", (recipe.llm.model,))
    for model in models:
        system = recipe.model_copy(update={"llm": recipe.llm.model_copy(update={"model": model})})
        for one in answering(system, cases):
            yield one._replace(replies=one.replies * trials // len(models))
