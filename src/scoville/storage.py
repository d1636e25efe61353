"""Files that are whole or not there, journals that a kill does not break, temporary files that do not outlive one, and
what to do when the disk says no.

Enters: a path and what belongs there. Leaves: the file. Knows nothing of what it holds.
"""

import atexit
import errno
import fcntl
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scoville.errors import StorageError


def write_whole(path: Path, text: str) -> None:
    """Write a text as UTF-8, so that a reader, or a kill at any moment, finds the old file or the new one.

    Makes the folder. StorageError where it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def copy_tree(source: Path, target: Path, *, linked: bool = False) -> None:
    """Copy a file, or all files of a folder; StorageError where that cannot be done.

    ``linked``: as links to the same bytes, where the file system has such: for files that are replaced and never
    changed, so that what is done at one place is not seen at the other.
    """
    for path in [source] if source.is_file() else source.rglob("*"):
        if path.is_file():
            _copy_file(path, target / path.relative_to(source), linked)


def _copy_file(source: Path, target: Path, linked: bool) -> None:
    with storage_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            if linked:
                os.link(source, target)
                return
        except OSError:  # another file system, or one without links
            pass
        shutil.copyfile(source, target)


class Journal:
    """A file of JSON lines that is appended to as work is done, and read where the work goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> Iterator[Any]:
        """Read the rows in their order, none where there is no file; a line that a kill cut off is left out."""
        content = self.path.read_bytes() if self.path.exists() else b""
        for line in content.decode("utf-8", "replace").split("\n"):
            with suppress(ValueError):
                yield json.loads(line)

    def add(self, row: Any) -> None:
        """Append a row, and see that it is on the disk; StorageError where it cannot be."""
        # A file name that is no UTF-8 has lone surrogates, which become escapes that JSON knows.
        line = json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace")
        with storage_errors(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                is_torn = file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) and file.read(1) != b"\n"
                file.write((b"\n" if is_torn else b"") + line + b"\n")
                file.flush()
                os.fsync(file.fileno())


class TemporaryFolder:
    """A folder for this process's temporary files, which only this user can enter: `TEMPORARY.path()`.

    The process holds a lock on it and removes it at its end. After a kill nobody holds the lock any more, and the next
    process that needs such a folder, or writes to a workspace, removes the old one. The lock also keeps systemd from
    tidying it away.
    """

    _PREFIX = "scoville-tmp-"

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._handle = -1
        self._path: Path | None = None

    def path(self) -> Path:
        """Give the folder, made when first asked for. OSError where it cannot be."""
        with self._making:
            if not (self._path and self._path.is_dir()):
                self.remove_leftovers()
                self._path = self._make()
            return self._path

    def remove(self) -> None:
        """Remove the folder and what is in it."""
        if self._path:
            shutil.rmtree(self._path, ignore_errors=True)
            os.close(self._handle)
            self._path = None

    def forget(self) -> None:
        """Leave the folder to the process that made it, after a fork."""
        self.__init__()

    def remove_leftovers(self) -> None:
        """Remove the folders of this user's processes that were killed."""
        for folder in Path(tempfile.gettempdir()).glob(f"{self._PREFIX}*"):
            try:
                handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            except OSError:  # another user's
                continue
            try:
                if os.fstat(handle).st_uid == os.getuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            except OSError:  # in use
                pass
            finally:
                os.close(handle)

    def _make(self) -> Path:
        while True:
            path = Path(tempfile.mkdtemp(prefix=self._PREFIX))
            self._handle = os.open(path, os.O_RDONLY)
            with suppress(OSError):  # a file system without locks: then nobody else can take it for a leftover
                fcntl.flock(self._handle, fcntl.LOCK_EX)
            if path.is_dir():
                return path
            os.close(self._handle)  # another process took it for a leftover before it was locked


TEMPORARY = TemporaryFolder()
atexit.register(TEMPORARY.remove)
os.register_at_fork(after_in_child=TEMPORARY.forget)


@contextmanager
def storage_errors(folder: Path) -> Generator[None]:
    """Turn failures of the disk into a StorageError that names the folder."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write to {folder}: {error.strerror or error}; {advice(error)}") from error


def advice(error: OSError) -> str:
    """Say what to do about an error of the disk."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "free some space and run the command again: what was added so far is kept"
    return "check the permissions of the folder"
