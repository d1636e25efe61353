"""What answers the questions of an evaluation: a bot, another recipe over its index, a Python function, a server.

Enters: how a person names a system. Leaves: a system that can be asked.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scoville.bot.opened import Opened
from scoville.cost import Budget
from scoville.errors import UsageError
from scoville.evaluate.cheats import CHEATS, PREFIX, QUOTE, CheatSystem
from scoville.evaluate.system import FunctionSystem, RecipeSystem, ServerSystem, System, named_function, without_secrets
from scoville.recipe import Llm, Recipe
from scoville.recipe.file import load_recipe, with_values

SCHEMES = ("http://", "https://")
Spec = str | Path | Callable[..., Any]
"""A recipe's file, ``file.py:function``, ``http(s)://…``, ``cheat:NAME``, a function; empty for the bot itself."""


def open_system(
    bot: Opened, spec: Spec, timeout_seconds: float, budget: Budget | None = None, workers: int | None = None
) -> System:
    """Open a system; a recipe's model keeps to a budget, and takes as many at once as there are workers."""
    if callable(spec):
        return FunctionSystem(spec)
    if str(spec).startswith(PREFIX):
        return _open_cheat(bot, str(spec).removeprefix(PREFIX))
    recipe = answering_recipe(bot, spec)
    if recipe is None:
        named = str(spec)
        if named.startswith(SCHEMES):
            return ServerSystem(named, timeout_seconds=timeout_seconds)
        return FunctionSystem(named_function(named), named)
    if workers and not recipe.llm.concurrency:
        recipe = with_values(recipe, {"llm.concurrency": workers})
    opened = bot if recipe == bot.recipe else bot.with_recipe(recipe)
    return RecipeSystem(opened.answerer(budget), Path(spec).stem or opened.name)


def _open_cheat(bot: Opened, cheat: str) -> System:
    """Open a system that answers without reading, over the workspace's own search."""
    if cheat not in CHEATS:
        raise UsageError(f"{PREFIX}{cheat}: there is no such cheat; expected one of {', '.join(CHEATS)}")
    if cheat == QUOTE:
        return RecipeSystem(bot.with_recipe(quoting_recipe(bot.recipe)).answerer(), f"{PREFIX}{QUOTE}")
    return CheatSystem(cheat, bot.searcher(), bot.recipe.answer.refusal)


def quoting_recipe(recipe: Recipe) -> Recipe:
    """Give a recipe by which no model answers but the nearest sentence, whatever endpoint the recipe names."""
    prompt = recipe.prompt.model_copy(update={"style": "sentences"})
    return recipe.model_copy(update={"llm": Llm(model=QUOTE), "prompt": prompt})


def answering_recipe(bot: Opened, spec: Spec) -> Recipe | None:
    """Give the recipe that answers, in which what was set for the bot holds too; None where something else does."""
    if not spec:
        return bot.recipe
    if callable(spec):
        return None
    named, path = str(spec), Path(spec)
    if named.startswith(SCHEMES) or (":" in named and not path.is_file()):
        return None
    if not path.is_file():
        raise UsageError(
            f"system {path}: no such file; expected a recipe, file.py:function, http(s)://… or {PREFIX}NAME"
        )
    return with_values(load_recipe(path).recipe, bot.given_values())


def known_as(spec: Spec) -> str:
    """Name a system for the header of a run, without the secrets of an address."""
    if callable(spec):
        return ""
    named = str(spec)
    return without_secrets(named) if "://" in named else named


def commit_of(folder: Path) -> str:
    """Give the commit of the folder's Git repository; empty where there is none."""
    try:
        asked = ["git", "-C", str(folder), "rev-parse", "HEAD"]
        return subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
