"""What stands in the cells of tables.

Enters: a passage. Leaves: its tables' cells with the names of their row and column. Only tables whose first row names
the columns, in the form that readers write, are read. Knows no questions.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from scoville.cases.generate.draft import Place
from scoville.sentences import content_words, sentences
from scoville.types import Passage

RULE = re.compile(r"\|[\s|:-]*-[\s|:-]*")
NAME_CHARACTERS = 60
VALUE_WORDS = 12


class Cell(NamedTuple):
    """A value in a table."""

    row: str
    """What stands in the first cell of its row."""
    column: str
    label: str
    """The name of the first column."""
    value: str
    place: Place
    """The row."""


def cells(passage: Passage) -> Iterator[Cell]:
    """Give the cells that a question can name by their row and column."""
    columns = _header_above(passage.prefix)
    rows: list[tuple[list[str], Place]] = []
    found = list(sentences(passage.text))
    for number, sentence in enumerate(found):
        values = _split(sentence.text)
        is_header = bool(number + 1 < len(found) and RULE.fullmatch(found[number + 1].text))
        if RULE.fullmatch(sentence.text):
            continue
        if is_header or len(values) != len(columns):
            yield from _named(columns, rows)
            rows, columns = [], values if is_header else []
        elif columns:
            rows.append((values, Place(passage, sentence.start, sentence.end)))
    yield from _named(columns, rows)


def _header_above(prefix: str) -> list[str]:
    """Read the header of a table that was cut: it ends the prefix."""
    lines = prefix.split("\n")
    return _split(lines[-2]) if len(lines) > 1 and RULE.fullmatch(lines[-1]) else []


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line[1:-1].split(" | ")] if line.startswith("| ") and line.endswith(" |") else []


def _named(columns: list[str], rows: list[tuple[list[str], Place]]) -> Iterator[Cell]:
    labels = Counter(values[0].casefold() for values, _ in rows)
    for values, place in rows:
        if labels[values[0].casefold()] > 1 or not _is_name(values[0]):
            continue
        for number, (column, value) in enumerate(zip(columns[1:], values[1:], strict=True), start=1):
            unique = columns.count(columns[number]) == 1
            if unique and _is_name(column) and content_words(value) and len(value.split()) <= VALUE_WORDS:
                yield Cell(values[0], column, columns[0], value, place)


def _is_name(text: str) -> bool:
    letters = sum(sign.isalpha() for sign in text)
    return 2 <= len(text) <= NAME_CHARACTERS and letters >= len(text) / 2 and bool(content_words(text))
