"""Tables as liteparse found them in, corrected ones out.

Puts back what is no part of a table: a title above it, notes below it, running text and lists that stand in columns
only by chance, and boxes with text. Splits rows that are several, and marks merged cells. Each step is one function.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from scoville.read.pdf.headings import stands_out
from scoville.read.pdf.ink import Ink, Row, Style
from scoville.read.pdf.lines import Rectangle, union
from scoville.read.pdf.page import Block, block_of
from scoville.read.pdf.tables.cells import (
    FIGURE,
    join_wrapped_rows,
    merge_over_columns,
    split_leaders,
    with_header,
)
from scoville.read.pdf.tables.edges import adopt_heads, adopt_labels, join_parts
from scoville.read.pdf.tables.grid import (
    PrintedLine,
    between_uprights,
    bridged,
    cells_of,
    framed,
    printed_lines,
    separators,
)
from scoville.read.pdf.tables.missed import find_tables

_MOST_TITLE_LINES = 8
_GOES_ON = 0.25  # of the lines of a box: so many begin within a sentence
_MANY = 6  # rows and columns of a drawing's labels
_EMPTY = 0.6
_PROSE = 0.6
"""Of a table's lines: when more run on over its columns, it is text."""
_MARKER = re.compile(r"[•·‣▪■□●○◦–—*-]|\(?(?:\d{1,2}|[a-z])[.)]", re.IGNORECASE)
_RULED = 0.8  # of the width of a box
_NOTE = re.compile(r"notes?\b|sources?\b|[*†‡§]", re.IGNORECASE)
_RUNS = 0.6  # of the places between columns that a line crosses
_CENTRED = 0.05
_WIDE = 0.3  # of the table's width


