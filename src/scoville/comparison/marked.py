"""Text of documents in blocks, with what was quoted marked.

Enters: the text of a passage or an answer, quotes. Leaves: paragraphs and rows of tables as plain parts, each marked or
not. Knows no HTML: who shows the parts escapes them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

Part = tuple[str, bool]
"""A piece of text, and whether it is marked."""


class Block(NamedTuple):
    """A paragraph, or a table."""

    parts: Sequence[Part] = ()
    rows: Sequence["Row"] = ()


class Row(NamedTuple):
    """A row of a table."""

    cells: Sequence[str]
    marked: bool
    head: bool = False


def blocks(text: str, quotes: Iterable[str]) -> list[Block]:
    """Divide a text into paragraphs and tables, where tables are written in Markdown."""
    found: list[Block] = []
    wanted = [quote for quote in quotes if quote.strip()]
    for is_table, lines in _runs(text.splitlines()):
        if is_table:
            found.append(Block(rows=list(_rows(lines, wanted))))
        else:
            paragraphs = re.split(r"\n\s*\n", "\n".join(lines))
            found += [Block(parts=marked(one.strip(), wanted)) for one in paragraphs if one.strip()]
    return found


def marked(text: str, quotes: Iterable[str]) -> list[Part]:
    """Divide a text where a quote begins or ends."""
    inside = [False] * len(text)
    for quote in quotes:
        for piece in (quote, *quote.splitlines()):  # a quote may go on in the next paragraph
            place = text.find(piece) if piece.strip() else -1
            if place >= 0:
                inside[place : place + len(piece)] = [True] * len(piece)
    parts: list[Part] = []
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or inside[place] != inside[start]:
            parts.append((text[start:place], inside[start]))
            start = place
    return parts


def markers(text: str) -> list[Part]:
    """Divide an answer at its markers, such as [1]."""
    return [(part, bool(re.fullmatch(r"\[\d+\]", part))) for part in re.split(r"(\[\d+\])", text) if part]


def _runs(lines: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    run: list[str] = []
    kind = False
    for line in lines:
        is_row = len(line.strip()) > 2 and line.strip()[0] == line.strip()[-1] == "|"
        if run and is_row != kind:
            yield kind, run
            run = []
        kind = is_row
        run.append(line)
    if run:
        yield kind, run


def _rows(lines: Sequence[str], quotes: Sequence[str]) -> Iterator[Row]:
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])] for line in lines]
    rules = {place for place, row in enumerate(cells) if all(re.fullmatch(r":?-+:?", cell) for cell in row)}
    for place, (line, row) in enumerate(zip(lines, cells, strict=True)):
        if place not in rules:
            is_quoted = any(line.strip() in quote or quote in line for quote in quotes)
            yield Row(cells=row, marked=is_quoted, head=place + 1 in rules)
