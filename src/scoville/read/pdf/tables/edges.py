"""Tables and the blocks around them in, tables with the columns and rows that were left outside out.

Labels with dots up to the figures are often taken for paragraphs of their own, as is a line between two parts of one
table.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from scoville.read.pdf.ink import Ink, Row
from scoville.read.pdf.lines import Rectangle, Word, around, union
from scoville.read.pdf.page import Block, without, without_rows
from scoville.read.pdf.tables.grid import PrintedLine, printed_lines
from scoville.types import Merged

_LABELLED = 0.6  # of a table's rows
_KINDS = frozenset({"paragraph", "list_item", "heading"})
_ALIKE = 6.0  # points by which the columns of two parts of one table may differ
_LARGER = 1.1
_CLOSE, _APART = 0.8, 1.6  # of the size: between lines of one header; where it has several texts
_CENTRED = 0.03  # of the table's width: a title, not the name of columns, beside which there are labels
_NAME_CHARACTERS = 80
_WIDER = 4.0  # of the size: a name may be so much wider than the figures below it
_ON_TOP = 8.0  # points
_BETWEEN = 40.0  # points between two parts of one table


def adopt_labels(blocks: Sequence[Block]) -> list[Block]:
    """Make the texts to the left of a table's rows, one beside each, its first column."""
    kept = list(blocks)
    for table in [block for block in blocks if block.kind == "table"]:
        heights = [around(boxes) for boxes in table.cell_boxes]
        known = [height for height in heights if height]
        if len(known) < 3:
            continue
        left = min(height.x0 for height in known)
        labels: dict[int, Block] = {}
        for block in kept:
            if block.kind in _KINDS and block.ink and block.box.x1 <= left + 2:
                number = _row_beside(block, heights)
                if number is not None and number not in labels:
                    labels[number] = block
        if len(labels) >= _LABELLED * len(known):
            kept = _with_labels(kept, table, labels)
    return kept


