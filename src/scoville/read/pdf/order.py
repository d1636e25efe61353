"""Rectangles on a page in, the order in which people read them out: cut at the widest gaps, rows before columns.

Knows no text. The same cuts serve slides, which have few boxes, and no more than that.
"""

from collections.abc import Sequence

from scoville.types import Box


def reading_order(boxes: Sequence[Box | None]) -> list[int]:
    """Give the indexes of the boxes in reading order; those without a place come last, as they are."""
    placed = [number for number, box in enumerate(boxes) if box is not None]
    known = {number: box for number, box in enumerate(boxes) if box is not None}
    return [*_ordered(placed, known), *(number for number, box in enumerate(boxes) if box is None)]


def _ordered(numbers: list[int], boxes: dict[int, Box]) -> list[int]:
    if len(numbers) < 2:
        return numbers
    for start, end in (("y0", "y1"), ("x0", "x1")):
        groups = _cut(numbers, boxes, start, end)
        if len(groups) > 1:
            return [number for group in groups for number in _ordered(group, boxes)]
    return sorted(numbers, key=lambda number: (boxes[number].y0, boxes[number].x0))


def _cut(numbers: list[int], boxes: dict[int, Box], start: str, end: str) -> list[list[int]]:
    """Part boxes where a line crosses none of them; they may overlap by a tenth of the smaller."""
    groups: list[list[int]] = []
    reach = 0.0
    for number in sorted(numbers, key=lambda number: getattr(boxes[number], start)):
        first, last = getattr(boxes[number], start), getattr(boxes[number], end)
        if groups and first < reach - 0.1 * min(last - first, reach):
            groups[-1].append(number)
        else:
            groups.append([number])
        reach = max(reach, last)
    return groups
