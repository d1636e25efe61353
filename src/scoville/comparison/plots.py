"""Plots as SVG text, for a page that loads nothing and has a light and a dark look.

Enters: numbers, names, and a class for each system that the page gives a colour. Leaves: an ``<svg>`` whose every text
is escaped. Knows no runs and no metrics.

Our own rather than a library: Vega-Lite with its renderer and the interpreter that strict pages need is 0.8 MB of
script in every page, Matplotlib 40 MB of packages whose SVG has fixed colours; pygal is under the LGPL and loads a
script. None keeps labels apart.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from typing import NamedTuple

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 66, 28, 14, 48
CHARACTER, LINE = 8.2, 17
"""Of a label, about, where it is largest: on a phone, where the plot is small."""
TICKS = 5
ROUND = (1, 2, 2.5, 5, 10)
WIDE = 40
"""Values that differ by more are drawn on a logarithmic axis."""
STYLE = (
    "body{font:15px sans-serif;max-width:46em}.curve{fill:none;stroke:#26c;stroke-width:2}.curve.second{stroke:#c50}"
    ".grid,.base{stroke:#bbb}.legend{list-style:none;padding:0}text{font-size:12px}"
    ".key{display:inline-block;width:1em;height:.6em;margin-right:.4em;background:#26c}.key.second{background:#c50}"
)
Write = Callable[[float], str]


class Point(NamedTuple):
    """A place in a plot."""

    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Series:
    """What is drawn of one system."""

    name: str
    colour: str
    """The class that the page gives a colour to."""
    points: Sequence[Point]
    span: tuple[float, float] | None = None
    """The interval of the only point, from low to high."""
    filled: bool = True


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Maps values to pixels, with ticks at round numbers."""

    title: str
    low: float
    high: float
    write: Write = str
    start: float = 0.0
    end: float = 1.0
    log: bool = False
    ticks: tuple[float, ...] = field(default=())

    def at(self, value: float) -> float:
        """Give the pixel of a value."""
        low, high, value = (log10(one) if self.log else one for one in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def axis(title: str, values: Iterable[float], write: Write, *, across: bool, share: bool = False) -> Axis:
    """Make an axis that holds the values; a share goes from 0 to 1, others from 0, or by powers of ten."""
    start, end = (LEFT, WIDTH - RIGHT) if across else (HEIGHT - BOTTOM, TOP)
    found = [*values]
    low, high = min(found, default=0.0), max(found, default=0.0)
    log = not share and low > 0 and high / low > WIDE
    if log:
        ticks = _log_ticks(low, high)
    else:
        ticks = _ticks(min(0.0, low), 1.0 if share else max(high, 0.0))
    return Axis(
        title=title, low=ticks[0], high=ticks[-1], write=write, start=start, end=end, log=log, ticks=tuple(ticks)
    )


def page(title: str, figures: Iterable[str]) -> str:
    """Write a page of its own, with curves of the classes ``first`` and ``second``."""
    shown, body = escape(title), "".join(figures)
    return f"<!doctype html><meta charset=utf-8><title>{shown}</title><style>{STYLE}</style><h1>{shown}</h1>{body}\n"


def lines(series: Sequence[Series], across: Axis, up: Axis, *, title: str) -> str:
    """Draw a curve for each system, with its name at the end; empty text without a point."""
    drawn = [one for one in series if one.points]
    if not drawn:
        return ""
    body: list[str] = []
    for one in drawn:
        path = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in one.points)
        body.append(
            f'<polyline class="curve {one.colour}" points="{path}"><title>{escape(one.name)}</title></polyline>'
        )
    return _svg(title, across, up, body, _names(drawn) if len(drawn) > 1 else "")


def scatter(series: Sequence[Series], across: Axis, up: Axis, *, title: str, front: Iterable[Point] = ()) -> str:
    """Draw a point for each system with its interval, its name beside it; ``front`` is joined by a line of steps."""
    drawn = [one for one in series if one.points]
    if not drawn:
        return ""
    body = [_steps(sorted(front), across, up)]
    places = [(across.at(one.points[0].x), up.at(one.points[0].y)) for one in drawn]
    for one, (left, top) in zip(drawn, places, strict=True):
        if one.span:
            low, high = (up.at(limit) for limit in one.span)
            body.append(f'<line class="whisker {one.colour}" x1="{left:.1f}" x2="{left:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>')  # fmt: skip  # noqa: E501
        kind = "dot" if one.filled else "dot hollow"
        value = f"{up.write(one.points[0].y)}, {across.write(one.points[0].x)}"
        body.append(f'<circle class="{kind} {one.colour}" cx="{left:.1f}" cy="{top:.1f}" r="6"><title>{escape(one.name)}: {escape(value)}</title></circle>')  # fmt: skip  # noqa: E501
    spans = [(left - 3, up.at(one.span[1]), left + 3, up.at(one.span[0])) for one, (left, _) in zip(drawn, places, strict=True) if one.span]  # fmt: skip  # noqa: E501
    labels, missed = _labels([one.name for one in drawn], places, spans)
    return _svg(title, across, up, [*body, *labels], _names([drawn[place] for place in missed]))


