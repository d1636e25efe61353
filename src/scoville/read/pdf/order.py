"""Rectangles on a page in, the order in which people read them out: cut at the widest gaps, rows before columns.

Knows no text. The same cuts serve slides, which have few boxes, and columns of print, where the order in which the
file draws them says which cut is right.
"""

from collections.abc import Sequence

from scoville.read.pdf.lines import Rectangle
from scoville.types import Box


def reading_order(boxes: Sequence[Box | Rectangle | None], drawn: Sequence[int] = ()) -> list[int]:
    """Give the indexes of the boxes in reading order; those without a place come last, as they are.

    Where ``drawn`` says which is drawn how early, columns come before rows if they agree better with that.
    """
    known = {number: box for number, box in enumerate(boxes) if box is not None}
    return [*_ordered([*known], known, drawn), *(number for number, box in enumerate(boxes) if box is None)]


def _ordered(numbers: list[int], boxes: dict[int, Box | Rectangle], drawn: Sequence[int]) -> list[int]:
    if len(numbers) < 2:
        return numbers
    cuts = [_cut(numbers, boxes, start, end) for start, end in (("y0", "y1"), ("x0", "x1"))]
    groups = min(
        (groups for groups in cuts if len(groups) > 1), key=lambda groups: _against(groups, drawn), default=None
    )
    if groups:
        return [number for group in groups for number in _ordered(group, boxes, drawn)]
    return sorted(numbers, key=lambda number: (boxes[number].y0, boxes[number].x0))


def _against(groups: Sequence[Sequence[int]], drawn: Sequence[int]) -> int:
    """Count the pairs of different groups that are drawn in the other order."""
    if not drawn:
        return 0
    return sum(
        drawn[early] > drawn[late]
        for place, group in enumerate(groups)
        for following in groups[place + 1 :]
        for early in group
        for late in following
    )


def _cut(numbers: list[int], boxes: dict[int, Box | Rectangle], start: str, end: str) -> list[list[int]]:
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
