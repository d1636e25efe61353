"""YAML that JSON could hold too. Enters: a text. Leaves: its value, or a RecipeError that names the line."""

import json
from typing import Any

from scoville.errors import RecipeError


def load_yaml(text: str, where: str) -> Any:
    """Read YAML that JSON could hold too. Refuses aliases, which nested grow without bound, and keys given twice."""
    import yaml

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise RecipeError(f"{where}: YAML aliases (`*name`) are not supported; write the value out")
        repeated = _repeated_key(yaml.compose(text, yaml.SafeLoader))
        value = yaml.safe_load(text)
        json.dumps(value, ensure_ascii=False).encode()
    except yaml.YAMLError as error:
        raise RecipeError(f"{where} is not YAML: {_yaml_problem(error)}") from None
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError):  # raised for dates and wrong tags
        raise RecipeError(
            f"{where} holds a value that is no text, number, truth value, list or section; put it in quotes"
        ) from None
    if repeated is not None:
        raise RecipeError(f"{where}: the key {repeated!r} stands twice in one section; keep one of them")
    return value


def _yaml_problem(error: Exception) -> str:
    """Say what is wrong and on which line, without the line: it may hold a secret."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or type(error).__name__)
    return f"line {mark.line + 1}: {problem}" if mark else problem


def _repeated_key(node: Any) -> str | None:
    """Find a key that a section of a YAML tree holds twice; the later would silently win."""
    import yaml

    match node:
        case yaml.MappingNode():
            keys = [str(key.value) for key, _ in node.value]
            nodes = [value for _, value in node.value]
        case yaml.SequenceNode():
            keys, nodes = [], node.value
        case _:
            return None
    again = (key for key in keys if keys.count(key) > 1)
    below = (found for found in map(_repeated_key, nodes) if found is not None)
    return next(again, None) or next(below, None)
