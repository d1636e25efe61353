"""Blocks of a page in, the same with boxes and sidebars as elements of their own, whole and out of the text's way.

A box is a filled or framed rectangle with running text in it, that is no table and not the page's main matter. Text
that a box cut in two is joined again; a box inside a column follows the paragraph it stood in, one beside the text
follows the text.
"""

from collections.abc import Sequence

from scoville.read.pdf.ink import Ink, Panel, Row
from scoville.read.pdf.lines import Line, PlacedText, Rectangle, close_gaps, union
from scoville.read.pdf.page import Block
from scoville.read.pdf.paragraphs import join_paragraphs

_KINDS = frozenset({"paragraph", "list_item", "heading", "caption", "code"})
_MOST = 0.5  # of the page's characters: what holds more is no aside
_LEAST_CHARACTERS = 40
_INSIDE = 2.0  # points by which text may stand out of its box
_BESIDE = 0.3  # of a box's height
_STACKED = 3.0  # points between the shades of neighbouring lines
_JOINT = "\n"


def mark_callouts(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Make one callout of the blocks within each box, and put it where it interrupts nothing."""
    total = sum(len(block.text) for block in blocks)
    rest = list(blocks)
    callouts: list[Block] = []
    for box in _boxes(ink):
        inside = [block for block in rest if block.kind in _KINDS and _within(block.box, box)]
        if not _is_aside(inside, box, rest, total):
            continue
        callouts.append(_callout(inside, box))
        gone = {id(block) for block in inside}
        rest = [block for block in rest if id(block) not in gone]
    if not callouts:
        return rest
    rest = join_paragraphs(rest)
    for callout in callouts:
        rest.insert(_place(callout, rest), callout)
    return rest


def _boxes(ink: Ink) -> list[Rectangle]:
    """Give the rectangles that may be boxes, larger ones first; shades of lines below each other are one."""
    boxes: list[Rectangle] = []
    for panel in sorted(ink.panels, key=lambda panel: (panel.box.x0, panel.box.y0)):
        last = boxes[-1] if boxes else None
        if last and _same_column(last, panel) and panel.box.y0 <= last.y1 + _STACKED:
            boxes[-1] = union([last, panel.box])
        else:
            boxes.append(panel.box)
    return sorted(boxes, key=lambda box: (box.x0 - box.x1) * (box.y1 - box.y0))


def _same_column(box: Rectangle, panel: Panel) -> bool:
    return abs(box.x0 - panel.box.x0) < _STACKED and abs(box.x1 - panel.box.x1) < _STACKED and panel.filled


def _within(inner: Rectangle, outer: Rectangle) -> bool:
    return (
        inner.x0 >= outer.x0 - _INSIDE
        and inner.x1 <= outer.x1 + _INSIDE
        and inner.y0 >= outer.y0 - _INSIDE
        and inner.y1 <= outer.y1 + _INSIDE
    )


def _is_aside(inside: Sequence[Block], box: Rectangle, blocks: Sequence[Block], total: int) -> bool:
    characters = sum(len(block.text) for block in inside)
    running = any(block.kind in {"paragraph", "list_item"} and _lines(block) > 1 for block in inside)
    if not running or not _LEAST_CHARACTERS <= characters <= _MOST * total:
        return False
    crossed = (block for block in blocks if block not in inside and _overlap(block.box, box))
    return not any(block.kind in {"table", "form_field"} for block in crossed)


def _lines(block: Block) -> int:
    return len({round((row.box.y0 + row.box.y1) / 2) for row in block.ink})


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return min(one.x1, other.x1) - max(one.x0, other.x0) > 1 and min(one.y1, other.y1) - max(one.y0, other.y0) > 1


def _callout(inside: Sequence[Block], box: Rectangle) -> Block:
    """Join blocks to one, each on lines of its own."""
    text = ""
    lines: list[Line] = []
    hyphens: list[int] = []
    for block in inside:
        text += _JOINT if text else ""
        lines += [line._replace(start=line.start + len(text), end=line.end + len(text)) for line in block.placed.lines]
        hyphens += [offset + len(text) for offset in block.placed.hyphens]
        text += block.text
    ink: list[Row] = [row for block in inside for row in block.ink]
    return Block("callout", inside[0].page, box, PlacedText(text, close_gaps(lines, len(text)), hyphens), ink=ink)


def _place(callout: Block, blocks: Sequence[Block]) -> int:
    """Give where a callout goes: behind what begins above it in its column; beside running text, behind all."""
    box = callout.box
    text = [block for block in blocks if len(block.ink) > 2]
    in_column = any(_shared(block.box, box, 0) > _STACKED for block in text)
    if not in_column and any(_shared(block.box, box, 1) > _BESIDE * (box.y1 - box.y0) for block in text):
        return len(blocks)
    column = [number for number, block in enumerate(blocks) if _shared(block.box, box, 0) > _STACKED]
    above = [number for number in column if blocks[number].box.y0 < box.y0]
    if above:
        return max(above) + 1
    return min(column, default=len(blocks))


def _shared(one: Rectangle, other: Rectangle, axis: int) -> float:
    """Give how far two rectangles share the same x (axis 0) or the same y (axis 1)."""
    return min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis])
