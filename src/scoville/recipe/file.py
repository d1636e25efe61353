"""Where the values of a recipe come from: its file, the environment and flags.

Enters: ``recipe.yaml``, the environment (``SCOVILLE_<SECTION>__<KEY>``) and flags (``--set section.key=value``).
Leaves: a validated :class:`Recipe` and, for each value, where it came from.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError

from scoville.errors import Contradiction, RecipeError
from scoville.recipe import Llm, Recipe
from scoville.recipe.read_yaml import load_yaml
from scoville.recipe.sources import ENTRIES, SECRET

ENV_PREFIX = "SCOVILLE_"
_MISSING = object()
SPACE = "sweep.space"
"""Its keys are keys of a recipe themselves."""
WHOLE = (SPACE, "answer.json_schema")
"""What is one value, whatever is in it."""
REMOVED = {
    "search.feedback": "relevance feedback found no better on two sets of questions, and was taken out",
    "sources.allow_private": "hosts that may have private addresses are named in sources.private_hosts",
}
"""Keys of earlier versions."""


class Setting(NamedTuple):
    """One effective value and where it came from."""

    key: str
    value: Any
    source: str
    """``argument``, ``flag``, ``environment``, ``recipe`` or ``default``."""


class LoadedRecipe(NamedTuple):
    """A recipe with the origin of each of its values."""

    recipe: Recipe
    settings: tuple[Setting, ...]


def load_recipe(
    path: Path | None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> LoadedRecipe:
    """Read a recipe; a flag beats the environment, which beats the file, which beats the default.

    ``path`` may be None or missing: then the defaults hold. ``flags`` are ``section.key=value`` strings whose values
    are YAML; ``values`` are values by their dotted keys, which beat all. Raises RecipeError with the key, the value and
    what is valid.
    """
    layers = {
        "recipe": _read_file(path),
        "environment": _from_environment(os.environ if environment is None else environment),
        "flag": _from_flags(flags),
        "argument": {},
    }
    for key, value in (values or {}).items():
        _put(layers["argument"], key, json.loads(json.dumps(value, default=str)))  # a path is its text, as in YAML
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers.items():
        if isinstance(layer.get("sources"), list):
            layer["sources"] = {"entries": layer["sources"]}
        for key, value in _flatten(layer):
            origins[key] = origin
            if key == SPACE:
                value = _joined(merged.get("sweep"), value)
            _put(merged, key, value)
    try:
        folder = path.parent if path else None
        recipe = Recipe.model_validate_json(json.dumps(merged), context={"folder": folder})
    except ValidationError as error:
        raise RecipeError(_explain(error, origins)) from None
    settings = tuple(
        Setting(key, value, origins.get(key, "default")) for key, value in _flatten(recipe.model_dump(mode="json"))
    )
    return LoadedRecipe(recipe, settings)


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Give a recipe with other values by their dotted keys; of a section that is named, only those that are given.

    Raises Contradiction for values that are valid and do not go together, else RecipeError.
    """
    merged = recipe.model_dump(mode="json")
    for key, value in values.items():
        for name, given in _flatten({key: value}):
            _put(merged, name, given)
    try:
        return Recipe.model_validate_json(json.dumps(merged))
    except ValidationError as error:
        clash = all(problem["type"] == "value_error" for problem in error.errors())
        raise (Contradiction if clash else RecipeError)(_explain(error, {})) from None


def dotted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values of a recipe by their dotted keys; a text in place of a section that names a model is its name."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        field = Recipe.model_fields.get(key)
        names_model = field is not None and "model" in getattr(field.annotation, "model_fields", {})
        found[f"{key}.model" if names_model and isinstance(value, str) else key] = value
    return found


def rewritten(path: Path, recipe: Recipe) -> str:
    """Write a recipe into the text of a recipe's file: only values that differ change, and comments stay.

    What the file says of ``sweep`` stays as it is. Where there is no file, what differs from the defaults is written.
    """
    import io

    from ruamel.yaml import YAML

    before = dict(_flatten(load_recipe(path, environment={}).recipe.model_dump(mode="json")))
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    yaml = YAML()
    yaml.width = 120
    yaml.preserve_quotes = True
    loaded = yaml.load(text)
    document: Any = {} if loaded is None else loaded
    for key, value in _flatten(recipe.model_dump(mode="json")):
        if key.startswith("sweep.") or before.get(key, _MISSING) == value:
            continue
        *above, last = key.split(".")
        place = document
        for name in above:
            if not isinstance(found := place.get(name), dict):
                place[name] = {"model": found} if isinstance(found, str) else {}  # a name is short for a section
            place = place[name]
        place[last] = value
    written = io.StringIO()
    if document:
        yaml.dump(document, written)
    return f"{text.rstrip()}\n{written.getvalue()}" if loaded is None else written.getvalue()  # comments alone are kept


