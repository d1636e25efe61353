"""Blocks of a page in, the same with the words of drawings apart: of a chart, or of another figure.

What a chart says stands in lengths, angles and places; its labels in reading order say something else. Charts are told
by their labels, of which many are bare numbers, and by what is drawn among them. Does not read them.
"""

import re
from collections.abc import Sequence

from scoville.read.pdf.ink import Ink
from scoville.read.pdf.kinds import CAPTION
from scoville.read.pdf.lines import Rectangle, stacked, union, whole
from scoville.read.pdf.page import Block, without

_KINDS = frozenset({"paragraph", "list_item", "heading"})
_NUMBER = re.compile(r"\D{0,3}\d[\d.,]*\s?(?:[%‰€$£]|[kKmM]\b|\w{2}\b)?\W*")
_LABELS = 3
_LABEL_CHARACTERS = 60
_NUMBERS, _NUMBERS_SHARE = 3, 1 / 3
_SHAPES = 3
"""Bars, slices, lines: with fewer it is a box with figures in it."""
_NEAR = 12.0  # points between the shapes of one drawing
_AROUND = 40.0  # points by which labels stand outside of it
_MOST = 0.6  # of the page: what is larger is its background


def mark_charts(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Make one chart or figure of the short texts within each picture, and one chart of those around a drawing."""
    kept = list(blocks)
    drawings = _drawings(ink, [block.box for block in blocks if block.kind == "table"])
    for box, drawn in [*((box, False) for box in ink.pictures), *((box, True) for box in drawings)]:
        if box.area > _MOST * ink.width * ink.height:
            continue
        within = [block for block in kept if block.kind in _KINDS and box.holds(block.box.x, block.box.y)]
        labels = [block for block in within if not CAPTION.match(block.text)]
        lines = [row.text for label in labels for row in label.ink]
        chart = is_chart(lines)
        short = len(labels) >= _LABELS and all(len(label.text) <= _LABEL_CHARACTERS for label in labels)
        if not labels or not (chart or short and not drawn):
            continue
        place = next(number for number, block in enumerate(kept) if block is labels[0])
        printed = [row for label in labels for row in label.ink]
        placed = stacked(whole(label.text, label.box) for label in labels)
        figure = Block("chart" if chart else "figure", labels[0].page, box, placed, ink=printed)
        kept = [*kept[:place], figure, *without(kept[place:], labels)]
    return kept


def is_chart(lines: Sequence[str]) -> bool:
    """Say whether lines are the labels of a chart: short ones, many of them a number alone."""
    numbers = sum(1 for line in lines if _NUMBER.fullmatch(line))
    enough = numbers >= max(_NUMBERS, _NUMBERS_SHARE * len(lines))
    return enough and all(len(line) <= _LABEL_CHARACTERS for line in lines)


def _drawings(ink: Ink, tables: Sequence[Rectangle]) -> list[Rectangle]:
    """Give the places of shapes that stand together, with room for labels around them."""
    groups: list[tuple[Rectangle, int]] = []  # the place of each, and how many shapes stand there
    for shape in sorted([*(panel.box for panel in ink.panels), *ink.rules], key=lambda box: box.y0):
        near = [group for group in groups if _touch(group[0], shape)]
        groups = [group for group in groups if group not in near]
        groups.append((union([shape, *(box for box, _ in near)]), 1 + sum(count for _, count in near)))
    places = [box for box, count in groups if count > _SHAPES]
    return [
        Rectangle(place.x0 - _AROUND, place.y0 - _AROUND, place.x1 + _AROUND, place.y1 + _AROUND)
        for place in places
        if not any(place.overlap(table) for table in tables) and min(place.width, place.height) > _AROUND
    ]


def _touch(box: Rectangle, other: Rectangle) -> bool:
    return box.shared_x(other) > -_NEAR and box.shared_y(other) > -_NEAR
