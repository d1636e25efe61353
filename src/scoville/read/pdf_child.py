"""The child process that reads PDFs: frames with a PDF's bytes in, frames with pieces or a reason out.

PDFium is C++ fed with strangers' files: it can hang, crash or eat memory. In a child, that costs one file and not
the ingest. Starting it takes 0.1 s once; after that it is as fast as reading in-process, because only finished
pieces travel back (liteparse's own pool sends whole parse results: 7 ms a page instead of 4).
Run as ``python -m scoville.read.pdf_child``; stops when its input ends.
"""

import faulthandler
import gc
import os
import pickle
import signal
import struct
import sys
from typing import IO, TYPE_CHECKING, NamedTuple

from scoville.read.assemble import Piece

if TYPE_CHECKING:
    from scoville.read.pdf_page import Page

HEADER = struct.Struct("!Q")
_BATCH_PAGES = 64
_MEMORY = 16 << 30  # bytes of address space: far above any honest PDF, below a machine's ruin


class Request(NamedTuple):
    """One PDF to read."""

    data: bytes
    password: str | None
    timeout_seconds: int
    max_characters: int


class Reply(NamedTuple):
    """What was read from it; or, in ``failure``, why nothing was."""

    pieces: tuple[Piece, ...] = ()
    pages: int = 0
    title: str | None = None
    metadata: dict[str, str] = {}
    warnings: tuple[str, ...] = ()
    failure: str | None = None


def send(stream: IO[bytes], message: Request | Reply) -> None:
    """Write one frame."""
    body = pickle.dumps(tuple(message), protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(HEADER.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[object, ...] | None:
    """Read one frame; None where the stream ends."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    body = stream.read(length)
    return pickle.loads(body) if len(body) == length else None


def serve() -> None:
    """Answer requests until the input ends. Ends itself when one takes longer than it may."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing else can write into the replies
    _limit_memory()
    gc.disable()  # a page makes thousands of objects and no cycles: collecting costs a quarter of the time
    while request := receive(sys.stdin.buffer):
        asked = Request(*request)  # pyright: ignore[reportArgumentType]
        faulthandler.dump_traceback_later(asked.timeout_seconds, exit=True)  # a C thread: works while PDFium hangs
        try:
            reply = read(asked)
        except MemoryError:
            reply = Reply(failure="needs more memory than a PDF may take; split the file")
        except Exception as error:
            reply = Reply(failure=f"cannot be read as pdf: {type(error).__name__}: {_one_line(error)}")
        faulthandler.cancel_dump_traceback_later()
        send(replies, reply)
        gc.collect()


def read(request: Request) -> Reply:
    """Read one PDF in this process."""
    from liteparse.types import ParseError

    from scoville.read.pdf_flow import pieces_of
    from scoville.read.pdf_plain import read_information, read_plain_pages

    data = request.data[max(request.data.find(b"%PDF-", 0, 1024), 0) :]  # liteparse wants the header first
    warnings: list[str] = []
    try:
        pages, count = _read_pages(data, request, warnings)
    except ParseError as error:
        if failure := _explain(str(error), request.password):
            return Reply(failure=failure)
        warnings.append(f"read as plain text, without layout: {_one_line(error)}")
        pages = read_plain_pages(data, request.password)
        count = len(pages)
    if not count:
        return Reply(failure="has no pages")
    warnings += [f"page {page.number}: no text (a scan or an image?)" for page in pages if not page.blocks]
    pieces = tuple(pieces_of(pages))
    if not pieces:
        plural = "s" if count > 1 else ""
        return Reply(
            failure=f"has no text on its {count} page{plural} (a scan?); reading pictures (OCR) is not built in yet"
        )
    title, metadata = read_information(data, request.password)
    return Reply(pieces, count, title, metadata, tuple(warnings))


def _read_pages(data: bytes, request: Request, warnings: list[str]) -> "tuple[list[Page], int]":
    from liteparse.parser import LiteParse

    from scoville.read.pdf_form import add_form_fields
    from scoville.read.pdf_page import read_page

    parser = LiteParse(
        ocr_enabled=False,
        quiet=True,
        password=request.password,
        output_format="json",
        extract_blocks=True,
        emit_word_boxes=True,
        extract_form_fields=True,
        extract_links=False,
        keep_headers_footers=True,
        continue_on_page_error=True,
    )
    pages: list[Page] = []
    count = characters = 0
    for batch in parser.parse_batches(data, _BATCH_PAGES):
        count = batch.total_pages
        warnings += [f"page {error.page_num}: {error.message}" for error in batch.result.page_errors]
        for parsed in batch.result.pages:
            page = read_page(parsed)
            add_form_fields(page, parsed.form_fields or ())
            pages.append(page)
            characters += sum(len(block.text) for block in page.blocks)
        if characters > 2 * request.max_characters:
            break  # the assembler says so; no need to read on
    return pages, count


def _explain(message: str, password: str | None) -> str | None:
    """Give the reason that ends the matter, or None where plain text can still be tried."""
    lowered = message.lower()
    if "password" in lowered:
        return "is encrypted; the password is wrong" if password else "is encrypted; give its password to read it"
    if "invalid pdf" in lowered or "format" in lowered:
        return "is a damaged PDF (cut off or corrupt); get a whole copy of it"
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _limit_memory() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or soft > _MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, hard))


if __name__ == "__main__":
    serve()