def recipe_keys() -> list[str]:
    """List every key of a recipe, dotted."""
    return [key for key, _ in _flatten(Recipe().model_dump(mode="json"))]


def _read_file(path: Path | None) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig") if path else ""
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not YAML: {error}; save it as UTF-8") from None
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from None
    loaded = load_yaml(text, str(path)) if text.strip() else None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise RecipeError(f"{path} holds {loaded!r:.80}; expected sections: {', '.join(Recipe.model_fields)}")
    return {"on" if key is True else key: value for key, value in loaded.items()}  # YAML 1.1 reads `on` as true


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for name, value in environment.items():
        section, _, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
        if name.startswith(ENV_PREFIX) and key and section in Recipe.model_fields:
            _put(layer, f"{section}.{key}", load_yaml(value, name))
    return layer


def _from_flags(flags: Sequence[str]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for flag in flags:
        key, equals, value = flag.partition("=")
        if not equals or not key.strip():
            raise RecipeError(f"{flag!r} is no setting; expected section.key=value, e.g. llm.temperature=0.2")
        _put(layer, key.strip(), load_yaml(value, f"--set {key}"))
    return layer


def _flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value and name not in WHOLE:
            flat.extend(_flatten(value, f"{name}."))
        elif not (value is None and not prefix and key in Recipe.model_fields):  # `split:` with nothing below it
            flat.append((name, value))
    return flat


def _put(target: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        child = target.setdefault(parent, {})
        if isinstance(child, str) and last in Llm.model_fields:  # a model by its name, of which more is said here
            child = target[parent] = {"model": child}
        if not isinstance(child, dict):
            raise RecipeError(f"{parent}: {child!r:.80} is no section, so {dotted} has no place in it")
        target = child
    target[last] = value


def _joined(sweep: Any, space: Any) -> Any:
    """Add the keys of a space to those of the layers before."""
    known = sweep.get("space") if isinstance(sweep, dict) else None
    return {**known, **space} if isinstance(known, dict) and isinstance(space, dict) else space


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    lines: list[str] = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"]]
        key = ".".join(place)
        origin = f" (from the {origins[key]})" if key in origins else ""
        match problem["type"]:
            case "extra_forbidden" if key in REMOVED:
                lines.append(f"{key}: is no key any more{origin}: {REMOVED[key]}; take it out")
            case "extra_forbidden":
                secret = " (secrets come from the environment, e.g. OPENAI_API_KEY)" if SECRET.search(place[-1]) else ""
                lines.append(f"{key}: unknown key{origin}; {_valid_keys(place)}{secret}")
            case "value_error":
                text = str(problem.get("ctx", {}).get("error"))
                lines.append(f"{key}.{text}" if key else text)
            case _:
                given = problem["input"]
                hidden = place[:1] == ["sources"] and not isinstance(given, str | int | float)  # it may hold a secret
                shown = "what is given" if hidden else repr(given)
                lines.append(f"{key}: {shown}{origin}: {problem['msg'][:1].lower()}{problem['msg'][1:]}")
    return "; ".join(lines)


def _valid_keys(place: Sequence[str]) -> str:
    """Say which keys there are where this one was given, the nearest first."""
    model: Any = Recipe
    for part in place[:-1]:
        if hasattr(model, "model_fields"):
            model = model.model_fields[part].annotation
        else:  # an entry of a list: its number, and in `sources` then its kind
            sections = list(_sections(model))
            model = ENTRIES.get(part) or (sections[0] if len(sections) == 1 else model)
    near = get_close_matches(place[-1], model.model_fields, n=1)
    return f"{f'did you mean {near[0]}? ' if near else ''}valid keys: {', '.join(model.model_fields)}"


def _sections(kind: Any) -> Iterator[Any]:
    """Give the sections that a type is made of."""
    for inner in get_args(kind):
        yield from (inner,) if hasattr(inner, "model_fields") else _sections(inner)
