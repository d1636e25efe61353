"""PDF bytes in, a ParsedFile out: chooses who reads the pages.

Does not know PDF.
"""

from typing import TYPE_CHECKING

from scoville.read.assemble import ParsedFile

if TYPE_CHECKING:
    from scoville.recipe import Read

_HEADER_WITHIN = 1024


def read_pdf(data: bytes, *, password: str | None, settings: "Read") -> ParsedFile:
    """Read a PDF: typed elements with a box for each printed line or table cell.

    Raises ReadFailure when it is encrypted, damaged, without text, or takes longer than ``settings.timeout_seconds``.
    """
    data = data[max(data.find(b"%PDF-", 0, _HEADER_WITHIN), 0) :]  # liteparse wants the header first
    if settings.pdf.model == "docling":
        from scoville.read.pdf.docling import read_with_docling

        return read_with_docling(data, password=password, settings=settings)
    from scoville.read.pdf.paged import read_pdf_pages

    return read_pdf_pages(data, password=password, settings=settings)
