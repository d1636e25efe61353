"""A workspace: the folder of the recipe, and what was built from it in ``.scoville/``.

Knows which index is current, which files failed, and how to keep two writers apart. Files below it are written to a
temporary name and renamed, so a kill at any moment leaves the old content or the new.

    .scoville/
      workspace.json    format, name of the current index, its embedder
      failures.json     what could not be read or reached, with the reason
      forgotten.json    what `scoville forget` took out, and is not added again
      seen.json         what was added, and what it looked like when it was read: the list that outlives the tables
      index/            LanceDB tables
      lock              held by the one process that writes
"""

import json
import logging
import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

from scoville.errors import DamagedIndex, EmptyIndex, ScovilleError, StorageError, UsageError, WorkspaceError
from scoville.faults import machine_fault
from scoville.recipe import FILE_NAME
from scoville.sources.ignore import repository_of
from scoville.storage import TEMPORARY, advice, storage_errors, write_whole

logger = logging.getLogger("scoville")
FORMAT = 3  # the index of an older one is stale, and `scoville add --rebuild` heals it: 1 knew no items, 2 many columns
FOLDER = ".scoville"
BUILT = "workspace.json"
FAILURES = "failures.json"
FORGOTTEN = "forgotten.json"
SHARED = frozenset({BUILT, FORGOTTEN})
"""What lies beside an index that several machines use."""
REBUILD = "run `scoville add --rebuild`, which reads again all that was added"
LOCK_SECONDS = 3600.0
ESCAPED_BYTE = re.compile(rb"\\x([89a-f][0-9a-f])")


