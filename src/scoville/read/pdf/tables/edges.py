"""Tables and the blocks around them in, tables with the columns and rows that were left outside out.

Labels with dots up to the figures are often taken for paragraphs of their own, as is a line between two parts of one
table.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from scoville.read.pdf.ink import Ink
from scoville.read.pdf.lines import Rectangle, around, union
from scoville.read.pdf.page import Block, without
from scoville.types import Merged

_LABELLED = 0.6  # of a table's rows
_KINDS = frozenset({"paragraph", "list_item", "heading"})
_ALIKE = 6.0  # points by which the columns of two parts of one table may differ
_LARGER = 1.1
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
    """Make the short texts close above a table, not over its first column, a header row over the columns below."""
    kept = list(blocks)
    for number, table in enumerate(kept):
        columns = columns_of(table) if table.kind == "table" and len(table.rows[0]) > 2 else []
        if not columns or any(column is None for column in columns) or _is_framed(table, ink):
            continue
        known = [column for column in columns if column]
        heads = [block for block in kept if block.kind in _KINDS and block.ink and _heads(block, table, known)]
        spans = [_under(block.box, known) for block in heads]
        if heads and all(last > first for first, last in spans) and _apart(spans):
            kept[number] = _with_heads(table, heads, spans)
            return adopt_heads(without(kept, heads), ink)
    return kept


def _is_framed(table: Block, ink: Ink) -> bool:
    """Say whether a ruling as wide as the table lies on it: nothing above belongs to it."""
    box = table.box
    top = [rule for rule in ink.rules if not rule.upright and abs(rule.y0 - box.y0) < _ON_TOP]
    return sum(rule.shared_x(box) for rule in top) > 0.9 * box.width


def _heads(block: Block, table: Block, columns: Sequence[Rectangle]) -> bool:
    height = block.ink[-1].box.height
    gap = table.box.y0 - block.box.y1
    one_line = block.box.height < 1.6 * height
    if block.ink[0].style.size > _LARGER * table.ink[0].style.size:
        return False
    inside = block.box.x0 > columns[0].x1 and block.box.x1 < table.box.x1 + height
    return one_line and inside and -0.5 * height < gap < 0.8 * height


def _under(box: Rectangle, columns: Sequence[Rectangle]) -> tuple[int, int]:
    """Give the first and last column below a text."""
    below = [number for number, column in enumerate(columns) if column.x0 < box.x1 and column.x1 > box.x0]
    return (below[0], below[-1]) if below else (0, 0)


def _apart(spans: Sequence[tuple[int, int]]) -> bool:
    ordered = sorted(spans)
    return all(before[1] < other[0] for before, other in pairwise(ordered))


def _with_heads(table: Block, heads: Sequence[Block], spans: Sequence[tuple[int, int]]) -> Block:
    row = [""] * len(table.rows[0])
    boxes: list[Rectangle | None] = [None] * len(row)
    for head, (first, _) in zip(heads, spans, strict=True):
        row[first], boxes[first] = head.text, head.box
    moved = [cell._replace(row=cell.row + 1) for cell in table.merged]
    merged = [Merged(0, first, 1, last - first + 1) for first, last in sorted(spans)]
    return replace(
        table,
        rows=(tuple(row), *table.rows),
        cell_boxes=(tuple(boxes), *table.cell_boxes),
        merged=(*merged, *moved),
        header_rows=max(table.header_rows, 1) + 1,
        box=union([table.box, *(head.box for head in heads)]),
        ink=[*(row for head in heads for row in head.ink), *table.ink],
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
