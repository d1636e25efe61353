"""Questions of production as traces hold them. Enters: the database. Leaves: a value for each question.

What an evaluation asked is none of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from scoville.track import spans
from scoville.track.store import Store
from scoville.track.traces import COLUMNS, Outcome, StoredSpan, span_of


class Cited(NamedTuple):
    """A citation of an answer."""

    document: str
    page: int | None
    state: str
    """``supported``, ``unchecked`` or ``unsupported``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question and what came of it."""

    trace: str
    time: float
    """When it was asked, in Unix time."""
    question: str
    outcome: Outcome
    reason: str
    """Of a refusal; empty otherwise."""
    seconds: float
    usd: float
    """Fees and this machine's time."""
    support: float | None
    """The probability that the passages answered it; None where no reader was asked."""
    citations: tuple[Cited, ...]
    guards: int
    """What guards found in the question, in passages and in the answer."""
    release: str
    rating: str
    """``up`` or ``down``, as it was judged last; empty where nobody did."""
    shadows: str = ""
    """The trace of the answer that was shown, where this one was shown to nobody; a shadow's question was not asked by
    people a second time."""
    agrees: bool = False
    """Whether a shadow refused or answered as the answer that was shown, from the same documents."""


def asked_between(store: Store, begin: float, end: float) -> list[Asked]:
    """Give the questions that were asked in ``[begin, end)``, in Unix time, the oldest first."""
    ratings = dict(store.query("SELECT trace_id, rating FROM feedback ORDER BY id"))
    rows = store.query(
        f"SELECT {COLUMNS} FROM spans WHERE name = ? AND started >= ? AND started < ? "  # noqa: S608
        f"""AND json_extract(attributes, '$."{spans.RUN}"') IS NULL ORDER BY started""",
        (spans.ROOT, int(begin * spans.NANOSECONDS), int(end * spans.NANOSECONDS)),
    )
    return [_asked(span_of(row), ratings) for row in rows]


def _asked(span: StoredSpan, ratings: Mapping[str, str]) -> Asked:
    about = span.attributes
    return Asked(
        trace=span.trace_id, time=span.started / spans.NANOSECONDS, question=span.question, outcome=span.outcome,
        reason=str(about.get(spans.REASON, "")) if about.get(spans.REFUSED) else "", seconds=span.seconds,
        usd=float(about.get(spans.FEE, 0.0)) + float(about.get(spans.HARDWARE, 0.0)), support=about.get(spans.SUPPORT),
        citations=_citations(about), guards=int(about.get(spans.GUARDS, 0)), release=str(about.get(spans.RELEASE, "")),
        rating=ratings.get(span.trace_id, ""), shadows=str(about.get(spans.SHADOWED, "")),
        agrees=bool(about.get(spans.AGREES)),
    )  # fmt: skip


def _citations(about: Mapping[str, Any]) -> tuple[Cited, ...]:
    return tuple(Cited(**one) for one in json.loads(about.get(spans.CITATIONS, "[]")))
