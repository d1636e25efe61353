"""Files become passages in the index, once each.

Enters: paths. Leaves: an index that holds every readable file below them in its present form, and a report. Files are
compared by content, so doing it twice changes nothing; documents are committed whole, so a kill loses at most the ones
that were in hand. Knows nothing of searching.
"""

import hashlib
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from scoville.embed import Embedder, open_embedder
from scoville.errors import ReadFailure, StaleIndex, UsageError
from scoville.index.lance import DocumentState, LanceIndex
from scoville.index.walk import walk
from scoville.index.workspace import Built, Failure, Workspace
from scoville.read import READER_VERSION, read_document
from scoville.recipe import Recipe
from scoville.split import SPLITTER_VERSION, split_document
from scoville.types import Passage

COMMIT_TOKENS = 200_000  # about 10 s of embedding on two cores: what a kill can lose
READ_AHEAD = 4


@dataclass(frozen=True, kw_only=True)
class AddReport:
    """What an `add` did."""

    documents: int
    """Documents in the index now."""
    passages: int
    """Passages in the index now."""
    added: int
    changed: int
    removed: int
    unchanged: int
    failed: tuple[Failure, ...]
    """Of the paths that were asked for."""
    tokens: int
    """Tokens embedded by this run."""
    seconds: float


class AddProgress(NamedTuple):
    """How far an `add` is."""

    files: int
    total: int
    passages: int
    """Passages embedded so far."""
    current: str


@dataclass(kw_only=True)
class _Tally:
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    passages: int = 0
    tokens: int = 0
    failed: list[Failure] = field(default_factory=list[Failure])


def build_hash(recipe: Recipe) -> str:
    """Name everything that decides what the passages of a file are."""
    return hashlib.sha256(f"{recipe.build_hash}/{READER_VERSION}/{SPLITTER_VERSION}".encode()).hexdigest()[:16]


def table_name(embedder: str) -> str:
    """Name the table of an embedder: vectors of two models never share one."""
    return f"passages-{hashlib.sha256(embedder.encode()).hexdigest()[:12]}"


def add_paths(
    workspace: Workspace,
    recipe: Recipe,
    paths: Sequence[Path],
    *,
    rebuild: bool = False,
    on_progress: Callable[[AddProgress], None] | None = None,
    on_wait: Callable[[], None] | None = None,
) -> AddReport:
    """Add, update and remove what changed below ``paths``.

    ``rebuild`` reads and embeds every known file again, beside the present index if the embedder changed, and then
    switches over. A path that is gone but known is removed. Raises UsageError when a path was never there, StaleIndex
    when the index was built with another embedder, StorageError when the disk is full.
    """
    started = time.perf_counter()
    _check_paths(paths, workspace)
    with workspace.writing(on_wait):
        run = _Add(workspace, recipe, rebuild, on_progress)
        run.add(paths)
        return run.report(time.perf_counter() - started)


