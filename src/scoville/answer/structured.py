"""Answers of a JSON schema: what a model wrote becomes checked data, and each value gets the evidence for it.

Enters: a schema, a model's reply, the passages it was given. Leaves: data of the schema with a citation for each value
that stands in a passage, or InvalidReply after one more try. A property `passage` of whole numbers is the number of
the passage that its neighbours are about.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from scoville.answer.grounding import Grounded, cite, ground, unsupported
from scoville.errors import InvalidReply, UsageError
from scoville.metadata.text import dates
from scoville.recipe.schema import check_schema, read_schema, shipped_schemas, validator_of
from scoville.types import Citation, Hit, Message, Reply

Schema = str | Path | Sequence[str] | Mapping[str, Any] | type
"""The name of a shipped schema, a file, the labels of a form, a schema, or a pydantic class."""
PASSAGE = "passage"
NUMBER = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![.,]?\d)")
"""With commas between thousands alone; what is written otherwise (`1.234,56`) is none, rather than another number."""
LONGEST_PROBLEM = 300
SAID_AGAIN = "That is not what was asked for: {problem}. Reply once more, with the JSON alone."


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The form of a structured answer."""

    schema: Mapping[str, Any]
    name: str = ""
    """Of one that comes with Scoville."""
    build: Callable[[Any], Any] = staticmethod(lambda data: data)
    """Makes what the caller gets out of data that fits the schema; raises ValueError."""

    @property
    def title(self) -> str:
        """What is asked for where there is no question: the schema's title and its fields."""
        fields: Mapping[str, Mapping[str, Any]] = self.schema.get("properties", {})
        labels = ", ".join(str(field.get("title", name.replace("_", " "))) for name, field in fields.items())
        return ": ".join(filter(None, (str(self.schema.get("title", "")), labels))) or "What do the passages say?"

    def among(self, passages: int) -> "Shape":
        """Give the same for so many passages: no number may name another."""
        return replace(self, schema=_bounded(self.schema, passages))

    def read(self, text: str) -> Any:
        """Give the data that a reply holds; ValueError says what is wrong with it."""
        data = read_json(text)
        self.check(data)
        return data

    def check(self, data: Any) -> None:
        """Raise ValueError where data does not fit."""
        from jsonschema.exceptions import best_match
        from referencing.exceptions import Unresolvable

        try:
            error = best_match(validator_of(self.schema).iter_errors(data))
        except Unresolvable as missing:
            raise UsageError(f"the JSON schema refers to {missing.ref!r}, which it does not hold") from None
        except RecursionError:
            raise UsageError("the JSON schema refers to itself without end") from None
        if error:
            place = "/".join(map(str, error.absolute_path))
            raise ValueError(f"{place or 'the whole'}: {error.message}"[:LONGEST_PROBLEM])


IN_WORDS = Shape(schema={})
"""An answer of no form, whatever the recipe says."""


def open_shape(given: Schema) -> Shape:
    """Take the form of an answer from a schema; UsageError where it is none."""
    try:
        if isinstance(given, type):
            return _of_class(given)
        if isinstance(given, str | Path):
            name = str(given)
            return Shape(schema=read_schema(name), name=name if name in shipped_schemas() else "")
        return Shape(schema=check_schema(given)) if isinstance(given, Mapping) else _of_labels(given)
    except ValueError as error:
        raise UsageError(f"schema: {error}") from None


def _of_labels(labels: Sequence[str]) -> Shape:
    """Give the form of an answer with a text, or nothing, for each label."""
    names = [re.sub(r"\W+", "_", label.casefold()).strip("_") for label in labels]
    if not names or not all(names) or len({*names}) < len(names):
        raise ValueError(f"{list(labels)}: expected labels that differ, e.g. ['Policy number', 'Date of issue']")
    fields = {name: {"type": ["string", "null"], "title": label} for name, label in zip(names, labels, strict=True)}
    return Shape(schema={"type": "object", "properties": fields, "required": names, "additionalProperties": False})


