"""A path in, a Document out: open, have it read, assemble.

What untrusted bytes hold is found out in child processes; nothing is parsed here but the first bytes. Whatever is wrong
with a file leaves as a ReadFailure, because one bad file never ends an ingest. Whatever is wrong with this machine
(no memory, no free file handle, a full disk) leaves as OSError, MemoryError or StorageError.
"""

import errno
import hashlib
import os
import stat
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from scoville.errors import ReadFailure
from scoville.faults import machine_fault
from scoville.read.assemble import ParsedFile, Part, assemble
from scoville.read.formats import find_draft
from scoville.read.legacy.convert import converted
from scoville.read.locked.unlock import PASSWORD_VARIABLE
from scoville.read.ocr.pictures import read_pictures
from scoville.read.sniff import paged_or_sound
from scoville.registry import find, has
from scoville.types import Document, Metadata

if TYPE_CHECKING:
    from scoville.recipe import Read

READER_VERSION = "8"
"""Changes when the same bytes give another Document."""

Reader = Callable[[bytes, str, "Read"], ParsedFile]
"""What a plugin registers for a suffix: a file's bytes and its name in, a draft out."""
MAX_DEPTH = 5
PARTS_BUDGET = 4
"""A file and all files inside it may hold this many times read.max_megabytes."""
_MEGABYTE = 1_000_000


class Reading(NamedTuple):
    """What was read from one file and the files inside it."""

    documents: tuple[Document, ...]
    """The file's own first, then those of its parts. A part's source is its container's, a slash, and its name."""
    failures: tuple[tuple[str, str], ...] = ()
    """Source and reason of the parts that could not be read."""


def read_document(path: Path, *, source: str, settings: "Read", password: str | None = None) -> Document:
    """Read a file of any readable format; ``source`` becomes ``Document.source``.

    Raises ReadFailure with the reason, without the path, when the file cannot be opened, is of no readable format,
    is damaged, encrypted or too large, or has no text.
    """
    return read_file(path, source=source, settings=settings, password=password).documents[0]


def read_file(path: Path, *, source: str, settings: "Read", password: str | None = None) -> Reading:
    """Read a file and, for mails and mailboxes, the files inside it. Raises ReadFailure like ``read_document``."""
    return read_bytes(load(path, settings), name=path.name, source=source, settings=settings, password=password)


def read_bytes(
    data: bytes,
    *,
    name: str,
    source: str,
    settings: "Read",
    password: str | None = None,
    metadata: Metadata | None = None,
) -> Reading:
    """Read what a file of this name holds; ``metadata`` adds to what the file says of itself.

    A part that cannot be read is a failure of its own. Raises ReadFailure like ``read_document``.
    """
    documents: list[Document] = []
    failures: list[tuple[str, str]] = []
    waiting = deque([_Waiting(Part(name, data, metadata or {}), source, ())])
    read = 0
    while waiting:
        part, place, above = waiting.popleft()
        read += len(part.data)
        try:
            if read > settings.max_megabytes * _MEGABYTE * PARTS_BUDGET:
                raise ReadFailure(f"is left out: the file that holds it unpacks to over {read // _MEGABYTE} MB")
            document, parts = _read_part(part, place, settings, password)
        except ReadFailure as failure:
            if not above:
                raise
            failures.append((place, str(failure)))
            continue
        documents.append(document)
        line = (*above, document.id)
        if len(line) <= MAX_DEPTH:  # a mail may hold itself
            waiting += [_Waiting(inner, source, line) for source, inner in _placed(place, parts)]
        elif parts:
            failures += [(source, f"lies more than {MAX_DEPTH} files deep") for source, _ in _placed(place, parts)]
    return Reading(tuple(documents), tuple(failures))


