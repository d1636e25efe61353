"""PDF bytes in, a ParsedFile out: chooses who reads the pages.

Does not know PDF.
"""

from typing import TYPE_CHECKING

from scoville.read.assemble import ParsedFile
from scoville.read.sandbox.children import read_by_model

if TYPE_CHECKING:
    from scoville.recipe import Read

_HEADER_WITHIN = 1024
_DOCLING_BYTES = 6 << 30
"""What docling's models may use: they are loaded by torch, several of them."""


def read_pdf(data: bytes, *, password: str | None, settings: "Read") -> ParsedFile:
    """Read a PDF: typed elements with a box for each printed line or table cell.

    Raises ReadFailure when it is encrypted, damaged, without text, or takes longer than ``settings.timeout_seconds``.
    """
    data = data[max(data.find(b"%PDF-", 0, _HEADER_WITHIN), 0) :]  # liteparse wants the header first
    if settings.pdf.model == "docling":
        arguments = (data, password, settings.max_megabytes)
        return read_by_model(
            "pdf.docling", "read_with_docling", *arguments, settings=settings, model_bytes=_DOCLING_BYTES
        )
    from scoville.read.pdf.paged import read_pdf_pages

    return read_pdf_pages(data, password=password, settings=settings)