def _of_class(given: type) -> Shape:
    if not hasattr(given, "model_json_schema"):
        raise ValueError(f"{given.__name__} is no pydantic model")
    model: Any = given
    return Shape(schema=_inlined(model.model_json_schema()), build=model.model_validate)


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Put what is referred to in its place, which grammars need; a schema that refers to itself stays as it is."""
    known: dict[str, Any] = schema.get("$defs", {})

    def put(part: Any, within: tuple[str, ...]) -> Any:
        if isinstance(part, list):
            return [put(one, within) for one in part]
        if not isinstance(part, dict):
            return part
        name = str(part.get("$ref", "")).removeprefix("#/$defs/")
        if name in known:
            if name in within:
                raise RecursionError
            return put(known[name], (*within, name))
        return {key: put(value, within) for key, value in part.items() if key != "$defs"}

    try:
        return put(schema, ())
    except RecursionError:
        return schema


def _bounded(part: Any, passages: int) -> Any:
    if isinstance(part, list):
        return [_bounded(one, passages) for one in part]
    if not isinstance(part, Mapping):
        return part
    bounded = {key: _bounded(value, passages) for key, value in part.items()}
    fields = bounded.get("properties")
    if isinstance(fields, dict) and isinstance(fields.get(PASSAGE), dict) and fields[PASSAGE].get("type") == "integer":
        fields[PASSAGE] |= {"minimum": 1, "maximum": max(passages, 1)}
    return bounded


def read_json(text: str) -> Any:
    """Take the JSON out of a reply, without what models write around it; ValueError where there is none."""
    start = re.search(r"[{\[]", text)
    if start is None:
        raise ValueError(f"there is no JSON in {text.strip()[:60]!r}" if text.strip() else "it is empty")

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is no JSON number")

    try:
        return json.JSONDecoder(parse_constant=refuse).raw_decode(text, start.start())[0]
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg} after {text[max(error.pos - 30, 0) : error.pos]!r}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


class Filled(NamedTuple):
    """Data of a schema."""

    data: Any
    reply: Reply
    """That holds it."""
    failed: tuple[Reply, ...]
    """The replies before it that did not fit."""


def read_reply(
    shape: Shape, messages: Sequence[Message], reply: Reply, again: Callable[[Sequence[Message]], Reply]
) -> Filled:  # fmt: skip
    """Read a reply; one that does not fit is told what is wrong with it, once. Raises InvalidReply the second time."""
    try:
        return Filled(_built(shape, reply), reply, ())
    except ValueError as problem:
        told = Message(role="user", content=SAID_AGAIN.format(problem=problem))
    second = again((*messages, Message(role="assistant", content=reply.text), told))
    try:
        return Filled(_built(shape, second), second, (reply,))
    except ValueError as problem:
        cut = "; it was cut off: raise llm.max_tokens" if second.finish_reason == "length" else ""
        raise InvalidReply(
            f"{second.model} was asked twice for JSON of the schema, and wrote {second.text.strip()[:80]!r}: "
            f"{problem}{cut or '; name a larger model, or make the schema simpler'}"
        ) from None


def _built(shape: Shape, reply: Reply) -> Any:
    data = shape.read(reply.text)
    shape.build(data)
    return data


def ground_data(data: Any, hits: Sequence[Hit], min_support: float, question: str = "") -> Grounded:
    """Cite what each value rests on: where it stands word for word, as a number or a date, else what supports it.

    A value that stands in a passage is supported where it is a quote, or where the passage says it of what the value is
    called; else it is unchecked. A value with no evidence has no citation, a quote that its passage does not hold an
    unsupported one.
    """
    citations: list[Citation] = []
    for pointer, value, named in _values(data, ""):
        found = next((one for number in ([named] if named else range(1, len(hits) + 1))
                      if (one := _where(value, number, hits))), None)  # fmt: skip
        claim = f"{pointer.rpartition('/')[2].replace('_', ' ')}: {value}"
        if found and not named and not ground(claim, [hits[found.marker - 1]], min_support, question).verified:
            found = replace(found, state="unchecked")
        elif named and not found:
            found = unsupported(named, hits[named - 1].passage, str(value), "quotation")
        elif not found and isinstance(value, str):
            found = next(iter(ground(value, hits, min_support, question).citations), None)
        if found:
            citations.append(replace(found, pointer=pointer))
    return Grounded(text=json.dumps(data, ensure_ascii=False), citations=tuple(citations))


def _values(data: Any, pointer: str, named: int = 0) -> Iterator[tuple[str, Any, int]]:
    """Give the texts and numbers of data with their places, and the passage that is named beside a quote."""
    if isinstance(data, dict):
        beside = data.get(PASSAGE)
        for key, value in data.items():
            if key != PASSAGE:
                name = beside if isinstance(beside, int) and key == "quote" else 0
                yield from _values(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}", name)
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _values(value, f"{pointer}/{number}", named)
    elif isinstance(data, str | int | float) and not isinstance(data, bool) and str(data).strip():
        yield pointer, data, named


def _where(value: str | int | float, number: int, hits: Sequence[Hit]) -> Citation | None:
    passage = hits[number - 1].passage
    place = locate(value, passage.text)
    return cite(number, passage, *place) if place else None


def locate(value: str | int | float, text: str) -> tuple[int, int] | None:
    """Find the characters that say a value: the same words, whatever their case and white space, number or date."""
    if not isinstance(value, str):
        same = (found for found in NUMBER.finditer(text) if float(found[0].replace(",", "")) == value)
        return next((found.span() for found in same), None)
    words = r"\s+".join(map(re.escape, value.split()))
    if found := re.search(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE):
        return found.span()
    return next(((start, end) for date, start, end in dates(text) if date == value), None)
