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

_YEAR = re.compile(r"(?:19|20)\d\d(?:\s?[-–/]\s?(?:\d\d){1,2})?")

_LEADERS = re.compile(r"(?P<label>.*?)\s*(?:[.·…_]\s?){3,}\s*(?P<figure>[^.·…_]*(?:[.,]\d+)*)")

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


def split_leaders(block: Block) -> Block:
    """Make two columns of one whose cells hold dots that lead from a label to a figure; dots alone go."""
    for column in range(len(block.rows[0])):
        found = [_LEADERS.fullmatch(row[column]) for row in block.rows]
        led = sum(match is not None for match in found)
        if led < 3 or 2 * led < len(block.rows):
            continue
        both = any(match and match["figure"] for match in found)
        rows, boxes = list(map(list, block.rows)), list(map(list, block.cell_boxes))
        for row, box, match in zip(rows, boxes, found, strict=True):
            texts = [match["label"], match["figure"]] if match else [row[column], ""]
            row[column : column + 1] = texts[: 1 + both]
            box[column : column + 1] = [box[column] if text else None for text in texts[: 1 + both]]
        merged = [cell._replace(column=cell.column + both * (cell.column > column)) for cell in block.merged]
        return replace(block, rows=tuple(map(tuple, rows)), cell_boxes=tuple(map(tuple, boxes)), merged=tuple(merged))
    return block


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
    first = next((number for number, row in enumerate(block.rows) if _is_body(row)), None)
    return 1 if first is None else min(first, _MOST_HEADERS)


def _is_body(row: Sequence[str]) -> bool:
    """Say whether half of a row behind its label is figures; years are names of columns as often."""
    filled = [text for text in row[1:] if text]
    figures = [text for text in filled if FIGURE.fullmatch(text) and not _YEAR.fullmatch(text)]
    return bool(filled) and 2 * len(figures) >= len(filled)


def with_header(block: Block) -> Block:
    """Count the header's rows anew where figures show where it ends, but for a line of one text, a part's title."""
    zone = header_zone(block)
    if zone == len(block.rows) or not any(map(_is_body, block.rows)):
        return block
    while zone > 1 and not any(block.rows[zone - 1][1:]):
        zone -= 1
    return replace(block, header_rows=zone)


def _in_row(line: PrintedLine, boxes: _Boxes) -> bool:
    height = around(boxes)
    return height is not None and height.y0 - 1 <= line.middle <= height.y1 + 1


def _uprights(ink: Ink, y: float) -> list[float]:
    return [rule.x0 for rule in ink.rules if rule.upright and rule.y0 <= y <= rule.y1]
