"""Blocks of a page and what is drawn on it in, those out as tables whose cells are drawn.

What is drawn is surer than what stands in line: a table's cells are those of its grid. Where a grid is only part of a
table, or a frame around several, the table stays what it was.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

from scoville.read.pdf.ink import Ink, Row
from scoville.read.pdf.lines import PlacedText, Rectangle, union
from scoville.read.pdf.page import Block, insert_block, without_rows
from scoville.read.pdf.tables.cells import FIGURE
from scoville.read.pdf.tables.grid import PrintedLine, cells_of, printed_lines
from scoville.read.pdf.tables.lattice import DrawnCell, find_grids
from scoville.types import Merged

_LEVEL = 2.0  # points
_MOST = 0.6
_KEPT = 0.9  # of the words inside
_COLUMN = 0.25  # of the page's width
_SEVERAL = 3  # lines
_Row = list[tuple[DrawnCell, list[PrintedLine]]]


def read_drawn(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Make tables of the grids; what was made of their print before goes."""
    kept = list(blocks)
    grids = find_grids(ink)
    boxes = [union(cell.box for cell in cells) for cells in grids]
    for cells, box in zip(grids, boxes, strict=True):
        inside = [row for block in kept for row in block.ink if _holds(box, row)]
        near = [block for block in kept if block.kind == "table" and block.box.overlap(box)]
        outside = [row for block in near for row in block.ink if not any(_holds(one, row) for one in boxes)]
        table = None if _is_part(inside, outside, box, ink.width) else _table(cells, inside, ink.number, box)
        if table:
            kept = [left for block in kept for left in without_rows(block, inside)]
            insert_block(kept, table)
    return kept


def _holds(box: Rectangle, row: Row) -> bool:
    return box.holds(row.box.x, row.box.y)


def _is_part(inside: Sequence[Row], outside: Sequence[Row], box: Rectangle, width: float) -> bool:
    """Say whether a table goes on outside a grid: beside most of its lines, or with several texts on a line.

    Lines beside it that are wide on a page of this ``width`` are another column.
    """
    lines = printed_lines(inside)
    beside = [row for row in outside if box.y0 < row.box.y < box.y1]
    if beside and fmean(row.box.width for row in beside) > _COLUMN * width:
        return False
    level = [line for line in lines if any(abs(line.middle - row.box.y) < _LEVEL for row in beside)]
    beyond = printed_lines([row for row in outside if row not in beside])
    return 2 * len(level) > len(lines) or any(len(line.segments()) > 1 for line in beyond)


def _table(cells: Sequence[DrawnCell], inside: Sequence[Row], page: int, box: Rectangle) -> Block | None:
    """Fill a grid; None where most of it is empty, or it is a frame around a table or beside one."""
    printed = printed_lines(inside)
    filled = _filled(cells, printed)
    if 2 * sum(bool(lines) for row in filled for _, lines in row) < len(cells):
        return None
    kept = sum(len(line.words) for row in filled for _, lines in row for line in lines)
    if kept < _KEPT * sum(len(line.words) for line in printed):  # they stand in cells that are open
        return None
    if any(_holds_columns(lines) for row in filled for _, lines in row):
        return None
    width = max(cell.column + cell.columns for cell in cells)
    rows: list[list[str]] = []
    boxes: list[list[Rectangle | None]] = []
    starts: list[int] = []
    for row in filled:
        starts.append(len(rows))
        for part in _parted(row):
            rows.append([""] * width)
            boxes.append([None] * width)
            for cell, lines in part:
                (rows[-1][cell.column],), (boxes[-1][cell.column],) = cells_of(lines, [])
    starts.append(len(rows))
    if sum(map(any, rows)) < 2 or sum(map(any, zip(*rows, strict=True))) < 2:
        return None
    merged = [
        Merged(starts[row], column, starts[row + height] - starts[row], columns)
        for row, column, height, columns, _ in sorted(cell for row in filled for cell, _ in row)
        if height > 1 or columns > 1
    ]
    return Block(
        "table",
        page,
        box,
        PlacedText(" ".join(text for row in rows for text in row if text), [], []),
        rows=tuple(map(tuple, rows)),
        header_rows=1,
        cell_boxes=tuple(map(tuple, boxes)),
        merged=tuple(merged),
        ink=list(inside),
        drawn=True,
    )


def _filled(cells: Sequence[DrawnCell], printed: Sequence[PrintedLine]) -> list[_Row]:
    """Put lines into cells, row by row."""
    xs = sorted({x for cell in cells for x in (cell.box.x0, cell.box.x1)})
    boxes = [line.box for line in printed]
    filled: list[_Row] = [[] for _ in range(max(cell.row + cell.rows for cell in cells))]
    for whole in cells:
        _, top, _, bottom = whole.box
        near = [line for line, box in zip(printed, boxes, strict=True) if box.y1 >= top and box.y0 <= bottom]
        lines = [part for line in near if (part := _within(line, whole.box))]
        for cell in _split(whole, lines, xs):
            filled[cell.row].append((cell, [part for line in lines if (part := _within(line, cell.box))]))
    return filled


def _within(line: PrintedLine, box: Rectangle) -> PrintedLine | None:
    words = [word for word in line.words if box.holds(word.box.x, word.box.y)]
    return PrintedLine(words, line.size, line.bold, line.rows) if words else None


def _split(cell: DrawnCell, lines: Sequence[PrintedLine], xs: Sequence[float]) -> list[DrawnCell]:
    """Cut a cell where columns of other rows part and its lines have a wide gap: the rulings were left out here."""
    first, last = cell.column, cell.column + cell.columns
    cuts = [column for column in range(first + 1, last) if lines and all(_parts_at(xs[column], line) for line in lines)]
    return [
        cell._replace(column=left, columns=right - left, box=cell.box._replace(x0=xs[left], x1=xs[right]))
        for left, right in pairwise([first, *cuts, last])
    ]


def _parts_at(x: float, line: PrintedLine) -> bool:
    left = [word.box.x1 for word in line.words if word.box.x < x]
    right = [word.box.x0 for word in line.words if word.box.x >= x]
    return bool(left and right) and max(left) <= x <= min(right) and min(right) - max(left) > line.size


def _holds_columns(lines: Sequence[PrintedLine]) -> bool:
    """Say whether a cell holds columns of its own, with figures in the last: the grid is a frame around a table."""
    ends = [segments[-1] for line in lines if len(segments := line.segments()) > 1]
    figures = [words for words in ends if FIGURE.fullmatch(" ".join(word.text for word in words))]
    return len(lines) >= _SEVERAL and len(figures) > _MOST * len(lines)


def _parted(row: _Row) -> list[_Row]:
    """Cut a row into its lines where a cell behind the first holds figures below each other: no ruling parts them."""
    if not any(len(lines) >= _SEVERAL and all(FIGURE.fullmatch(line.text) for line in lines) for _, lines in row[1:]):
        return [row]
    levels = printed_lines([piece for _, lines in row for line in lines for piece in line.rows])
    return [
        [(cell, [one for one in lines if level.box.holds(level.box.x, one.middle)]) for cell, lines in row]
        for level in levels
    ]