class _Add:
    """One run of `add`, under the lock."""

    def __init__(
        self, workspace: Workspace, recipe: Recipe, rebuild: bool, on_progress: Callable[[AddProgress], None] | None
    ) -> None:
        self.workspace = workspace
        self.recipe = recipe
        self.rebuild = rebuild
        self.on_progress = on_progress
        self.build = build_hash(recipe)
        self.tally = _Tally()
        self.embedder: Embedder = open_embedder(recipe.embed)
        self.before = workspace.built()
        self._refuse_mixing()
        self.target = self._target()
        self.index = self._open(self.target)
        self.known = self.index.documents()
        # Where some passages are stale, a rebuild heals those, so that one which was interrupted goes on; where none
        # is, everything is built again.
        self.from_scratch = rebuild and self.before == self.target and self.index.is_current(self.build)

    def add(self, paths: Sequence[Path]) -> None:
        if self.before is None:
            self.workspace.set_built(self.target)
        files, gone = self._find(paths)
        self._index(files)
        self._remove(gone)
        self.index.finish()  # takes 2 ms when there is nothing to do, and a killed run may have left something
        if self.before != self.target:
            self.workspace.set_built(self.target)
        # The index before this one goes with the next `add`: another process may be searching it.
        self.index.drop_others({self.before.table} if self.before else ())
        self._record_failures(files, gone)

    def report(self, seconds: float) -> AddReport:
        documents = self.index.documents()
        tally = self.tally
        return AddReport(
            documents=len(documents),
            passages=sum(state.passages for state in documents.values()),
            added=tally.added,
            changed=tally.changed,
            removed=tally.removed,
            unchanged=tally.unchanged,
            failed=tuple(sorted(tally.failed, key=lambda failure: failure.path)),
            tokens=tally.tokens,
            seconds=seconds,
        )

    def _open(self, built: Built) -> LanceIndex:
        return LanceIndex(self.workspace.index_folder, built.table, built.dimension, create=True)

    def _refuse_mixing(self) -> None:
        if self.before is None or self.before.embedder == self.embedder.name or self.rebuild:
            return
        if self._open(self.before).count():
            raise StaleIndex(
                f"the index was built with the embedder {self.before.embedder!r} and the recipe says "
                f"{self.embedder.name!r}: run `scoville add --rebuild` to embed every document again, "
                "or set embed.model back"
            )
        self.before = None  # nothing was embedded yet

    def _target(self) -> Built:
        name = self.embedder.name
        if self.before and self.before.embedder == name:
            return self.before
        return Built(table=table_name(name), embedder=name, dimension=self.embedder.dimension)

    def _all_known(self) -> dict[str, Path]:
        """Give every file that the index holds or that failed, and where it is."""
        sources = set(self.known) | {failure.path for failure in self.workspace.failures()}
        if self.before and self.before.table != self.target.table:
            sources |= set(self._open(self.before).documents())
        return {source: self.workspace.path_of(source) for source in sorted(sources)}

    def _find(self, paths: Sequence[Path]) -> tuple[dict[str, Path], set[str]]:
        """Give the files to look at by source, and the known sources that are gone."""
        files: dict[str, Path] = {}
        asked: set[str] = set()
        known = self._all_known()
        for path in paths:
            walked = walk(path)
            root = self.workspace.source_of(path)
            below = {root} & known.keys()
            if walked.roots or not walked.files:
                below |= _below(known, walked.roots or [self.workspace.path_of(root)])
            if not walked.files and not walked.roots and not below:
                raise _no_such_path(path)
            files |= {self.workspace.source_of(file): file for file in walked.files}
            asked |= below
        if self.rebuild:
            asked |= known.keys()
        gone = {source for source in asked - files.keys() if _is_gone(known[source])}
        if self.rebuild:
            files |= {source: known[source] for source in asked - gone - files.keys()}
        return dict(sorted(files.items())), gone

    def _index(self, files: dict[str, Path]) -> None:
        batch = _Batch()
        with closing(self._read_all(files)) as reading:
            for number, (source, read) in enumerate(reading):
                self._progress(number, len(files), source)
                batch.sources += [source] if read is not None else []
                batch.passages += read or []
                batch.tokens += sum(passage.tokens for passage in read or [])
                if batch.tokens >= COMMIT_TOKENS:
                    self._commit(batch, number + 1, len(files))
                    batch = _Batch()
        self._commit(batch, len(files), len(files))

    def _read_all(self, files: dict[str, Path]) -> Generator[tuple[str, list[Passage] | None]]:
        """Read and split a few files ahead in a thread, while this one embeds; None where there is nothing to do."""
        pending: list[tuple[str, Callable[[], list[Passage] | None]]] = []
        reader = ThreadPoolExecutor(1)
        try:
            for source, path in files.items():
                pending.append((source, reader.submit(self._read, source, path).result))
                if len(pending) > READ_AHEAD:
                    name, result = pending.pop(0)
                    yield name, result()
            for name, result in pending:
                yield name, result()
        finally:  # after an error or Ctrl-C, at most the file in hand is read to its end
            reader.shutdown(wait=False, cancel_futures=True)

    def _read(self, source: str, path: Path) -> list[Passage] | None:
        state = self.known.get(source)
        try:
            if self._unchanged(path, state):
                self.tally.unchanged += 1
                return None
            document = read_document(path, source=source, settings=self.recipe.read)
            passages = split_document(document, self.recipe.split, self.embedder)
            if not passages:
                raise ReadFailure("has no text")
        except ReadFailure as failure:
            return self._failed(source, path, str(failure))
        except Exception as error:  # a reader's fault must not end the ingest of a folder
            return self._failed(source, path, f"the reader failed ({type(error).__name__}: {error}); please report it")
        if state:
            self.tally.changed += 1
        else:
            self.tally.added += 1
        return passages

    def _failed(self, source: str, path: Path, reason: str) -> list[Passage] | None:
        self.tally.failed.append(Failure(path=source, reason=reason))
        state = self.known.get(source)
        if state is None:
            return None
        # What the index holds of it is no longer what the file says, unless the file could not even be opened; passages
        # of other settings are never kept, because one of them makes the whole index stale.
        return None if state.build == self.build and not os.access(path, os.R_OK) else []

    def _unchanged(self, path: Path, state: DocumentState | None) -> bool:
        if state is None or state.build != self.build or self.from_scratch:
            return False
        if not os.path.isfile(path):
            return False  # opening what became a pipe would wait for ever; the reader refuses it
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == state.document_id
        except OSError:
            return False  # reading it again finds out why, and says so

    def _commit(self, batch: "_Batch", files: int, total: int) -> None:
        if not batch.sources:
            return

        def count(texts: int) -> None:
            self.tally.passages += texts
            self._progress(files, total, batch.sources[-1])

        vectors = self.embedder.embed([passage.content for passage in batch.passages], on_done=count)
        self.index.replace(batch.sources, batch.passages, vectors, self.build)
        self.tally.tokens += batch.tokens

    def _remove(self, gone: Iterable[str]) -> None:
        present = sorted(set(gone) & set(self.known))
        self.index.remove(present)
        self.tally.removed += len(present)

    def _record_failures(self, looked_at: Iterable[str], gone: Iterable[str]) -> None:
        settled = set(looked_at) | set(gone)
        others = [failure for failure in self.workspace.failures() if failure.path not in settled]
        self.workspace.set_failures([*others, *self.tally.failed])

    def _progress(self, files: int, total: int, current: str) -> None:
        if self.on_progress:
            self.on_progress(AddProgress(files, total, self.tally.passages, current))


@dataclass
class _Batch:
    """Whole documents that are embedded and committed together."""

    sources: list[str] = field(default_factory=list[str])
    passages: list[Passage] = field(default_factory=list[Passage])
    tokens: int = 0


def _below(known: Mapping[str, Path], roots: Sequence[Path]) -> set[str]:
    folders = tuple(f"{str(root).rstrip('/')}/" for root in roots)
    return {source for source, path in known.items() if str(path).startswith(folders)}


def _is_gone(path: Path) -> bool:
    """Say whether a file that was known is no file any more; what cannot be looked at is not gone."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return os.path.isdir(path)


def _check_paths(paths: Sequence[Path], workspace: Workspace) -> None:
    """Refuse what was never there before anything is made."""
    for path in paths:
        if "\0" in str(path):
            raise UsageError(f"{str(path)!r} is no path")
        if not os.path.lexists(path) and workspace.built() is None:
            raise _no_such_path(path)


def _no_such_path(path: Path) -> UsageError:
    return UsageError(f"{path} does not exist: expected a file or a folder")
