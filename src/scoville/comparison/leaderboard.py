"""Systems in the order of their quality, with what cannot be told apart.

Enters: the scores of systems on the same cases, and what else is known of each: dollars, seconds, build cost. Leaves:
a table whose rows say how sure each mean is, who is best, and who is not distinguishable from the best. Knows no runs.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from scoville.errors import UsageError
from scoville.evaluate.paired import ALPHA, Comparison, compare, holm, same_ids
from scoville.evaluate.rightness import HEADLINE
from scoville.evaluate.shown import Unit, between, difference, unit_of, written
from scoville.evaluate.statistics import Estimate, estimate
from scoville.types import Score

Standing = Literal["best", "not distinguishable", "behind", "answers nothing", "unscored"]
Cell = float | int | str | None
Aim = Literal["max", "min"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One system."""

    system: str
    quality: Estimate
    coverage: float
    """The share of the cases that it has a score for."""
    standing: Standing
    to_best: Comparison | None = None
    """This system less the best, on the cases that both have a score for; None of the best."""
    p: float | None = None
    """Of no difference to the best, adjusted for the number of systems (Holm); None where no case has both."""
    needed: int | None = None
    """How many cases would tell it from the best; None where that is told, or nothing differs."""
    columns: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    """What else is known of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaderboard:
    """Systems, the best first, those without a score last."""

    metric: str
    cases: int
    rows: tuple[Row, ...]
    by: str = ""
    """What cases stand and fall together by, where it is known: ``document``, ``page``."""

    @property
    def json(self) -> dict[str, Any]:
        """Give all of it for a program."""
        return asdict(self)

    @property
    def markdown(self) -> str:
        """Write it as a Markdown table."""
        head, *rows = self.cells
        lines = [f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in (head, *rows)]
        return "\n".join([lines[0], f"|---{'|--:' * (len(head) - 1)}|", *lines[1:], "", self.note, ""])

    @property
    def text(self) -> str:
        """Write it for a terminal."""
        cells = self.cells
        widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in cells]
        return "\n".join([*lines, "", self.note])

    @property
    def note(self) -> str:
        """Say how to read it."""
        # By page, with 4 to 9 documents, 95 % intervals hold the mean of other documents in 62 to 84 % of simulations.
        scope = " for these documents, not for others" if self.by == "page" else ""
        return (
            f"{self.cases} cases; intervals hold 95 %{scope}; p: paired with the best, adjusted for "
            f"{max(len(self.rows) - 1, 0)} comparisons; not distinguishable: p over {ALPHA:g}; "
            "cases needed: to tell, with 80 % power"
        )

    @property
    def cells(self) -> list[list[str]]:
        """Give the rows of its table, the head first."""
        extra = list(dict.fromkeys(name for row in self.rows for name in row.columns))
        head = ["system", self.metric, "95 %", "n", "unscored", "to the best", "p", "standing", "cases needed", *extra]
        return [
            head,
            *(
                [*_fixed(row, unit_of(self.metric)), *(_shown(row.columns.get(name)) for name in extra)]
                for row in self.rows
            ),
        ]


def leaderboard(
    scores: Mapping[str, Mapping[str, Sequence[Score]]],
    *,
    metric: str = "quality",
    clusters: Mapping[str, Hashable] | None = None,
    by: str = "",
    columns: Mapping[str, Mapping[str, Cell]] | None = None,
    higher_is_better: bool = True,
    low: float = 0.0,
    high: float | None = 1.0,
) -> Leaderboard:
    """Rank systems by a metric from their scores: system → case → scores.

    By ``quality`` a system that answers no question rightly stands behind those that do: refusing everything is worth
    something where many questions have no answer, but it is no answer. A case for which no system has the metric is
    left out: it does not apply. UsageError where systems have different
    cases, no score at all, or values that mean different things: other versions of the metric, other judges, a
    headline that was taken from other metrics.
    """
    values = _values(scores, metric)
    cases = list(next(iter(values.values())))
    labels = [clusters[case] for case in cases] if clusters is not None else None
    quality = {
        name: estimate([found[case] for case in cases], labels, low=low, high=high) for name, found in values.items()
    }
    sign = -1.0 if higher_is_better else 1.0
    idle = {name for name in values if metric == "quality" and _answers_nothing(scores[name])}
    idle = idle if len(idle) < len(values) else set[str]()  # of none that answer, none stands behind
    ranked = sorted(values, key=lambda name: (name in idle, _rank(quality[name], sign, name)))
    best = ranked[0]
    compared = {name: compare(values[best], values[name], clusters) for name in ranked[1:]}
    scored = [name for name, found in compared.items() if found.n]
    adjusted = dict(zip(scored, holm([compared[name].p for name in scored]), strict=True))
    return Leaderboard(
        metric=metric,
        cases=len(cases),
        by=by,
        rows=tuple(
            _row(
                name,
                quality[name],
                compared.get(name),
                adjusted.get(name),
                "best" if name == best else "answers nothing" if name in idle else None,
                (columns or {}).get(name, {}),
            )  # fmt: skip
            for name in ranked
        ),
    )


def pareto(rows: Mapping[str, Mapping[str, Cell]], objectives: Mapping[str, Aim]) -> tuple[str, ...]:
    """Name the rows that no other beats: none is as good in every objective and better in one.

    A row without a number for an objective is not named: what it costs is not known. Equal rows are all named.
    """
    numbers: dict[str, list[float]] = {}
    for name, row in rows.items():
        found = [row.get(objective) for objective in objectives]
        if all(isinstance(value, int | float) for value in found):
            signs = (1 if aim == "max" else -1 for aim in objectives.values())
            numbers[name] = [
                sign * value for sign, value in zip(signs, found, strict=True) if not isinstance(value, str | None)
            ]
    return tuple(
        name
        for name, own in numbers.items()
        if not any(
            other != own and all(theirs >= mine for theirs, mine in zip(other, own, strict=True))
            for other in numbers.values()
        )
    )


def _values(scores: Mapping[str, Mapping[str, Sequence[Score]]], metric: str) -> dict[str, dict[str, float | None]]:
    """Give each system's value for each case that the metric applies to; None: unscored."""
    if not scores:
        raise UsageError("no systems to compare; name at least one run")
    first, *others = scores
    for other in others:
        try:
            same_ids(scores[first], scores[other])
        except UsageError as error:
            raise UsageError(f"{first} and {other}: {error}") from None
    found = {
        name: {case: score for case, given in cases.items() for score in given if score.metric == metric}
        for name, cases in scores.items()
    }
    _same_measure(found, metric)
    applies = [case for case in scores[first] if any(case in cases for cases in found.values())]
    return {
        name: {case: cases[case].value if case in cases else None for case in applies} for name, cases in found.items()
    }


