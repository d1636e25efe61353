"""`scoville recipe`: the effective values, and where each came from."""

from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, write, write_json


@click.command("recipe")
@common_options
def command(folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Print every value in force and its origin: flag, environment, recipe or default, in this order."""
    bot = open_bot(folder, flags)
    settings = bot.loaded.settings
    if as_json:
        values = [setting._asdict() for setting in settings]
        write_json({"hash": bot.recipe.hash, "path": str(bot.workspace.recipe_path), "values": values})
        return
    key = max(len(setting.key) for setting in settings)
    value = max(min(len(str(setting.value)), 60) for setting in settings)
    for setting in settings:
        write(f"{setting.key:<{key}}  {setting.value!s:<{value}}  {setting.source}")
    write(f"# hash {bot.recipe.hash}")
