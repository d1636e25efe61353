"""`scoville sync`: the index in line with the sources of the recipe, once or for as long as it runs."""

from pathlib import Path

import click

from scoville.cli.add import list_failures, on_option, show_changes, show_report, yes_option
from scoville.cli.common import common_options, open_bot, say


@click.command("sync")
@click.option("--failed", is_flag=True, help="List what could not be read or reached, and do nothing.")
@click.option("--retry", is_flag=True, help="Try what failed too often again, too.")
@click.option("--prune", is_flag=True, help="Remove what came from sources that are empty, or not in the recipe now.")
@click.option("--watch", is_flag=True, help="Go on, and take in what changes, until Ctrl-C.")
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="The same, and look again so often where nothing tells of changes. Default: 300.",
)
@on_option
@yes_option
@common_options
def command(
    failed: bool,
    retry: bool,
    prune: bool,
    watch: bool,
    every: float | None,
    on: str | None,
    yes: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Bring the index in line with the `sources` of the recipe.

    What is new is added, what changed is read again, what is gone is removed. A source that cannot be reached, or that
    lists nothing at all, keeps its documents; then, and where a URL of the recipe cannot be read, the exit code is 1.
    """
    bot = open_bot(folder, flags)
    if failed:
        list_failures(bot.workspace.failures(), as_json)
        return
    repeats = watch or every is not None
    budget = bot.budget(no_limit=yes)
    report = bot.sync(retry=retry, prune=prune, widen_access=yes, budget=budget, on=on)
    show_report(report, as_json, on_one_line=repeats)
    if report.left:
        say(f"  {report.left} documents came from sources that the recipe names no more: scoville sync --prune")
    if repeats:
        show_changes(bot.watch(every_seconds=every, widen_access=yes, budget=budget), as_json)
    elif report.read_nothing or report.held_back or any(one.is_of_source or one.is_named for one in report.failed):
        raise SystemExit(1)
