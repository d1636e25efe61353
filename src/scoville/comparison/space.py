"""What a sweep may try: for keys of the recipe their values.

Enters: a recipe with a ``sweep`` section. Leaves: checked choices, one by one or all of a grid. Knows no trial.
"""

import itertools
import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

from scoville.errors import Contradiction, RecipeError
from scoville.recipe import OPERATIONAL, Recipe, marks
from scoville.recipe.file import with_values
from scoville.recipe.observers import Range, Sweep

Choices = Mapping[str, Any]
"""A value for each key of the space."""
MOST_LISTED = 10_000
"""A grid of more combinations is not written out to draw from it."""
FIXED = {"version", "sources"}


def check_space(recipe: Recipe) -> None:
    """Raise RecipeError for a space that is empty, or has a key or a value that no recipe may have.

    Values that are valid and contradict others are let pass: with others they may be right.
    """
    space = recipe.sweep.space
    if not space:
        raise RecipeError("sweep.space is empty: name what to try, e.g. `sweep: {space: {split.size: [100, 200]}}`")
    for key, given in space.items():
        if key.partition(".")[0] in FIXED or not _decides(recipe, key):
            raise RecipeError(f"sweep.space: {key} cannot be swept: answers do not depend on it, or not comparably")
        if inner := [other for other in space if other.startswith(f"{key}.")]:
            raise RecipeError(f"sweep.space: {inner[0]} is a part of {key}; keep one of them")
        if recipe.sweep.method == "grid" and listed(given) is None:
            raise RecipeError(f"sweep.space: {key} has no end of values; give it a step, or take random or tpe")
        for value in (given.low, given.high) if isinstance(given, Range) else given:
            try:
                with_values(recipe, {key: value})
            except Contradiction:
                continue
            except RecipeError as error:
                raise RecipeError(f"sweep.space: {error}") from None


def listed(given: tuple[Any, ...] | Range) -> list[Any] | None:
    """List the values of a key; None where there is no end of them."""
    if not isinstance(given, Range):
        return list({name_of({"": value}): value for value in given}.values())
    if given.step is None and (given.log or not given.is_whole):
        return None
    step = given.step or 1
    count = int((given.high - given.low) / step + 1e-9) + 1
    values = [given.low + number * step for number in range(count)]
    return values if given.is_whole else [round(value, 10) for value in values]


def size(sweep: Sweep) -> int | None:
    """Count the combinations; None where there is no end of them."""
    count = 1
    for given in sweep.space.values():
        values = listed(given)
        if values is None:
            return None
        count *= len(values)
    return count


def grid(sweep: Sweep) -> Iterator[Choices]:
    """Give every combination; the key that stands last changes first."""
    values = [listed(given) or () for given in sweep.space.values()]
    for combination in itertools.product(*values):
        yield dict(zip(sweep.space, combination, strict=True))


def draw(sweep: Sweep, chance: random.Random) -> Choices:
    """Draw a combination."""
    return {key: _draw(given, chance) for key, given in sweep.space.items()}


def name_of(choices: Choices) -> str:
    """Name a combination."""
    return json.dumps(choices, sort_keys=True)


def _decides(recipe: Recipe, key: str) -> bool:
    """Say whether answers depend on a key, or on one of a section; an unknown one is let pass, its values are not."""
    found: Any = marks(recipe)
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return any(_decides(recipe, f"{key}.{name}") for name in found) if isinstance(found, dict) else found != OPERATIONAL


def _draw(given: tuple[Any, ...] | Range, chance: random.Random) -> Any:
    values = listed(given)
    if values is not None:
        return chance.choice(values)
    assert isinstance(given, Range)
    if given.log:
        value = given.low * (given.high / given.low) ** chance.random()
    else:
        value = chance.uniform(given.low, given.high)
    return round(value) if given.is_whole else value
