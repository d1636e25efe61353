"""Pages of print as pictures, drawn with a font that every test machine has: PDFium's own Helvetica."""

import io
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from scoville.errors import MissingExtra
from scoville.read.ocr.tesseract import open_tesseract

SENTENCES = (
    "The travel policy covers trains and planes.",
    "Hotels cost up to 120 euros a night.",
    "Taxis need a receipt from the driver.",
)


@cache
def has_tesseract() -> bool:
    try:
        open_tesseract(("eng",))
    except MissingExtra:
        return False
    return True


tesseract = pytest.mark.skipif(not has_tesseract(), reason="needs Tesseract with its English data")


def pdf_of(*draws: Callable[[Canvas], None], **options: Any) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1, **options)
    for draw in draws:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def printed(canvas: Canvas, texts: Sequence[str] = SENTENCES, *, left: float = 72, top: float = 100) -> None:
    canvas.setFont("Helvetica", 14)
    for number, text in enumerate(texts):
        canvas.drawString(left, A4[1] - top - number * 20, text)


def rendered(pdf: bytes, dpi: int = 150) -> Image.Image:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    image = document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    document.close()
    return image


@cache
def page_picture(texts: tuple[str, ...] = SENTENCES) -> Image.Image:
    return rendered(pdf_of(lambda canvas: printed(canvas, texts)))


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def scan(image: Image.Image) -> Callable[[Canvas], None]:
    """Draw a picture over the whole page, as scanners do."""
    return lambda canvas: canvas.drawImage(ImageReader(image), 0, 0, *A4)


def turned(pdf: bytes, degrees: int) -> bytes:
    """Set the entry of the first page by which it is turned when shown."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    document[0].set_rotation(degrees)
    stream = io.BytesIO()
    document.save(stream)
    document.close()
    return stream.getvalue()
