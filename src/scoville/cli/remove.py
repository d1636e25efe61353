"""`scoville remove`: documents out of the index."""

from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json


@click.command("remove")
@click.argument("sources", nargs=-1, required=True)
@common_options
def command(sources: tuple[str, ...], folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Remove documents from the index; the files themselves stay.

    SOURCES are names of documents, folders, URLs, or patterns in quotes ("old/**"). A document that `add` is given
    again, or that a source of the recipe lists, comes back: leave it
    out there with `exclude`.
    """
    bot = open_bot(folder, flags)
    removed = bot.remove(*sources)
    if as_json:
        write_json({"removed": list(removed)})
    else:
        for name in removed:
            write(plain(name))
    say(f"{len(removed)} removed from the index.")
