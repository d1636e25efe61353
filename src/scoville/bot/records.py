"""What is on record of a workspace: traces, costs, lineage and runs, from its database and its folders of runs.

Enters: a bot. Leaves: values that hold what was done. What was asked a moment ago is among them.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scoville.bot.opened import Opened
from scoville.cases.files import cases_in
from scoville.embed.remember import RememberingEmbedder
from scoville.errors import UsageError
from scoville.html import table
from scoville.track.ledger import Total, sum_up, totals
from scoville.track.lineage import Artifact, Lineage, find_artifact, lineage, versions
from scoville.track.store import FILE_NAME, Store
from scoville.track.traces import Branch, Outcome, StoredSpan, find_trace, load_trace, recent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from scoville.monitor import Asked, Monitored

MOST_LOOKED_AT = 20_000
"""Questions of people and of cases whose vectors are kept: 30 MB of all-MiniLM-L6-v2."""
HEAD = ("entries", "prompt tokens", "completion tokens", "seconds", "fees", "machine")
WIDTHS = (7, 14, 18, 9, 11, 10)


class Costs(list[Total]):
    """What each group took, the dearest first, and ``total``; as a text a table."""

    def __init__(self, by: str, found: Sequence[Total]) -> None:
        super().__init__(found)
        self.by = by

    @property
    def total(self) -> Total:
        """All of it."""
        return sum_up(self)

    def __str__(self) -> str:
        """Write a line for each group, and the total."""
        head, *rows = self._rows()
        width = max(8, *(len(row[0]) for row in rows))
        lines = [
            f"{name:<{width}}" + "".join(f"  {cell:>{size}}" for cell, size in zip(cells, WIDTHS, strict=True))
            for name, *cells in (head, *rows)
        ]
        if unknown := self.total.unknown_fees:
            lines.append(f"* and the fees of {unknown} replies, whose price is not known")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head, *rows = self._rows()
        return table(head, rows)

    def _rows(self) -> list[tuple[str, ...]]:
        rows = [
            (
                one.group or "-", f"{one.entries:,}", f"{one.prompt_tokens:,}", f"{one.completion_tokens:,}",
                f"{one.seconds:,.1f}", dollars(one.fee_usd) + "*" * bool(one.unknown_fees), dollars(one.hardware_usd),
            )
            for one in (*self, self.total)
        ]  # fmt: skip
        return [(self.by, *HEAD), *rows]


class Records(Opened):
    """One workspace and what is on record of it."""

    _looked_at: RememberingEmbedder | None = None

    def traces(
        self, limit: int = 20, caller: str | None = None, *, text: str = "", outcome: Outcome | None = None
    ) -> list[StoredSpan]:
        """List the newest traces, newest first, each by its outermost span: a question or an ``add``.

        ``caller`` is the name of a key of the service: what was asked with it. With a ``text`` only those whose
        question or answer holds it, with an ``outcome`` those of which that came: answered, refused, failed, added.
        """
        with self._records() as store:
            return recent(store, limit, caller, text=text, outcome=outcome)

    def trace(self, trace: str = "latest") -> list[Branch]:
        """Give the spans of a trace as a waterfall shows them, with how deep each stands.

        ``trace`` is an id, the beginning of one, or ``latest``.
        """
        with self._records() as store:
            return load_trace(store, find_trace(store, trace))

    def cost(
        self,
        by: Literal["activity", "model", "day", "run"] = "activity",
        *,
        since: date | datetime | None = None,
        run: str | None = None,
    ) -> Costs:
        """Add up tokens, seconds and dollars: fees of hosted models, and this machine's time.

        That time is priced by ``cost.hardware_usd_per_hour`` of the recipe as it was when the work was done.
        """
        begin = since if since is None or isinstance(since, datetime) else datetime.combine(since, time())
        with self._records() as store:
            return Costs(by, totals(store, by, since=begin.timestamp() if begin else 0.0, run_id=run))

    def asked_by_people(self, begin: float, end: float) -> "list[Asked]":
        """Give what was asked between two times, in Unix time: no evaluation's questions, a shadow's with a mark."""
        from scoville.monitor import asked_between

        with self._records() as store:
            return asked_between(store, begin, end)

    def monitor(self, *, since: datetime | None = None, until: datetime | None = None) -> "Monitored":
        """Look at the questions that people asked, by default in the last 30 days: what came of them, those that no
        case of the folder ``cases`` is like, what the documents lack, which documents nobody needs.

        All of it comes from traces: it needs ``track.traces``, and costs nothing while people ask.
        """
        from scoville.monitor import monitored, no_vectors

        end = (until or datetime.now()).timestamp()
        begin = since.timestamp() if since else end - 30 * 24 * 3600
        asked = self.asked_by_people(begin, end)
        found = (
            monitored(asked, self._cases_asked(), self.open_index().documents(), self._vectors_of)
            if asked
            else monitored([], [], [], no_vectors)
        )
        return replace(found, outdated=tuple(self.outdated_golden()))

    def outdated_golden(self) -> list[str]:
        """Give the questions of ``cases/golden.jsonl`` whose evidence the documents no longer hold: their answers are
        passed over.
        """
        from scoville.answer.golden import answers, stands

        golden = [case for case in self.golden_cases() if answers(case)]
        if not golden:
            return []
        searcher = self.searcher()
        return [case.question for case in golden if not stands(case, lambda quote: searcher.search(quote).hits)]

    def new_share(self, asked: "Sequence[Asked]") -> float | None:
        """Say which share of questions no case of the folder ``cases`` is like; None without cases."""
        from scoville.monitor import new_share

        return new_share(asked, self._cases_asked(), self._vectors_of)

    def _cases_asked(self) -> list[str]:
        return [case.question for case in cases_in(self.workspace.root / "cases")]

    def _vectors_of(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Embed questions; what was looked at before is not embedded again, also where the index changed since."""
        embedder = self.searcher().embedder
        inner = embedder.embedder if isinstance(embedder, RememberingEmbedder) else embedder
        if self._looked_at is None or self._looked_at.embedder is not inner:
            self._looked_at = RememberingEmbedder(inner, MOST_LOOKED_AT)
        return self._looked_at.embed(texts, "query")

    def artifacts(self) -> list[Artifact]:
        """List what was recorded besides documents, newest first: indexes, recipes, models, cases, runs, sweeps."""
        with self._records() as store:
            return versions(store, limit=-1)

    def lineage(self, artifact: str = "latest") -> Lineage:
        """Say what an artifact was built from, and what was built from it.

        ``artifact`` is the name of a document, also as a path from here, of a run or a sweep, its end, an id, or the
        beginning of one; ``latest`` is the newest run.
        """
        with self._records() as store:
            try:
                found = find_artifact(store, artifact)
            except UsageError:
                place = Path(artifact)
                source = self.workspace.source_of(place) if place.is_file() else artifact
                if source == artifact:
                    raise
                found = find_artifact(store, source)
            return lineage(store, found)

    @contextmanager
    def _records(self) -> Generator[Store]:
        """Open the database, with what was done until now."""
        self.flush()
        with Store(self.workspace.folder / FILE_NAME, create=False) as store:
            yield store


def dollars(value: float) -> str:
    """Write dollars; small amounts with more digits, so that they are not shown as none."""
    return f"${value:,.6f}" if 0 < value < 0.01 else f"${value:,.2f}"
