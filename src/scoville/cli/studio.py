"""`scoville studio`: the documents in a browser."""

from pathlib import Path

import click

from scoville.cli.common import common_options
from scoville.cli.serve import serve


@click.command("studio")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@common_options
def command(port: int, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Ask the documents in a browser.

    `scoville serve` for this machine, and the page opened.
    """
    import webbrowser

    serve("127.0.0.1", port, "", folder, flags, as_json, opens=webbrowser.open)
