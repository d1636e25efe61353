"""`scoville releases`: what was released, what is served, and who switched it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json


@click.command("releases")
@click.option("--log", "shows_log", is_flag=True, help="Show every release and every switch: who, when, what, why.")
@click.option("--remove", "removed", metavar="NAME", help="Remove a release that is not served, with its files.")
@click.option("--check", is_flag=True, help="Compare every file of every release with what was written.")
@common_options
def command(
    shows_log: bool, removed: str | None, check: bool, folder: Path | None, flags: tuple[str, ...], as_json: bool
) -> None:
    """List the releases, the oldest first, and which is served."""
    from scoville.release import facts_of, read_state

    bot = open_bot(folder, flags)
    if removed:
        bot.remove_release(removed)
        say(f"{plain(removed)} is removed.")
    if shows_log:
        rows = bot.release_log()
        write_json(rows) if as_json else [write(_logged(row)) for row in rows]
        return
    targets = read_state(bot.workspace).targets
    found = [facts_of(one, whole=check) for one in bot.releases()]
    for row in found:
        row["served_as"] = [name for name, target in targets.items() if row["name"] in target.names]
    if as_json:
        write_json(found)
        return
    for row in found:
        write(_line(row))
    if not found:
        say("No release was made yet: scoville release NAME")


def _line(row: dict[str, Any]) -> str:
    if "damaged" in row:
        return f"{row['name']:<20} {row['damaged']}"
    quality = "not measured" if row["quality"] is None else f"quality {row['quality']:.2f}"
    served = f"  {', '.join(row['served_as'])}" if row["served_as"] else ""
    return (
        f"{row['name']:<20} {_day(row)}  {row['documents']:>6,} documents  {row['model']:<18} {quality}{plain(served)}"
    )


def _logged(row: dict[str, Any]) -> str:
    standing = row.get("standing") or {}
    about = [f"canary {row['canary']} {row['percent']:g} %"] if row.get("canary") else []
    about += [f"shadow {row['shadow']}"] if row.get("shadow") else []
    about += [f"run {standing['run']}: {'; '.join(standing['gate']['reasons'])}"] if standing else []
    about += [f"by force: {row['force']}"] if row.get("force") else []
    about += [row["reason"]] if row.get("reason") else []
    alias = f"{row['alias']} -> " if row.get("alias") else ""
    told = "".join(f"; {one}" for one in about)
    return plain(
        f"{row['number']:>4}  {_day(row)}  {row['by'] or '-':<12} {row['what']:<9} {alias}{row['release']}{told}"
    )


def _day(row: dict[str, Any]) -> str:
    return f"{datetime.fromtimestamp(row['time']):%Y-%m-%d %H:%M}"
