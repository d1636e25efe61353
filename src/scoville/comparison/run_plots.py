"""The plots of a page: what is right against what it takes, how sure the surest answers are, how soon answers come.

Enters: systems with their runs. Leaves: figures, one each. Knows no template.
"""

from collections.abc import Callable, Iterable, Sequence

from scoville.comparison.leaderboard import pareto
from scoville.comparison.plots import Point, Series, axis, lines, scatter
from scoville.comparison.shown import COST, SECONDS, TITLES, System
from scoville.evaluate.result import Result
from scoville.evaluate.shown import LABELS, Unit, measure, unit_of, written


def run_plots(systems: Sequence[System], metric: str) -> Iterable[str]:
    """Draw what there is to be drawn of these systems."""
    called, unit = LABELS.get(metric, metric), unit_of(metric)
    for name in (COST, SECONDS):
        title = TITLES[name]
        series: list[Series] = []
        for one in systems:
            at, found = measure(one.shown.summary, name), measure(one.shown.summary, metric)
            if at and found and at.mean is not None and found.mean is not None:
                span = None if found.low is None or found.high is None else (found.low, found.high)
                series.append(Series(name=one.name, colour=one.colour, points=[Point(at.mean, found.mean)], span=span))
        if len({one.points[0].x for one in series}) > 1:
            yield _scatter(series, title, unit_of(name), called, unit)
    curves = [
        Series(name=one.name, colour=one.colour, points=[Point(*point) for point in one.shown.risk]) for one in systems
    ]
    up = axis("share of them wrong", [point.y for one in curves for point in one.points], _ticks("share"), across=False)
    yield lines(
        curves, axis("share of the answers given, the surest first", [1.0], _ticks("share"), across=True, share=True),
        up,
        title="Wrong answers, if only the surest are given",
    )  # fmt: skip
    times = [Series(name=one.name, colour=one.colour, points=_within(one.shown.results.values())) for one in systems]
    across = axis(
        "time from the question", [point.x for one in times for point in one.points], _ticks("seconds"), across=True
    )
    yield lines(
        times, across, axis("share of the answers", [], _ticks("share"), across=False, share=True),
        title="Answers that are there within a time",
    )  # fmt: skip


def _scatter(series: Sequence[Series], title: str, unit: Unit, called: str, of: Unit) -> str:
    """Draw what is right against what it takes; those that no other beats in both are joined."""
    places = {one.name: {"x": one.points[0].x, "y": one.points[0].y} for one in series}
    front = pareto(places, {"x": "min", "y": "max"})
    drawn = [
        Series(name=one.name, colour=one.colour, points=one.points, span=one.span, filled=one.name in front)
        for one in series
    ]
    across = axis(title, [one.points[0].x for one in series], _ticks(unit), across=True)
    heights = [limit for one in series for limit in (one.span or (one.points[0].y,))]
    up = axis(called, heights, _ticks(of), across=False)
    joined = [one.points[0] for one in series if one.name in front]
    return scatter(drawn, across, up, title=f"{called} against {title}", front=joined)


def _within(results: Iterable[Result]) -> list[Point]:
    """Give for each time the share of the answers that took no longer."""
    seconds = sorted(total for one in results if not one.error and (total := one.seconds.get("total")) is not None)
    points = [Point(value, (place + 1) / len(seconds)) for place, value in enumerate(seconds)]
    return [Point(seconds[0], 0.0), *points] if points else []


def _ticks(unit: Unit) -> Callable[[float], str]:
    """Give what writes the round numbers of an axis."""
    if unit in ("seconds", "usd"):
        return lambda value: f"{value:g} s" if unit == "seconds" else f"${value:g}"
    return lambda value: written(value, unit)
