"""Blocks of a page in, the same with boxes and sidebars as elements of their own, whole and out of the text's way.

A box is a filled or framed rectangle with running text in it, that is no table and not the page's main matter. Text
that a box cut in two is joined again; a box inside a column follows the paragraph it stood in, one beside the text
follows the text.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from scoville.read.pdf.headings import SENTENCE_ENDED, join_paragraphs
from scoville.read.pdf.ink import Ink, Panel
from scoville.read.pdf.lines import Rectangle, stacked, union
from scoville.read.pdf.page import Block, block_of, without

_KINDS = frozenset({"paragraph", "list_item", "heading", "caption", "code"})
_MOST = 0.5  # of the page's characters: what holds more is no aside
_LEAST_CHARACTERS = 40
_INSIDE = 2.0  # points by which text may stand out of its box
_LEAST_HEIGHT = 14.0
_BESIDE = 0.3  # of a box's height
_STACKED = 3.0  # points between the shades of neighbouring lines


def mark_callouts(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Make one callout of the blocks within each box, and put it where it interrupts nothing."""
    total = sum(len(block.text) for block in blocks)
    rest = list(blocks)
    callouts: list[Block] = []
    for box in _boxes(ink):
        cut = _cut(rest, box)
        inside = [block for block in cut if block.kind in _KINDS and _within(block.box, box)]
        if not _is_aside(inside, box, cut, total):
            continue
        ink_of_all = [row for block in inside for row in block.ink]
        placed = stacked(block.placed for block in inside)
        callouts.append(Block("callout", inside[0].page, box, placed, ink=ink_of_all))
        rest = without(cut, inside)
    if not callouts:
        return list(blocks)
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
    boxes += _frames(ink.rules)
    return sorted(boxes, key=lambda box: (box.x0 - box.x1) * box.height)


def _frames(rules: Sequence[Rectangle]) -> Iterator[Rectangle]:
    """Give the rectangles of two rulings across and two down that have no ruling within."""
    across = sorted((rule for rule in rules if not rule.upright), key=lambda rule: rule.y0)
    down = [rule for rule in rules if rule.upright]
    for top, bottom in pairwise(across):
        frame = Rectangle(top.x0, top.y0, top.x1, bottom.y1)
        if frame.height <= _LEAST_HEIGHT or max(abs(top.x0 - bottom.x0), abs(top.x1 - bottom.x1)) >= _INSIDE:
            continue
        sides = [rule.x for rule in down if rule.shared_y(frame) > 0 and frame.shared_x(rule) >= -_INSIDE]
        edges = (top.x0, top.x1), (bottom.x0, bottom.x1), (min(sides, default=0), max(sides, default=0))
        alike = all(max(ends) - min(ends) < _INSIDE for ends in zip(*edges, strict=True))
        if len(sides) == 2 and alike:
            yield frame


def _cut(blocks: Sequence[Block], box: Rectangle) -> list[Block]:
    """Cut running text where it enters and leaves a box."""
    cut: list[Block] = []
    for block in blocks:
        parts = [list(rows) for _, rows in groupby(block.ink, key=lambda row: box.holds(row.box.x, row.box.y))]
        if block.kind in {"paragraph", "list_item"} and len(parts) > 1:
            cut += [block_of(block.kind, block.page, rows, block.level) for rows in parts]
        else:
            cut.append(block)
    return cut


def _same_column(box: Rectangle, panel: Panel) -> bool:
    return abs(box.x0 - panel.box.x0) < _STACKED and abs(box.x1 - panel.box.x1) < _STACKED and panel.filled


def _within(inner: Rectangle, outer: Rectangle) -> bool:
    return outer.holds(inner.x0, inner.y0, _INSIDE) and outer.holds(inner.x1, inner.y1, _INSIDE)


def _is_aside(inside: Sequence[Block], box: Rectangle, blocks: Sequence[Block], total: int) -> bool:
    characters = sum(len(block.text) for block in inside)
    running = any(
        block.kind in {"paragraph", "list_item"} and (_lines(block) > 1 or SENTENCE_ENDED.search(block.text))
        for block in inside
    )
    if sum(block.kind == "heading" for block in inside) > 1:  # a section of the text on a tint
        return False
    if not running or not _LEAST_CHARACTERS <= characters <= _MOST * total:
        return False
    crossed = (
        block for block in blocks if block not in inside and block.box.shared_x(box) > 1 and block.box.shared_y(box) > 1
    )
    return not any(block.kind in {"table", "form_field"} for block in crossed)


def _lines(block: Block) -> int:
    return len({round(row.box.y) for row in block.ink})


def _place(callout: Block, blocks: Sequence[Block]) -> int:
    """Give where a callout goes: behind what begins above it in its column; beside running text, behind all."""
    box = callout.box
    text = [block for block in blocks if len(block.ink) > 2]
    in_column = any(block.box.shared_x(box) > _STACKED for block in text)
    if not in_column and any(block.box.shared_y(box) > _BESIDE * box.height for block in text):
        return len(blocks)
    column = [number for number, block in enumerate(blocks) if block.box.shared_x(box) > _STACKED]
    above = [number for number in column if blocks[number].box.y0 < box.y0]
    if above:
        return max(above) + 1
    return min(column, default=len(blocks))
