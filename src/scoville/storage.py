"""Files that are whole or not there, journals that a kill does not break, and what to do when the disk says no.

Enters: a path and what belongs there. Leaves: the file. Knows nothing of what it holds.
"""

import errno
import json
import os
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
