"""Systems on the same cases become one table: how good, how sure, how dear, and where they go wrong.

Enters: the scored runs of systems. Leaves: a leaderboard with columns, each system against the baseline, and which of
them no other beats. Asks nothing and knows no screen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from scoville.comparison.leaderboard import Cell, Leaderboard, leaderboard, pareto
from scoville.comparison.side_by_side import Compared
from scoville.errors import UsageError
from scoville.evaluate.clusters import clusters_of
from scoville.evaluate.compare_runs import compare_runs
from scoville.evaluate.metrics import Metric
from scoville.evaluate.paired import Comparison, holm
from scoville.evaluate.result import Result
from scoville.evaluate.score_run import known_metrics
from scoville.evaluate.statistics import Estimate, estimate
from scoville.track.ledger import SECONDS_PER_HOUR

COST = "usd_per_1000"
SECONDS = "seconds_p50"


@dataclass(frozen=True, kw_only=True)
class ToBaseline:
    """How a system compares with the baseline."""

    comparison: Comparison
    """The system less the baseline."""
    p: float
    """Of no difference, adjusted for the number of systems (Holm)."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Systems side by side."""

    board: Leaderboard
    baseline: str
    to_baseline: Mapping[str, ToBaseline]
    """Every system but the baseline."""
    front: tuple[str, ...]
    """Which no other beats in the metric, dollars and seconds together (the Pareto front)."""
    notes: tuple[str, ...] = ()
    """What makes columns hard to compare."""


def compare_systems(
    systems: Sequence[Compared], *, baseline: str = "", metric: str = "quality", usd_per_hour: float
) -> Table:
    """Compare systems whose runs are scored; UsageError where that would mean nothing.

    ``baseline`` is the name of one, by default the first. ``usd_per_hour`` is the price of this machine's time.
    """
    by_name = {one.name: one for one in systems}
    first = by_name.get(baseline or systems[0].name)
    if first is None:
        raise UsageError(f"--baseline {baseline!r} is none of the systems: {', '.join(by_name)}")
    known = check_metric(metric)
    others = {one.name: compare_runs(first.run, one.run, metric) for one in systems if one is not first}
    adjusted = holm([one.p for one in others.values()])
    columns = {one.name: columns_of(one, usd_per_hour) for one in systems}
    better = known.higher_is_better is not False
    by, clusters = clusters_of(first.run.cases())
    board = leaderboard(
        {name: {case: list(found.values()) for case, found in one.run.scores().items()}
         for name, one in by_name.items()},
        metric=metric, by=by, clusters=clusters, columns=columns,
        higher_is_better=better, low=known.low, high=known.high,
    )  # fmt: skip
    values: dict[str, dict[str, Cell]] = {
        row.system: {**row.columns, metric: row.quality.mean} for row in board.rows
    }  # fmt: skip
    return Table(
        board=board,
        baseline=first.name,
        to_baseline={
            name: ToBaseline(comparison=one, p=p) for (name, one), p in zip(others.items(), adjusted, strict=True)
        },
        front=pareto(values, {metric: "max" if better else "min", COST: "min", SECONDS: "min"}),
        notes=(*_notes(systems), *_idle(board)),
    )


def _idle(board: Leaderboard) -> Iterable[str]:
    names = [row.system for row in board.rows if row.standing == "answers nothing"]
    if names:
        yield f"no question is answered rightly by {', '.join(names)}: that stands last, whatever is refused"


def check_metric(name: str) -> Metric:
    """Find what systems can be ranked by; UsageError for what single answers do not have."""
    known = known_metrics()
    if name not in known:
        near = get_close_matches(name, known, n=4) or ["quality", "token_f1", "citation_page_hit"]
        raise UsageError(
            f"metric {name!r}: expected one that single answers have, such as {', '.join(near)} (docs/metrics.md)"
        )
    return known[name]


def columns_of(system: Compared, usd_per_hour: float) -> dict[str, Cell]:
    """Give what else is known of a system; None: it is not."""
    summary, run = system.run.summary(), system.run
    metrics: Mapping[str, Any] = summary.get("metrics", {})
    sets: Mapping[str, Any] = summary.get("sets", {})
    means = {name: (metrics.get(name) or {}).get("mean") for name in ("citation_page_hit", "citation_verified")}
    cost = usd_per_1000(run.results().values(), usd_per_hour, remote=run.header.get("kind") == "server")
    return {
        "refusal_precision": sets.get("refusal_precision"),
        "refusal_recall": sets.get("refusal_recall"),
        **means,
        COST: cost and cost.mean, f"{COST}_low": cost and cost.low, f"{COST}_high": cost and cost.high,
        SECONDS: sets.get("seconds_total_p50"),
        "seconds_p95": sets.get("seconds_total_p95"),
        "build_seconds": system.build.seconds,
        "build_usd": system.build.usd,
        "errors": int(summary.get("counts", {}).get("errors", 0)),
    }  # fmt: skip


def usd_per_1000(results: Iterable[Result], usd_per_hour: float, *, remote: bool = False) -> Estimate | None:
    """Give fees and this machine's time for 1,000 questions; None where a fee is not known, or nothing was answered.

    While a model writes that charges a fee, this machine only waits; so it does for a ``remote`` system.
    """
    done = [one for one in results if not one.error]
    if not done or any(one.cost_usd is None for one in done):
        return None
    usd_per_second = 0.0 if remote else usd_per_hour / SECONDS_PER_HOUR
    return estimate([1000 * ((one.cost_usd or 0.0) + _held_seconds(one) * usd_per_second) for one in done], high=None)


def _held_seconds(result: Result) -> float:
    waited = result.seconds.get("generate") if result.cost_usd else 0.0
    return max(0.0, (result.seconds.get("total") or 0.0) - (waited or 0.0))


def _notes(systems: Sequence[Compared]) -> Iterable[str]:
    machines = {one.name: one.run.header.get("machine") for one in systems}
    if len({repr(machine) for machine in machines.values()}) > 1:
        yield "the runs were made on different machines: their seconds, and dollars of its time, are not comparable"
    if len({system.run.header.get("workers", 1) for system in systems}) > 1:
        yield (
            "the runs asked different numbers of questions at once: their seconds, and dollars of this machine's "
            "time, are not comparable"
        )
    earlier = [one.name for one in systems if one.origin in ("reused", "given")]
    if 0 < len(earlier) < len(systems):
        yield f"{', '.join(earlier)} answered earlier: seconds compare only if the machine was as busy then as now"
    unpriced = [one.name for one in systems if columns_of(one, 0.0)[COST] is None]
    if unpriced:
        yield f"the fees of {', '.join(unpriced)} are not known: no * is given where they are not"
