"""Small plots as SVG text, for a page that loads nothing.

Enters: numbers and labels. Leaves: an ``<svg>`` whose every text is escaped. Knows no runs and no metrics.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 420, 220
LEFT, BOTTOM, TOP, RIGHT = 52, 34, 12, 14
COLOURS = ("#b5341f", "#2f6f8f", "#5b8c3a", "#8a5aa8", "#c98a1b", "#4a4a4a", "#1b998b", "#d45087")
BINS = 20
TICKS = 4


class Point(NamedTuple):
    """A place in a plot."""

    x: float
    y: float
    label: str = ""


class _Axis(NamedTuple):
    """Maps values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        return [self.low + (self.high - self.low) * step / TICKS for step in range(TICKS + 1)]


def histogram(values: Sequence[float], *, title: str, x: str) -> str:
    """Draw how often values fall into equal ranges; empty text without values."""
    if not values:
        return ""
    low, high = min(values), max(values)
    step = (high - low) / BINS or 1.0
    counts = [0] * BINS
    for value in values:
        counts[min(int((value - low) / step), BINS - 1)] += 1
    across, up = _axes(low, low + step * BINS, 0, max(counts))
    wide = max(across.at(low + step) - across.at(low) - 1, 1)
    bars = [
        f'<rect x="{across.at(first) + 0.5:.1f}" y="{up.at(count):.1f}" width="{wide:.1f}" '
        f'height="{up.at(0) - up.at(count):.1f}" fill="{COLOURS[1]}">'
        f"<title>{_short(first)}–{_short(first + step)}: {count}</title></rect>"
        for first, count in ((low + step * place, count) for place, count in enumerate(counts) if count)
    ]
    return _svg(title, x, "cases", across, up, bars)


def lines(curves: Sequence[tuple[str, Sequence[Point]]], *, title: str, x: str, y: str) -> str:
    """Draw curves with a legend; empty text without a point."""
    drawn = [(name, points) for name, points in curves if points]
    if not drawn:
        return ""
    across, up = _bounds([point for _, points in drawn for point in points])
    body: list[str] = []
    for number, (name, points) in enumerate(drawn):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{across.at(point.x):.1f},{up.at(point.y):.1f}" for point in points)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        body.append(_legend(number, name, colour))
    return _svg(title, x, y, across, up, body)


def scatter(points: Sequence[Point], *, title: str, x: str, y: str, best: Iterable[str] = ()) -> str:
    """Draw labelled points; those named in ``best`` are filled. Empty text without a point."""
    if not points:
        return ""
    filled = set(best)
    across, up = _bounds(points)
    body: list[str] = []
    for number, point in enumerate(points):
        colour = COLOURS[number % len(COLOURS)]
        fill = colour if point.label in filled else "none"
        left, top = across.at(point.x), up.at(point.y)
        body.append(
            f'<circle cx="{left:.1f}" cy="{top:.1f}" r="5" fill="{fill}" stroke="{colour}" stroke-width="1.8">'
            f"<title>{escape(point.label)}: {_short(point.x)}, {_short(point.y)}</title></circle>"
        )
        body.append(_legend(number, point.label, colour))
    return _svg(title, x, y, across, up, body)


def _bounds(points: Sequence[Point]) -> tuple[_Axis, _Axis]:
    xs, ys = [point.x for point in points], [point.y for point in points]
    return _axes(min(0.0, *xs), max(xs), min(0.0, *ys), max(ys))


def _axes(left: float, right: float, bottom: float, top: float) -> tuple[_Axis, _Axis]:
    across = _Axis(left, right if right > left else left + 1, LEFT, WIDTH - RIGHT)
    return across, _Axis(bottom, top if top > bottom else bottom + 1, HEIGHT - BOTTOM, TOP)


def _legend(number: int, name: str, colour: str) -> str:
    place = f'x="{WIDTH - RIGHT - 4}" y="{TOP + 12 + 13 * number}"'
    return f'<text {place} class="legend" fill="{colour}">{escape(name)}</text>'


def _svg(title: str, x: str, y: str, across: _Axis, up: _Axis, body: Iterable[str]) -> str:
    grid = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up.at(tick):.1f}" y2="{up.at(tick):.1f}" class="grid"/>'
        f'<text x="{LEFT - 6}" y="{up.at(tick) + 4:.1f}" class="tick left">{_short(tick)}</text>'
        for tick in up.ticks()
    ] + [
        f'<text x="{across.at(tick):.1f}" y="{HEIGHT - BOTTOM + 14}" class="tick">{_short(tick)}</text>'
        for tick in across.ticks()
    ]
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{"".join(grid)}{"".join(body)}'
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 4}" class="tick">{escape(x)}</text>'
        f'<text transform="translate(12 {(HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)" class="tick">{escape(y)}</text>'
        "</svg></figure>"
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