def _same_measure(found: Mapping[str, Mapping[str, Score]], metric: str) -> None:
    """Raise UsageError unless there are values, and all mean the same."""
    given = [score for cases in found.values() for score in cases.values()]
    if all(score.value is None for score in given):
        raise UsageError(f"no system has a value of {metric}; score the runs again, or name another metric")
    kinds = [
        ("versions", {str(score.version) for score in given if score.value is not None}),
        ("judges", {score.judge for score in given if score.judge}),
    ]
    if metric in HEADLINE:  # its reason is the metric that it was taken from
        made: dict[str, set[str]] = {}
        for cases in found.values():
            for case, score in cases.items():
                made.setdefault(case, set()).update({score.reason} if score.value is not None else ())
        kinds += [("metrics", names) for names in made.values()]
    for what, seen in kinds:
        if len(seen) > 1:
            named = ", ".join(sorted(seen))
            raise UsageError(f"{metric} has scores of different {what} ({named}): score all runs again with one")


def _rank(quality: Estimate, sign: float, name: str) -> tuple[bool, float, int, str]:
    return quality.mean is None, sign * (quality.mean or 0.0), quality.unscored, name


def _answers_nothing(scores: Mapping[str, Sequence[Score]]) -> bool:
    """Say whether questions have an answer, and none was answered rightly."""
    values = [one.value for found in scores.values() for one in found if one.metric == "answered_right"]
    known = [value for value in values if value is not None]
    return bool(known) and not any(known)


def _row(
    name: str, quality: Estimate, to_best: Comparison | None, p: float | None, place: Standing | None,
    columns: Mapping[str, Cell],
) -> Row:  # fmt: skip
    told = p is not None and p <= ALPHA
    standing = place or ("unscored" if quality.mean is None else "behind" if told else "not distinguishable")
    total = quality.n + quality.unscored
    return Row(
        system=name, quality=quality, coverage=quality.n / total if total else 0.0, standing=standing, to_best=to_best,
        p=p, needed=None if told or not to_best else to_best.needed, columns=columns,
    )  # fmt: skip


def _fixed(row: Row, unit: Unit) -> list[str]:
    found = row.quality
    return [
        row.system,
        written(found.mean, unit),
        "" if found.low is None or found.high is None else between(found.low, found.high, unit),
        str(found.n),
        str(found.unscored or ""),
        gap(row.to_best, unit) if row.to_best else "",
        "" if row.p is None else "< 0.001" if row.p < 0.001 else f"{row.p:.3f}",
        row.standing,
        f"{row.needed:,}" if row.needed else "",
    ]


def gap(found: Comparison, unit: Unit) -> str:
    """Write by how much two systems differ, with the interval."""
    if found.difference is None:
        return "–"
    limits = [difference(limit, unit).removesuffix(" points") for limit in (found.low, found.high) if limit is not None]
    within = f" ({limits[0]} to {limits[1]})" if len(limits) == 2 else ""
    return f"{difference(found.difference, unit)}{within}"


def _shown(value: Cell) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else value


def _escaped(cell: str) -> str:
    return " ".join(cell.replace("|", "\\|").split())
