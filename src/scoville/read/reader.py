"""A path in, a Document out: open, recognise, read, assemble.

Knows which reader takes which format, and nothing of the formats. Whatever is wrong with a file leaves as a
ReadFailure, because one bad file never ends an ingest.
"""

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from scoville.errors import ReadFailure
from scoville.read.assemble import Draft, assemble, check_length
from scoville.read.sniff import Content, sniff
from scoville.types import Document

if TYPE_CHECKING:
    from scoville.recipe import Read

READER_VERSION = "1"
"""Changes when the same bytes give another Document."""

_MEGABYTE = 1_000_000


def read_document(path: Path, *, source: str, settings: "Read", password: str | None = None) -> Document:
    """Read a file of any readable format; ``source`` becomes ``Document.source``.

    Raises ReadFailure with the reason, without the path, when the file cannot be opened, is of no readable format,
    is damaged, encrypted or too large, or has no text.
    """
    data = _load(path, settings)
    if not data:
        raise ReadFailure("is empty")
    content = sniff(data, path.suffix)
    try:
        return assemble(
            _read(content, data, settings, password),
            id=hashlib.sha256(data).hexdigest(),
            source=source,
            name=path.stem,
            max_characters=settings.max_characters,
        )
    except (ReadFailure, ImportError):
        raise
    except Exception as error:  # libraries raise anything for damaged content: KeyError, XMLSyntaxError, RecursionError
        reason = " ".join(str(error).split())[:200]
        raise ReadFailure(f"cannot be read as {content.format}: {type(error).__name__}: {reason}") from error


def _read(content: Content, data: bytes, settings: "Read", password: str | None) -> Draft:
    """Give the file to the reader of its format; each is imported when first needed."""
    if content.format == "pdf":
        from scoville.read.pdf import read_pdf

        return read_pdf(data, password=password, settings=settings)
    if content.format == "docx":
        from scoville.read.docx import read_docx

        return read_docx(data)
    text = content.text or ""
    if content.format == "html":
        from scoville.read.html import read_html

        return read_html(text)
    check_length(len(text), settings.max_characters)
    if content.format == "markdown":
        from scoville.read.markdown import read_markdown

        return read_markdown(text)
    from scoville.read.text import read_text

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
