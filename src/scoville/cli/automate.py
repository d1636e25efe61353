"""`scoville automate`: what happens by itself, what did, and what would now."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json


@click.command("automate")
@click.option("--run", "runs", is_flag=True, help="Do what is due, and tell the webhook, as a service does.")
@click.option("--log", "shows_log", is_flag=True, help="Show what happened so far, when and why.")
@common_options
def command(runs: bool, shows_log: bool, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Say what the recipe's `on` calls for now, and why.

    Nothing is done without --run: it is a dry run.
    """
    bot = open_bot(folder, flags)
    if shows_log or runs:
        rows = bot.run_automations() if runs else bot.automation_log()
        write_json(rows or []) if as_json else [write(_logged(row)) for row in rows or []]
        if rows == []:  # None: another process is at it, and that was said
            say("Nothing was due." if runs else "Nothing happened by itself yet.")
        return
    found = [{"event": one.event, "why": one.why, "what": one.what} for one in bot.automations()]
    if as_json:
        write_json(found)
        return
    for one in found:
        write(plain(f"{one['event']}: {one['why']}: would {one['what']}"))
    if not found:
        names = bot.recipe.on.events
        watched = f"the recipe watches {', '.join(names)}" if names else "the recipe's `on` names no event"
        say(f"Nothing is due; {watched}.")


def _logged(row: dict[str, Any]) -> str:
    when = f"{datetime.fromtimestamp(row['time']):%Y-%m-%d %H:%M}"
    what = f": {row['what']}" if row.get("what") else ""
    return plain(f"{when}  {row['event']}: {row['why']}{what}: {row['outcome']}")
