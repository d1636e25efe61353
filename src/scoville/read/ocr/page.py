"""One page as a picture in, the page laid out from its recognised words out.

Renders the page (of a PDF or a picture file), has an engine read it upright, and lays the words out like those of any
PDF. What it gives stands upright, in points; ``stand_back`` turns boxes to how the page is shown. Runs in a child.
"""

import io
import pickle
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from scoville.errors import MissingExtra, ReadFailure
from scoville.read.ocr.engine import Upright, open_engine, read_upright
from scoville.read.ocr.image import MOST_PIXELS, Picture, open_frame, pixels_of
from scoville.read.ocr.layout import lay_out_words
from scoville.read.ocr.route import SCREEN_PIXEL, Doubt, is_large_enough
from scoville.read.ocr.seen import characters, mean_confidence
from scoville.read.pdf.lines import Rectangle, stacked, union, whole

if TYPE_CHECKING:
    from PIL.Image import Image

    from scoville.read.assemble import Piece
    from scoville.read.ocr.scan import ScanModels
    from scoville.read.pdf.page import Block, Page

DOTS_PERINCH = 200
"""Of rendered pages: Tesseract read 8 pages as well at 150 (word F1 .990) and 200 (.988), but small print needs 200."""
_VISION_DOTS_PERINCH = 120
LEAST_CONFIDENCE = 0.55
"""Mean of a page or picture; below, it holds no text that is worth finding."""
_PICTURE_LETTERS = 12
_INCH = 72.0


class Source(NamedTuple):
    """A file whose pages are pictures."""

    kind: Literal["pdf", "image"]
    path: str
    password: str | None = None


class Turn(NamedTuple):
    """How a page that was read upright is shown."""

    degrees: int
    """How far it was turned clockwise to stand upright."""
    width: float
    """As shown, in points."""
    height: float


class Recognised(NamedTuple):
    """What was read from one page's picture."""

    number: int
    page: bytes | None = None
    """The whole page, pickled; None where only its pictures were read, or nothing was found."""
    pictures: bytes | None = None
    """Blocks of its pictures, pickled."""
    turn: Turn | None = None
    letters: int = 0
    blank: bool = False
    """Whether nothing is printed on it."""


def recognise(
    source: Source, doubt: Doubt, engine: str, languages: Sequence[str], models: "ScanModels | None" = None
) -> Recognised:
    """Read a doubtful page, or the doubtful pictures on it. Raises ReadFailure where no engine is installed.

    ``models`` see what the parts of a page are and how its tables are built.
    """
    try:
        reader = open_engine(engine, languages)
    except MissingExtra as missing:
        raise ReadFailure(str(missing)) from None
    with render(source, doubt.page) as picture:
        if doubt.boxes:
            reads = [(box, read_upright(_cut(picture, box), reader, picture.dpi)) for box in doubt.boxes]
            blocks = [block for box, read in reads for block in _picture_blocks(doubt.page, box, read, picture.dpi)]
            return Recognised(doubt.page, pictures=_pickled(blocks) if blocks else None)
        if is_blank(picture.image):
            return Recognised(doubt.page, blank=True)
        read = read_upright(picture.image, reader, picture.dpi)
        if mean_confidence(read.lines) < LEAST_CONFIDENCE:
            return Recognised(doubt.page)
        shown = (picture.width, picture.height)
        width, height = shown if read.turn % 180 == 0 else shown[::-1]
        page = _lay_out(doubt.page, read, picture.dpi, (width, height), models)
        turn = Turn(read.turn, *shown) if read.turn else None
        return Recognised(doubt.page, _pickled(page), None, turn, characters(read.lines))


def recognise_picture(
    data: bytes, engine: str, languages: Sequence[str], page: tuple[float, float] | None = None
) -> "tuple[Piece, ...]":
    """Read a picture that lies in a document: its tables and what stands around them, else one figure of its text.

    Where nobody says how large it is shown, ``page`` is the size of what it is shown on, in points, and its pixels
    are those of a screen. Raises ReadFailure where it is damaged or no engine is installed.
    """
    from scoville.read.pdf.flow import pieces_of
    from scoville.read.pdf.page import Page

    if page:
        width, height = pixels_of(io.BytesIO(data))
        if not is_large_enough(width * SCREEN_PIXEL, height * SCREEN_PIXEL, *page):
            return ()
    try:
        reader = open_engine(engine, languages)
    except MissingExtra as missing:
        raise ReadFailure(str(missing)) from None
    picture = open_frame(io.BytesIO(data), 1)
    if is_blank(picture.image):
        return ()
    whole = Rectangle(0, 0, picture.width, picture.height)
    blocks = _picture_blocks(1, whole, read_upright(picture.image, reader, picture.dpi), picture.dpi)
    return tuple(pieces_of([Page(1, picture.height, blocks)])) if blocks else ()


