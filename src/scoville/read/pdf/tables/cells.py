"""A table block with its columns in, the same with rows joined that are one, and with merged cells marked.

Rulings say it where there are any; else the distance of lines and how far a text reaches over the columns.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from scoville.read.pdf.ink import Ink
from scoville.read.pdf.lines import Rectangle, around, union
from scoville.read.pdf.page import Block
from scoville.read.pdf.tables.grid import PrintedLine
from scoville.types import Merged

_TIGHT = 0.85
"""Of the usual distance of rows: a line that is nearer goes on with the row above."""
_OVER = 2.0  # points that a text must reach into the next column
_MOST_HEADERS = 3
FIGURE = re.compile(r"[-–—+(]?[$€£]?\s?\d[\d.,\s]*[%)*]*|[-–—.]|n/?a", re.IGNORECASE)
"""A cell of a table's body, most often."""

_Boxes = tuple[Rectangle | None, ...]


def join_wrapped_rows(block: Block, ink: Ink) -> Block:
    """Join a row to the one above when it stands nearer than rows do and only goes on below filled cells."""
    spans = [around(boxes) for boxes in block.cell_boxes]
    if len(spans) < 3 or any(span is None for span in spans):
        return block
    tops = [span.y for span in spans if span]
    usual = median(below - above for above, below in pairwise(tops))
    rows: list[tuple[str, ...]] = []
    boxes: list[_Boxes] = []
    header_rows = block.header_rows
    for number, row in enumerate(block.rows):
        if rows and _wraps(rows[-1], boxes[-1], row, block.cell_boxes[number], usual, ink):
            rows[-1] = tuple(f"{above} {below}".strip() for above, below in zip(rows[-1], row, strict=True))
            boxes[-1] = tuple(map(around, zip(boxes[-1], block.cell_boxes[number], strict=False)))
            header_rows -= number < block.header_rows
        else:
            rows.append(row)
            boxes.append(block.cell_boxes[number])
    if len(rows) < 2 or len(rows) == len(block.rows):
        return block
    return replace(block, rows=tuple(rows), cell_boxes=tuple(boxes), header_rows=header_rows, merged=())


def _wraps(above: Sequence[str], over: _Boxes, row: Sequence[str], own: _Boxes, usual: float, ink: Ink) -> bool:
    """Say whether a row goes on with the cells above: fewer of them, close below, no ruling between."""
    if len(row) != len(above) or not any(row) or any(text and not up for text, up in zip(row, above, strict=True)):
        return False
    if sum(map(bool, row)) == len(row):
        return False
    pairs = [(up, box) for text, up, box in zip(row, over, own, strict=True) if text and up and box]
    if not pairs or any(FIGURE.fullmatch(text) and FIGURE.fullmatch(up) for text, up in zip(row, above, strict=True)):
        return False
    gap = max(box.y0 - up.y1 for up, box in pairs)
    height = max(box.height for _, box in pairs)
    middle_above = max(up.y if up.height < 1.5 * height else up.y1 - height / 2 for up, _ in pairs)
    pitch = max(box.y for _, box in pairs) - middle_above
    ruled = any(_parts(rule, up, box) for rule in ink.rules for up, box in pairs)
    return -0.5 * height < gap < 0.5 * height and pitch < _TIGHT * usual and not ruled


def _parts(rule: Rectangle, above: Rectangle, below: Rectangle) -> bool:
    middle = below.x
    return not rule.upright and above.y1 - 2 <= rule.y0 <= below.y0 + 2 and rule.x0 <= middle <= rule.x1


def merge_repeated(block: Block) -> Block:
    """Merge neighbouring cells that liteparse gave the text of one heading that stands over them."""
    rows = [list(row) for row in block.rows]
    merged = list(block.merged)
    for number in range(header_zone(block)):
        row, boxes = block.rows[number], block.cell_boxes[number]
        first = 0
        for column in range(1, len(row) + 1):
            if column < len(row) and row[column] and row[column] == row[first] and boxes[column] == boxes[first]:
                continue
            if column - first > 1 and row[first]:
                merged.append(Merged(number, first, 1, column - first))
                rows[number][first + 1 : column] = [""] * (column - first - 1)
            first = column
    return replace(block, rows=tuple(map(tuple, rows)), merged=tuple(merged)) if merged else block


def merge_over_columns(block: Block, lines: Sequence[PrintedLine], places: Sequence[float], ink: Ink) -> Block:
    """Merge the cells of header rows whose text reaches over several columns."""
    rows = [list(row) for row in block.rows]
    boxes = [list(row) for row in block.cell_boxes]
    merged = list(block.merged)
    for number in range(header_zone(block)):
        own = [line for line in lines if _in_row(line, block.cell_boxes[number])]
        if len(own) != 1 or any(cell.row == number for cell in block.merged):
            continue
        for words in own[0].segments(places):
            box = union(word.box for word in words)
            first = sum(x < box.x0 + _OVER for x in places)
            last = sum(x < box.x1 - _OVER for x in places)
            if first >= last or any(box.x0 < x < box.x1 for x in _uprights(ink, own[0].middle)):
                continue
            rows[number][first : last + 1] = [" ".join(word.text for word in words)] + [""] * (last - first)
            boxes[number][first : last + 1] = [box] + [None] * (last - first)
            merged.append(Merged(number, first, 1, last - first + 1))
    if len(merged) == len(block.merged):
        return block
    return replace(block, rows=tuple(map(tuple, rows)), cell_boxes=tuple(map(tuple, boxes)), merged=tuple(merged))


def header_zone(block: Block) -> int:
    """Count the rows above the first one with figures, which may be headers."""
    for number, row in enumerate(block.rows):
        filled = [text for text in row[1:] if text]
        if sum(bool(FIGURE.fullmatch(text)) for text in filled) * 2 >= max(len(filled), 1):
            return min(number, _MOST_HEADERS)
    return 1


def _in_row(line: PrintedLine, boxes: _Boxes) -> bool:
    height = around(boxes)
    return height is not None and height.y0 - 1 <= line.middle <= height.y1 + 1


def _uprights(ink: Ink, y: float) -> list[float]:
    return [rule.x0 for rule in ink.rules if rule.upright and rule.y0 <= y <= rule.y1]


def merge_by_rulings(block: Block, places: Sequence[float], ink: Ink) -> Block:
    """Merge a cell with the empty ones below it where the ruling between the rows leaves its column out."""
    spans = [around(boxes) for boxes in block.cell_boxes]
    if any(span is None for span in spans):
        return block
    edges = [block.box.x0, *places, block.box.x1]
    gaps = [_rules_between(above, below, ink) for above, below in pairwise(spans) if above and below]
    merged = {(cell.row, cell.column): cell for cell in block.merged}
    for column in range(len(edges) - 1):
        middle = (edges[column] + edges[column + 1]) / 2
        for number, row in enumerate(block.rows):
            if not row[column] or (number, column) in merged:
                continue
            end = number + 1
            while end < len(block.rows) and not block.rows[end][column] and _open(gaps[end - 1], middle):
                end += 1
            if end - number > 1:
                merged[number, column] = Merged(number, column, end - number, 1)
    return replace(block, merged=tuple(sorted(merged.values())))


def _rules_between(above: Rectangle, below: Rectangle, ink: Ink) -> list[Rectangle]:
    low, high = above.y, below.y
    return [rule for rule in ink.rules if not rule.upright and low < rule.y0 < high]


def _open(rules: Sequence[Rectangle], x: float) -> bool:
    """Say whether rows are parted by rulings, but not here."""
    return bool(rules) and not any(rule.x0 <= x <= rule.x1 for rule in rules)