def correct_tables(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Apply the steps of this module to a page's blocks."""
    corrected: list[Block] = []
    for block in blocks:
        if block.kind == "table" and block.ink and not block.drawn:
            corrected += _corrected(block, ink)
        else:
            corrected.append(block)
    corrected = find_tables(corrected)
    corrected = [
        with_header(split_leaders(block)) if block.rows else block for block in join_parts(adopt_labels(corrected))
    ]
    return adopt_heads(corrected, ink)


def _corrected(block: Block, ink: Ink) -> list[Block]:
    lines = printed_lines(block.ink)
    if len(block.rows[0]) < 2:
        return [block] if len(block.rows) == 1 or _is_list(lines, ink) else _text(block, lines, ink)
    if all(sum(map(bool, row)) < 2 for row in block.rows):
        return _text(block, lines, ink)
    places = separators(block, lines)
    if places is None or any(row.turned for row in block.ink):
        return [block]
    if _is_prose(lines, places, block, ink) or _is_chart(block):
        return _text(block, lines, ink)
    first = _title_lines(lines, places, block, ink)
    last = len(lines) - _note_lines(lines, places, block, ink)
    title, rest, notes = lines[:first], lines[first:last], lines[last:]
    table = _rebuilt(block, rest, places, lines, ink)
    if table is None:
        return _text(block, lines, ink)
    table = join_wrapped_rows(table, ink)
    table = merge_over_columns(table, rest, places, ink)
    return [*_text(block, title, ink), table, *_text(block, notes, ink)]


def _is_list(lines: Sequence[PrintedLine], ink: Ink) -> bool:
    """Say whether one column is a table: rulings part at least half of its lines, which are no running text."""
    if sum(line.text[:1].islower() for line in lines) >= _GOES_ON * len(lines):
        return False
    box = union(line.box for line in lines)
    wide = _RULED * box.width
    rules = [rule.y0 for rule in ink.rules if rule.shared_x(box) > wide]
    parted = sum(any(a.middle < y < b.middle for y in rules) for a, b in pairwise(lines))
    return 2 * parted >= len(lines) - 1


def _is_prose(lines: Sequence[PrintedLine], places: Sequence[float], block: Block, ink: Ink) -> bool:
    """Say whether most lines run on over the columns, or the first column holds nothing but list markers."""
    if any(between_uprights(line, ink.rules, block.box) for line in lines):
        return False
    labels = [row[0] for row in block.rows if row[0]]
    if len(places) == 1 and sum(bool(_MARKER.fullmatch(label)) for label in labels) >= _PROSE * len(labels):
        return True
    full = [line for line in lines if bridged(line, places) == len(places)]
    return len(lines) >= 3 and len(full) > _PROSE * len(lines)


def _is_chart(block: Block) -> bool:
    """Say whether most rows hold one or two texts in many columns, like the labels of a drawing."""
    columns = len(block.rows[0])
    sparse = [row for row in block.rows if 0 < sum(map(bool, row)) <= 2]
    return columns >= _MANY and len(block.rows) >= _MANY and len(sparse) > _EMPTY * len(block.rows)


def _runs_on(line: PrintedLine, places: Sequence[float], block: Block, ink: Ink) -> bool:
    """Say whether a line is one text that goes on over the columns: from the first one, or centred over them all."""
    box = line.box
    crossed = sum(box.x0 < x < box.x1 for x in places)
    if not crossed or bridged(line, places) < _RUNS * crossed or len(line.segments()) > 1:
        return False
    if between_uprights(line, ink.rules, block.box) or framed(line, ink.rules, block.box):
        return False
    width = block.box.width
    aside = abs(box.x0 + box.x1 - block.box.x0 - block.box.x1) / 2
    return box.x0 < places[0] or (aside < _CENTRED * width and box.width > _WIDE * width)


def _title_lines(lines: Sequence[PrintedLine], places: Sequence[float], block: Block, ink: Ink) -> int:
    """Count the lines at the top that are a title: the last of them runs on over the columns."""
    most = min(_MOST_TITLE_LINES, len(lines) - 2)
    count = 0
    for number in range(most):
        if _runs_on(lines[number], places, block, ink):
            count = number + 1
        elif len(lines[number].segments()) > 1:
            break
    return count


def _note_lines(lines: Sequence[PrintedLine], places: Sequence[float], block: Block, ink: Ink) -> int:
    """Count the lines at the bottom that are notes: the first of them runs on over the columns."""
    count = 0
    for back, line in enumerate(reversed(lines), 1):
        if back > len(lines) - 2 or len(line.segments()) > 1:
            break
        if _runs_on(line, places, block, ink) or (count == back - 1 and _NOTE.match(line.text)):
            count = back
    return count


def _rebuilt(
    block: Block,
    rest: Sequence[PrintedLine],
    places: Sequence[float],
    lines: Sequence[PrintedLine],
    ink: Ink,
) -> Block | None:
    """Make the table anew without the lines that were taken off, one row where liteparse has one, or several."""
    rows: list[tuple[str, ...]] = []
    boxes: list[tuple[Rectangle | None, ...]] = []
    header_rows = 0
    of_row = _lines_of_rows(block, lines)
    inside = {id(line) for line in rest}
    loose = not any(between_uprights(line, ink.rules, block.box) for line in rest)
    for number, row in enumerate(block.rows):
        own = of_row[number]
        kept = [line for line in own if id(line) in inside]
        if (own and not kept) or not any(row):
            continue
        parts = _parts(kept, places, not rows)
        if len(parts) == 1 and len(kept) == len(own) and not (loose and _says_else(kept, row)):
            rows.append(row)
            boxes.append(block.cell_boxes[number])
        else:
            for part in parts:
                texts, places_of = cells_of(part, places)
                rows.append(tuple(texts))
                boxes.append(tuple(places_of))
        header_rows += number < block.header_rows
    if len(rows) < 2 or not rest:
        return None
    printed = [row for line in rest for row in line.rows]
    return replace(
        block, rows=tuple(rows), cell_boxes=tuple(boxes), header_rows=min(header_rows, len(rows) - 1), ink=printed
    )


def _says_else(lines: Sequence[PrintedLine], row: Sequence[str]) -> bool:
    """Say whether the lines at a row's height are not those that liteparse put into it."""
    return sorted("".join(line.text for line in lines).replace(" ", "")) != sorted("".join(row).replace(" ", ""))


def _lines_of_rows(block: Block, lines: Sequence[PrintedLine]) -> list[list[PrintedLine]]:
    """Give each printed line to the table row whose boxes are nearest to its height."""
    heights = [[(box.y0, box.y1) for box in boxes if box and box != block.box] for boxes in block.cell_boxes]
    found: list[list[PrintedLine]] = [[] for _ in heights]
    spans = [(min(y0 for y0, _ in row), max(y1 for _, y1 in row)) if row else None for row in heights]
    for line in lines:
        distances = [
            (max(span[0] - line.middle, line.middle - span[1], 0.0), span[1] - span[0], number)
            for number, span in enumerate(spans)
            if span
        ]
        if distances:
            found[min(distances)[2]].append(line)
    return found


def _parts(lines: Sequence[PrintedLine], places: Sequence[float], heads: bool) -> list[list[PrintedLine]]:
    """Cut the lines of one table row into rows: a heading over several columns from what stands below it, and lines
    of which a column holds nothing but figures.
    """
    whole = [list(lines)]
    if len(lines) > 1 and heads and bridged(lines[0], places) and not any(bridged(line, places) for line in lines[1:]):
        return [[lines[0]], list(lines[1:])]
    if len(lines) < 3:
        return whole
    columns = zip(*(cells_of([line], places)[0] for line in lines), strict=True)
    figures = [column for column in list(columns)[1:] if _all_figures(column)]
    return [[line] for line in lines] if figures else whole


def _all_figures(column: Sequence[str]) -> bool:
    filled = [text for text in column if text]
    return len(filled) >= 3 and len(filled) >= 0.8 * len(column) and all(map(FIGURE.fullmatch, filled))


def _text(block: Block, lines: Sequence[PrintedLine], ink: Ink) -> list[Block]:
    """Make paragraphs, list items and headings of lines."""
    body = ink.body()
    blocks: list[Block] = []
    previous: PrintedLine | None = None
    for line in lines:
        kind = "list_item" if _MARKER.fullmatch(line.words[0].text) and len(line.words) > 1 else "paragraph"
        if body and kind == "paragraph" and _is_heading(line, body):
            kind = "heading"
        if blocks and previous and _goes_on(previous, line, blocks[-1], kind):
            last = blocks[-1]
            blocks[-1] = block_of(last.kind, block.page, [*last.ink, *_rows_of(line)], last.level)
        else:
            level = {"heading": 2, "list_item": 1}.get(kind)
            blocks.append(block_of(kind, block.page, _rows_of(line), level))
        previous = line
    return blocks


def _rows_of(line: PrintedLine) -> list[Row]:
    return sorted(line.rows, key=lambda row: row.box.x0)


def _is_heading(line: PrintedLine, body: Style) -> bool:
    style = max((row.style for row in line.rows), key=lambda style: style.size)
    return line.bold and stands_out(style, body) and len(line.text) < 120 and not line.text.endswith((".", ",", ";"))


def _goes_on(above: PrintedLine, below: PrintedLine, block: Block, kind: str) -> bool:
    gap = below.box.y0 - above.box.y1
    if kind == "list_item" or gap > 0.6 * above.size:
        return False
    return kind == block.kind or (kind == "paragraph" and block.kind == "list_item")