def _placed(place: str, parts: Sequence[Part]) -> Iterator[tuple[str, Part]]:
    """Give each part a source of its own: a second ``report.pdf`` becomes ``report (2).pdf``."""
    times: Counter[str] = Counter()
    for part in parts:
        times[part.name] += 1
        stem, dot, suffix = part.name.rpartition(".")
        again = f" ({times[part.name]})" if times[part.name] > 1 else ""
        yield f"{place}/{stem}{again}{dot}{suffix}" if dot else f"{place}/{part.name}{again}", part


class _Waiting(NamedTuple):
    part: Part
    source: str
    above: tuple[str, ...]
    """The ids of the documents it lies in."""


def _read_part(part: Part, source: str, settings: "Read", password: str | None) -> tuple[Document, Sequence[Part]]:
    if not part.data:
        raise ReadFailure("is empty")
    name = PurePath(part.name)
    suffix = name.suffix.lower()
    if suffix and has("reader", suffix):
        draft = _read_by_plugin(find("reader", suffix), part.data, name, settings)
    else:
        draft = _read(part.data, name.name, settings, password or os.environ.get(PASSWORD_VARIABLE) or None)
    document = assemble(
        replace(draft, metadata={**draft.metadata, **part.metadata}) if part.metadata else draft,
        id=hashlib.sha256(part.data).hexdigest(),
        source=source,
        name=name.stem,
        max_characters=settings.max_characters,
    )
    return document, draft.parts


def _read_by_plugin(reader: Reader, data: bytes, name: PurePath, settings: "Read") -> ParsedFile:
    """Have a plugin read, in this process: what somebody registered here is not known in a child."""
    try:
        return reader(data, name.name, settings)
    except (ReadFailure, MemoryError, ImportError):
        raise
    except Exception as error:  # whatever a stranger's code raises
        if machine_fault(error):
            raise
        reason = " ".join(str(error).split())[:200]
        raise ReadFailure(f"cannot be read as {name.suffix.lower()}: {type(error).__name__}: {reason}") from error


def _read(data: bytes, name: str, settings: "Read", password: str | None) -> ParsedFile:
    """Have a file read: page by page, by what hears it, or as a whole in a child."""
    match paged_or_sound(data):
        case "pdf":
            from scoville.read.pdf.reader import read_pdf

            return read_pdf(data, password=password, settings=settings)
        case "image":
            from scoville.read.pdf.paged import read_picture_pages

            return read_picture_pages(data, settings=settings)
        case "audio":
            from scoville.read.sound.reader import read_audio

            return read_audio(data, name=name, settings=settings)
        case _:
            draft = converted(find_draft(data, name, settings, password), data, settings)
            return read_pictures(draft, settings) if draft.pictures else draft


def load(path: Path, settings: "Read") -> bytes:
    """Give the bytes of a file. Raises ReadFailure where it is too large, no file, or cannot be opened."""
    limit = settings.max_megabytes * _MEGABYTE
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ReadFailure("is not a regular file")
            _check_size(status.st_size, settings)
            data = file.read(limit + 1)
    except OSError as error:
        raise ReadFailure(_explain(error)) from None
    except ValueError as error:  # a NUL in the path
        raise ReadFailure(f"cannot be opened: {error}") from None
    _check_size(len(data), settings)
    return data


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # else a pipe that nobody writes to waits for ever


def _check_size(size: int, settings: "Read") -> None:
    if size > settings.max_megabytes * _MEGABYTE:
        megabytes = f"{size / _MEGABYTE:.0f}" if size >= 10 * _MEGABYTE else f"{size / _MEGABYTE:.1f}"
        raise ReadFailure(
            f"is {megabytes} MB, over read.max_megabytes {settings.max_megabytes}; "
            "raise it in the recipe or split the file"
        )


def _explain(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "does not exist (any more)"
        case errno.EACCES | errno.EPERM:
            return "cannot be opened: permission denied; give the user who runs this read access"
        case errno.EISDIR:
            return "is a folder, not a file"
        case errno.ENXIO:
            return "is not a regular file"
        case errno.ELOOP:
            return "is a link that leads back to itself"
        case _:
            return f"cannot be opened: {error.strerror or error}"
