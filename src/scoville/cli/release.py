"""`scoville release`: the system as it is now, kept under a name."""

from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, say, write, write_json


@click.command("release")
@click.argument("name")
@common_options
def command(name: str, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Keep the system as it is now under NAME.

    That is recipe, index, models, calibration and scorecard. Nothing changes a release any more: what is added, removed
    or trained later is not in it. It takes little room until the index moves on, since it shares its files. NAME is
    never given again.

    \b
    scoville evaluate cases/dev.jsonl
    scoville release 2026-05
    scoville promote 2026-05
    """  # noqa: D301
    bot = open_bot(folder, flags)
    made = bot.release(name)
    if as_json:
        write_json({key: value for key, value in made.manifest.items() if key != "files"})
        return
    index = made.manifest["index"]
    write(f"{name}: {index['documents']:,} documents, {index['passages']:,} passages, {made.recipe.llm.model}")
    say(f"Serve it: scoville promote {name}")
