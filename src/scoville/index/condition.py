"""Conditions on passages: a tree, and what it means.

Enters: a passage. Leaves: whether the condition holds of it. The meaning is written here once: an index resolves a
comparison of metadata to the values it holds by these functions, and tests compare every index with ``holds``. Knows
neither the text that a person writes nor any index.

A comparison is true or false, never unknown: where the field is missing it is false, and its negation is true. So
``page != 3`` keeps what has no pages. Pages are numbers and nothing else.

``=`` compares text without regard to case, and ``*`` stands for any characters. Beside that, a number equals the same
number written otherwise (``7 = 7.0``), and a date equals every moment in it (``2024-03 = 2024-03-09T10:00``). By size,
numbers compare with numbers and texts that read as one, and dates with dates, at the precision of the given one: what
is of the wrong kind does not match. A date without a day counts as its first day.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any, Literal

from scoville.types import Passage, Scalar

Operator = Literal["=", "<", "<=", ">", ">="]
BY_SIZE: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
NUMBER = re.compile(r"[+-]?\d{1,300}(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
DATE = re.compile(
    r"\d{4}(?:-\d{2}(?:-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?)?", re.ASCII
)
DAY = len("2024-01-31")

TEXT_FIELDS = ("document", "title", "type", "language")
"""What every passage has beside its metadata and its page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compare:
    """A field compared with a value."""

    field: str
    """One of ``TEXT_FIELDS``, ``page`` or a key of metadata, in any case."""
    operator: Operator
    value: str
    exact: bool = False
    """The value is text, however it reads: it was written in quotes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A field that has no value."""

    field: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """What does not hold."""

    part: "Condition"


@dataclass(frozen=True, kw_only=True, slots=True)
class And:
    """What holds together."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Or:
    """Of what one part holds at least."""

    parts: "tuple[Condition, ...]"


Condition = Compare | Missing | Not | And | Or


def holds(condition: Condition, passage: Passage) -> bool:
    """Say whether a condition holds of a passage."""
    match condition:
        case Compare():
            return any(matches(condition, value) for value in _values(condition.field, passage))
        case Missing(field=field):
            return not any(value != "" for value in _values(field, passage))
        case Not(part=part):
            return not holds(part, passage)
        case And(parts=parts):
            return all(holds(part, passage) for part in parts)
        case Or(parts=parts):
            return any(holds(part, passage) for part in parts)


def fields_of(condition: Condition) -> set[str]:
    """Give the fields that a condition names."""
    match condition:
        case Compare(field=field) | Missing(field=field):
            return {field}
        case Not(part=part):
            return fields_of(part)
        case And(parts=parts) | Or(parts=parts):
            return set().union(*map(fields_of, parts))


def matches(compare: Compare, value: Scalar) -> bool:
    """Say whether a comparison holds of a value of its field."""
    text = str(value)
    if compare.field.casefold() == "page":
        return is_number(compare.value) and BY_SIZE[compare.operator](int(value), number_of(compare.value))
    if compare.operator == "=" and _matches_glob(compare.value.casefold(), text.casefold()):
        return True
    is_text = compare.exact and compare.operator == "=" or compare.field.casefold() in TEXT_FIELDS
    return not is_text and _compare_sizes(compare, text)


def key_of(name: str) -> str:
    """Give the form in which keys of metadata are compared: in any case, without the signs that end one in an index."""
    return re.sub("[=\x1f]", " ", name.casefold())


def is_number(text: str) -> bool:
    """Say whether a text reads as a number."""
    return bool(NUMBER.fullmatch(text))


def is_date(text: str) -> bool:
    """Say whether a text reads as an ISO 8601 date: a year, a month, a day or a moment."""
    return bool(DATE.fullmatch(text)) and _moment(text) is not None


def _values(field: str, passage: Passage) -> list[Scalar]:
    match field.casefold():
        case "document":
            return [passage.source]
        case "title":
            return [passage.title]
        case "type":
            return [passage.media_type]
        case "language":
            return [passage.language]
        case "page":
            return [] if passage.page is None else [passage.page]
        case _:
            return [value for name, value in passage.metadata.items() if key_of(name) == key_of(field)]


def _compare_sizes(compare: Compare, text: str) -> bool:
    by_size = BY_SIZE[compare.operator]
    if is_number(compare.value) and is_number(text):
        return by_size(number_of(text), number_of(compare.value))
    if not (is_date(compare.value) and is_date(text)):
        return False
    if len(compare.value) > DAY:
        return by_size(_moment(text), _moment(compare.value))
    return by_size(_with_day(text)[: len(compare.value)], compare.value)


def _matches_glob(pattern: str, text: str) -> bool:
    """Match by parts from left to right: a regular expression would take for ever over many stars."""
    first, *others = pattern.split("*")
    if not others:
        return text == first
    *middle, last = others
    place, end = len(first), len(text) - len(last)
    if end < place or not text.startswith(first) or not text.endswith(last):
        return False
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


@lru_cache(maxsize=4096)
def number_of(text: str) -> int | float:
    """Read what ``is_number`` accepts."""
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime | None:
    """Read a date; one without an offset is in UTC, one without a day its first."""
    try:
        moment = datetime.fromisoformat(_with_day(text))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _with_day(date: str) -> str:
    return date + "-01-01"[len(date) - len("2024") :] if len(date) < DAY else date
