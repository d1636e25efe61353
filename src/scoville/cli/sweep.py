"""`scoville sweep`: try recipes on the same cases, and keep the best."""

from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, say, write, write_json


@click.command("sweep")
@click.option("--cases", "cases_file", type=click.Path(path_type=Path), default=None, help="Default: sweep.cases of the recipe.")  # fmt: skip  # noqa: E501
@click.option("--trials", type=click.IntRange(1), default=None, help="The most recipes that are tried.")
@click.option("--split", type=click.Choice(["train", "dev", "test"]), default=None, help="Only the cases of this part choose, e.g. dev; the best is measured once on those of test.")  # fmt: skip  # noqa: E501
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many cases.")
@click.option("--resume", "name", default="", metavar="SWEEP", help="Go on with this sweep as it was begun, whatever the recipe says now.")  # fmt: skip  # noqa: E501
@click.option("--best", is_flag=True, help="Write the best recipe of the last sweep, or of --resume SWEEP; try none.")
@click.option("--list", "listing", is_flag=True, help="List the sweeps; try none.")
@click.option("--yes", is_flag=True, help="Go on beyond cost.limit_usd.")
@common_options
def command(
    cases_file: Path | None, trials: int | None, split: str | None, limit: int | None, name: str, best: bool,
    listing: bool, yes: bool, folder: Path | None, flags: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Try the values of `sweep` in the recipe, and find the best.

    What two recipes have in common is done once. The best of several is better on the cases that chose it than on
    others: with --split dev it is measured once on those of test.

    It goes on where it was interrupted. `scoville sweep --best > recipe.yaml` takes the best.
    """
    from scoville.comparison.show_sweep import trial_line

    bot = open_bot(folder, flags)
    if listing:
        known = bot.sweeps()
        if as_json:
            write_json([{"name": one.name, "trials": len(one.trials()), "cases": one.header["cases"]} for one in known])
        for one in [] if as_json else known:
            size = f"{len(one.trials())} trials × {one.header['cases']} cases"
            write(f"{one.name}  {size}  {', '.join(one.recipe.sweep.space)}")
        if not known:
            say("No sweeps yet: `scoville sweep` makes one.")
        return
    if best:
        # The shell empties recipe.yaml before this begins: all that is needed stands in the folder of the sweep.
        write(bot.best_recipe(name or "latest"))
        return
    sweep = bot.sweep(
        cases_file, trials=trials, split=split or "", limit=limit, resume=name, no_limit=yes,
        on_trial=lambda recipe, trial: say(trial_line(recipe.sweep, trial)),
    )  # fmt: skip
    if as_json:
        write_json(sweep.json())
    else:
        write(str(sweep))
        say(f"Take the best: scoville sweep --best > recipe.yaml; {sweep.name} goes on with: scoville sweep")
