"""`scoville cost`: what everything took."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, plain, say, style, write, write_json

if TYPE_CHECKING:
    from typing import Literal


@click.command("cost")
@click.option(
    "--by", type=click.Choice(["activity", "model", "day", "run"]), default="activity", show_default=True,
    help="What to add up by.",
)  # fmt: skip
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day on, e.g. 2026-11-01.")
@click.option("--run", metavar="ID", help="Of this run only.")
@common_options
def command(
    by: "Literal['activity', 'model', 'day', 'run']", since: datetime | None, run: str | None, folder: Path | None,
    flags: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Add up tokens, seconds and dollars.

    Dollars are the fees of hosted models, and this machine's time. The machine's time is priced by
    `cost.hardware_usd_per_hour` of the recipe as it was when the work was done.
    """
    found = open_bot(folder, flags).cost(by, since=since, run=run)
    if as_json:
        write_json({"by": by, "groups": [asdict(one) for one in found], "total": asdict(found.total)})
    elif found:
        head, *rows = str(found).split("\n")
        write("\n".join([style(head, bold=True), *map(plain, rows)]))
    else:
        say("Nothing of that was recorded.")
