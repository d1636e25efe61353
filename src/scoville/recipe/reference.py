"""What can be written in a recipe: every key with its default, what may stand there, what it decides and what it means.

Enters: the classes of the recipe; what a key means is the docstring below it. Leaves: one :class:`Key` for each.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic.fields import FieldInfo

from scoville.recipe.recipe import Recipe
from scoville.recipe.section import Mark, Section
from scoville.recipe.sources import ENTRIES


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key of a recipe."""

    name: str
    """With dots: ``search.passages``."""
    default: Any
    """As JSON holds it."""
    values: str
    """What may stand there, in words."""
    mark: Mark | None
    """What it decides."""
    meaning: str


@cache
def keys() -> tuple[Key, ...]:
    """List all keys of a recipe, in its order."""
    return tuple(_of(Recipe, "", None))


@cache
def source_keys(kind: str) -> tuple[Key, ...]:
    """List the keys of one kind of entry of ``sources``."""
    return tuple(_of(ENTRIES[kind], "", Mark.OPERATIONAL))


def meaning_of(section: type[Section]) -> str:
    """Give the docstring of a section, in one line."""
    return " ".join((section.__doc__ or "").split())


def _of(section: type[Section], prefix: str, inherited: Mark | None) -> Iterator[Key]:
    """List the keys of a section and of those within it."""
    inherited = section.decides or inherited
    properties = section.model_json_schema()["properties"]
    meanings = _meanings(section)
    for name, field in section.model_fields.items():
        mark = next((one for one in field.metadata if isinstance(one, Mark)), inherited)
        within, annotation = _section_in(field), field.annotation
        if within and isinstance(annotation, type):  # and no section that may be left out
            yield from _of(within, f"{prefix}{name}.", mark)
            continue
        default = None if field.is_required() else _plain(field.get_default(call_default_factory=True))
        yield Key(name=prefix + name, default=default, values=_values(properties[name]), mark=mark,
                  meaning=meanings.get(name, ""))  # fmt: skip
        if within:
            yield from _of(within, f"{prefix}{name}.", mark)


def _section_in(field: FieldInfo) -> type[Section] | None:
    """Give the section that a field holds, or may hold; None where that is written as one value."""
    kinds = (field.annotation, *get_args(field.annotation))
    sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)]
    is_whole = sections and not _is_one_value(field) and "properties" in sections[0].model_json_schema()
    return sections[0] if is_whole else None


def _is_one_value(field: FieldInfo) -> bool:
    """Say whether a section is written as one value, the name of a model."""
    return any(type(one).__name__ == "WrapSerializer" for one in field.metadata)


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return value.model_dump(mode="json").get("model", value.model_dump(mode="json"))
    return list(value) if isinstance(value, tuple) else value


def _values(schema: dict[str, Any]) -> str:
    """Write what a JSON schema allows, in words."""
    if several := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_values(one) for one in several))
    if "enum" in schema:
        return ", ".join(f"`{one}`" if one != "" else "nothing" for one in schema["enum"])
    kind = schema.get("type", "")
    if kind in ("integer", "number"):
        return ("whole number" if kind == "integer" else "number") + _limits(schema)
    if kind == "array":
        return f"list of {_values(schema.get('items', {}))}"
    names = {"string": "text", "boolean": "true or false", "null": "null", "object": "keys and values"}
    return names.get(kind, "model" if "Model" in schema.get("$ref", "") else "keys and values")


def _limits(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    said = [
        f"from {low}" if low is not None else f"above {above}" if above is not None else "",
        f"to {high}" if high is not None else f"below {below}" if below is not None else "",
    ]
    return "".join(f" {one}" for one in said if one)


def _meanings(section: type[Section]) -> dict[str, str]:
    """Give the docstring below each field, of the class itself or of what it is made of."""
    found: dict[str, str] = {}
    for owner in reversed(section.__mro__):
        if issubclass(owner, Section) and owner is not Section:
            found |= _docstrings(owner)
    return found


@cache
def _docstrings(owner: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            found[field.target.id] = " ".join(after.value.value.split())
    return found
