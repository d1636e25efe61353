"""`scoville cost`: what everything took."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, plain, say, style, write, write_json

if TYPE_CHECKING:
    from scoville.track.ledger import Total


@click.command("cost")
@click.option(
    "--by", type=click.Choice(["activity", "model", "day", "run"]), default="activity", show_default=True,
    help="What to add up by.",
)  # fmt: skip
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day on, e.g. 2026-11-01.")
@click.option("--run", "run_id", metavar="ID", help="Of this run only.")
@common_options
def command(
    by: str, since: datetime | None, run_id: str | None, folder: Path | None, flags: tuple[str, ...], as_json: bool
) -> None:
    """Add up tokens, seconds and dollars: fees of hosted models, and this machine's time.

    The machine's time is priced by `cost.hardware_usd_per_hour` of the recipe as it was when the work was done.
    """
    from scoville.track.ledger import sum_up, totals
    from scoville.track.store import FILE_NAME, Store

    bot = open_bot(folder, flags)
    store = Store(bot.workspace.folder / FILE_NAME, create=False)
    found = totals(store, by, since=since.timestamp() if since else 0.0, run_id=run_id)
    store.close()
    total = sum_up(found)
    if as_json:
        write_json({"by": by, "groups": [asdict(one) for one in found], "total": asdict(total)})
        return
    if not found:
        say("The ledger holds nothing of that.")
        return
    width = max(8, *(len(plain(group.group)) for group in found))
    write(
        style(f"{by:<{width}}  entries   prompt tokens  completion tokens   seconds       fees    machine", bold=True)
    )
    for group in [*found, total]:
        write(_line(group, width))
    if total.unknown_fees:
        say(f"* and the fees of {total.unknown_fees} replies, whose price is not known")


def _line(one: "Total", width: int) -> str:
    fees = f"{dollars(one.fee_usd)}{'*' if one.unknown_fees else ' '}"
    return (
        f"{plain(one.group) or '-':<{width}}  {one.entries:7,}  {one.prompt_tokens:14,}  {one.completion_tokens:17,}  "
        f"{one.seconds:8,.1f}  {fees:>10} {dollars(one.hardware_usd):>9}"
    )


def dollars(value: float) -> str:
    """Write dollars; small amounts with more digits, so that they are not shown as none."""
    return f"${value:,.6f}" if 0 < value < 0.01 else f"${value:,.2f}"
