"""`scoville doctor`: what works here, what does not, and what to do about it."""

from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, style, write, write_json


@click.command("doctor")
@common_options
def command(folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Check the machine, the recipe, the models and the index.

    The exit code is 1 when something needs attention.
    """
    from scoville.bot.doctor import Check, check_machine
    from scoville.errors import ScovilleError

    try:
        checks = open_bot(folder, flags).doctor()
    except ScovilleError as error:
        advice = "correct it, or write a new one with `scoville init --force`"
        checks = [*check_machine(), Check("recipe", False, str(error), advice)]
    if as_json:
        write_json([check._asdict() for check in checks])
    else:
        for check in checks:
            mark = style("ok  ", fg="green") if check.ok else style("FIX ", fg="red")
            write(f"{mark} {check.name:<10} {check.detail}{f'  ->  {check.advice}' if check.advice else ''}")
    if not all(check.ok for check in checks):
        raise SystemExit(1)
