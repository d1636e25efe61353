"""Runs as the page shows them: under a name, in a colour, each measure with its interval as a bar.

Enters: runs that were scored. Leaves: what the page is filled with. Knows no template.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from scoville.comparison import plots
from scoville.comparison.asked import Answers
from scoville.evaluate.blame import Blame
from scoville.evaluate.metrics import risk_coverage, risks
from scoville.evaluate.runs import Run
from scoville.evaluate.score_run import known_metrics
from scoville.evaluate.shown import HEADLINE, LABELS, Measure, measure, unit_of
from scoville.types import Case

COLOURS = 8
COST, SECONDS = "usd_per_1000", "seconds_total_p50"
TITLES = {COST: "$ for 1,000 questions", SECONDS: LABELS[SECONDS]}
COLUMNS = {
    **HEADLINE, "citation_page_hit": LABELS["citation_page_hit"], "page_hit@5": LABELS["page_hit@5"], **TITLES,
}  # fmt: skip
"""Of a leaderboard, where a system has them; what systems are ranked by stands first."""


@dataclass(frozen=True, kw_only=True)
class Shown(Answers):
    """A run as the page shows it."""

    header: Mapping[str, Any]
    summary: Mapping[str, Any]
    cases: Sequence[Case]
    risk: Sequence[tuple[float, float]] = ()
    """Coverage and the risk at it."""
    run: str = ""
    """Its id."""
    verdict: str = ""
    """How it compares with the baseline, in words."""


class System(NamedTuple):
    """A system with the colour that it has in all of the page."""

    name: str
    colour: str
    shown: Shown


class Cell(NamedTuple):
    """A measure of a system, and its interval as a bar."""

    system: System
    measure: Measure | None
    bar: str


def shown_run(run: Run, blamed: Sequence[Blame]) -> Shown:
    """Give a run as the page shows it."""
    header, cases, results, scores = run.header, run.cases(), run.results(), run.scores()
    status = "" if header["status"] == "finished" else f" ({header['status']})"
    curve = risk_coverage(risks(cases, results, {case: list(found.values()) for case, found in scores.items()}))
    return Shown(
        name=f"{header.get('system', 'run')} {run.id[-4:]}{status}", header=header, summary=run.summary(), cases=cases,
        results=results, scores=scores, blame=blamed, risk=curve, run=run.id,
    )  # fmt: skip


def coloured(runs: Sequence[Shown]) -> list[System]:
    """Give each system a colour by its name, so that it has the same in every page with few others."""
    taken: dict[str, int] = {}
    for name in sorted(run.name for run in runs):
        place = int(hashlib.sha256(name.encode()).hexdigest(), 16) % COLOURS
        free = [(place + step) % COLOURS for step in range(COLOURS)]
        taken[name] = next((one for one in free if one not in taken.values()), place)
    return [System(run.name, f"s{taken[run.name]}", run) for run in runs]


def cell(system: System, name: str) -> Cell:
    """Give a measure of a system, with its interval as a bar where it has bounds."""
    found = measure(system.shown.summary, name)
    bounds = _bounds(name)
    bar = plots.interval(found.mean, found.low, found.high, bounds, system.colour) if found and bounds else ""
    return Cell(system, found, bar)


def number(measures: Iterable[Measure | None]) -> str:
    """Say how many questions a measure applies to; from fewest to most where systems were scored on unlike many."""
    found = sorted({one.n for one in measures if one and one.n is not None})
    return f"n = {found[0]:,}{f' to {found[-1]:,}' if len(found) > 1 else ''}" if found else ""


def _bounds(name: str) -> tuple[float, float] | None:
    """Give the limits of what a bar shows; None of what has no upper one."""
    if unit_of(name) not in ("share", "score"):
        return None
    known = known_metrics().get(name)
    return (known.low, known.high or 1.0) if known else (0.0, 1.0)
