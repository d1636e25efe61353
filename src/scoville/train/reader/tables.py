"""Tables to learn from: written as our passages write them, and asked about cell by cell.

Enters: rows whose text is a table (a title, then lines of cells between ``|``). Leaves: rows of the same tables in
Markdown, and rows that ask for a cell by its row and column, or for one that is not there.
"""

import random
from dataclasses import dataclass, replace

from scoville.train.reader.rows import Row

ASKED = (
    "What is the {column} of {label}?",
    "What is the {column} for {label}?",
    "Which {column} does {label} have?",
    "How much is the {column} of {label}?",
    "{label}: what {column}?",
    "what {column} is given for {label}?",
    "Tell me the {column} of {label}.",
)
LONGEST_CELL = 60  # characters


@dataclass(frozen=True, kw_only=True)
class Table:
    """The cells of a table, the header first."""

    title: str
    lines: tuple[tuple[str, ...], ...]

    @property
    def labels(self) -> list[str]:
        """The first cells of its rows."""
        return [line[0] for line in self.lines[1:]]


def read_table(text: str) -> Table | None:
    """Read a table; None for a text that is none."""
    title, *lines = text.split("\n")
    cells = [tuple(cell.strip() for cell in line.split(" | ")) for line in lines if line.strip()]
    if len(cells) < 3 or len(cells[0]) < 2 or len({len(line) for line in cells}) > 1:
        return None
    return Table(title=title, lines=tuple(cells))


def in_markdown(row: Row) -> Row | None:
    """Write a row's table in Markdown; its answers stay in their cells. None where that cannot be told."""
    table = read_table(row.context)
    if table is None:
        return None
    text, places = _markdown(table)
    old = _places(row.context)
    moved = [
        (start - first + places[place][0], end - first + places[place][0])
        for start, end in row.answers
        for place, (first, last) in old.items()
        if first <= start and end <= last
    ]
    return replace(row, context=text, answers=tuple(moved)) if len(moved) == len(row.answers) else None


def ask_cell(row: Row, rng: random.Random, *, missing: bool = False) -> Row | None:
    """Ask for a cell of the row's table by its row and column; with ``missing``, of a row that was taken out."""
    table = read_table(row.context)
    if table is None:
        return None
    known = table.labels
    numbers = [
        n for n in range(1, len(table.lines)) if known.count(table.lines[n][0]) == 1 and _fits(table.lines[n][0])
    ]
    columns = [
        c
        for c in range(1, len(table.lines[0]))
        if _fits(table.lines[0][c]) and table.lines[0].count(table.lines[0][c]) == 1
    ]
    if not numbers or not columns or len(table.lines) < 4:
        return None
    number, column = rng.choice(numbers), rng.choice(columns)
    label, name, cell = table.lines[number][0], table.lines[0][column], table.lines[number][column]
    if not _fits(cell):
        return None
    question = rng.choice(ASKED).format(column=name.lower() if rng.random() < 0.7 else name, label=label)
    asked = replace(row, id=f"{row.id}-{number}-{column}", question=question, answers=())
    if missing:
        kept = tuple(line for line in table.lines if line[0] != label)
        if any(label.lower() in " ".join(line).lower() for line in kept):
            return None
        return replace(asked, context=_markdown(replace(table, lines=kept))[0])
    text, places = _markdown(table)
    start, _ = places[number, column]
    return replace(asked, context=text, answers=((start, start + len(cell)),))


def _fits(cell: str) -> bool:
    return 0 < len(cell) <= LONGEST_CELL


def _markdown(table: Table) -> tuple[str, dict[tuple[int, int], tuple[int, int]]]:
    """Give the text, and where each cell stands in it by its line and column."""
    text = f"{table.title}\n"
    places: dict[tuple[int, int], tuple[int, int]] = {}
    for number, line in enumerate(table.lines):
        text += "|"
        for column, cell in enumerate(line):
            places[number, column] = (len(text) + 1, len(text) + 1 + len(cell))
            text += f" {cell} |"
        text += "\n" if number else "\n|" + " --- |" * len(line) + "\n"
    return text, places


def _places(text: str) -> dict[tuple[int, int], tuple[int, int]]:
    places: dict[tuple[int, int], tuple[int, int]] = {}
    at = text.find("\n") + 1
    for number, line in enumerate(line for line in text.split("\n")[1:] if line.strip()):
        at = text.find(line, at)
        start = at
        for column, cell in enumerate(line.split(" | ")):
            inner = start + len(cell) - len(cell.lstrip())
            places[number, column] = (inner, inner + len(cell.strip()))
            start += len(cell) + 3
        at += len(line)
    return places
