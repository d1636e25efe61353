"""A path in, a Document out: open, recognise, read, assemble.

Knows which reader takes which format, and nothing of the formats. Whatever is wrong with a file leaves as a
ReadFailure, because one bad file never ends an ingest.
"""

import errno
import hashlib
import os
import stat
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from scoville.errors import ReadFailure, StorageError
from scoville.read.assemble import ParsedFile, Part, assemble, check_length
from scoville.read.locked.unlock import unlocked
from scoville.read.sniff import Format, SniffedFile, sniff
from scoville.types import Document, Metadata

if TYPE_CHECKING:
    from scoville.recipe import Read

READER_VERSION = "5"
"""Changes when the same bytes give another Document."""

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
    return read_bytes(_load(path, settings), name=path.name, source=source, settings=settings, password=password)


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
    data = unlocked(part.data, password, settings)
    content = sniff(data, name.suffix)
    try:
        draft = _read(content, data, name.name, settings, password)
        document = assemble(
            replace(draft, metadata={**draft.metadata, **part.metadata}) if part.metadata else draft,
            id=hashlib.sha256(part.data).hexdigest(),
            source=source,
            name=name.stem,
            max_characters=settings.max_characters,
        )
    except (ReadFailure, StorageError, ImportError):
        raise
    except Exception as error:  # libraries raise anything for damaged content: KeyError, XMLSyntaxError, RecursionError
        reason = " ".join(str(error).split())[:200]
        raise ReadFailure(f"cannot be read as {content.format}: {type(error).__name__}: {reason}") from error
    return document, draft.parts


def _read(content: SniffedFile, data: bytes, name: str, settings: "Read", password: str | None) -> ParsedFile:
    """Give the file to the reader of its format; each is imported when first needed."""
    match content.format:
        case "pdf":
            from scoville.read.pdf.reader import read_pdf

            return read_pdf(data, password=password, settings=settings)
        case "image":
            from scoville.read.pdf.paged import read_picture_pages

            return read_picture_pages(data, settings=settings)
        case "audio":
            from scoville.read.sound.reader import read_audio

            return read_audio(data, name=name, settings=settings)
        case "mail" | "mbox" | "msg":
            return _read_mail(content.format, data)
        case "html" | "markdown" | "csv" | "xml" | "text":
            return _read_text(content, data, settings.max_characters)
        case "doc" | "ppt" | "xls" | "rtf":
            from scoville.read.legacy.convert import read_legacy

            return read_legacy(content.format, data, settings)
        case _:
            return _read_package(content.format, data, settings)


def _read_package(format: Format, data: bytes, settings: "Read") -> ParsedFile:
    match format:
        case "docx":
            from scoville.read.office.docx import read_docx

            return read_docx(data, settings)
        case "pptx":
            from scoville.read.office.pptx import read_pptx

            return read_pptx(data, settings)
        case "xlsx":
            from scoville.read.office.xlsx import read_xlsx

            return read_xlsx(data, settings.max_characters)
        case "epub":
            from scoville.read.text.epub import read_epub

            return read_epub(data, settings.max_characters, settings)
        case _:
            from scoville.read.office.odf import read_odf

            return read_odf(data, settings.max_characters, settings)


def _read_mail(format: Format, data: bytes) -> ParsedFile:
    if format == "msg":
        from scoville.read.mail.msg import read_msg

        return read_msg(data)
    from scoville.read.mail.message import read_mail, read_mailbox

    return read_mail(data) if format == "mail" else read_mailbox(data)


def _read_text(content: SniffedFile, data: bytes, max_characters: int) -> ParsedFile:
    text = content.text or ""
    if content.format == "html":
        from scoville.read.text.html import read_html
        from scoville.read.text.html_tree import visible_length

        if len(text) > max_characters:
            check_length(visible_length(text), max_characters)
        return read_html(text)
    if content.format == "xml":
        from scoville.read.text.xml_text import read_xml

        return read_xml(data, max_characters)
    check_length(len(text), max_characters)
    if content.format == "markdown":
        from scoville.read.text.markdown import read_markdown

        return read_markdown(text)
    if content.format == "csv":
        from scoville.read.text.delimited import read_csv

        return read_csv(text)
    from scoville.read.text.plain import read_text

    return read_text(text)


def _load(path: Path, settings: "Read") -> bytes:
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