@dataclass(frozen=True, kw_only=True)
class Built:
    """What the current index was built with."""

    table: str
    embedder: str
    dimension: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A file, or a source, that could not be read."""

    path: str
    reason: str
    attempts: int = 1
    """In how many runs it failed."""
    item: str = ""
    """The name of the file that it is part of, or its own."""
    origin: str = ""
    """Key of the source of the recipe that listed it; empty when it was added by hand."""
    validator: str = ""
    """Stands for the content that failed; empty where that is not known."""
    digest: str = ""
    """Names the content that failed; empty where it could not be had."""
    build: str = ""
    """The hash of the settings that it failed with."""

    @property
    def is_of_source(self) -> bool:
        """Say whether it is a source that cannot be reached, and not one of its files."""
        return bool(self.origin) and self.path == self.origin

    @property
    def is_named(self) -> bool:
        """Say whether it is a page whose URL stands in the recipe."""
        return self.origin == f"url {self.path}"


class Seen(NamedTuple):
    """What an item looked like when it was last read."""

    validator: str
    digest: str
    """Names its content."""
    origin: str = ""
    """Key of the source of the recipe that listed it; empty when it was added by hand."""
    groups: tuple[str, ...] = ()
    """Who may read it."""


class Shared(Protocol):
    """Where machines that share an index keep what they have to agree on: see ``bucket.py``."""

    url: str

    def read(self, name: str, *, fresh: bool = False) -> dict[str, Any]:
        """Give a value by name, empty where there is none; unless ``fresh``, as it was a moment ago."""
        ...

    def write(self, name: str, value: Mapping[str, Any]) -> None:
        """Put a value in the place of the one before."""
        ...

    def tables(self) -> Iterator[tuple[str, Any]]:
        """Open every table of passages, each with its place."""
        ...


class Workspace:
    """A folder with a recipe and its index."""

    def __init__(self, root: Path, folder: Path | None = None, *, fixed: bool = False) -> None:
        """``folder`` takes the place of ``.scoville``: another index over the documents of the same workspace.

        ``fixed``: that of a release, which is read and never written.
        """
        self.root = root.resolve()
        self.folder = folder or self.root / FOLDER
        self.fixed = fixed
        self.shared: Shared | None = None
        """Where the index is that other machines use as well; whoever reads the recipe sets it."""
        beside = self.root.parent
        self.project = repository_of(self.root) or (self.root if beside == beside.parent else beside)
        """What is copied to another machine as a whole: the repository, else the folder that the workspace lies in."""

    @classmethod
    def find(cls, start: Path) -> Self:
        """Find the workspace of a folder: itself or the nearest parent with a recipe or an index, else itself."""
        here = start.resolve()
        for folder in (here, *here.parents):
            if os.path.isfile(folder / FILE_NAME) or os.path.isfile(folder / FOLDER / BUILT):
                return cls(folder)
        return cls(here)

    @property
    def recipe_path(self) -> Path:
        """Where the recipe is, or would be."""
        return self.root / FILE_NAME

    @property
    def index_folder(self) -> Path:
        """Where the tables are."""
        return self.folder / "index"

    def built(self, *, fresh: bool = False) -> Built | None:
        """Say what the current index was built with; None before the first passage is added.

        ``fresh``: not as another machine left it a moment ago.
        """
        state = self._read(BUILT, fresh=fresh)
        if not state:
            if self.seen():
                raise self._damaged(BUILT, "it is missing")
            return None
        if not isinstance(state.get("format"), int):
            raise self._damaged(BUILT, "it names no format")
        if state["format"] > FORMAT:
            raise WorkspaceError(
                f"{self.folder} has format {state['format']} and this version of Scoville knows up to {FORMAT}: "
                "install a newer Scoville, or use another folder"
            )
        table, embedder, dimension = (state.get(key) for key in ("table", "embedder", "dimension"))
        if not (isinstance(table, str) and isinstance(embedder, str) and isinstance(dimension, int)):
            raise self._damaged(BUILT, "it names no index")
        return Built(table=table, embedder=embedder, dimension=dimension)

    def require_built(self) -> Built:
        """Say what the current index was built with; EmptyIndex before the first passage is added."""
        if built := self.built():
            return built
        raise EmptyIndex(f"{self.root} has no index yet: add documents with `scoville add PATH`")

    def set_built(self, built: Built) -> None:
        """Make an index the current one."""
        self._write(BUILT, {"format": FORMAT, **asdict(built)})

    def settle(self, built: Built) -> None:
        """Make an index the current one, if it is not already, in the form of this version."""
        if self._read(BUILT, fresh=True) != {"format": FORMAT, **asdict(built)}:
            self.set_built(built)

    def failures(self) -> list[Failure]:
        """List the files that could not be read, by path; DamagedIndex where the list cannot be read itself."""
        return [_failure(path, value) for path, value in sorted(self._read(FAILURES).items())]

    def set_failures(self, failures: list[Failure]) -> None:
        """Replace the list of failures."""
        kept = {failure.path: asdict(failure) for failure in failures}
        for value in kept.values():
            del value["path"]
        self._write(FAILURES, kept)

    def seen(self) -> dict[str, Seen]:
        """Say what items looked like when they were read; nothing when that is not known."""
        try:
            return {item: _seen(*value) for item, value in self._read("seen.json").items()}
        except (DamagedIndex, TypeError, ValueError):  # then each item is looked at again
            return {}

    def set_seen(self, seen: Mapping[str, Seen]) -> None:
        """Remember what items looked like."""
        if seen != self.seen():
            self._write("seen.json", dict(seen))

    def forgotten(self) -> dict[str, str]:
        """Say what is not to be added again: the names of items, each with the hash of its content where it is known.

        DamagedIndex where the list cannot be read: then nothing may be added.
        """
        return {name: str(digest) for name, digest in self._read(FORGOTTEN, fresh=True).items()}

    def set_forgotten(self, forgotten: Mapping[str, str]) -> None:
        """Replace the list of what is not to be added again."""
        self._write(FORGOTTEN, dict(forgotten))

    def source_of(self, path: Path) -> str:
        r"""Name a file: relative to the workspace where it lies in the same project, else absolute; always with ``/``.

        So a project that is copied as a whole, or checked out elsewhere, has the same names there. A link to a file
        keeps its own name, a link to a folder has that of the folder. Bytes of a name that are no UTF-8 are written as
        ``\xe9``.
        """
        absolute = os.path.abspath(path)
        folder, name = (absolute, "") if os.path.isdir(absolute) else os.path.split(absolute)
        place = Path(os.path.realpath(folder)) / name
        if place.is_relative_to(self.project):
            place = Path(os.path.relpath(place, self.root))
        return os.fsencode(place.as_posix()).decode("utf-8", "backslashreplace")

    def path_of(self, source: str) -> Path:
        """Give the file that a source names."""
        path = self.root / source
        if "\\x" in source and not os.path.lexists(path):
            name = ESCAPED_BYTE.sub(lambda escaped: bytes.fromhex(escaped[1].decode()), source.encode())
            return self.root / os.fsdecode(name)
        return path

    @contextmanager
    def writing(self, on_wait: Callable[[], None] | None = None) -> Generator[None]:
        """Hold the workspace for writing; waits for another writer to end, after telling ``on_wait``."""
        from filelock import FileLock, Timeout

        if self.fixed:
            raise UsageError(f"release {self.folder.name} is not changed once it is made: change the workspace")
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (ignore := self.folder / ".gitignore").exists():
                ignore.write_text("*\n")  # indexes and traces are nothing to commit
            lock = FileLock(self.folder / "lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if on_wait:
                    on_wait()
                try:
                    lock.acquire(timeout=LOCK_SECONDS)
                except Timeout:
                    raise WorkspaceError(
                        f"{self.folder} has been in use for an hour; is another `add` stuck?"
                    ) from None
        try:
            for leftover in self.folder.glob("*.tmp"):  # of a process that was killed
                leftover.unlink(missing_ok=True)
            TEMPORARY.remove_leftovers()
            self._mend_failures()
            yield
        except ScovilleError:
            raise
        except Exception as error:
            if fault := machine_fault(error):
                raise fault from error
            raise
        finally:
            lock.release()

    def _mend_failures(self) -> None:
        try:
            self.failures()
        except DamagedIndex:
            logger.warning("%s is damaged: a new one is begun, and what failed is tried again", self.folder / FAILURES)
            self.set_failures([])

    def _read(self, name: str, *, fresh: bool = False) -> dict[str, Any]:
        if self.shared and name in SHARED:
            return self.shared.read(Path(name).stem, fresh=fresh)
        try:
            value: Any = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageError(
                f"cannot read {self.folder / name}: {error.strerror or error}; {advice(error)}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise self._damaged(name, str(error)) from None
        if not isinstance(value, dict):
            raise self._damaged(name, f"it holds {value!r:.40}")
        return value

    def _damaged(self, name: str, reason: str) -> DamagedIndex:
        where = f"{self.shared.url}/{Path(name).stem}" if self.shared and name in SHARED else self.folder / name
        ways = {
            FAILURES: "the next `scoville add` begins a new one",
            FORGOTTEN: "mend it by hand, or take it from a backup: it says what must not be added again",
        }
        return DamagedIndex(f"{where} is damaged ({reason}): {ways.get(name, REBUILD)}")

    def _write(self, name: str, value: dict[str, Any]) -> None:
        if self.shared and name in SHARED:
            self.shared.write(Path(name).stem, value)
        else:
            write_whole(self.folder / name, json.dumps(value, ensure_ascii=False, indent=1))


def _seen(validator: object, digest: object, origin: object = "", groups: Iterable[object] = ()) -> Seen:
    """Give what was seen as it was written; an older version wrote the first two only."""
    return Seen(str(validator), str(digest), str(origin), tuple(map(str, groups)))


def _failure(path: str, value: Any) -> Failure:
    """Give a failure as it was written; an older version wrote the reason only."""
    if not isinstance(value, dict):
        return Failure(path=path, reason=str(value))
    names = {field.name for field in fields(Failure)} - {"path"}
    return Failure(path=path, **{name: given for name, given in value.items() if name in names})
