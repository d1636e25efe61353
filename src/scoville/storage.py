"""Files that are whole or not there, and what to do when the disk says no.

Enters: a path and what belongs there. Leaves: the file. Knows nothing of what it holds.
"""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

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
