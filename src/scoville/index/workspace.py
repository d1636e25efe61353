"""A workspace: the folder of the recipe, and what was built from it in ``.scoville/``.

Knows which index is current, which files failed, and how to keep two writers apart. Files below it are written to a
temporary name and renamed, so a kill at any moment leaves the old content or the new.

    .scoville/
      workspace.json    format, name of the current index, its embedder
      failures.json     files that could not be read, with the reason
      index/            LanceDB tables
      lock              held by the one process that writes
"""

import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from scoville.errors import StorageError, WorkspaceError
from scoville.recipe import FILE_NAME

FORMAT = 1
FOLDER = ".scoville"
LOCK_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True)
class Built:
    """What the current index was built with."""

    table: str
    embedder: str
    dimension: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A file that could not be read."""

    path: str
    reason: str


class Workspace:
    """A folder with a recipe and its index."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.folder = self.root / FOLDER

    @classmethod
    def find(cls, start: Path) -> Self:
        """Find the workspace of a folder: itself or the nearest parent with a recipe or an index, else itself."""
        here = start.resolve()
        for folder in (here, *here.parents):
            if (folder / FILE_NAME).is_file() or (folder / FOLDER / "workspace.json").is_file():
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

    def built(self) -> Built | None:
        """Say what the current index was built with; None before the first passage is added."""
        state = self._read("workspace.json")
        if not state:
            return None
        if not isinstance(state.get("format"), int) or state["format"] > FORMAT:
            raise WorkspaceError(
                f"{self.folder} has format {state.get('format')!r} and this version of Scoville knows up to {FORMAT}: "
                "install a newer Scoville, or use another folder"
            )
        if "table" not in state:
            return None
        return Built(table=state["table"], embedder=state["embedder"], dimension=state["dimension"])

    def set_built(self, built: Built) -> None:
        """Make an index the current one."""
        self._write("workspace.json", {"format": FORMAT, **asdict(built)})

    def failures(self) -> list[Failure]:
        """List the files that could not be read, by path."""
        return [Failure(path=path, reason=reason) for path, reason in sorted(self._read("failures.json").items())]

    def set_failures(self, failures: list[Failure]) -> None:
        """Replace the list of failures."""
        self._write("failures.json", {failure.path: failure.reason for failure in failures})

    def source_of(self, path: Path) -> str:
        """Name a file: relative to the workspace where it lies below it, else absolute; always with ``/``."""
        absolute = Path(os.path.abspath(path))
        parent = absolute.parent.resolve()  # a link to a file keeps its own name, a link to a folder does not
        absolute = parent / absolute.name
        return (absolute.relative_to(self.root) if absolute.is_relative_to(self.root) else absolute).as_posix()

    def path_of(self, source: str) -> Path:
        """Give the file that a source names."""
        return self.root / source

    @contextmanager
    def writing(self, on_wait: Callable[[], None] | None = None) -> Generator[None]:
        """Hold the workspace for writing; waits for another writer to end, after telling ``on_wait``."""
        from filelock import FileLock, Timeout

        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
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
            yield
        finally:
            lock.release()

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise WorkspaceError(f"{path} cannot be read ({error}); delete {FOLDER} and add the files again") from None

    def _write(self, name: str, value: dict[str, Any]) -> None:
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = self.folder / f"{name}.{os.getpid()}.tmp"
            try:
                with temporary.open("w", encoding="utf-8") as file:
                    json.dump(value, file, ensure_ascii=False, indent=1)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(self.folder / name)
            finally:
                temporary.unlink(missing_ok=True)


@contextmanager
def storage_errors(folder: Path) -> Generator[None]:
    """Turn failures of the disk into a StorageError that names the folder."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write to {folder}: {error.strerror or error}; {_advice(error)}") from error


def _advice(error: OSError) -> str:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "free some space and run the command again: what was added so far is kept"
    return "check the permissions of the folder"
