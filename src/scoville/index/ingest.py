"""Items become passages in the index, once each: one run over sources, under the lock.

Enters: sources. Leaves: an index that holds what they list in its present form, and a tally. All documents of an item
are replaced in one commit, so a kill loses at most the items that were in hand. What came from a source that cannot be
reached is kept. Knows no kind of source and nothing of searching.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from scoville.errors import MissingExtra, OverBudget, ScovilleError, SourceError
from scoville.index.access import NOBODY, Widening
from scoville.index.look import Known, Look, Outcome, SourceSpec, WriterStopped, pause
from scoville.index.protocol import Index
from scoville.index.protocol import Item as Origin
from scoville.index.workspace import Failure, Seen, Workspace
from scoville.sources import Item, is_of_files
from scoville.types import Finding, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger("scoville")
COMMIT_TOKENS = 50_000
"""About 3 s of embedding on two cores."""
SHOWN = 3
"""So many names of what is left out are told."""
COMMIT_SECONDS = 5.0
"""What was read so long ago is committed, too: what a kill can lose is this and the embedding of one batch."""
READERS = 2
READ_AHEAD = 4
STAGES = ("list", "read", "split", "embed", "write")


class AddProgress(NamedTuple):
    """How far an `add` is."""

    files: int
    total: int | None
    """None while it is not known."""
    passages: int
    """Passages embedded so far."""
    current: str


@dataclass(kw_only=True)
class Tally:
    """What a run did, in documents."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    """That failed too often to be tried again."""
    passages: int = 0
    tokens: int = 0
    languages: Counter[str] = field(default_factory=Counter[str])
    """Of the passages."""
    failed: list[Failure] = field(default_factory=list[Failure])
    widened: list[Widening] = field(default_factory=list[Widening])
    for_nobody: list[str] = field(default_factory=list[str])
    """Items that lie in entries without a common group."""
    findings: list[Finding] = field(default_factory=list[Finding])
    """Of guards."""
    remarks: dict[str, int] = field(default_factory=dict[str, int])
    """Of reading, by item."""
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    """By stage. Reading and splitting happen while others are embedded, so the sum may be more than the time."""


@dataclass
class _Batch:
    """Whole items that are embedded and committed together."""

    items: list[str] = field(default_factory=list[str])
    passages: list[Passage] = field(default_factory=list[Passage])
    made_of: dict[str, Origin] = field(default_factory=dict[str, Origin])
    tokens: int = 0
    vectors: "list[NDArray[np.float32]]" = field(default_factory=lambda: [])
    """Where workers embedded its passages."""


class Ingest:
    """One run over sources."""

    def __init__(
        self,
        workspace: Workspace,
        index: Index,
        look: Look,
        seen: dict[str, Seen],
        on_progress: Callable[[AddProgress], None] | None = None,
    ) -> None:
        self.workspace = workspace
        self.index = index
        self.look = look
        self.seen = seen
        self.on_progress = on_progress
        self.tally = Tally()
        self._listed: set[str] = set()
        self._settled: set[str] = set()
        """Items and sources whose failures of earlier runs are over."""
        self._healed: set[str] = set()
        """Items that failed themselves and did not now; failures of their parts stand."""
        self.unreached: SourceError | MissingExtra | None = None
        """Why something that was added by hand cannot be reached."""
        self.stopped: ScovilleError | None = None
        """Why a model writes no more, and the run ended before its end."""
        self._forgotten = workspace.forgotten()
        """Names of items that must not come back, with the hash of the content of each."""
        self._left_out: set[str] = set()
        self._done = 0
        self._total: int | None = 0

    def run(self, specs: Sequence[SourceSpec]) -> None:
        """Bring the index in line with sources."""
        reached: list[SourceSpec] = []
        try:
            try:
                self._index(self._items(specs, reached))
            except OverBudget as error:  # of what was to be embedded; what was read before it is kept
                self.stopped = error
            if self.stopped is None:
                self.remove({name for spec in reached for name in spec.source.gone(self._unlisted(spec))})
        finally:
            for spec in specs:
                spec.source.close()

    def remove(self, items: Collection[str]) -> None:
        """Remove items, and forget them."""
        known = self.look.known
        present = sorted(known.keys() & set(items))
        with self._timed("write"):
            self.index.remove(present)
        self.tally.removed += sum(known[item].documents for item in present)
        self._settled |= set(items)
        for item in items:
            self.seen.pop(item, None)

    def record(self) -> None:
        """Write down what failed, and what items looked like; say what is left out because it was forgotten."""
        if self._left_out:
            names = ", ".join(sorted(self._left_out)[:SHOWN]) + ", ..." * (len(self._left_out) > SHOWN)
            logger.warning("Left out, as it was forgotten: %s; `scoville forget NAME --allow` lets it in again.", names)
        self._record_failures()
        self.workspace.set_seen(self.seen)

    def _record_failures(self) -> None:
        others = [
            failure
            for path, failure in self.look.failures.items()
            if not {path, failure.item} & self._settled and path not in self._healed
        ]
        self.workspace.set_failures([*others, *self.tally.failed])

    def _items(self, specs: Sequence[SourceSpec], reached: list[SourceSpec]) -> Generator[tuple[SourceSpec, Item]]:
        """Give the items of every source; one that cannot be reached is a failure and ends nothing."""
        begun = [self._begin(spec) for spec in specs]
        if foresee := self.look.writers.foresee:
            foresee(self._to_read(begun))
        for spec, items in zip(specs, begun, strict=True):
            failure = yield from self._items_of(spec, items)
            if failure is None:
                reached.append(spec)
                self._settled.add(spec.source.key)
            elif spec.source.key:
                self._fail_source(spec.source.key, str(failure))
            else:
                self.unreached = self.unreached or failure

    def _begin(self, spec: SourceSpec) -> Iterable[Item] | None:
        """Begin to list a source; None where that fails, which is found out again in its turn."""
        with self._timed("list"):
            try:
                items = spec.source.items()
            except (SourceError, MissingExtra):
                return None
        if self._total is not None:
            self._total = self._total + len(items) if isinstance(items, Sized) else None
        return items

    def _to_read(self, begun: Iterable[Iterable[Item] | None]) -> int | None:
        """Count the items to read; None where a list is not at hand."""
        if self._total is None:
            return None
        return sum(not self.look.is_current(name) for name in {item.name for items in begun for item in items or ()})

    def _items_of(
        self, spec: SourceSpec, items: Iterable[Item] | None
    ) -> Generator[tuple[SourceSpec, Item], None, SourceError | MissingExtra | None]:
        """Give the items of a source, each once; return why it is not to be trusted."""
        failure: SourceError | MissingExtra | None = None
        any_item = False
        for attempt in range(self.look.recipe.sources.max_attempts):
            pause(attempt)
            try:
                for item in self._timed_list(spec.source.items() if items is None or attempt else items):
                    any_item = True
                    if item.name not in self._listed and not self._is_forgotten(item.name):
                        self._listed.add(item.name)
                        yield spec, item
                failure = None
                break
            except (SourceError, MissingExtra) as error:
                failure = error
                if not error.retryable:
                    break
        if failure is None and not any_item and spec.keeps_when_empty and (lost := self._unlisted(spec)):
            return SourceError(
                f"lists nothing, and the index holds {len(lost)} files of it, which are kept: is it out of reach? "
                "If it is really empty, run `scoville sync --prune`"
            )
        return failure

    def _timed_list(self, items: Iterable[Item]) -> Generator[Item]:
        waiting = iter(items)
        while True:
            with self._timed("list"):
                item = next(waiting, None)
            if item is None:
                return
            yield item

    def _unlisted(self, spec: SourceSpec) -> set[str]:
        """Give the known items of a source that are in no list of this run."""
        source = spec.source
        failures = (failure for failure in self.look.failures.values() if not failure.is_of_source)
        origins = {failure.item or failure.path: failure.origin for failure in failures} | {
            name: known.origin for name, known in self.look.known.items()
        }
        return {
            name
            for name, origin in origins.items()
            if name not in self._listed
            and ((source.key and origin == source.key) or (is_of_files(origin) and source.covers(name)))
        }

    def _index(self, items: Iterable[tuple[SourceSpec, Item]]) -> None:
        batch, since = _Batch(), time.monotonic()
        with closing(self._read_ahead(items)) as outcomes:
            for outcome in outcomes:
                self._progress(outcome.item.name)
                self._done += 1
                self._take(outcome, batch)
                if batch.tokens >= COMMIT_TOKENS or time.monotonic() - since >= COMMIT_SECONDS:
                    self._commit(batch)
                    batch, since = _Batch(), time.monotonic()
        self._commit(batch)

    def _read_ahead(self, items: Iterable[tuple[SourceSpec, Item]]) -> Generator[Outcome]:
        """Read and split a few items ahead in threads, while this one lists and embeds."""
        pending: deque[Callable[[], Outcome]] = deque()
        executor = self.look.executor
        width = executor.width if executor else READERS
        readers = ThreadPoolExecutor(width)
        try:
            for spec, item in items:
                pending.append(readers.submit(self.look.at, spec, item).result)
                if len(pending) > READ_AHEAD * width // READERS:
                    yield from self._outcome(pending.popleft())
                if self.stopped:
                    break
            while pending:
                yield from self._outcome(pending.popleft())
        finally:  # after an error or Ctrl-C, at most the items in hand are read to their end
            readers.shutdown(wait=False, cancel_futures=True)

    def _outcome(self, wait: Callable[[], Outcome]) -> Generator[Outcome]:
        """Give what came of an item; nothing where a model wrote no more. Those in hand behind it may have had all."""
        try:
            yield wait()
        except WriterStopped as stop:
            self.stopped = self.stopped or stop.reason

    def _is_forgotten(self, name: str, digest: str = "") -> bool:
        """Say whether an item must not come back, by its name or its content, and keep that for a remark."""
        if name not in self._forgotten and not (digest and digest in self._forgotten.values()):
            return False
        self._left_out.add(name)
        return True

    def _take(self, outcome: Outcome, batch: _Batch) -> None:
        """Count what came of an item, and put what is to be written into the batch."""
        name, tally = outcome.item.name, self.tally
        if outcome.what == "read" and outcome.seen and self._is_forgotten(name, outcome.seen.digest):
            return
        known = self.look.known.get(name)
        tally.seconds["read"] += outcome.read_seconds
        tally.seconds["split"] += outcome.split_seconds
        tally.seconds["embed"] += outcome.embed_seconds
        tally.failed += outcome.failures
        tally.findings += outcome.findings
        tally.remarks |= {name: outcome.remarks} if outcome.remarks else {}
        if outcome.seen:
            self.seen[name] = outcome.seen
        if outcome.widening:
            tally.widened.append(outcome.widening)
        elif outcome.groups == (NOBODY,):
            tally.for_nobody.append(name)
        match outcome.what:
            case "unchanged":
                tally.unchanged += known.documents if known else 0
                self._healed.add(name)
            case "skipped":
                tally.skipped += 1
            case "gone":
                self.remove([name])
            case "kept":
                self._healed.add(name)
            case "failed":
                self._settled.add(name)
                batch.items += [name] if known else []
            case "read":
                self._settled.add(name)
                if known:
                    tally.changed += outcome.documents
                else:
                    tally.added += outcome.documents
                batch.items.append(name)
                batch.passages += outcome.passages
                batch.vectors += [] if outcome.vectors is None else [outcome.vectors]
                batch.tokens += sum(passage.tokens for passage in outcome.passages)
                origin = Origin(name, outcome.stamp, outcome.spec.source.key or (known.origin if known else ""))
                batch.made_of |= dict.fromkeys((passage.source for passage in outcome.passages), origin)

    def _commit(self, batch: _Batch) -> None:
        if not batch.items:
            return

        def count(texts: int) -> None:
            self.tally.passages += texts
            self._progress(batch.items[-1])

        if batch.vectors:
            import numpy as np

            vectors = np.concatenate(batch.vectors)
            count(len(vectors))
        else:
            with self._timed("embed"), self.look.writers.paying():
                vectors = self.look.embedder.embed([passage.searched for passage in batch.passages], on_done=count)
        with self._timed("write"):
            # Before: a file whose passages are there is not read again, and would never tell of parts that failed.
            self._record_failures()
            self.index.replace(batch.items, batch.passages, vectors, self.look.build, batch.made_of)
            self.workspace.set_seen(self.seen)
        self.tally.tokens += batch.tokens
        self.tally.languages.update(passage.language for passage in batch.passages)

    def _fail_source(self, key: str, reason: str) -> None:
        before = self.look.failures.get(key)
        self._healed.add(key)
        self.tally.failed.append(
            Failure(path=key, reason=reason, attempts=before.attempts + 1 if before else 1, item=key, origin=key)
        )

    def _progress(self, current: str) -> None:
        if self.on_progress:
            self.on_progress(AddProgress(self._done, self._total, self.tally.passages, current))

    def _timed(self, stage: str) -> "_Timed":
        return _Timed(self.tally.seconds, stage)


class _Timed:
    """Adds the time of a block to a stage."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self.seconds = seconds
        self.stage = stage
        self.started = 0.0

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.stage] += time.perf_counter() - self.started


def known_items(index: Index) -> Mapping[str, Known]:
    """Say what an index holds of each item."""
    items: dict[str, Known] = {}
    for state in index.documents().values():
        before = items.get(state.item)
        build = state.build if before is None or before.build == state.build else ""
        items[state.item] = Known(state.stamp, build, state.origin, before.documents + 1 if before else 1, state.groups)
    return items
