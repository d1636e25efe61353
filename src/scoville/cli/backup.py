"""`scoville backup`: the workspace in one file, taken while it is used."""

from dataclasses import asdict
from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, plain, say, write_json


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@common_options
def command(file: Path, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Write the workspace into a new FILE (.tar.gz), while it is used.

    Recipe, cases, uploads and all that Scoville keeps are in it; documents that lie elsewhere are not: their passages
    are. Questions are answered meanwhile; whoever adds documents waits. `scoville restore` puts it back.
    """
    done = open_bot(folder, flags).backup(file)
    if as_json:
        write_json(asdict(done))
    say(f"{done.files:,} files, {done.bytes / 1e6:,.1f} MB, in {plain(done.file)}; whoever reads it reads everything.")
