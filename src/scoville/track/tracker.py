"""What a command keeps of its work: its cost, its trace, what its index was built from.

Enters: answers, reports, failures, as they come. Leaves: rows in the workspace's database, written by a thread.
Whatever goes wrong here is said once and never becomes the command's failure.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from scoville.errors import ScovilleError
from scoville.index import AddReport, Workspace
from scoville.personal import Redact
from scoville.track.background import Background
from scoville.track.ledger import Activity, Entry, Ledger, save_entries
from scoville.track.lineage import index_of
from scoville.track.spans import CALLER, CASE, RELEASE, RUN, added_spans, answer_spans, failure_span
from scoville.track.store import FILE_NAME, Store
from scoville.types import Answer, Reply

R = TypeVar("R")

logger = logging.getLogger("scoville")


class Tracker:
    """Keeps the work of one command or one server; several threads may share it."""

    def __init__(
        self, workspace: Workspace, ledger: Ledger, *, traces: bool = True, redact: Redact = str, release: str = ""
    ) -> None:
        """``redact`` takes out of questions and answers what no trace may hold; ``release`` is what answers."""
        self._release = release
        self.ledger = ledger
        self._workspace = workspace
        self._traces = traces
        self._redact = redact
        self._store: Store | None = None
        self._entries: Background[Entry] = Background(self._save, "costs")
        self._tracer: Any = None
        self._queues: list[Background[Any]] = [self._entries]
        self._broken = False
        self._opening = threading.RLock()
        atexit.register(self.close)

    def answered(
        self, answer: Answer, embedder: str, *, case_id: str = "", caller: str = "",
        more: Mapping[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """Keep an answer; give the id of its trace, empty where none is kept. ``more`` are attributes of it."""
        entries = self.ledger.answer(answer, embedder)
        self.spent(*entries)
        about = self._about(case_id, caller) | dict(more or {})
        told = redacted(answer, self._redact)
        return self._trace(lambda tracer: answer_spans(tracer, told, embedder=embedder, entries=entries, about=about))

    def failed(
        self, question: str, error: BaseException, started_at: float, *, case_id: str = "", caller: str = ""
    ) -> str:
        """Keep a question that got no answer; give the id of its trace."""
        now, about = time.time(), self._about(case_id, caller)
        told, reason = self._redact(question), self._redact(str(error))
        return self._trace(lambda tracer: failure_span(tracer, told, error, reason, started_at, now, about))

    def added(
        self, report: AddReport, embedder: str, recipe_hash: str, documents: Mapping[str, str], *, writer: str = ""
    ) -> str:
        """Keep an `add` or a `sync`, and what the index is built from now: source → id of its document.

        ``writer`` is the hosted model that wrote summaries or metadata, if there was one.
        """
        self.spent(*self.ledger.added(report, embedder, writer))
        self._try(lambda: index_of(self._open(), documents, recipe_hash=recipe_hash, embedder=embedder))
        return self._trace(lambda tracer: added_spans(tracer, report, embedder, time.time()))

    def replied(self, activity: Activity, reply: Reply) -> None:
        """Keep what a model wrote for something else than an answer: a judgement, a case, a summary."""
        self.spent(self.ledger.reply(activity, reply))

    def spent(self, *entries: Entry) -> None:
        """Enter what something took."""
        for entry in entries:
            self._entries.put(entry)

    def flush(self) -> None:
        """Wait, for two seconds at most, until what was kept is on the disk."""
        for queue in self._queues:
            queue.flush()

    def close(self) -> None:
        """Write what is left, for two seconds a queue at most."""
        atexit.unregister(self.close)
        ended = [queue.close() for queue in self._queues]
        if self._store and all(ended):  # else a thread holds it, and goes when the process ends
            self._store.close()
            self._store = None

    @property
    def dropped(self) -> int:
        """How many entries and spans could not be kept."""
        return sum(queue.dropped for queue in self._queues)

    def _about(self, case_id: str, caller: str) -> dict[str, Any]:
        about = ((RUN, self.ledger.run_id), (CASE, case_id), (CALLER, caller), (RELEASE, self._release))
        return {name: value for name, value in about if value}

    def _trace(self, make: Callable[[Any], str]) -> str:
        return (self._try(lambda: make(self._open_tracer())) or "") if self._traces else ""

    def _try(self, work: Callable[[], R]) -> R | None:
        if self._broken:
            return None
        try:
            return work()
        except Exception as error:  # e.g. a damaged database, a full disk: the answer is worth more than its record
            self._broken = True
            logger.warning("nothing is recorded from here on: %s", error)
            return None

    def _open(self) -> Store:
        with self._opening:
            if self._store is None:
                self._store = Store(self._workspace.folder / FILE_NAME)
            return self._store

    def _open_tracer(self) -> Any:
        with self._opening:
            if self._tracer is None:
                from scoville.track.exporters import make_provider

                provider, queues = make_provider(self._open())
                self._queues += queues
                self._tracer = provider.get_tracer("scoville")
            return self._tracer

    def _save(self, entries: Sequence[Entry]) -> None:
        if self._broken:
            raise ScovilleError("see above")
        save_entries(self._open(), entries)


def redacted(answer: Answer, redact: Redact) -> Answer:
    """Take personal data out of all that a trace holds of an answer."""

    def told(reply: Reply) -> Reply:
        messages = tuple(replace(one, content=redact(one.content)) for one in reply.messages)
        return replace(reply, text=redact(reply.text), messages=messages)

    return replace(
        answer,
        question=redact(answer.question),
        text=redact(answer.text),
        reply=answer.reply and told(answer.reply),
        search_replies=tuple(map(told, answer.search_replies)),
        step_replies=tuple(map(told, answer.step_replies)),
        stages=tuple(stage._replace(note=redact(stage.note)) for stage in answer.stages),
    )
