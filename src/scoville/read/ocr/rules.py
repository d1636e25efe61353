"""Ruled lines of a scanned page: its picture in, lines out, for the layout reader's tables.

A line is where shades meet along a straight run: those of a ruling and the paper, of whatever colours, or of two areas,
as the rows and cells of a table that is coloured instead of ruled. Print has no run as long. Coordinates are pixels.
"""

from typing import TYPE_CHECKING, Any

from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image

_EDGE = 12
"""Shades of grey, of 255, between the two sides of an edge."""
_LEAST_INCHES = 0.35
_GAPS = 0.04
"""Of a run, that may be light: scans are noisy."""
_MOST_INCHES = 0.04
"""A thicker run is a shadow or a slope."""
MOST_RULES = 400


def find_rules(image: "Image", dots_per_inch: float) -> list[Rectangle]:
    """Find horizontal and vertical lines; none where there are so many that the page is a drawing."""
    import numpy

    grey = numpy.asarray(image.convert("L"), numpy.int16)
    length = max(round(_LEAST_INCHES * dots_per_inch), 10)
    thickest = max(_MOST_INCHES * dots_per_inch, 3)
    across = _runs(_edges(grey), length, thickest)
    down = [Rectangle(y0, x0, y1, x1) for x0, y0, x1, y1 in _runs(_edges(grey.T), length, thickest)]
    rules = across + down
    return rules if len(rules) <= MOST_RULES else []


def _edges(grey: Any) -> Any:
    """Say for each pixel of ``[rows, columns]`` whether those above and below differ."""
    import numpy

    return numpy.pad(numpy.abs(grey[2:] - grey[:-2]) >= _EDGE, ((1, 1), (0, 0)))


def _runs(edges: Any, length: int, thickest: float) -> list[Rectangle]:
    """Find long runs along the rows of an array ``[rows, columns]``; runs of neighbouring rows are one line."""
    import numpy

    if edges.shape[1] <= length:
        return []
    counts = numpy.zeros((edges.shape[0], edges.shape[1] + 1), numpy.int32)
    numpy.cumsum(edges, axis=1, out=counts[:, 1:])
    full = counts[:, length:] - counts[:, :-length] >= (1 - _GAPS) * length
    lines: list[list[float]] = []
    for row in numpy.flatnonzero(full.any(axis=1)):
        ends = numpy.flatnonzero(numpy.diff(numpy.concatenate(([0], full[row].astype(numpy.int8), [0]))))
        for start, end in zip(ends[::2], ends[1::2], strict=True):
            _add(lines, float(start), float(end - 1 + length), float(row))
    return [Rectangle(x0, y0, x1, y1 + 1) for x0, y0, x1, y1 in lines if y1 + 1 - y0 <= thickest]


def _add(lines: list[list[float]], start: float, end: float, row: float) -> None:
    for line in reversed(lines):
        if line[3] < row - 2:
            continue
        if start < line[2] and end > line[0]:
            line[0], line[2], line[3] = min(line[0], start), max(line[2], end), row
            return
    lines.append([start, row, end, row])
