"""`scoville sync`: the index in line with the sources of the recipe, once or for as long as it runs."""

from functools import partial
from pathlib import Path

import click

from scoville.cli.add import (
    failed_entirely,
    is_held_back,
    list_failures,
    show_report,
    watch_and_repeat,
    yes_option,
)
from scoville.cli.common import common_options, open_bot, say

DEFAULT_EVERY_SECONDS = 300.0


@click.command("sync")
@click.option("--failed", is_flag=True, help="List what could not be read or reached, and do nothing.")
@click.option("--retry", is_flag=True, help="Try what failed too often again, too.")
@click.option("--prune", is_flag=True, help="Remove what came from sources that are empty, or not in the recipe now.")
@click.option("--watch", is_flag=True, help="Go on, and take in what changes in folders, until Ctrl-C.")
@click.option("--every", type=click.FloatRange(min=1), metavar="SECONDS", help="Go on, and look again so often.")
@yes_option
@common_options
def command(
    failed: bool,
    retry: bool,
    prune: bool,
    watch: bool,
    every: float | None,
    yes: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Bring the index in line with the `sources` of the recipe: what is new, changed and gone.

    A source that cannot be reached, or that lists nothing at all, keeps its documents; then the exit code is 1.
    """
    bot = open_bot(folder, flags)
    if failed:
        list_failures(bot.workspace.failures(), as_json)
        return
    repeats = watch or every is not None
    budget = bot.budget(no_limit=yes)
    report = bot.sync(retry=retry, prune=prune, widen_access=yes, budget=budget)
    show_report(report, as_json, on_one_line=repeats)
    if report.left:
        say(f"  {report.left} documents came from sources that the recipe names no more: scoville sync --prune")
    if repeats:
        paths = [
            getattr(entry, "path", None) or getattr(entry, "mailbox", None) for entry in bot.recipe.sources.entries
        ]
        places = [bot.workspace.root / path for path in paths if path] if watch else []
        work = partial(bot.sync, widen_access=yes, budget=budget)
        watch_and_repeat(places, work, as_json, every or DEFAULT_EVERY_SECONDS)
    elif failed_entirely(report) or is_held_back(report) or any(one.is_of_source for one in report.failed):
        raise SystemExit(1)
