"""`scoville init`: write a recipe."""

from pathlib import Path

import click

from scoville.cli.common import json_option, say, write_json


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--force", is_flag=True, help="Replace a recipe that is there.")
@json_option
def command(folder: Path, force: bool, as_json: bool) -> None:
    """Write a short commented recipe to FOLDER, by default here."""
    from scoville.recipe.starter import write_recipe

    path = write_recipe(folder, force=force)
    if as_json:
        write_json({"recipe": str(path)})
    say(f"Wrote {path}. Next: scoville add PATH")
