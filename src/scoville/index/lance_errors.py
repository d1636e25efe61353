"""What LanceDB raises, as errors that say what to do. Enters: any failure of it. Leaves: one of our own."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from scoville.errors import DamagedIndex, StorageError
from scoville.faults import machine_fault
from scoville.index.workspace import REBUILD

BUCKET_CODES = (re.compile(r"<Code>(\w+)</Code>"), re.compile(r"\bstatus: (\d{3})"))
"""What a bucket says; the rest of its reply may quote an access key, and is never shown."""
BUCKETS: tuple[tuple[str, str], ...] = (
    (r"nosuchbucket|containernotfound|bucket does not exist", "there is no such bucket: make it, or mend index.url"),
    (r"expiredtoken|token has expired|requestexpired", "the credentials have expired: renew them, and run this again"),
    (r"requesttimetooskewed", "this machine's clock is wrong: set it"),
    (
        r"accessdenied|invalidaccesskeyid|signaturedoesnotmatch|\bstatus: 40[13]\b|authenticationfailed|tokenrequest|"
        r"authorizationfailure|failed to get aws credentials|no azure account name|unauthenticated",
        "the credentials of the environment are missing, wrong or not enough; docs/deploy.md says which it takes",
    ),
    (
        r"\bstatus: (?:429|5\d\d)\b|slowdown|retryerror|error sending request|connecterror|timed out",
        "it does not answer: run this again later; what was finished is kept",
    ),
    (r"conflict|concurrent|contention", "other machines write all the time: run this again later"),
)
"""What object storage says where nothing is wrong with the index, and what to do."""


@contextmanager
def lance_errors(folder: Path | str) -> Generator[None]:
    """Turn what LanceDB raises (RuntimeError, OSError, ValueError, a panic of Rust) into errors that say what to do."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, RuntimeError | OSError | ValueError) and type(error).__name__ != "RustPanic":
            raise
        message = " ".join(str(error).split())
        lowered = message.lower()
        if isinstance(folder, str):
            if failed := _bucket_error(folder, message):
                raise failed from None  # the cause quotes what the bucket said
        elif "no space left" in lowered or "os error 28" in lowered:
            advice = "free some space and run the command again: what was added so far is kept"
            raise StorageError(f"the disk of {folder} is full; {advice}") from error
        elif "permission denied" in lowered or "read-only" in lowered:
            raise StorageError(f"{folder} cannot be written: check its permissions") from error
        if fault := machine_fault(error):
            raise fault from error
        said = message.partition(", /")[0][:300]  # the rest is where in LanceDB it happened
        raise DamagedIndex(f"the index in {folder} cannot be read ({said}): {REBUILD}") from error


def _bucket_error(place: str, message: str) -> StorageError | None:
    """Say what is wrong with a bucket; None where it is the index in it."""
    if re.search(r"nosuchkey|blobnotfound", message, re.IGNORECASE):
        return None
    for said, advice in BUCKETS:
        if re.search(said, message, re.IGNORECASE):
            code = next((found[1] for code in BUCKET_CODES if (found := code.search(message))), "")
            return StorageError(f"{place}{f' ({code})' if code else ''}: {advice}")
    return None
