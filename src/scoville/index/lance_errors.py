"""What LanceDB raises, as errors that say what to do. Enters: any failure of it. Leaves: one of our own."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from scoville.errors import DamagedIndex, StorageError
from scoville.faults import machine_fault
from scoville.index.workspace import REBUILD


@contextmanager
def lance_errors(folder: Path) -> Generator[None]:
    """Turn what LanceDB raises (RuntimeError, OSError, ValueError, a panic of Rust) into errors that say what to do."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, RuntimeError | OSError | ValueError) and type(error).__name__ != "RustPanic":
            raise
        message = " ".join(str(error).split())
        lowered = message.lower()
        if "no space left" in lowered or "os error 28" in lowered:
            advice = "free some space and run the command again: what was added so far is kept"
            raise StorageError(f"the disk of {folder} is full; {advice}") from error
        if "permission denied" in lowered or "read-only" in lowered:
            raise StorageError(f"{folder} cannot be written: check its permissions") from error
        if fault := machine_fault(error):
            raise fault from error
        said = message.partition(", /")[0][:300]  # the rest is where in LanceDB it happened
        raise DamagedIndex(f"the index in {folder} cannot be read ({said}): {REBUILD}") from error
