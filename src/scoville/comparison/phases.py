"""What each phase of customisation is worth and what it takes, in one table.

Enters: the compared systems of the phases and what building them took. Leaves: rows, the break-even, text, JSON. Knows
no models.

``wrong`` is the share of all questions that got an answer which is not right: what a refusal would have spared. Without
a judge, that is what can be said of hallucination, and it holds for phases without passages too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from scoville.comparison.break_even import Economy, break_even_json, break_even_text
from scoville.comparison.leaderboard import Row
from scoville.comparison.side_by_side import Compared
from scoville.comparison.systems import Table
from scoville.evaluate.judge.lane import is_refusal
from scoville.evaluate.rightness import ANSWERED, QUALITY, REFUSED
from scoville.evaluate.runs import Run
from scoville.evaluate.shown import between, written

HEAD = (
    "phase", "answered rightly", "refused rightly", "wrong", "$ / 1,000", "p50", "p95", "build", "build $", "rows",
    "after a change", "quality", "standing",
)  # fmt: skip
GOOD = ("best", "not distinguishable")


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """What it takes to have a phase, and to have it again."""

    build_seconds: float | None = None
    """None: not known."""
    build_usd: float | None = None
    rows: int = 0
    """Examples that it was trained on."""
    change_seconds: float | None = None
    """Until its answers are right again when a document changed."""
    change_usd: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseRow:
    """One phase."""

    phase: str
    answered_right: float | None
    refused_right: float | None
    wrong: float | None
    usd_per_1000: float | None
    seconds_p50: float | None
    seconds_p95: float | None
    effort: Effort
    quality: float | None
    standing: str
    run: str
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    """Of 95 %, by the names of the metrics."""

    @property
    def economy(self) -> Economy | None:
        """Give what it costs; None where that is not known."""
        known = (self.usd_per_1000, self.effort.change_usd, self.effort.build_usd)
        usd, change, build = known
        if usd is None or change is None or build is None:
            return None
        return Economy(phase=self.phase, usd_per_question=usd / 1000, usd_per_change=change, usd_of_build=build)


@dataclass(frozen=True, kw_only=True)
class PhaseTable:
    """The phases side by side; as a text a table and the break-even."""

    rows: tuple[PhaseRow, ...]
    """The best first."""
    cases: int
    floor: float | None
    """The quality that a phase must have to be among the cheapest; None: not to be surely behind the best."""

    @property
    def economies(self) -> list[Economy]:
        """Give what the phases cost that are good enough."""
        return [economy for row in self.rows if self.is_good(row) and (economy := row.economy)]

    def is_good(self, row: PhaseRow) -> bool:
        """Say whether a phase reaches the floor."""
        if self.floor is None:
            return row.standing in GOOD
        return row.quality is not None and row.quality >= self.floor

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        rows = [asdict(row) | {"good_enough": self.is_good(row)} for row in self.rows]
        return {"phases": rows, "cases": self.cases, "floor": self.floor, "break_even": break_even_json(self.economies)}

    @property
    def markdown(self) -> str:
        """Write the table as Markdown."""
        lines = [f"| {' | '.join(cells)} |" for cells in (HEAD, *map(_cells, self.rows))]
        return "\n".join([lines[0], f"|---{'|--:' * (len(HEAD) - 1)}|", *lines[1:]])

    def __str__(self) -> str:
        """Write the table, how to read it, and which phase is the cheapest."""
        cells = [HEAD, *map(_cells, self.rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in cells]
        floor = "those not surely behind the best" if self.floor is None else f"quality of {self.floor:g} or more"
        read = (
            f"{self.cases} cases. wrong: of all questions, answers that are not right. after a change: seconds until "
            "answers are right again when a document changed."
        )
        enough = break_even_text(self.economies) if self.economies else "of no phase that is good enough all costs are known"  # fmt: skip  # noqa: E501
        return "\n".join([*lines, "", read, "", f"{enough}\n  ({floor}; what was built is used for a year)"])


def phase_table(
    table: Table, systems: Sequence[Compared], efforts: Mapping[str, Effort], floor: float | None = None
) -> PhaseTable:
    """Put the phases, which are the systems of a comparison, beside what they took."""
    runs = {one.name: one.run for one in systems}
    rows = tuple(_row(row, runs[row.system], efforts[row.system]) for row in table.board.rows)
    return PhaseTable(rows=rows, cases=table.board.cases, floor=floor)


def wrong_share(run: Run) -> float | None:
    """Give the share of scored cases that were answered, and not rightly; None where none is scored."""
    results, scores = run.results(), run.scores()
    wrong: list[bool] = []
    for case in run.cases():
        right = scores.get(case.id, {}).get(ANSWERED.name if case.answerable else REFUSED.name)
        if right is not None and right.value is not None and case.id in results:
            said = results[case.id]
            wrong.append(right.value < 1 and not said.error and not is_refusal(said))
    return sum(wrong) / len(wrong) if wrong else None


def _row(row: Row, run: Run, effort: Effort) -> PhaseRow:
    metrics: Mapping[str, Any] = run.summary().get("metrics", {})
    found = {one.name: metrics.get(one.name) or {} for one in (ANSWERED, REFUSED, QUALITY)}
    spans = {name: (one["low"], one["high"]) for name, one in found.items() if one.get("low") is not None}
    numbers = {name: value for name, value in row.columns.items() if isinstance(value, int | float)}
    return PhaseRow(
        phase=row.system, answered_right=found[ANSWERED.name].get("mean"),
        refused_right=found[REFUSED.name].get("mean"), wrong=wrong_share(run), usd_per_1000=numbers.get("usd_per_1000"),
        seconds_p50=numbers.get("seconds_p50"), seconds_p95=numbers.get("seconds_p95"), effort=effort,
        quality=row.quality.mean, standing=row.standing, run=run.id, intervals=spans,
    )  # fmt: skip


def _cells(row: PhaseRow) -> tuple[str, ...]:
    effort = row.effort
    return (
        row.phase, _with_interval(row, ANSWERED.name, row.answered_right),
        _with_interval(row, REFUSED.name, row.refused_right),
        written(row.wrong, "share"), written(row.usd_per_1000, "usd"), written(row.seconds_p50, "seconds"),
        written(row.seconds_p95, "seconds"), written(effort.build_seconds, "seconds"), written(effort.build_usd, "usd"),
        f"{effort.rows:,}", written(effort.change_seconds, "seconds"), written(row.quality, "score"), row.standing,
    )  # fmt: skip


def _with_interval(row: PhaseRow, metric: str, mean: float | None) -> str:
    span = row.intervals.get(metric)
    return written(mean, "share") + (f" ({between(*span, 'share')})" if span else "")