def interval(
    mean: float | None, low: float | None, high: float | None, bounds: tuple[float, float], colour: str
) -> str:
    """Draw a mean within its interval as a bar of full width; the numbers stand beside it."""
    least, most = bounds

    def at(value: float) -> float:
        return 100 * min(max((value - least) / (most - least), 0), 1)

    zero = f'<line class="zero" x1="{at(0):.1f}" x2="{at(0):.1f}" y1="0" y2="12"/>' if least < 0 < most else ""
    band = "" if low is None or high is None else f'<rect class="band {colour}" x="{at(low):.1f}" y="3" width="{max(at(high) - at(low), 1):.1f}" height="6"/>'  # fmt: skip  # noqa: E501
    mark = "" if mean is None else f'<line class="mark {colour}" x1="{at(mean):.1f}" x2="{at(mean):.1f}" y1="0" y2="12"/>'  # fmt: skip  # noqa: E501
    return (
        f'<svg class="interval" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" x="0" y="5" width="100" height="2"/>{zero}{band}{mark}</svg>'
    )


def parts(seconds: Sequence[tuple[str, float]]) -> str:
    """Draw times that follow one another as one bar, each with a class of its own."""
    whole = sum(value for _, value in seconds)
    if whole <= 0:
        return ""
    body, start = "", 0.0
    for name, value in seconds:
        body += f'<rect class="part {name}" x="{100 * start / whole:.2f}" y="0" width="{100 * value / whole:.2f}" height="8"/>'  # fmt: skip  # noqa: E501
        start += value
    return f'<svg class="parts" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{body}</svg>'


def _ticks(low: float, high: float) -> list[float]:
    """Give round numbers, evenly spaced, the first below all and the last above."""
    if high <= low:
        high = low + 1
    rough = (high - low) / TICKS
    power = 10 ** floor(log10(rough))
    step = next(power * factor for factor in ROUND if power * factor >= rough * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Give powers of ten, with 2 and 5 between them where there is room, the first below all and the last above."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    factors = (1,) if len(powers) > TICKS else (1, 2, 5)
    every = [factor * 10.0**power for power in powers for factor in factors]
    inside = [tick for tick in every if low < tick < high]
    return [max(tick for tick in every if tick <= low), *inside, min(tick for tick in every if tick >= high)]


def _steps(front: Sequence[Point], across: Axis, up: Axis) -> str:
    if len(front) < 2:
        return ""
    path = f"M{across.at(front[0].x):.1f},{up.at(front[0].y):.1f}"
    for _, other in pairwise(front):
        path += f"H{across.at(other.x):.1f}V{up.at(other.y):.1f}"
    return f'<path class="front" d="{path}"/>'


def _labels(
    names: Sequence[str], places: Sequence[tuple[float, float]], spans: Sequence[tuple[float, float, float, float]]
) -> tuple[list[str], list[int]]:
    """Put each name where it covers no point, no span, no name and no edge; give those for which there is no place."""
    taken = [(left - 7, top - 7, left + 7, top + 7) for left, top in places] + [*spans]
    drawn: list[str] = []
    missed: list[int] = []
    for place, (name, (left, top)) in enumerate(zip(names, places, strict=True)):
        wide = CHARACTER * len(name)
        for x, y in (
            (left + 11, top + 4), (left - 11 - wide, top + 4), (left + 9, top - 9), (left - 9 - wide, top - 9),
            (left - wide / 2, top - 12), (left - wide / 2, top + 21),
        ):  # fmt: skip
            box = (x, y - LINE + 3, x + wide, y + 3)
            within = box[0] >= LEFT and box[2] <= WIDTH and box[1] >= 0 and box[3] < HEIGHT - BOTTOM
            if within and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                drawn.append(f'<text class="name" x="{x:.1f}" y="{y:.1f}">{escape(name)}</text>')
                break
        else:
            missed.append(place)
    return drawn, missed


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _names(series: Sequence[Series]) -> str:
    """Write a legend below the plot."""
    keys = "".join(f'<li><i class="key {one.colour}"></i>{escape(one.name)}</li>' for one in series)
    return f'<ul class="legend">{keys}</ul>' if keys else ""


def _svg(title: str, across: Axis, up: Axis, body: Iterable[str], legend: str) -> str:
    bottom, middle = HEIGHT - BOTTOM, (TOP + HEIGHT - BOTTOM) / 2
    grid = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up.at(tick):.1f}" y2="{up.at(tick):.1f}"/>'
        f'<text class="tick" x="{LEFT - 8}" y="{up.at(tick) + 4:.1f}" text-anchor="end">{escape(up.write(tick))}</text>'
        for tick in up.ticks
    ]
    texts = [(across.at(tick), across.write(tick)) for tick in across.ticks]
    last = -WIDTH
    for left, text in texts:  # those that would touch the one before are left out
        half = CHARACTER * len(text) / 2
        if left - half > last + 4:
            grid.append(
                f'<text class="tick" x="{left:.1f}" y="{bottom + 18}" text-anchor="middle">{escape(text)}</text>'
            )
            last = left + half
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(grid)}'
        f'<line class="base" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>{"".join(body)}'
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">'
        f"{escape(across.title)}</text>"
        f'<text class="axis" transform="translate(12 {middle:.0f}) rotate(-90)" text-anchor="middle">{escape(up.title)}'
        f"</text></svg>{legend}</figure>"
    )
