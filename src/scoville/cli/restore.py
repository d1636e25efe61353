"""`scoville restore`: a workspace out of a backup."""

from dataclasses import asdict
from pathlib import Path

import click

from scoville.cli.common import plain, say, write_json


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")
def command(file: Path, folder: Path, as_json: bool) -> None:
    """Put the workspace of a backup FILE into an empty FOLDER.

    Or one that is not there yet; every file of the backup is checked first.
    """
    from scoville.backup import restore

    done = restore(file, folder)
    if as_json:
        write_json(asdict(done))
    say(f"{done.files:,} files, {done.bytes / 1e6:,.1f} MB, in {plain(str(folder))}.")
