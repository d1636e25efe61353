"""`scoville diff`: what two releases do otherwise."""

from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, plain, write, write_json


@click.command("diff")
@click.argument("first")
@click.argument("second")
@click.option("--metric", default="quality", show_default=True, help="By which answers are compared.")
@common_options
def command(first: str, second: str, metric: str, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Show what release SECOND does otherwise than FIRST.

    Settings, documents, scores question by question.

    Questions are compared where both were measured on the same cases, what got worse first.
    """
    found = open_bot(folder, flags).diff(first, second, metric)
    if as_json:
        write_json(found.json())
    else:
        write(plain(str(found), keep="\n"))
