"""Traces as they were stored, for looking at them.

Enters: the database. Leaves: traces, as a list or as a tree of spans. Knows no terminal.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from scoville.errors import UsageError
from scoville.track.spans import CALLER, INPUT_MESSAGES, NANOSECONDS, OUTPUT_MESSAGES, REFUSED, ROOT, WORKFLOW
from scoville.track.store import Store

Outcome = Literal["answered", "refused", "failed", "added"]
COLUMNS = "trace_id, span_id, parent_id, name, started, finished, status, attributes"


def _of(name: str) -> str:
    return f"""json_extract(attributes, '$."{name}"')"""


OUTCOMES: Mapping[Outcome, str] = {
    "answered": f"{_of(REFUSED)} = 0 AND status != 'ERROR'", "refused": f"{_of(REFUSED)} = 1 AND status != 'ERROR'",
    "failed": "status = 'ERROR'", "added": f"{_of(WORKFLOW)} = 'add' AND status != 'ERROR'",
}  # fmt: skip
"""What came of a trace, as SQL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSpan:
    """One span."""

    trace_id: str
    span_id: str
    parent_id: str
    """Empty for the outermost; in another program's trace its parent may be elsewhere."""
    name: str
    started: int
    """Unix time in nanoseconds."""
    finished: int
    status: str
    """``UNSET``, ``OK`` or ``ERROR``."""
    attributes: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.finished - self.started) / NANOSECONDS

    @property
    def question(self) -> str:
        """What was asked; empty where it was not a question."""
        return self._said(INPUT_MESSAGES)

    @property
    def answer(self) -> str:
        """What was answered, or written by a model; empty where nothing was."""
        return self._said(OUTPUT_MESSAGES)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """What was asked, or given to a model: each message with its role."""
        try:
            return [(one["role"], one["parts"][0]["content"]) for one in json.loads(self.attributes[INPUT_MESSAGES])]
        except (KeyError, ValueError, IndexError, TypeError):
            return []

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        if self.status == "ERROR":
            return "failed"
        if self.attributes.get(WORKFLOW) == "add":
            return "added"
        return "refused" if self.attributes.get(REFUSED) else "answered"

    def _said(self, messages: str) -> str:
        try:
            return str(json.loads(self.attributes[messages])[0]["parts"][0]["content"])
        except (KeyError, ValueError, IndexError, TypeError):
            return ""


class Branch(NamedTuple):
    """A span and how deep it stands."""

    depth: int
    span: StoredSpan


class Bar(NamedTuple):
    """Where a span stands in the whole of its trace, as shares of its time."""

    start: float
    length: float


def recent(
    store: Store, limit: int = 20, caller: str | None = None, *, text: str = "", outcome: Outcome | None = None
) -> list[StoredSpan]:
    """List the outermost spans of the newest traces, newest first.

    With a ``caller`` only those of what they asked, with a ``text`` those whose question or answer holds it.
    """
    asked = {f"{_of(CALLER)} = ?": caller} if caller is not None else {}
    if text:
        asked["name = ?"] = ROOT  # before the words are looked at: spans below hold whole prompts
        both = f"coalesce({_of(INPUT_MESSAGES)}, '') || coalesce({_of(OUTPUT_MESSAGES)}, '')"
        asked[f"instr(lower({both}), lower(?))"] = text
    where = "".join(f"{one} AND " for one in [*asked, *([OUTCOMES[outcome]] if outcome else [])])
    rows = store.query(
        f"SELECT {COLUMNS} FROM spans s WHERE {where}(parent_id = '' OR NOT EXISTS "  # noqa: S608
        "(SELECT 1 FROM spans p WHERE p.trace_id = s.trace_id AND p.span_id = s.parent_id)) "
        "ORDER BY id DESC LIMIT ?",
        (*asked.values(), limit),
    )
    return sorted(map(span_of, rows), key=lambda span: -span.started)


def find_trace(store: Store, name: str) -> str:
    """Find a trace by its id, the beginning of it, or ``latest``; UsageError when there is none, or several."""
    if name == "latest":
        found = [span.trace_id for span in recent(store, 1)]
    else:
        start = name.strip().lower()
        last = start + "g"  # after every hex digit
        found = [
            row[0]
            for row in store.query(
                "SELECT DISTINCT trace_id FROM spans WHERE trace_id >= ? AND trace_id < ? LIMIT 3", (start, last)
            )
        ]
    if len(found) != 1:
        known = ", ".join(trace.trace_id[:8] for trace in recent(store, 5)) or "none yet: `scoville ask` makes one"
        raise UsageError(f"trace {name!r}: {'several begin so' if found else 'there is none'}; the newest are {known}")
    return found[0]


def load_trace(store: Store, trace_id: str) -> list[Branch]:
    """Give the spans of a trace in the order of a waterfall: each before those within it, these by their start."""
    rows = store.query(f"SELECT {COLUMNS} FROM spans WHERE trace_id = ? ORDER BY started, id", (trace_id,))  # noqa: S608
    spans = [span_of(row) for row in rows]
    known = {span.span_id for span in spans}
    below: dict[str, list[StoredSpan]] = {}
    for span in spans:
        below.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
    return list(_walk(below, "", 0))


def bars(branches: Sequence[Branch]) -> list[Bar]:
    """Say where each span of a trace stands in the whole."""
    start = min(one.span.started for one in branches)
    whole = max(max(one.span.finished for one in branches) - start, 1)
    return [Bar((one.span.started - start) / whole, (one.span.finished - one.span.started) / whole) for one in branches]


def _walk(below: Mapping[str, Sequence[StoredSpan]], parent: str, depth: int) -> Iterator[Branch]:
    for span in below.get(parent, ()):
        yield Branch(depth, span)
        yield from _walk(below, span.span_id, depth + 1)


def span_of(row: tuple[Any, ...]) -> StoredSpan:
    """Give the span of a row of COLUMNS."""
    return StoredSpan(
        trace_id=row[0], span_id=row[1], parent_id=row[2], name=row[3], started=row[4], finished=row[5], status=row[6],
        attributes=json.loads(row[7]),
    )  # fmt: skip
