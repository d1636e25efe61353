"""The recipe: one strict YAML file with every choice from reader to answer.

Enters: ``recipe.yaml``, the environment (``SCOVILLE_<SECTION>__<KEY>``) and flags (``--set section.key=value``).
Leaves: a validated :class:`Recipe` and, for each value, where it came from. Does not know what the choices do.
Secrets are never part of a recipe: they are read from the environment where they are used.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scoville.errors import RecipeError

FILE_NAME = "recipe.yaml"
ENV_PREFIX = "SCOVILLE_"
SECRET = re.compile(r"(?<![a-z])(?:api.?)?(?:key|token|secret|password)(?![a-z])", re.IGNORECASE)

PositiveInt = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Base of all parts of a recipe: immutable, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Read(Section):
    """How files become documents."""

    max_megabytes: PositiveInt = 200
    """Larger files are refused, with their reason."""
    max_characters: PositiveInt = 20_000_000
    """Files with more text than this are refused, with their reason."""
    timeout_seconds: PositiveInt = 300
    """The longest that one PDF may take."""


class Split(Section):
    """How documents become passages. Sizes are tokens of the embedder."""

    by: Literal["section", "fixed"] = "section"
    size: Annotated[int, Field(ge=16, le=8192)] = 200
    """The most tokens of a passage."""
    overlap: Annotated[int, Field(ge=0)] = 0
    """Tokens that ``fixed`` repeats from the passage before."""

    @model_validator(mode="after")
    def _overlap_fits(self) -> Self:
        if self.overlap and self.by != "fixed":
            raise ValueError("overlap: only `by: fixed` overlaps; set overlap to 0 or by to 'fixed'")
        if self.overlap >= self.size:
            raise ValueError(f"overlap: {self.overlap} must be smaller than size {self.size}")
        return self


class Embed(Section):
    """What turns text into vectors."""

    model: str = "all-minilm-l6-v2"
    """A name from `scoville models`, `hf:ORG/NAME`, `path:FOLDER`, `openai:NAME` or `fake`."""
    base_url: str | None = None
    """For `openai:` models: the endpoint; default `OPENAI_BASE_URL`, then OpenAI's."""
    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads; 0 takes all."""
    timeout_seconds: PositiveInt = 60
    """For `openai:` models."""

    @model_validator(mode="after")
    def _remote_or_local(self) -> Self:
        if self.base_url and not self.model.startswith("openai:"):
            raise ValueError(f"base_url: only `openai:` models have one, and model is {self.model!r}")
        return self


class Search(Section):
    """How passages are found."""

    passages: Annotated[int, Field(ge=1, le=100)] = 5
    """How many passages an answer is built from."""
    candidates: Annotated[int, Field(ge=1, le=1000)] = 50
    """How many passages each leg brings."""
    rrf_k: Annotated[int, Field(ge=1)] = 60
    """The constant of reciprocal rank fusion."""
    dense_weight: Annotated[float, Field(ge=0)] = 1.0
    bm25_weight: Annotated[float, Field(ge=0)] = 1.0

    @model_validator(mode="after")
    def _legs_stand(self) -> Self:
        if self.dense_weight == 0 and self.bm25_weight == 0:
            raise ValueError("dense_weight, bm25_weight: both are 0, so nothing would be found; set one above 0")
        if self.passages > self.candidates:
            raise ValueError(f"passages: {self.passages} is more than candidates {self.candidates}")
        return self


class Prompt(Section):
    """What the model is told."""

    role: str = "You answer questions for the people of a company from their own documents."
    instructions: tuple[str, ...] = ()
    """Added to the standing instructions, one line each."""
    style: Literal["auto", "passages", "sentences"] = "auto"
    """What the model is given: the numbered passages with instructions, or only the sentences nearest to the question,
    which small models read better. `auto`: sentences for local models, passages for hosted ones."""
    sentences: Annotated[int, Field(ge=1, le=50)] = 3
    """For `style: sentences`: how many."""
    context_tokens: Annotated[int, Field(ge=64)] = 1200
    """The most tokens that the passages may take in the prompt."""


class Llm(Section):
    """What writes the answer."""

    model: str = "smollm2-135m-instruct"
    """A name from `scoville models`, `hf:ORG/NAME/FILE.gguf`, `path:FILE.gguf`, `openai:NAME`, `quote` (no model: the
    nearest sentence) or `fake`."""
    runtime: Literal["auto", "openvino", "llamacpp"] = "auto"
    """For local models; `auto` takes openvino on x86-64 CPUs, else llamacpp."""
    base_url: str | None = None
    """For `openai:` models: the endpoint; default `OPENAI_BASE_URL`, then OpenAI's."""
    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads of a local model; 0 takes all (llamacpp: all but one)."""
    context_tokens: Annotated[int, Field(ge=256)] | None = None
    """The context to use; default the model's own, at most 8192 for a local one."""
    max_tokens: PositiveInt = 192
    """The longest answer."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    stop: tuple[str, ...] = ("\n\n",)
    """An answer ends before any of these. The default, its first blank line, is where small models begin to ramble."""
    timeout_seconds: PositiveInt = 60
    """For `openai:` models: the longest one request may take."""
    max_retries: Annotated[int, Field(ge=0, le=10)] = 3
    """For `openai:` models: after 429, 5xx, time-outs and lost connections, with exponential backoff."""

    @model_validator(mode="after")
    def _remote_or_local(self) -> Self:
        remote = self.model.startswith("openai:")
        if self.base_url and not remote:
            raise ValueError(f"base_url: only `openai:` models have one, and model is {self.model!r}")
        if remote and self.runtime != "auto":
            raise ValueError(f"runtime: {self.runtime!r} runs local models, and model is {self.model!r}")
        return self


class Answering(Section):
    """When to answer, and when to say "I don't know"."""

    min_similarity: Annotated[float, Field(ge=-1, le=1)] = 0.3
    """Refuse without asking the model when no passage is at least this similar (cosine) to the question."""
    min_support: Share = 0.5
    """The share of a sentence's content words that one passage must hold to be its evidence."""
    refusal: str = "I don't know: the documents do not say."


