"""Draw docs/reading-*.png: pages of PDFs with what was read of them, each line in the colour of its kind.

Enters: the folder of the shared data; the numbers on a picture are the order in which elements are read. Leaves: the
pictures. Run again after a change: ``python scripts/make_reading_pictures.py DATA``. The files of others are of the
United States' government (labor.pdf, amt_handbook_sample.pdf) or under the MIT licence (Contoso); the page with a
table in a column is drawn here, since the one that it stands for may not be shown.
"""

import io
import sys
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image, ImageColor, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from scoville.bot.inspect_page import COLOURS
from scoville.read import read_document
from scoville.recipe import Read
from scoville.types import Document

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {
    "labor": ("tabula_icdar2013/labor.pdf", 1),
    "fractions": ("docling_tests/pdf/sources/amt_handbook_sample.pdf", 1),
    "picture": ("contoso_hr/data/Benefit_Options.pdf", 4),
}
SCALE = 1.0
SHADE = 50
"""Of 255."""
COLOURS_KEPT = 40
ROWS = [("Group", "Before", "After"), ("Class", "First group", "First class"), ("Reach", "Six kinds", "Seventeen")]
LINES = [
    "The plan covers dental care and glasses",
    "for all members of the family. It pays",
    "once a year, and the rest goes on.",
]


def main() -> None:
    data = Path(sys.argv[1])
    for name, (file, page) in PAGES.items():
        draw(data / file, page, DOCS / f"reading-{name}.png")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "columns.pdf"
        path.write_bytes(table_in_a_column())
        draw(path, 1, DOCS / "reading-columns.png")


def draw(path: Path, page: int, out: Path) -> None:
    """Write a picture of a page with what was read of it."""
    document = read_document(path, source=path.name, settings=Read())
    with pypdfium2.PdfDocument(path) as opened:
        drawn = opened[page - 1].render(scale=SCALE).to_pil().convert("RGB")
    shades = Image.new("RGBA", drawn.size)
    pen, numbers = ImageDraw.Draw(shades), ImageDraw.Draw(drawn)
    for number, element in enumerate(elements_of(document, page), 1):
        red, green, blue, *_ = ImageColor.getrgb(COLOURS[element.kind])
        boxes = [[SCALE * edge for edge in region.box[1:]] for region in element.regions if region.box.page == page]
        for box in boxes:
            pen.rectangle(box, fill=(red, green, blue, SHADE), outline=(red, green, blue))
        x, y = boxes[0][0], boxes[0][1]
        numbers.text((max(x - 16, 0), y), str(number), fill=(red, green, blue), font_size=12)
    drawn.paste(shades, mask=shades)
    drawn.quantize(COLOURS_KEPT, dither=Image.Dither.NONE).save(out, optimize=True)
    print(out.name, out.stat().st_size // 1000, "kB")


def elements_of(document: Document, page: int) -> list:
    """Give what stands on a page, in the order in which it is read."""
    return [one for one in document.elements if any(region.box.page == page for region in one.regions)]


def table_in_a_column() -> bytes:
    """Draw a page of two columns, one of them with a table whose outer sides are open."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    height = A4[1]

    def text(x: float, top: float, lines: list[str]) -> None:
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines):
            canvas.drawString(x, height - top - 13 * number, line)

    text(60, 80, LINES * 3)
    for number in range(len(ROWS) + 1):
        canvas.line(60, height - 210 - 20 * number, 280, height - 210 - 20 * number)
    for x in (120, 200):
        canvas.line(x, height - 210, x, height - 210 - 20 * len(ROWS))
    for number, row in enumerate(ROWS):
        for x, cell in zip((64, 124, 204), row, strict=True):
            canvas.drawString(x, height - 224 - 20 * number, cell)
    text(60, 300, LINES * 3)
    text(310, 80, LINES * 9)
    canvas.save()
    return stream.getvalue()


if __name__ == "__main__":
    main()
