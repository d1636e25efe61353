"""`scoville recipe`: the effective values, and where each came from."""

import json
from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, write, write_json


@click.command("recipe")
@common_options
def command(folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Print every value in force, and where it comes from.

    A flag beats the environment (SCOVILLE_LLM__MODEL=...), that beats the recipe, and that beats the default.
    """
    bot = open_bot(folder, flags)
    settings = bot.loaded.settings
    if as_json:
        values = [setting._asdict() for setting in settings]
        write_json({"hash": bot.recipe.hash, "path": str(bot.workspace.recipe_path), "values": values})
        return
    key = max(len(setting.key) for setting in settings)
    for setting in settings:
        value = setting.value if isinstance(setting.value, str) else json.dumps(setting.value, ensure_ascii=False)
        write(f"{setting.key:<{key}}  {value:<24}  {setting.source}")
    write(f"# hash {bot.recipe.hash}")
