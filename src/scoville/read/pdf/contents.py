"""Blocks of a page in, the same with a column of page numbers joined to the entries that it belongs to.

A table of contents set without leaders looks like two columns, and its numbers would be read after all its entries.
"""

import re
from collections.abc import Sequence

from scoville.read.pdf.ink import Ink, Row
from scoville.read.pdf.page import Block, block_of

_NUMBER = re.compile(r"(?:\d{1,4}|[ivxlc]{1,7})\.?", re.IGNORECASE)
_LEAST = 3
_MATCHED = 0.8
_KINDS = frozenset({"paragraph", "list_item", "heading"})


def join_page_numbers(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Put each number of a column of numbers behind the entry on its line; each entry becomes a block."""
    for numbers in blocks:
        if numbers.kind not in _KINDS or len(numbers.ink) < _LEAST or not all(map(_is_number, numbers.ink)):
            continue
        entries = [block for block in blocks if block is not numbers and block.kind in _KINDS]
        found = [(row, _entry(row, entries)) for row in numbers.ink]
        if sum(entry is not None for _, entry in found) >= _MATCHED * len(found):
            return _joined(blocks, numbers, [(row, entry) for row, entry in found if entry])
    return list(blocks)


def _is_number(row: Row) -> bool:
    return bool(_NUMBER.fullmatch(row.text))


def _entry(number: Row, blocks: Sequence[Block]) -> tuple[Block, Row] | None:
    """Find the nearest row to the left of a number, on its line."""
    middle = number.box.y
    left = [
        (block, row)
        for block in blocks
        for row in block.ink
        if row.box.y0 < middle < row.box.y1 and row.box.x1 < number.box.x0 and not row.text.isdigit()
    ]
    return max(left, key=lambda found: found[1].box.x1, default=None)


def _joined(blocks: Sequence[Block], numbers: Block, found: Sequence[tuple[Row, tuple[Block, Row]]]) -> list[Block]:
    number_of = {id(row): number for number, (_, row) in found}
    matched = {id(number) for number, _ in found}
    joined: list[Block] = []
    for block in blocks:
        if block is numbers:
            if rest := [row for row in block.ink if id(row) not in matched]:
                joined.append(block_of("paragraph", block.page, rest))
        elif any(id(row) in number_of for row in block.ink) and block.kind in _KINDS:
            joined += _entries(block, number_of)
        else:
            joined.append(block)
    return joined


def _entries(block: Block, number_of: dict[int, Row]) -> list[Block]:
    """Cut a block behind each number."""
    entries: list[Block] = []
    rows: list[Row] = []
    for row in block.ink:
        rows.append(row)
        if number := number_of.get(id(row)):
            rows.append(number)
            entries.append(_entry_of(block, rows))
            rows = []
    if rows:
        entries.append(_entry_of(block, rows))
    return entries


def _entry_of(block: Block, rows: Sequence[Row]) -> Block:
    kind = "list_item" if block.kind == "list_item" else "paragraph"
    return block_of(kind, block.page, rows, block.level if kind == "list_item" else None)