class Recipe(Section):
    """Every choice from reader to answer."""

    version: Literal[1] = 1
    read: Read = Read()
    split: Split = Split()
    embed: Embed = Embed()
    search: Search = Search()
    prompt: Prompt = Prompt()
    llm: Llm = Llm()
    answer: Answering = Answering()

    @property
    def hash(self) -> str:
        """Name everything built from this recipe: 16 hex digits of the SHA-256 of its values."""
        return _digest(self.model_dump(mode="json"))

    @property
    def build_hash(self) -> str:
        """Name the index: the hash of the choices that decide what is in it."""
        return _digest(self.model_dump(mode="json", include={"read": True, "split": True, "embed": {"model"}}))


class Setting(NamedTuple):
    """One effective value and where it came from."""

    key: str
    value: Any
    source: str
    """``flag``, ``environment``, ``recipe`` or ``default``."""


class LoadedRecipe(NamedTuple):
    """A recipe with the origin of each of its values."""

    recipe: Recipe
    settings: tuple[Setting, ...]


def load_recipe(
    path: Path | None, *, environment: Mapping[str, str] | None = None, flags: Sequence[str] = ()
) -> LoadedRecipe:
    """Read a recipe; a flag beats the environment, which beats the file, which beats the default.

    ``path`` may be None or missing: then the defaults hold. ``flags`` are ``section.key=value`` strings whose values
    are YAML. Raises RecipeError with the key, the value and what is valid.
    """
    layers = {
        "recipe": _read_file(path),
        "environment": _from_environment(os.environ if environment is None else environment),
        "flag": _from_flags(flags),
    }
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers.items():
        for key, value in _flatten(layer):
            origins[key] = origin
            _put(merged, key, value)
    try:
        recipe = Recipe.model_validate_json(json.dumps(merged))
    except ValidationError as error:
        raise RecipeError(_explain(error, origins)) from None
    settings = tuple(
        Setting(key, value, origins.get(key, "default")) for key, value in _flatten(recipe.model_dump(mode="json"))
    )
    return LoadedRecipe(recipe, settings)


def recipe_keys() -> list[str]:
    """List every key of a recipe, dotted."""
    return [key for key, _ in _flatten(Recipe().model_dump(mode="json"))]


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _read_file(path: Path | None) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig") if path else ""
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not YAML: {error}; save it as UTF-8") from None
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from None
    loaded = _load_yaml(text, str(path)) if text.strip() else None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise RecipeError(f"{path} holds {loaded!r:.80}; expected sections: {', '.join(Recipe.model_fields)}")
    return loaded


def _load_yaml(text: str, where: str) -> Any:
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


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for name, value in environment.items():
        section, _, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
        if name.startswith(ENV_PREFIX) and key and section in Recipe.model_fields:
            _put(layer, f"{section}.{key}", _load_yaml(value, name))
    return layer


def _from_flags(flags: Sequence[str]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for flag in flags:
        key, equals, value = flag.partition("=")
        if not equals or not key.strip():
            raise RecipeError(f"{flag!r} is no setting; expected section.key=value, e.g. llm.temperature=0.2")
        _put(layer, key.strip(), _load_yaml(value, f"--set {key}"))
    return layer


def _flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            flat.extend(_flatten(value, f"{name}."))
        elif not (value is None and not prefix and key in Recipe.model_fields):  # `split:` with nothing below it
            flat.append((name, value))
    return flat


def _put(target: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        child = target.setdefault(parent, {})
        if not isinstance(child, dict):
            raise RecipeError(f"{parent}: {child!r:.80} is no section, so {dotted} has no place in it")
        target = child
    target[last] = value


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    lines: list[str] = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"]]
        key = ".".join(place)
        origin = f" (from the {origins[key]})" if key in origins else ""
        match problem["type"]:
            case "extra_forbidden":
                lines.append(f"{key}: unknown key{origin}; {_valid_keys(place[:-1])}{_secret_advice(place[-1])}")
            case "value_error":
                text = str(problem.get("ctx", {}).get("error"))
                lines.append(f"{key}.{text}" if key else text)
            case _:
                lines.append(f"{key}: {problem['input']!r}{origin}: {_lower_first(problem['msg'])}")
    return "; ".join(lines)


def _valid_keys(place: Sequence[str]) -> str:
    model: Any = Recipe
    for part in place:
        model = model.model_fields[part].annotation
    return f"valid keys: {', '.join(model.model_fields)}"


def _secret_advice(key: str) -> str:
    return " (secrets come from the environment, e.g. OPENAI_API_KEY)" if SECRET.search(key) else ""


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
