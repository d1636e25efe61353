"""Blocks of a page in, those out as tables that hold figures in columns but were taken for text.

Three lines or more of equally many texts, wide apart, in line below each other, most of them figures, are a table
without rulings. The line above with as many texts is its header.
"""

from collections.abc import Sequence
from itertools import pairwise

from scoville.read.pdf.lines import PlacedText, Rectangle, Word, union
from scoville.read.pdf.page import Block, block_of
from scoville.read.pdf.tables.cells import FIGURE
from scoville.read.pdf.tables.edges import in_line
from scoville.read.pdf.tables.grid import PrintedLine, printed_lines

_LEAST_LINES = 3
_FIGURES = 0.6  # of the texts behind the first column
_LEVEL = 3.0  # points
_KINDS = frozenset({"paragraph", "heading"})


def find_tables(blocks: Sequence[Block]) -> list[Block]:
    """Turn paragraphs that are tables into tables, with the header from the block above."""
    found: list[Block] = []
    for group in _groups(blocks):
        block = group[0]
        ink = [row for part in group for row in part.ink]
        lines = printed_lines(ink) if block.kind == "paragraph" and len(ink) >= _LEAST_LINES else []
        rows = [_texts(line) for line in lines]
        if not _is_table(rows):
            found += group
            continue
        above = found[-1] if found and found[-1].kind in _KINDS and found[-1].ink else None
        head = _header(above, lines, rows) if above else None
        if above and head:
            found.pop()
            rest = [row for row in above.ink if row not in head.rows]
            found += [block_of(above.kind, above.page, rest, above.level)] if rest else []
            rows.insert(0, _texts(head))
            lines.insert(0, head)
        headed = head or not any(FIGURE.fullmatch(text) for text, _ in rows[0])
        found.append(_table(block.page, lines, rows, header_rows=1 if headed else 0))
    return found


def _groups(blocks: Sequence[Block]) -> list[list[Block]]:
    """Group the paragraphs that follow each other and stand side by side, as high as each other: columns, perhaps."""
    groups: list[list[Block]] = []
    for block in blocks:
        left = groups[-1][-1] if groups else None
        if left and left.kind == block.kind == "paragraph" and _side_by_side(left.box, block.box):
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _side_by_side(left: Rectangle, right: Rectangle) -> bool:
    return right.x0 > left.x1 and abs(left.y0 - right.y0) < _LEVEL and abs(left.y1 - right.y1) < _LEVEL


def _texts(line: PrintedLine) -> list[tuple[str, Rectangle]]:
    segments: list[list[Word]] = line.segments()
    return [(" ".join(word.text for word in words), union(word.box for word in words)) for words in segments]


def _is_table(rows: Sequence[Sequence[tuple[str, Rectangle]]]) -> bool:
    if len(rows) < _LEAST_LINES or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return False
    values = [text for row in rows for text, _ in row[1:]]
    if sum(bool(FIGURE.fullmatch(text)) for text in values) < _FIGURES * len(values):
        return False
    return all(
        in_line(cell[1], other[1]) for above, below in pairwise(rows) for cell, other in zip(above, below, strict=True)
    )


def _header(
    above: Block, lines: Sequence[PrintedLine], rows: Sequence[Sequence[tuple[str, Rectangle]]]
) -> PrintedLine | None:
    last = printed_lines(above.ink)[-1]
    texts = _texts(last)
    gap = lines[0].box.y0 - last.box.y1
    near = -lines[0].size < gap < 1.5 * lines[0].size
    places = [(cell[1].x1 + other[1].x0) / 2 for cell, other in pairwise(rows[0])]
    columns = [sum(x < box.x for x in places) for _, box in texts]
    over = columns == list(range(len(rows[0])))
    return last if near and over else None


def _table(
    page: int, lines: Sequence[PrintedLine], rows: Sequence[Sequence[tuple[str, Rectangle]]], header_rows: int
) -> Block:
    texts = tuple(tuple(text for text, _ in row) for row in rows)
    return Block(
        "table",
        page,
        union(line.box for line in lines),
        PlacedText(" ".join(text for row in texts for text in row), [], []),
        rows=texts,
        header_rows=header_rows,
        cell_boxes=tuple(tuple(box for _, box in row) for row in rows),
        ink=[row for line in lines for row in line.rows],
    )
