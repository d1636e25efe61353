"""Parsed pages in, those anew on which liteparse lost words that PDFium has.

It does where a font claims to be many times higher than its letters, so that lines overlap. The words of such a page
are put on a plain one, as recognised words are, and laid out from there: places, sizes and rulings stay, fonts do not.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scoville.read.ocr.seen import SeenWord
from scoville.read.ocr.text_page import text_page
from scoville.read.pdf.ink import read_ink
from scoville.read.pdf.lines import Rectangle, union

if TYPE_CHECKING:
    import pypdfium2
    from liteparse.types import ParsedPage

_KEPT = 0.9
"""Of the letters and figures that PDFium sees: with fewer, a page is read anew."""
_LEAST = 40
_SAME = 2.0  # points between two prints of one word
_GAP = 0.15  # of the height: a wider gap between letters parts words even where no space stands
_READABLE = 3.0  # points


def restore_lost(path: str, password: str | None, pages: "Sequence[ParsedPage]") -> "list[ParsedPage]":
    """Give the pages, some read anew; pages printed sideways stay as they are."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path, password=password)
    except pypdfium2.PdfiumError:
        return list(pages)
    with document:
        return [_restored(document, page) for page in pages]


def _restored(document: "pypdfium2.PdfDocument", parsed: "ParsedPage") -> "ParsedPage":
    page = document[parsed.page_num - 1]
    text = page.get_textpage()
    try:
        there = _count(text.get_text_bounded())
        seen = sum(_count(item.text) for item in parsed.text_items)
        if there < _LEAST or seen >= _KEPT * there or any(item.rotation for item in parsed.text_items):
            return parsed
        lines = _lines(text, page.get_height())
        if page.get_rotation() or sum(_count(word.text) for line in lines for word in line) * _KEPT < seen:
            return parsed
        return _laid_out(lines, parsed)
    finally:
        text.close()
        page.close()


def _count(text: str) -> int:
    return sum(map(str.isalnum, text))


def _lines(text: "pypdfium2.PdfTextPage", height: float) -> list[list[SeenWord]]:
    """Give PDFium's words in its order, without those printed twice in one place."""
    lines: list[list[SeenWord]] = [[]]
    letters: list[tuple[str, Rectangle]] = []
    seen: set[tuple[str, int, int]] = set()

    def finish() -> None:
        if letters:
            word = SeenWord("".join(letter for letter, _ in letters), union(box for _, box in letters), 1.0)
            place = (word.text, round(word.box.x0 / _SAME), round(word.box.y0 / _SAME))
            if place not in seen and word.box.height > 0:
                seen.add(place)
                lines[-1].append(word)
            letters.clear()

    for index, letter in enumerate(text.get_text_range()):
        if letter in "\r\n":
            finish()
            if lines[-1]:
                lines.append([])
        elif letter.isspace() or not letter.isprintable():
            finish()
        else:
            left, bottom, right, top = text.get_charbox(index)
            box = Rectangle(left, height - top, right, height - bottom)
            if letters and box.x0 - letters[-1][1].x1 > _GAP * box.height:
                finish()
            letters.append((letter, box))
    finish()
    return [line for line in lines if line and max(word.box.height for word in line) >= _READABLE]


def _laid_out(lines: Sequence[Sequence[SeenWord]], parsed: "ParsedPage") -> "ParsedPage":
    from liteparse.parser import LiteParse

    from scoville.read.pdf.layout import PARSER_OPTIONS

    drawn = text_page(list(map(list, lines)), parsed.width, parsed.height, read_ink(parsed).rules)
    (page,) = LiteParse(**PARSER_OPTIONS).parse(drawn).pages
    page.page_num, page.form_fields = parsed.page_num, parsed.form_fields
    return page
