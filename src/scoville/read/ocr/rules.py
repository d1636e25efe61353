"""Ruled lines of a scanned page: its picture in, lines out, for the layout reader's tables.

Print has no straight dark run as long as a ruling, so runs are all it takes. Coordinates are pixels.
"""

from typing import TYPE_CHECKING, Any

from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image

_DARK = 170
_LEAST_INCHES = 0.35
_GAPS = 0.04
"""Of a run, that may be light: scans are noisy."""
_MOST_INCHES = 0.04
"""A thicker run is an area or a bar."""
MOST_RULES = 400


def find_rules(image: "Image", dots_per_inch: float) -> list[Rectangle]:
    """Find horizontal and vertical lines; none where there are so many that the page is a drawing."""
    import numpy

    dark = numpy.asarray(image.convert("L")) < _DARK
    length = max(round(_LEAST_INCHES * dots_per_inch), 10)
    thickest = max(_MOST_INCHES * dots_per_inch, 3)
    across = _runs(dark, length, thickest)
    down = [Rectangle(y0, x0, y1, x1) for x0, y0, x1, y1 in _runs(dark.T, length, thickest)]
    rules = across + down
    return rules if len(rules) <= MOST_RULES else []


def _runs(dark: Any, length: int, thickest: float) -> list[Rectangle]:
    """Find long dark runs along the rows of an array ``[rows, columns]``; runs of neighbouring rows are one line."""
    import numpy

    if dark.shape[1] <= length:
        return []
    counts = numpy.zeros((dark.shape[0], dark.shape[1] + 1), numpy.int32)
    numpy.cumsum(dark, axis=1, out=counts[:, 1:])
    full = counts[:, length:] - counts[:, :-length] >= (1 - _GAPS) * length
    lines: list[list[float]] = []
    for row in numpy.flatnonzero(full.any(axis=1)):
        edges = numpy.flatnonzero(numpy.diff(numpy.concatenate(([0], full[row].astype(numpy.int8), [0]))))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
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
