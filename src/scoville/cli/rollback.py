"""`scoville rollback`: what was served before is served again."""

from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, write, write_json
from scoville.cli.promote import served_text


@click.command("rollback")
@click.option("--alias", default="production", show_default=True, help="The name that it is served under.")
@common_options
def command(alias: str, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Take back the last `scoville promote`.

    A release, a canary or a shadow; said again, the one before it.
    """
    served = open_bot(folder, flags).rollback(alias)
    if as_json:
        write_json(served.json())
    else:
        write(served_text(served))
