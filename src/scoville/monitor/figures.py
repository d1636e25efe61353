"""What a number of questions came to. Enters: questions with their outcomes. Leaves: counts, shares, percentiles."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scoville.monitor.asked import Asked


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What the questions of a day, of a release or of all came to."""

    name: str
    asked: int
    answered: int
    refused: Mapping[str, int]
    """How many were refused, for each reason."""
    failed: int
    p50_seconds: float
    p95_seconds: float
    usd: float
    support: float | None
    """The mean probability that the passages answered the question; None where no reader was asked."""
    supported: float | None
    """The share of the citations of which the quote holds all that is claimed; None without citations."""
    guards: int
    up: int
    down: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shadow:
    """How a release that nobody is shown answers, beside what is shown."""

    release: str
    asked: int
    agreed: int
    """How often it refused or answered alike, from the same documents."""
    differs: Sequence[tuple[str, str, str]]
    """Where it did not: the question, the trace of what was shown, and its own."""


def shadows_of(asked: Sequence[Asked]) -> list[Shadow]:
    """Compare each shadow with what was shown, by release."""
    found: defaultdict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        if one.shadows:
            found[one.release].append(one)
    return [
        Shadow(
            release=release, asked=len(own), agreed=sum(one.agrees for one in own),
            differs=[(one.question, one.shadows, one.trace) for one in own if not one.agrees],
        )
        for release, own in sorted(found.items())
    ]  # fmt: skip


def figures_of(asked: Sequence[Asked], name: str = "all") -> Figures:
    """Sum questions up."""
    times = [one.seconds for one in asked]
    support = [one.support for one in asked if one.support is not None]
    states = [cited.state == "supported" for one in asked for cited in one.citations]
    outcomes, ratings = Counter(one.outcome for one in asked), Counter(one.rating for one in asked)
    return Figures(
        name=name, asked=len(asked), answered=outcomes["answered"], failed=outcomes["failed"],
        refused=dict(Counter(one.reason for one in asked if one.outcome == "refused").most_common()),
        p50_seconds=_percentile(times, 0.5), p95_seconds=_percentile(times, 0.95),
        usd=sum(one.usd for one in asked), support=sum(support) / len(support) if support else None,
        supported=sum(states) / len(states) if states else None, guards=sum(one.guards for one in asked),
        up=ratings["up"], down=ratings["down"],
    )  # fmt: skip


def by_day(asked: Sequence[Asked]) -> list[Figures]:
    """Sum questions up for each day of this machine's time on which any was asked, the first day first."""
    return _grouped(asked, lambda one: f"{datetime.fromtimestamp(one.time):%Y-%m-%d}")


def by_release(asked: Sequence[Asked]) -> list[Figures]:
    """Sum questions up for each release that answered any; the empty name is what no release answered."""
    return _grouped(asked, lambda one: one.release)


def _grouped(asked: Sequence[Asked], key: Callable[[Asked], str]) -> list[Figures]:
    groups: defaultdict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        groups[key(one)].append(one)
    return [figures_of(own, name) for name, own in sorted(groups.items())]


def _percentile(values: Sequence[float], share: float) -> float:
    """Give the least value that a share of all do not pass; 0 without values."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)] if values else 0.0
