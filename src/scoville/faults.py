"""Faults of the machine, told from those of a file: no memory, no file handle, no process, no room on the disk.

Enters: whatever was raised. Leaves: a MachineFault that says what to do, or nothing. A file that fails because the
machine does may be a good one, so such a fault ends a run instead of counting as a failure of the file.
"""

import errno
import re
from collections.abc import Iterator

from scoville.errors import MachineFault

MEMORY = "close other programs, or raise the limit on memory (`ulimit -v`)"
ADVICE = {
    errno.EMFILE: "raise the limit on open files (`ulimit -n 1024`)",
    errno.ENFILE: "the system has no file handle left: close other programs",
    errno.ENOSPC: "free some space on the disk",
    errno.EDQUOT: "free some space on the disk",
    errno.EIO: "the disk, or the connection to it, fails: see the messages of the system",
    errno.ENOMEM: MEMORY,
    errno.EAGAIN: "the system starts no more threads or processes: end other programs, or raise `ulimit -u` (or `-v`)",
}
"""By what the operating system says."""
SAID = {
    re.compile(r"too many open files|os error 24\b", re.IGNORECASE): errno.EMFILE,
    re.compile(r"cannot allocate memory|failed to map segment|bad_alloc|os error 12\b", re.IGNORECASE): errno.ENOMEM,
    re.compile(r"error return without exception set"): errno.ENOMEM,
    re.compile(r"memory allocation of \d{1,9} bytes failed"): errno.ENOMEM,  # Rust; more is asked by damaged bytes
    re.compile(r"can't start new thread|os error 11\b", re.IGNORECASE): errno.EAGAIN,
}
"""What libraries say that keep no error number."""


def machine_fault(error: BaseException) -> MachineFault | None:
    """Give the fault of the machine that an error comes from, if it does: libraries wrap what they meet."""
    for one in _chain(error):
        if isinstance(one, MachineFault):
            return one
        if isinstance(one, MemoryError):
            return _fault("there is no memory left", MEMORY)
        if isinstance(one, OSError) and one.errno in ADVICE:
            where = f"{one.filename}: " if one.filename else ""
            return _fault(f"{where}{one.strerror or one}", ADVICE[one.errno])
        if isinstance(one, RuntimeError | ImportError | OSError | SystemError):
            number = next((number for pattern, number in SAID.items() if pattern.search(str(one))), None)
            if number:
                return _fault(" ".join(str(one).split())[:200], ADVICE[number])
    return None


def _fault(what: str, advice: str) -> MachineFault:
    return MachineFault(
        f"the machine failed, not a document: {what}; {advice}, and run this again: what was finished is kept"
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and those that it came from, also where it hides them (``raise ... from None``)."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