def png_of(source: Source, number: int) -> tuple[bytes, float, float]:
    """Render a page to PNG; give its size in points, too."""
    with render(source, number, _VISION_DOTS_PERINCH) as picture:
        stream = io.BytesIO()
        picture.image.save(stream, "PNG")
        return stream.getvalue(), picture.width, picture.height


@contextmanager
def render(source: Source, number: int, dpi: float = DOTS_PERINCH) -> Generator[Picture]:
    """Render a page in grey as it is shown, in fewer dots where it is very large."""
    if source.kind == "image":
        yield open_frame(source.path, number)
        return
    import pypdfium2

    with pypdfium2.PdfDocument(source.path, password=source.password) as document:
        page = document[number - 1]
        width, height = page.get_size()
        dpi = min(dpi, (MOST_PIXELS / max(width * height, 1)) ** 0.5 * _INCH)
        scale: Any = dpi / _INCH  # annotated as int, documented as float
        yield Picture(page.render(scale=scale, grayscale=True).to_pil(), dpi, width, height)


def is_blank(image: "Image") -> bool:
    """Say whether a picture has one colour, give or take noise."""
    low, high = image.convert("L").resize((64, 64)).getextrema()
    return float(high) - float(low) < 6  # pyright: ignore[reportArgumentType]


def _lay_out(number: int, read: Upright, dpi: float, size: tuple[float, float], models: "ScanModels | None") -> "Page":
    if models is None:
        return lay_out_words(number, read, dpi, *size)
    from scoville.read.ocr.scan import lay_out_scan

    return lay_out_scan(number, read, dpi, *size, models)


def stand_back(box: Rectangle, turn: Turn) -> Rectangle:
    """Give where a box of an upright page stands on the page as it is shown."""
    x0, y0, x1, y1 = box
    match turn.degrees:
        case 90:
            return Rectangle(y0, turn.height - x1, y1, turn.height - x0)
        case 180:
            return Rectangle(turn.width - x1, turn.height - y1, turn.width - x0, turn.height - y0)
        case 270:
            return Rectangle(turn.width - y1, x0, turn.width - y0, x1)
        case _:
            return box


def _cut(picture: Picture, box: Rectangle) -> "Image":
    scale = picture.dpi / _INCH
    return picture.image.crop(tuple(round(scale * edge) for edge in box))  # pyright: ignore[reportArgumentType]


def _picture_blocks(number: int, box: Rectangle, read: Upright, dpi: float) -> "list[Block]":
    """Make blocks of a picture's text: its tables and what stands around them, else one with a region for each line."""
    if characters(read.lines) < _PICTURE_LETTERS or mean_confidence(read.lines) < LEAST_CONFIDENCE:
        return []
    size = (box.width, box.height)
    turn = Turn(read.turn, *size)

    def place(inner: Rectangle) -> Rectangle:
        x0, y0, x1, y1 = stand_back(inner, turn)
        return Rectangle(*(round(edge, 2) for edge in (x0 + box.x0, y0 + box.y0, x1 + box.x0, y1 + box.y0)))

    page = lay_out_words(number, read, dpi, *(size if read.turn % 180 == 0 else size[::-1]))
    if any(block.kind == "table" for block in page.blocks):
        return [_moved(block, place) for block in page.blocks]
    return [_figure(number, box, read, lambda inner: place(Rectangle(*(edge * _INCH / dpi for edge in inner))))]


def _moved(block: "Block", place: Callable[[Rectangle], Rectangle]) -> "Block":
    """Give a block of a picture as one of the page; a title within a picture is none of the page's."""
    kind = "paragraph" if block.kind in {"heading", "title"} else block.kind
    return replace(block.moved(place), kind=kind, level=None if block.kind == "heading" else block.level, ink=[])


def _figure(number: int, box: Rectangle, read: Upright, place: Callable[[Rectangle], Rectangle]) -> "Block":
    from scoville.read.pdf.charts import is_chart
    from scoville.read.pdf.page import Block

    texts = [" ".join(word.text for word in line) for line in read.lines]
    places = (place(union(word.box for word in line)) for line in read.lines)
    kind = "chart" if is_chart(texts) else "figure"
    return Block(kind, number, box, stacked(map(whole, texts, places)))


def _pickled(value: object) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
