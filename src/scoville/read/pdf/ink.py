"""What is printed on one page: rows of words with their style, rulings, panels and pictures.

A row is what liteparse calls a text item: a printed line or a part of one. Whatever else finds words on a page (OCR)
makes rows too. Invisible rulings are left out: many programs draw each text frame as a transparent rectangle. Knows
liteparse's types; does not know what rows mean together.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from scoville.read.clean import clean, clean_line
from scoville.read.pdf.lines import Rectangle, Word, union
from scoville.read.pdf.runs import Run

if TYPE_CHECKING:
    from liteparse.types import AnnotationRect, ParsedPage, TextItem, VectorGraphics

_SUBSET = re.compile(r"^[A-Z]{6}\+")  # a file may hold a font in parts, each with such a mark
_BOLD = re.compile(r"bold|black|heavy|semib|demi|-bd|,b", re.IGNORECASE)
_BOLD_WEIGHT = 600
_SIZE_LEAST = 4.0
_RULE_LEAST = 8.0  # points: shorter ones are parts of drawn letters
_PANEL_LEAST = 14.0
_PANEL_MOST = 0.85  # of the page: a larger one is its background


class Style(NamedTuple):
    """How a row is printed."""

    font: str
    size: float
    """The font's, to half a point; where the page's matrix scales a font of size 1, the height of most words."""
    bold: bool


@dataclass(slots=True)
class Row:
    """A printed line or a part of one."""

    box: Rectangle
    words: list[Word]
    style: Style
    turned: bool = False
    """Printed upwards, downwards or upside down."""

    @property
    def text(self) -> str:
        """The words, with a space between them."""
        return " ".join(word.text for word in self.words)


class Panel(NamedTuple):
    """A filled or framed rectangle."""

    box: Rectangle
    filled: bool
    framed: bool


@dataclass(slots=True)
class Ink:
    """All that is printed on one page."""

    number: int
    width: float
    height: float
    rows: list[Row]
    rules: list[Rectangle] = field(default_factory=list[Rectangle])
    panels: list[Panel] = field(default_factory=list[Panel])
    pictures: list[Rectangle] = field(default_factory=list[Rectangle])
    runs: Sequence[Run] = ()
    """The printed lines in the order of the file; empty where nobody asked for them."""
    remarks: list[str] = field(default_factory=list[str])
    """What a user should know of how the page was read."""

    def body(self) -> Style | None:
        """Give the style in which most characters are printed; None on an empty page."""
        return style_of(self.rows) if self.rows else None


def style_of(rows: Sequence[Row]) -> Style:
    """Give the style of most characters."""
    if len(rows) == 1:
        return rows[0].style
    counts: Counter[Style] = Counter()
    for row in rows:
        counts[row.style] += len("".join([word.text for word in row.words]))
    return max(counts, key=lambda style: counts[style])


def corners(rect: "AnnotationRect | TextItem") -> Rectangle:
    """Give liteparse's rectangle by its corners."""
    return Rectangle(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)


def read_ink(page: "ParsedPage") -> Ink:
    """Collect what is printed on a parsed page."""
    rows = [_row(item) for item in page.text_items if item.text.strip()]
    pictures = [corners(block.bbox) for block in page.blocks or () if block.kind == "figure" and block.bbox]
    graphics = page.vector_graphics
    rules = _rules(graphics) if graphics else []
    panels = _panels(graphics, page.width * page.height) if graphics else []
    return Ink(page.page_num, page.width, page.height, rows, rules, panels, pictures)


def _row(item: "TextItem") -> Row:
    words = [
        Word(text, Rectangle(_cut(w.x), _cut(w.y), _cut(w.x + w.width), _cut(w.y + w.height)))
        for w in item.words
        if (text := clean(w.text))
    ]
    box = corners(item)
    font = _SUBSET.sub("", item.font_name or "")
    bold = (item.font_weight or 0) >= _BOLD_WEIGHT or bool(_BOLD.search(font))
    style = Style(font, _size(item, words), bold)
    turned = min(abs(item.rotation), abs(item.rotation - 360)) > 2
    if turned:
        return Row(box, words or [Word(clean_line(item.text), box)], style, turned)
    return Row(box, _glued(words, item.text) or [Word(clean_line(item.text), box)], style)


def _cut(x: float) -> float:
    """Round to a hundredth of a point, in half the time of ``round(x, 2)``."""
    return round(x * 100) / 100


def _size(item: "TextItem", words: Sequence[Word]) -> float:
    size = item.font_size or 0
    if size < _SIZE_LEAST:  # a superscript makes the row higher, but not most of its words
        heights = Counter(round(2 * word.box.height) / 2 for word in words)
        size = max(heights, key=lambda height: heights[height]) if heights else item.height
    return round(2 * size) / 2


def _glued(words: list[Word], text: str) -> list[Word]:
    """Join the words that the text has no space between: liteparse boxes some stops by themselves."""
    tokens = clean(text).split()
    if len(tokens) == len(words):
        return words
    glued: list[Word] = []
    rest = iter(words)
    for token in tokens:
        parts: list[Word] = []
        while len("".join(part.text for part in parts)) < len(token):
            part = next(rest, None)
            if part is None:
                return words
            parts.append(part)
        if "".join(part.text for part in parts) != token:
            return words
        glued.append(Word(token, union(part.box for part in parts)) if len(parts) > 1 else parts[0])
    return glued if next(rest, None) is None else words


def _visible(colour: str | None) -> bool:
    """Say whether a colour shows on white paper."""
    if not colour or len(colour) != 8:
        return True
    return colour[:2] != "00" and colour[2:].lower() != "ffffff"


def _rules(graphics: "VectorGraphics") -> list[Rectangle]:
    rules: list[Rectangle] = []
    for line in graphics.lines:
        shows = _visible(line.stroke_color) if line.stroke else _visible(line.fill_color)
        if shows:
            x0, x1 = sorted((line.x1, line.x2))
            y0, y1 = sorted((line.y1, line.y2))
            if max(x1 - x0, y1 - y0) < _RULE_LEAST:
                continue
            rules.append(Rectangle(x0, y0, x1, y1))
    return rules


def _panels(graphics: "VectorGraphics", page_area: float) -> list[Panel]:
    panels: list[Panel] = []
    for shape in graphics.shapes:
        x, y, width, height = shape.bbox
        if min(width, height) < _PANEL_LEAST or width * height > _PANEL_MOST * page_area:
            continue
        filled = shape.fill and _visible(shape.fill_color)
        framed = shape.stroke and _visible(shape.stroke_color)
        if filled or framed:
            panels.append(Panel(Rectangle(x, y, x + width, y + height), filled, framed))
    return panels
