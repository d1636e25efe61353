"""Which pages, and which pictures on pages, have to be read by OCR: what liteparse sees of pages in, doubts out.

A page is doubtful where its text layer is missing, broken or far less than what is drawn. Does not know how OCR works.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from scoville.read.pdf.ink import corners
from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from liteparse.types import ParsedPage

    from scoville.read.pdf.ink import Row
    from scoville.read.pdf.page import Page

BARE = 25
"""Letters and figures; a page with fewer has no text layer to speak of: a stamp, a page number."""
SPARSE = 400
"""A page with fewer may be a scan or a drawing with a little text on it; only on these the drawing is looked at."""
_FULL_PAGE = 0.6
_DRAWN_PATHS = 400
_PATHS_PER_LETTER = 8
"""Vector-outlined text has one path a glyph or more, and little other text; a chart has some paths for each label."""
_BROKEN_SHARE = 0.15
_VOWEL_LESS_SHARE = 0.6
_FEWEST_WORDS = 15
_BROKEN = re.compile("[\ufffd\ue000-\uf01f\uf100-\uf8ff\x00-\x08\x0e-\x1f]|\\(cid:\\d+\\)")
_WORD = re.compile(r"[a-zA-Z]{3,}")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_PICTURE_WIDTH, _PICTURE_HEIGHT = 72.0, 36.0
"""Points: smaller pictures are logos and icons."""
SCREEN_PIXEL = 72 / 96
"""Points."""
_PICTURE_SHARE = 0.03

_OVER_PICTURES_SHARE = 0.4
_CHART_BOXES = 6
_TOUCHING = 2.0  # points
_CHART_SHARE = 0.5
"""Of a page's letters, that stand in boxes which do not touch each other, as the cells of a table do."""

Reason = Literal[
    "no text", "broken text", "drawn text", "full-page picture", "pictures", "always", "text over pictures",
    "flow chart",
]  # fmt: skip
HARD = frozenset[Reason]({"text over pictures", "flow chart"})
"""Pages whose text is there, but whose order only shows to who looks at them."""


class Doubt(NamedTuple):
    """A page that its text layer does not tell."""

    page: int
    reason: Reason
    boxes: tuple[Rectangle, ...] = ()
    """The pictures to read; empty: the whole page."""
    letters: int = 0
    """What the text layer has."""


class Drawn(NamedTuple):
    """What is drawn on a page."""

    paths: int
    picture_share: float
    """Of the page, of the largest picture."""


def find_doubts(path: str, password: str | None, pages: "Sequence[ParsedPage]") -> list[Doubt]:
    """Find what OCR should read of some pages of a PDF."""
    texts = {page.page_num: " ".join(item.text for item in page.text_items) for page in pages}
    sparse = [number for number, text in texts.items() if _letters(text) < SPARSE and not is_broken(text)]
    drawn = look_at_drawing(path, password, sparse) if sparse else {}
    doubts = (judge(page.page_num, texts[page.page_num], _pictures(page), drawn.get(page.page_num)) for page in pages)
    return [doubt for doubt in doubts if doubt]


def find_hard(pages: "Sequence[Page]") -> list[Doubt]:
    """Find the pages whose text is there, but in an order that only shows to who looks at them."""
    hard: list[Doubt] = []
    for page in pages:
        ink = page.ink
        letters = sum(_letters(row.text) for row in ink.rows) if ink else 0
        if not ink or letters < BARE:
            continue
        if _within(ink.rows, ink.pictures) > _OVER_PICTURES_SHARE * letters:
            hard.append(Doubt(page.number, "text over pictures", letters=letters))
            continue
        panels = [panel.box for panel in ink.panels if _within(ink.rows, [panel.box])]
        alone = [box for box in panels if not any(other is not box and _touch(box, other) for other in panels)]
        if len(alone) >= _CHART_BOXES and _within(ink.rows, alone) > _CHART_SHARE * letters:
            hard.append(Doubt(page.number, "flow chart", letters=letters))
    return hard


def judge(number: int, text: str, pictures: tuple[Rectangle, ...], drawn: Drawn | None) -> Doubt | None:
    """Judge one page; ``drawn`` is None where there is plenty of text."""
    letters = _letters(text)
    if is_broken(text):
        return Doubt(number, "broken text", letters=letters)
    if drawn:
        if letters < BARE and (drawn.paths or drawn.picture_share):
            return Doubt(number, "no text", letters=letters)
        if drawn.paths >= _DRAWN_PATHS and drawn.paths > _PATHS_PER_LETTER * letters:
            return Doubt(number, "drawn text", letters=letters)
        if drawn.picture_share >= _FULL_PAGE:
            return Doubt(number, "full-page picture", letters=letters)
    return Doubt(number, "pictures", pictures, letters) if pictures else None


def is_broken(text: str) -> bool:
    """Say whether a text layer is no language: characters without meaning, or Latin words without vowels."""
    packed = "".join(text.split())
    if len(packed) >= BARE and sum(len(match) for match in _BROKEN.findall(packed)) > _BROKEN_SHARE * len(packed):
        return True
    words = _WORD.findall(text)
    silent = sum(1 for word in words if not _VOWEL.search(word))
    return len(words) >= _FEWEST_WORDS and silent > _VOWEL_LESS_SHARE * len(words)


def look_at_drawing(path: str, password: str | None, numbers: Sequence[int]) -> dict[int, Drawn]:
    """Count the paths of pages and measure their pictures; takes PDFium 1 ms a page."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    drawn: dict[int, Drawn] = {}
    with pypdfium2.PdfDocument(path, password=password) as document:
        for number in numbers:
            page = document[number - 1]
            width, height = page.get_size()
            paths, share = 0, 0.0
            for item in cast("Iterator[Any]", page.get_objects(max_depth=4)):
                paths += item.type == pdfium.FPDF_PAGEOBJ_PATH
                if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
                    x0, y0, x1, y1 = item.get_bounds()
                    share = max(share, abs(x1 - x0) * abs(y1 - y0) / (width * height))
            drawn[number] = Drawn(paths, min(share, 1.0))
            page.close()
    return drawn


def _within(rows: "Sequence[Row]", boxes: Sequence[Rectangle]) -> int:
    """Count the letters that stand in any of some boxes."""
    return sum(_letters(row.text) for row in rows if any(box.holds(row.box.x, row.box.y) for box in boxes))


def _touch(box: Rectangle, other: Rectangle) -> bool:
    return min(box.shared_x(other), box.shared_y(other)) > -_TOUCHING


def _pictures(page: "ParsedPage") -> tuple[Rectangle, ...]:
    """Give the pictures that are large enough to hold text."""
    boxes = [block.bbox for block in page.blocks or () if block.kind == "figure" and block.bbox]
    return tuple(corners(box) for box in boxes if is_large_enough(box.width, box.height, page.width, page.height))


def is_large_enough(width: float, height: float, page_width: float, page_height: float) -> bool:
    """Say whether a picture of this size on such a page may hold text to read; all in points."""
    return (
        width >= _PICTURE_WIDTH
        and height >= _PICTURE_HEIGHT
        and width * height >= _PICTURE_SHARE * page_width * page_height
    )


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))
