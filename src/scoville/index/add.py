"""Files become passages in the index, once each.

Enters: paths. Leaves: an index that holds every readable file below them in its present form, and a report. Files are
compared by content, so doing it twice changes nothing; documents are committed whole, so a kill loses at most the ones
that were in hand. Knows nothing of searching.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from scoville.embed import Embedder, open_embedder
from scoville.errors import ReadFailure, StaleIndex, UsageError
from scoville.index.lance import DocumentState, LanceIndex
from scoville.index.workspace import FOLDER, Built, Failure, Workspace
from scoville.read import READER_VERSION, read_document
from scoville.recipe import FILE_NAME, Recipe
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
    _check_paths(paths)
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
        self.index = LanceIndex(workspace.index_folder, self.target.table, self.target.dimension, create=True)
        self.known = self.index.documents()

    def add(self, paths: Sequence[Path]) -> None:
        switching = self.before is not None and self.before.table != self.target.table
        if self.before is None:
            self.workspace.set_built(self.target)
        if self.rebuild:
            paths = [*paths, *self._known_files()]
        files, gone = self._find(paths)
        self._index(files)
        self._remove(gone)
        if self.tally.added or self.tally.changed or self.tally.removed:
            self.index.finish()
        if switching:
            self.workspace.set_built(self.target)
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

    def _refuse_mixing(self) -> None:
        if self.before and self.before.embedder != self.embedder.name and not self.rebuild:
            raise StaleIndex(
                f"the index was built with the embedder {self.before.embedder!r} and the recipe says "
                f"{self.embedder.name!r}: run `scoville add --rebuild` to embed every document again, "
                "or set embed.model back"
            )

    def _target(self) -> Built:
        name = self.embedder.name
        if self.before and self.before.embedder == name:
            return self.before
        return Built(table=table_name(name), embedder=name, dimension=self.embedder.dimension)

    def _known_files(self) -> list[Path]:
        known = set(self.known)
        if self.before and self.before.table != self.target.table:
            old = LanceIndex(self.workspace.index_folder, self.before.table, self.before.dimension)
            known |= set(old.documents())
        return [self.workspace.path_of(source) for source in sorted(known)]

    def _find(self, paths: Sequence[Path]) -> tuple[dict[str, Path], set[str]]:
        """Give the files to look at by source, and the known sources that are gone."""
        files: dict[str, Path] = {}
        gone: set[str] = set()
        known = set(self.known) | {failure.path for failure in self.workspace.failures()}
        for path in paths:
            root = self.workspace.source_of(path)
            below = {source for source in known if source == root or _is_below(source, root)}
            found = {self.workspace.source_of(file): file for file in walk(path)}
            if not found and not path.exists() and not below and not self.rebuild:
                raise UsageError(f"{path} does not exist: expected a file or a folder")
            files |= found
            gone |= below - set(found)
        return dict(sorted(files.items())), gone - set(files)

    def _index(self, files: dict[str, Path]) -> None:
        batch = _Batch()
        for number, (source, read) in enumerate(self._read_all(files)):
            self._progress(number, len(files), source)
            batch.sources += [source] if read is not None else []
            batch.passages += read or []
            batch.tokens += sum(passage.tokens for passage in read or [])
            if batch.tokens >= COMMIT_TOKENS:
                self._commit(batch, number + 1, len(files))
                batch = _Batch()
        self._commit(batch, len(files), len(files))

    def _read_all(self, files: dict[str, Path]) -> Iterator[tuple[str, list[Passage] | None]]:
        """Read and split a few files ahead in a thread, while this one embeds; None where there is nothing to do."""
        pending: list[tuple[str, Callable[[], list[Passage] | None]]] = []
        with ThreadPoolExecutor(1) as reader:
            for source, path in files.items():
                pending.append((source, reader.submit(self._read, source, path).result))
                if len(pending) > READ_AHEAD:
                    name, result = pending.pop(0)
                    yield name, result()
            for name, result in pending:
                yield name, result()

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
        # What the index holds of it is no longer what the file says, unless the file could not even be opened.
        return [] if source in self.known and os.access(path, os.R_OK) else None

    def _unchanged(self, path: Path, state: DocumentState | None) -> bool:
        if state is None or state.build != self.build or (self.rebuild and self.before == self.target):
            return False
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


def walk(path: Path) -> Iterator[Path]:
    """Give the files at or below a path, sorted by name within each folder.

    Hidden files and folders, the workspace's own files and recipes are left out, unless named themselves. Links are
    followed, but no folder is entered twice. Sockets, pipes and devices are left to the reader, which refuses them.
    """
    if path.is_dir():
        yield from _walk(path, set())
    elif path.exists() or path.is_symlink():
        yield path


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        status = folder.stat()
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError:
        yield folder  # cannot be listed: reading it says why
        return
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    for entry in entries:
        if entry.name.startswith(".") or entry.name in (FOLDER, FILE_NAME):
            continue
        if entry.is_dir():
            yield from _walk(entry, seen)
        else:
            yield entry


def _is_below(source: str, root: str) -> bool:
    return root == "." and not source.startswith("/") or source.startswith(f"{root.rstrip('/')}/")


def _check_paths(paths: Sequence[Path]) -> None:
    for path in paths:
        if "\0" in str(path):
            raise UsageError(f"{str(path)!r} is no path")
