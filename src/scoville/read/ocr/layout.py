"""Recognised words of an upright page in, its layout out: the same as that of a PDF with these words and rulings."""

from typing import TYPE_CHECKING

from scoville.read.ocr.engine import Upright
from scoville.read.ocr.rules import find_rules
from scoville.read.ocr.text_page import text_page
from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from scoville.read.pdf.page import Page

_INCH = 72.0


def lay_out_words(number: int, read: Upright, dpi: float, width: float, height: float) -> "Page":
    """Lay out an upright page of this size from its words and rulings."""
    from liteparse.parser import LiteParse

    from scoville.read.pdf.layout import PARSER_OPTIONS, lay_out

    def points(box: Rectangle) -> Rectangle:
        return Rectangle(*(_INCH / dpi * edge for edge in box))

    lines = [[word._replace(box=points(word.box)) for word in line] for line in read.lines]
    rules = [points(rule) for rule in find_rules(read.image, dpi)]
    (parsed,) = LiteParse(**PARSER_OPTIONS).parse(text_page(lines, width, height, rules)).pages
    parsed.page_num = number
    return lay_out(parsed)
