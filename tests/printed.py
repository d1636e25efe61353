"""PDF pages for tests: what is drawn where, in points from the top left."""

import io
from collections.abc import Callable, Sequence

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from scoville.types import Document

WIDTH, HEIGHT = A4
Draw = Callable[["Paper"], None]
TEXT = [
    "The plan covers dental care and glasses for all members of the",
    "family. It pays once a year, and the rest is carried over to the",
    "next one. Claims are sent by mail to the office in Example Town,",
    "which answers within thirty days unless papers are missing.",
]


class Paper:
    """A page that is drawn on from the top."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def text(self, x: float, y: float, line: str, *, size: float = 11, font: str = "Helvetica") -> None:
        self.canvas.setFont(font, size)
        self.canvas.drawString(x, HEIGHT - y, line)

    def lines(
        self, x: float, y: float, lines: Sequence[str], *, size: float = 11, font: str = "Helvetica", lead: float = 1.3
    ) -> None:
        for number, line in enumerate(lines):
            self.text(x, y + number * size * lead, line, size=size, font=font)

    def rows(self, xs: Sequence[float], y: float, rows: Sequence[Sequence[str]], *, pitch: float = 18) -> None:
        for number, row in enumerate(rows):
            for x, text in zip(xs, row, strict=True):
                if text:
                    self.text(x, y + number * pitch, text)

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.canvas.line(x0, HEIGHT - y0, x1, HEIGHT - y1)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: tuple[float, float, float] | None = None) -> None:
        self.canvas.saveState()
        if fill:
            self.canvas.setFillColorRGB(*fill)
        self.canvas.rect(x0, HEIGHT - y1, x1 - x0, y1 - y0, stroke=0 if fill else 1, fill=1 if fill else 0)
        self.canvas.restoreState()


def pdf(*pages: Draw) -> bytes:
    """Draw a PDF."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    for draw in pages:
        draw(Paper(canvas))
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def shown(document: Document) -> list[tuple[str, str]]:
    """Give each element's kind and text; tables by their rows."""
    return [
        (one.kind, " / ".join(" | ".join(row) for row in one.rows) or document.text[one.start : one.end])
        for one in document.elements
    ]