def adopt_heads(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Make the lines close above a table whose texts stand over its columns header rows.

    Above a table that has a header, only lines of which each text heads several columns belong to it.
    """
    kept = list(blocks)
    for table in [block for block in blocks if block.kind == "table" and block.ink]:
        columns = [column for column in columns_of(table) if column]
        if len(columns) < max(len(table.rows[0]), 2) or (table.header_rows and _is_framed(table, ink)):
            continue
        texts = [row for block in kept if block.kind in _KINDS for row in block.ink]
        printed, heads = _heads(texts, table, columns)
        if heads:
            kept = [_with_heads(one, printed, heads) if one is table else one for one in kept]
            kept = [left for one in kept for left in ([one] if one.rows else without_rows(one, printed))]
    return kept


def _is_framed(table: Block, ink: Ink) -> bool:
    """Say whether a ruling as wide as the table lies on it: nothing above belongs to it."""
    box = table.box
    top = [rule for rule in ink.rules if not rule.upright and abs(rule.y0 - box.y0) < _ON_TOP]
    return sum(rule.shared_x(box) for rule in top) > 0.9 * box.width


class _Head(NamedTuple):
    """A text above a table, and the first and last column below it."""

    text: str
    box: Rectangle
    first: int
    last: int


def _heads(rows: Sequence[Row], table: Block, columns: Sequence[Rectangle]) -> tuple[list[Row], list[list[_Head]]]:
    """Find the lines that head the table: their print, and the texts of each, from the top.

    The last of them may be titles of the table's first parts, over the labels.
    """
    places = [(left.x1 + right.x0) / 2 for left, right in pairwise(columns)]
    printed: list[Row] = []
    heads: list[list[_Head]] = []
    top, size = table.box.y0, max(row.style.size for row in table.ink)
    for line in reversed(printed_lines([row for row in rows if row.box.y < table.box.y0])):
        texts = _texts(line, places, columns)
        gap = (top - line.box.y1) / line.size
        title = _is_title(texts)
        near = -0.5 < gap < (_CLOSE if len(texts) == 1 and not title else _APART)
        inside = all(map(_is_title, heads)) if title else texts[0].first > 0 or not texts[0].last
        within = line.size < _LARGER * size and line.box.x1 < table.box.x1 + _WIDER * line.size
        apart = (
            all(left.last < right.first for left, right in pairwise(texts)) and len(texts[0].text) < _NAME_CHARACTERS
        )
        centred = len(texts) == 1 and abs(line.box.x - table.box.x) < _CENTRED * table.box.width
        if not (near and inside and within and apart) or centred:
            break
        if table.header_rows and any(head.first == head.last for head in texts):
            break
        printed += line.rows
        heads.insert(0, texts)
        top = line.box.y0
    named = {column for line in heads for head in line for column in range(head.first, head.last + 1)} - {0}
    return (printed, heads) if table.header_rows or 2 * len(named) > len(places) else ([], [])


def _is_title(line: Sequence[_Head]) -> bool:
    return len(line) == 1 and not line[0].first


def _texts(line: PrintedLine, places: Sequence[float], columns: Sequence[Rectangle]) -> list[_Head]:
    texts: list[_Head] = []
    for words in line.segments(places):
        text = _head(words, columns)
        last = texts[-1] if texts else None
        if last and last.first == last.last == text.first == text.last:
            texts[-1] = last._replace(text=f"{last.text} {text.text}", box=union([last.box, text.box]))
        else:
            texts.append(text)
    return texts


def _head(words: Sequence[Word], columns: Sequence[Rectangle]) -> _Head:
    box = union(word.box for word in words)
    nearest = max(range(len(columns)), key=lambda number: columns[number].shared_x(box))
    below = [number for number, column in enumerate(columns) if column.shared_x(box) > 0] or [nearest]
    return _Head(" ".join(word.text for word in words), box, below[0], below[-1])


def _with_heads(table: Block, printed: Sequence[Row], heads: Sequence[Sequence[_Head]]) -> Block:
    """Put header rows on a table; of lines below each other without a text over several columns, one row is made."""
    width = len(table.rows[0])
    rows: list[list[str]] = []
    boxes: list[list[Rectangle | None]] = []
    merged: list[Merged] = []
    before = True
    for line in heads:
        several = any(head.last > head.first for head in line) or _is_title(line)
        if several or before:
            rows.append([""] * width)
            boxes.append([None] * width)
        before = several
        for text, box, first, last in line:
            rows[-1][first] = f"{rows[-1][first]} {text}".strip()
            boxes[-1][first] = around([boxes[-1][first], box])
            if last > first and not _is_title(line):
                merged.append(Merged(len(rows) - 1, first, 1, last - first + 1))
    return replace(
        table,
        rows=(*map(tuple, rows), *table.rows),
        cell_boxes=(*map(tuple, boxes), *table.cell_boxes),
        merged=(*merged, *(cell._replace(row=cell.row + len(rows)) for cell in table.merged)),
        header_rows=table.header_rows + len(rows) - sum(map(_is_title, heads)),
        box=union([table.box, *(row.box for row in printed)]),
        ink=[*printed, *table.ink],
    )


def _row_beside(block: Block, heights: Sequence[Rectangle | None]) -> int | None:
    """Give the row that a block of one line stands beside."""
    if block.box.height > 1.6 * block.ink[0].box.height:
        return None
    middle = block.box.y
    return next((i for i, height in enumerate(heights) if height and height.y0 <= middle <= height.y1), None)


def _with_labels(blocks: Sequence[Block], table: Block, labels: dict[int, Block]) -> list[Block]:
    rows = tuple((labels[i].text if i in labels else "", *row) for i, row in enumerate(table.rows))
    boxes = tuple((labels[i].box if i in labels else None, *row) for i, row in enumerate(table.cell_boxes))
    merged = tuple(cell._replace(column=cell.column + 1) for cell in table.merged)
    ink = [*table.ink, *(row for label in labels.values() for row in label.ink)]
    box = union([table.box, *(label.box for label in labels.values())])
    wider = replace(table, rows=rows, cell_boxes=boxes, merged=merged, ink=ink, box=box)
    return [wider if block is table else block for block in without(blocks, labels.values())]


def join_parts(blocks: Sequence[Block]) -> list[Block]:
    """Join tables below each other with the same columns, with the short line between them, if any, as a row."""
    joined: list[Block] = []
    for block in blocks:
        between = joined[-1] if joined and joined[-1].kind in _KINDS else None
        above = joined[-2] if between and len(joined) > 1 else joined[-1] if joined else None
        if block.kind == "table" and above and above.kind == "table" and _one_table(above, block, between):
            rows = [(between.text, *[""] * (len(block.rows[0]) - 1))] if between else []
            boxes = [(between.box, *[None] * (len(block.rows[0]) - 1))] if between else []
            if between:
                joined.pop()
            joined[-1] = replace(
                above,
                rows=(*above.rows, *rows, *block.rows),
                cell_boxes=(*above.cell_boxes, *boxes, *block.cell_boxes),
                box=union([above.box, block.box]),
                ink=[*above.ink, *(between.ink if between else []), *block.ink],
            )
        else:
            joined.append(block)
    return joined


def _one_table(above: Block, below: Block, between: Block | None) -> bool:
    if len(above.rows[0]) != len(below.rows[0]) or above.merged or below.merged:
        return False
    gap = below.box.y0 - above.box.y1
    if not -2 <= gap <= _BETWEEN or below.header_rows and below.rows[0] != above.rows[0]:
        return False
    if between:
        one_line = len({round(row.box.y0) for row in between.ink}) == 1
        inside = above.box.y1 - 2 <= between.box.y0 and between.box.y1 <= below.box.y0 + 2
        if not (one_line and inside and between.box.x1 < above.box.x0 + 0.5 * above.box.width):
            return False
    return all(map(in_line, columns_of(above), columns_of(below)))


def columns_of(block: Block) -> list[Rectangle | None]:
    """Give the rectangle around each column's texts; None for an empty column."""
    return [around([boxes[column] for boxes in block.cell_boxes]) for column in range(len(block.rows[0]))]


def in_line(column: Rectangle | None, other: Rectangle | None) -> bool:
    """Say whether two columns may be one: an edge or the middle in line, or nothing to tell by."""
    if column is None or other is None:
        return True
    aside = abs(column.x0 + column.x1 - other.x0 - other.x1) / 2
    return min(abs(column.x0 - other.x0), abs(column.x1 - other.x1), aside) < _ALIKE
