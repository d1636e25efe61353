"""One item in, what came of it out: unchanged, read and split, failed, or gone.

An item is compared first by what is cheap (times, an ETag, a blob id: ``seen.json``), then by content and by what the
recipe adds to it. What cannot be reached is tried again, with growing pauses. Runs in threads and changes nothing.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from scoville.cost import Budget
from scoville.embed import Embedder
from scoville.errors import (
    ContextTooLong,
    MachineFault,
    ModelError,
    OverBudget,
    ProviderError,
    ReadFailure,
    ScovilleError,
    SourceError,
    SourceUnavailable,
    UsageError,
)
from scoville.faults import machine_fault
from scoville.guards import Guards
from scoville.index.access import Access, Ruling, Widening
from scoville.index.executor import Executor
from scoville.index.making import Made, Maker
from scoville.index.reading_cache import ReadingCache
from scoville.index.workspace import Failure, Seen
from scoville.read.reader import Reading
from scoville.recipe import INDEX, Recipe, deciding
from scoville.recipe.sources import Entry
from scoville.sources import Content, Gone, Item, NotThere, Source
from scoville.types import Finding, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0


Write = Callable[[str], str]
"""Asks a model: a text → what it writes about it."""


class Writers(NamedTuple):
    """The models that the recipe names for reading: what is None is done without one."""

    summarise: Write | None = None
    """Of `split.summary_model`: the text of a section → its summary."""
    describe: Write | None = None
    """Of `metadata.model`: a prompt → a JSON object."""
    foresee: Callable[[int | None], None] | None = None
    """Told before an item is read how many are known to be new or to be read again, None where that cannot be said;
    what it raises ends the run with nothing changed."""
    budget: Budget | None = None
    """What these, and hosted models that read or embed, are paid from."""

    def paying(self) -> AbstractContextManager[None]:
        """Have the budget, if there is one, pay for what is read and embedded meanwhile."""
        return self.budget.paying() if self.budget else nullcontext()


NO_WRITERS = Writers()


class WriterStopped(Exception):
    """A model cannot or may not write any more; the run ends, and keeps what was read before."""

    def __init__(self, reason: ScovilleError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class SourceSpec(NamedTuple):
    """A source, and what the recipe says of its documents."""

    source: Source
    entry: Entry
    keeps_when_empty: bool = False
    """Whether a source that lists nothing at all is held to be out of reach."""


class Known(NamedTuple):
    """What the index holds of one item."""

    stamp: str
    build: str
    origin: str
    documents: int
    groups: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """What came of one item."""

    item: Item
    spec: SourceSpec
    what: Literal["read", "unchanged", "skipped", "gone", "failed", "kept"]
    """``skipped``: it failed too often to be tried. ``failed``: what the index held goes; ``kept``: it stays."""
    passages: Sequence[Passage] = ()
    documents: int = 0
    failures: Sequence[Failure] = ()
    stamp: str = ""
    seen: Seen | None = None
    groups: tuple[str, ...] = ()
    """Who may read its passages."""
    widening: Widening | None = None
    findings: Sequence[Finding] = ()
    """What guards found in it."""
    remarks: int = 0
    """How many its reading left."""
    read_seconds: float = 0.0
    split_seconds: float = 0.0
    vectors: "NDArray[np.float32] | None" = None
    """Of its passages, where a worker embedded them."""
    embed_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Look:
    """What an item is compared with, and what it is read with."""

    recipe: Recipe
    embedder: Embedder
    build: str
    guards: Guards
    access: Access
    known: Mapping[str, Known]
    failures: Mapping[str, Failure]
    """Of earlier runs, by path."""
    seen: Mapping[str, Seen]
    from_scratch: bool
    """Whether everything is read again."""
    tries_all: bool
    """Whether what failed too often is tried again, too."""
    writers: Writers = Writers()
    readings: ReadingCache | None = None
    """What was read for another index over the same files."""
    executor: Executor | None = None
    """What reads, splits and embeds elsewhere; None: here."""

    def at(self, spec: SourceSpec, item: Item) -> Outcome:
        """Read an item if it, or who may read it, changed."""
        known = self.known.get(item.name)
        ruling = self.access.of(spec.entry, item, origin=known.origin if known else "")
        content: Content | None = None
        failure = self.failures.get(item.name)
        try:
            if failure and self._is_dead(failure) and not (failure.validator or failure.digest):
                return Outcome(item, spec, "skipped")
            content = self._open(item, self._validator(spec, item, ruling))
            if content is None:
                return Outcome(item, spec, "skipped" if failure else "unchanged", widening=ruling.widening)
            digest = self._digest(content)
            if known is None:
                ruling = self.access.of(spec.entry, item, digest=digest)
            if digest and self._holds(item, _stamp(digest, spec.entry, ruling)):
                seen = self._seen(spec, item, content, digest, ruling)
                return Outcome(item, spec, "unchanged", seen=seen, widening=ruling.widening)
            if failure and self._is_dead(failure) and failure.digest == digest:
                return Outcome(item, spec, "skipped")
            return self._read(spec, item, content, ruling)
        except WriterStopped:
            raise
        except Gone as gone:
            return self._gone(spec, item, ruling, gone)
        except SourceError as error:
            return self._failed(spec, item, content, ruling, str(error), could_look=False)
        except (MemoryError, MachineFault):
            raise
        except ReadFailure as error:
            _raise_fault(error)
            could_look = content is None or isinstance(content.data, bytes) or os.access(content.data, os.R_OK)
            return self._failed(spec, item, content, ruling, str(error), could_look=could_look)
        except Exception as error:  # a reader's fault must not end the ingest of a folder
            _raise_fault(error)
            reason = f"the reader failed ({type(error).__name__}: {error}); please report it"
            return self._failed(spec, item, content, ruling, reason)

    def _gone(self, spec: SourceSpec, item: Item, ruling: Ruling, gone: Gone) -> Outcome:
        if isinstance(gone, NotThere) and item.name not in self.known:
            return self._failed(spec, item, None, ruling, str(gone), could_look=False)
        return Outcome(item, spec, "gone")

    def _is_dead(self, failure: Failure) -> bool:
        """Say whether an item failed too often to be tried again as it is."""
        tried = failure.attempts >= self.recipe.sources.give_up_after
        return tried and failure.build == self.build and not self.tries_all

    def _seen(self, spec: SourceSpec, item: Item, content: Content, digest: str, ruling: Ruling) -> Seen:
        known = self.known.get(item.name)
        return Seen(content.validator, digest, spec.source.key or (known.origin if known else ""), ruling.groups)

    def _validator(self, spec: SourceSpec, item: Item, ruling: Ruling) -> str:
        """Give what stands for the content that the index holds, if it still does, or for that which is given up."""
        if failure := self.failures.get(item.name):
            return failure.validator if self._is_dead(failure) else ""
        seen = self.seen.get(item.name)
        return seen.validator if seen and self._holds(item, _stamp(seen.digest, spec.entry, ruling)) else ""

    def _digest(self, content: Content, read: str = "") -> str:
        """Name what an item holds; empty where a file cannot be read: trying finds out why, and says so.

        ``read`` is the SHA-256 of the bytes where they were read already, a moment later than they are now.
        """
        try:
            read = read or _sha256(content.data, self.recipe.read.max_megabytes * 1_000_000)
        except OSError:
            return ""
        if not read or (not content.title and not content.metadata):
            return read
        return hashlib.sha256(json.dumps([read, content.title, dict(content.metadata)]).encode()).hexdigest()

    def _holds(self, item: Item, stamp: str) -> bool:
        return self.is_current(item.name) and self.known[item.name].stamp == stamp

    def is_current(self, name: str) -> bool:
        """Say whether an item was read with the present settings, and is not to be read again unless it changed."""
        return not self.from_scratch and name in self.known and self.known[name].build == self.build

    def _open(self, item: Item, validator: str) -> Content | None:
        failure: SourceUnavailable | None = None
        for attempt in range(self.recipe.sources.max_attempts):
            pause(attempt)
            try:
                return item.open(validator)
            except SourceUnavailable as error:
                failure = error
        raise failure or SourceUnavailable(item.name)

    def _read(self, spec: SourceSpec, item: Item, content: Content, ruling: Ruling) -> Outcome:
        try:
            made = self._made(spec, item, content)
        except OverBudget as error:  # for a page or a sound
            raise WriterStopped(error) from error
        failures = [self._failure(spec, item, path, reason) for path, reason in made.failures]
        passages = made.passages
        if ruling.groups:
            passages = [replace(passage, groups=ruling.groups) for passage in passages]
        seen = self._seen(spec, item, content, self._digest(content, made.digest), ruling)
        return Outcome(
            item, spec, "read" if made.documents else "failed", passages, made.documents, failures,
            _stamp(seen.digest, spec.entry, ruling), seen, ruling.groups, ruling.widening, made.findings, made.remarks,
            made.read_seconds, made.split_seconds, made.vectors, made.embed_seconds,
        )  # fmt: skip

    def _made(self, spec: SourceSpec, item: Item, content: Content) -> Made:
        if self.executor:
            return self.executor.make(item.name, content, spec.entry.metadata)
        maker = Maker(
            recipe=self.recipe,
            embedder=self.embedder,
            guards=self.guards,
            summarise=_asking(self.writers.summarise),
            describe=_asking(self.writers.describe),
        )
        return maker.make(item.name, content, spec.entry.metadata, lambda: self._reading(maker, item, content))

    def _reading(self, maker: Maker, item: Item, content: Content) -> Reading:
        with self.writers.paying():
            if self.readings and (digest := self._digest(content)):
                settings = json.dumps(deciding(self.recipe.read, INDEX))
                key = f"{item.name}\n{digest}\n{settings}"
                return self.readings.reading(key, lambda: maker.read(item.name, content))
            return maker.read(item.name, content)

    def _failed(
        self,
        spec: SourceSpec,
        item: Item,
        content: Content | None,
        ruling: Ruling,
        reason: str,
        *,
        could_look: bool = True,
    ) -> Outcome:
        """Say that an item failed.

        What the index holds of it is no longer what it says, unless it could not even be looked at, or is what was
        read before in the same way; passages of other settings are never kept, because one of them makes the whole
        index stale.
        """
        known = self.known.get(item.name)
        digest = self._digest(content) if content else ""
        is_same = known is not None and bool(digest) and known.stamp == _stamp(digest, spec.entry, ruling)
        keeps = (is_same or not could_look) and known is not None and known.build == self.build
        failure = self._failure(spec, item, item.name, reason)
        if content:
            failure = replace(failure, validator=content.validator, digest=digest)
        return Outcome(item, spec, "kept" if keeps else "failed", failures=[failure])

    def _failure(self, spec: SourceSpec, item: Item, path: str, reason: str) -> Failure:
        before = self.failures.get(path)
        return Failure(
            path=path,
            reason=reason,
            attempts=before.attempts + 1 if before else 1,
            item=item.name,
            origin=spec.source.key,
            build=self.build,
        )


def _raise_fault(error: BaseException) -> None:
    """Raise what the machine is to blame for: the file may be a good one."""
    if fault := machine_fault(error):
        raise fault from error


def _asking(write: Write | None) -> Write | None:
    """Tell a text that does not fit the model, about which nothing is written, from a model that writes no more."""
    if write is None:
        return None

    def ask(text: str) -> str:
        try:
            return write(text)
        except ContextTooLong:
            return ""
        except (ModelError, ProviderError, UsageError) as error:
            raise WriterStopped(error) from error

    return ask


def pause(attempt: int) -> None:
    """Wait before an attempt, from 0: not before the first, then twice as long each time."""
    if attempt:
        time.sleep(min(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS))


def _sha256(data: bytes | Path, most: int) -> str:
    """Name bytes; empty for a file of more than ``most`` bytes, which takes for ever to go through and is not read."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    if not os.path.isfile(data):  # opening a pipe would wait for ever
        raise OSError
    if os.path.getsize(data) > most:
        return ""
    with data.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(digest: str, entry: Entry, ruling: Ruling) -> str:
    """Name everything that the documents of an item are made of."""
    marks = [digest, dict(entry.metadata), sorted(ruling.groups)]
    return hashlib.sha256(json.dumps(marks, sort_keys=True).encode()).hexdigest()[:32]
