"""A folder and values become a Bot. Enters: what a person says of a recipe. Leaves: a Bot over a workspace."""

from pathlib import Path
from typing import Any

from scoville.bot.bot import Bot
from scoville.errors import UsageError
from scoville.index import Workspace
from scoville.index.bucket import shared_of
from scoville.progress import OnProgress, bars_of, default_bars
from scoville.recipe import Recipe
from scoville.recipe.file import LoadedRecipe, dotted, load_recipe, with_values
from scoville.storage import storage_errors


def open(
    folder: Path | str = ".",
    *,
    recipe: Recipe | Path | str | None = None,
    on_progress: OnProgress | None = None,
    **values: Any,
) -> Bot:
    """Open a workspace: a folder with a recipe and an index, made where it is missing.

    ``values`` set keys of the recipe for as long as the bot is open: ``llm="openai:gpt-5-mini"`` names a model,
    ``split={"size": 120}`` or ``**{"split.size": 120}`` any other key. They beat the environment, which beats
    ``recipe``, by default the ``recipe.yaml`` of the folder. ``on_progress`` is told what long work is at, how many are
    done and of how many; in a notebook a bar is drawn without it.

    Raises RecipeError for a key or a value that a recipe does not have.
    """
    root = Path(folder)
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file; expected a folder")
    with storage_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(root)
    given = dotted(values)
    if isinstance(recipe, Recipe):
        loaded = LoadedRecipe(with_values(recipe, given), ())
    else:
        path = Path(recipe) if recipe else workspace.recipe_path
        if recipe and not path.is_file():
            raise UsageError(f"recipe {path}: no such file; expected a recipe, as `scoville init` writes one")
        loaded = load_recipe(path, values=given)
    workspace.shared = shared_of(loaded.recipe.index.url)
    return Bot(workspace, loaded, bars=bars_of(on_progress) if on_progress else default_bars())
