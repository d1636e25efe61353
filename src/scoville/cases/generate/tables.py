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
KEYS = 2
"""Rows are named by the first of so many columns that names each of them: behind a number stands a name."""


class Cell(NamedTuple):
    """A value in a table."""

    row: str
    """What names its row."""
    column: str
    label: str
    """The name of the column that names the rows."""
    value: str
    """Empty where the cell is."""
    place: Place
    """The row."""


def cells(passage: Passage) -> Iterator[Cell]:
    """Give the cells that a question can name by their row and column."""
    above = passage.prefix.split("\n")  # the header of a table that was cut ends the prefix
    columns = _split(above[-2]) if len(above) > 1 and RULE.fullmatch(above[-1]) else []
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


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line[1:-1].split(" | ")] if line.startswith("| ") and line.endswith(" |") else []


def _named(columns: list[str], rows: list[tuple[list[str], Place]]) -> Iterator[Cell]:
    key = next((number for number in range(min(KEYS, len(columns) - 1)) if _names(number, rows)), None)
    if key is None:
        return
    labels = Counter(values[key].casefold() for values, _ in rows)
    for values, place in rows:
        if labels[values[key].casefold()] > 1 or not _is_name(values[key]):
            continue
        for column, value in zip(columns[key + 1 :], values[key + 1 :], strict=True):
            unique = columns.count(column) == 1 and _is_name(column)
            if unique and (not value or content_words(value)) and len(value.split()) <= VALUE_WORDS:
                yield Cell(values[key], column, columns[key], value, place)


def _names(column: int, rows: list[tuple[list[str], Place]]) -> bool:
    named = [_is_name(values[column]) for values, _ in rows]
    return sum(named) * 2 > len(rows) and all(values[column] for values, _ in rows)


def _is_name(text: str) -> bool:
    letters = sum(sign.isalpha() for sign in text)
    return 2 <= len(text) <= NAME_CHARACTERS and letters >= len(text) / 2 and bool(content_words(text))
