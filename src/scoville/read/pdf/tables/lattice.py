"""What is drawn on a page in, the grids that it makes out: cells with their rows and columns.

The sides of cells are rulings and the edges of coloured or framed areas. A cell is the smallest rectangle with four
sides; cells that touch are a grid. Knows no text.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import NamedTuple

from scoville.read.pdf.ink import Ink
from scoville.read.pdf.lines import Rectangle, union

_NEAR = 6.0
"""Points: sides that are nearer are one. The ground of a paragraph ends so far from its cell's."""
_SHORT = 4.0
"""Points by which a side may end before the one that it meets."""
_MOST_SIDES = 2_000
"""More are a drawing."""
_MOST_OPEN = 0.6
_Corner = tuple[float, float]


class Side(NamedTuple):
    """A straight piece of a cell's frame: where it stands, and from where to where it goes."""

    place: float
    start: float
    end: float


class DrawnCell(NamedTuple):
    """A cell: its first row and column, how many it takes, and where it stands."""

    row: int
    column: int
    rows: int
    columns: int
    box: Rectangle


def find_grids(ink: Ink) -> list[list[DrawnCell]]:
    """Find the grids of two rows and two columns or more."""
    across = [Side(rule.y, rule.x0, rule.x1) for rule in ink.rules if not rule.upright]
    down = [Side(rule.x, rule.y0, rule.y1) for rule in ink.rules if rule.upright]
    for (x0, y0, x1, y1), *_ in ink.panels:
        across += [Side(y0, x0, x1), Side(y1, x0, x1)]
        down += [Side(x0, y0, y1), Side(x1, y0, y1)]
    if len(across) + len(down) > _MOST_SIDES:
        return []
    across, down = _joined(across), _joined(down)
    grids = [_numbered(_closed(boxes, across, down)) for boxes in _touching(_cells(across, down))]
    return [grid for grid in grids if grid]


def _numbered(boxes: Sequence[Rectangle]) -> list[DrawnCell]:
    xs = sorted({x for box in boxes for x in (box.x0, box.x1)})
    ys = sorted({y for box in boxes for y in (box.y0, box.y1)})
    if len(xs) < 3 or len(ys) < 3:
        return []
    grid: list[DrawnCell] = []
    for box in boxes:
        left, right, top, bottom = xs.index(box.x0), xs.index(box.x1), ys.index(box.y0), ys.index(box.y1)
        grid.append(DrawnCell(top, left, bottom - top, right - left, box))
    return grid


def _joined(sides: Sequence[Side]) -> list[Side]:
    """Make one side of those that stand at one place and touch each other."""
    levels: list[list[Side]] = []
    for side in sorted(sides):
        if levels and side.place - levels[-1][-1].place <= _NEAR:
            levels[-1].append(side)
        else:
            levels.append([side])
    joined: list[Side] = []
    for level in levels:
        parts: list[Side] = []
        place = fmean(side.place for side in level)
        for _, start, end in sorted(level, key=lambda side: side.start):
            if parts and start - parts[-1].end <= _NEAR:
                parts[-1] = Side(place, parts[-1].start, max(parts[-1].end, end))
            else:
                parts.append(Side(place, start, end))
        joined += parts
    return joined


def _cells(across: Sequence[Side], down: Sequence[Side]) -> list[Rectangle]:
    """Find the smallest rectangles whose four sides are drawn."""
    crossings: dict[_Corner, tuple[int, int]] = {}
    on_across: dict[int, list[float]] = defaultdict(list)
    on_down: dict[int, list[float]] = defaultdict(list)
    for i, level in enumerate(across):
        for j, upright in enumerate(down):
            if _reaches(level, upright.place) and _reaches(upright, level.place):
                crossings[upright.place, level.place] = i, j
                on_across[i].append(upright.place)
                on_down[j].append(level.place)
    boxes: list[Rectangle] = []
    for (x0, y0), (top, left) in crossings.items():
        for y1 in sorted(y for y in on_down[left] if y > y0):
            both = set(on_across[top]) & set(on_across[crossings[x0, y1][0]])
            rights = [x for x in both if x > x0 and crossings[x, y0][1] == crossings[x, y1][1]]
            if rights:
                boxes.append(Rectangle(x0, y0, min(rights), y1))
                break
    return boxes


def _reaches(side: Side, place: float) -> bool:
    return side.start - _SHORT <= place <= side.end + _SHORT


def _touching(boxes: Iterable[Rectangle]) -> list[list[Rectangle]]:
    """Group rectangles that share corners."""
    group_of: dict[_Corner, list[Rectangle]] = {}
    for box in boxes:
        corners = _corners(box)
        known = {id(group_of[corner]): group_of[corner] for corner in corners if corner in group_of}
        group = next(iter(known.values()), [])
        for other in [part for part in known.values() if part is not group]:
            group += other
            group_of |= {corner: group for one in other for corner in _corners(one)}
        group.append(box)
        group_of |= dict.fromkeys(corners, group)
    return list({id(group): group for group in group_of.values()}.values())


def _corners(box: Rectangle) -> list[_Corner]:
    return [(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)]


def _closed(boxes: list[Rectangle], across: list[Side], down: list[Side]) -> list[Rectangle]:
    """Close a grid that is open on a side, where most of its lines go on and end together."""
    box = union(boxes)
    level, upright = _missing(down, Rectangle(box.y0, box.x0, box.y1, box.x1)), _missing(across, box)
    if not level and not upright:
        return boxes
    found = _touching(_cells(_joined([*across, *level]), _joined([*down, *upright])))
    return next(group for group in found if any(one.overlap(box) for one in group))


def _missing(sides: Sequence[Side], box: Rectangle) -> list[Side]:
    """Give the sides at the ends of others that cross ``box`` and end at the same place, at its edge or beyond it."""
    own = [side for side in sides if _reaches(Side(0, box.y0, box.y1), side.place) and side.start < box.x < side.end]
    starts, ends = [side.start for side in own], [side.end for side in own]
    missing: list[Side] = []
    for beyond, at_edge in (
        ([x for x in starts if x < box.x0 - _NEAR], [x for x in starts if abs(x - box.x0) <= _NEAR]),
        ([x for x in ends if x > box.x1 + _NEAR], [x for x in ends if abs(x - box.x1) <= _NEAR]),
    ):
        level = beyond or at_edge
        if len(level) >= max(2, _MOST_OPEN * len(own)) and max(level) - min(level) < _NEAR:
            missing.append(Side(fmean(level), box.y0, box.y1))
    return missing
