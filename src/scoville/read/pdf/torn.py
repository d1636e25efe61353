"""Blocks of a page in, the same with words whole that a drop capital tore apart."""

from collections.abc import Sequence

from scoville.read.pdf.ink import Ink, Row
from scoville.read.pdf.lines import Word, union
from scoville.read.pdf.page import Block, block_of

_DROPPED = 2.0
"""Times the size of running text: a single letter so large begins a chapter."""
_KINDS = frozenset({"paragraph", "heading", "caption", "list_item", "footnote"})


def mend_drop_capitals(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Join a large first letter to the word that it begins."""
    body = ink.body()
    capitals = [row for row in ink.rows if _is_dropped(row, body.size)] if body else []
    for capital in capitals:
        first = _begun_by(capital, ink.rows)
        if first is None:
            continue
        word = first.words[0]
        first.words[0] = Word(capital.text + word.text, union([capital.box, word.box]))
        first.box = union([capital.box._replace(y0=first.box.y0, y1=first.box.y1), first.box])
        ink.rows.remove(capital)
        blocks = _remade(blocks, capital, first)
    return list(blocks)


def _is_dropped(row: Row, size: float) -> bool:
    return len(row.text) == 1 and row.text.isupper() and row.style.size >= _DROPPED * size


def _begun_by(capital: Row, rows: Sequence[Row]) -> Row | None:
    """Find the row at the top right of a large letter."""
    box = capital.box
    beside = [
        row
        for row in rows
        if row.text[:1].islower()
        and -1 <= row.box.x0 - box.x1 < row.style.size
        and row.box.y1 > box.y0
        and row.box.y0 < box.y
    ]
    return min(beside, key=lambda row: row.box.y0, default=None)


def _remade(blocks: Sequence[Block], capital: Row, first: Row) -> list[Block]:
    made: list[Block] = []
    for block in blocks:
        if any(row is capital or row is first for row in block.ink) and block.kind in _KINDS:
            rows = [row for row in block.ink if row is not capital]
            if rows:
                made.append(block_of(block.kind, block.page, rows, block.level))
        else:
            made.append(block)
    return made
