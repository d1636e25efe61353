"""What every importer is made of: the look at a file's content, and the small steps from its values to a case.

Enters: values as other tools write them. Leaves: cases, or the reason why a row makes none. Knows no format.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from scoville.cases.files import make_id
from scoville.cases.rows import Row, csv_rows, is_table, parse_json, rows_of, text_of
from scoville.errors import UsageError
from scoville.types import Case, Evidence, Message

Loaded = Iterator[Case | str]
"""Cases, and for each row that makes none the reason."""


class Sample(NamedTuple):
    """The beginning of what is to be imported."""

    path: Path
    value: Any
    """The JSON of the file where that is one object; else its first row. None for a folder."""
    cells: Sequence[str] = ()
    """The cells of the first row of a CSV."""

    def has(self, *keys: str) -> bool:
        """Say whether the first row has these keys."""
        return isinstance(self.value, Mapping) and all(key in self.value for key in keys)


class Importer(NamedTuple):
    """A format that cases are imported from."""

    what: str
    detect: Callable[[Sample], bool]
    load: Callable[[Path], Loaded]


def sample_of(path: Path) -> Sample:
    """Look at a file or folder; UsageError when there is nothing to see."""
    if path.is_dir():
        return Sample(path, None)
    if is_table(path):
        first = next(csv_rows(path), Row(1, []))
        return Sample(path, dict.fromkeys((cell.strip() for cell in first.value), ""), first.value)
    return Sample(path, first_value(path))


def first_value(path: Path) -> Any:
    """Give the first element of a JSON array, the first line of JSON lines, or the one object that a file is."""
    text = text_of(path).strip()
    if not text:
        raise UsageError(f"{path}: is empty; expected cases")
    if text[0] != "[":
        try:
            return json.loads(text.partition("\n")[0])
        except ValueError:
            return parse_json(path, text)
    value = parse_json(path, text)
    return value[0] if value else None


def objects(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Give the rows of a file of objects; UsageError for one that is none."""
    for line, value in rows_of(path):
        if not isinstance(value, Mapping):
            raise UsageError(f"{path}: line {line} is {type(value).__name__}; expected an object")
        yield line, value


def make_case(
    question: Any,
    *,
    id: Any = None,
    history: Iterable[Message] = (),
    expected: Iterable[Any] = (),
    evidence: Iterable[Evidence] = (),
    answerable: bool = True,
    tags: Iterable[Any] = (),
    choices: Iterable[Any] = (),
    split: str = "",
) -> Case | str:
    """Make a case of values as they come: blank and doubled ones are left out, lone surrogates replaced."""
    asked = text(question) if isinstance(question, str) else ""
    turns, letters = tuple(history), tuple(text(choice) for choice in choices)
    if not asked:
        return "no question"
    return Case(
        id=text(id) or make_id(asked, turns, letters),
        question=asked,
        history=turns,
        expected=distinct(text(answer) for answer in expected),
        evidence=tuple(dict.fromkeys(place for place in evidence if place.document)),
        answerable=answerable,
        tags=distinct(text(tag) for tag in tags),
        choices=letters,
        split=split,
    )


def text(value: Any) -> str:
    """Give a text or number without the white space around it; empty for anything else, such as the NaN of pandas."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value != value:
        return ""
    return str(value).strip().encode("utf-8", "replace").decode()


def texts(value: Any) -> list[str]:
    """Give the texts of a list, or of one text alone."""
    return [text(item) for item in value] if is_list(value) else [text(value)]


def is_list(value: Any) -> "TypeGuard[Sequence[Any]]":
    """Say whether a value is a list; a text is none."""
    return isinstance(value, list | tuple)


def first_of(row: Mapping[str, Any], *keys: str) -> Any:
    """Give the first value that is there and not empty."""
    return next((row[key] for key in keys if row.get(key) not in (None, "", [])), None)


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Keep each text once, in order; leave out the empty ones."""
    return tuple(dict.fromkeys(value for value in values if value))
