"""A parsed page in, the same anew where liteparse lost words that PDFium has.

It does where a font claims to be many times higher than its letters, so that lines overlap. The words of such a page
are put on a plain one, as recognised words are, and laid out from there: places, sizes and rulings stay, fonts do not.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from scoville.read.ocr.seen import SeenWord
from scoville.read.ocr.text_page import text_page
from scoville.read.pdf.ink import read_ink
from scoville.read.pdf.lines import Rectangle
from scoville.read.pdf.runs import Run, Sheet, read_words

if TYPE_CHECKING:
    from liteparse.types import ParsedPage

_KEPT = 0.9
"""Of the letters and figures that PDFium sees: with fewer, a page is read anew."""
_LEAST = 40
_SAME = 2.0  # points between two prints of one word
_READABLE = 3.0  # points


def restore_lost(sheet: Sheet, parsed: "ParsedPage", there: int, seen: int) -> "ParsedPage":
    """Give a page, read anew if it has to be; one printed sideways or shown turned stays as it is.

    PDFium sees ``there`` letters and figures on it, liteparse ``seen``.
    """
    if there < _LEAST or seen >= _KEPT * there or sheet.turned or any(item.rotation for item in parsed.text_items):
        return parsed
    lines = _lines(sheet)
    if count_letters(word.text for line in lines for word in line) * _KEPT < seen:
        return parsed
    return _laid_out(lines, parsed)


def letters_of(runs: Sequence[Run], parsed: "ParsedPage") -> int:
    """Count the letters and figures that PDFium sees within the page."""
    shown = Rectangle(0, 0, parsed.width, parsed.height)
    return count_letters(run.text for run in runs if run.box.overlap(shown))


def count_letters(texts: Iterable[str]) -> int:
    """Count letters and figures."""
    return sum(map(str.isalnum, "".join(texts)))


def _lines(sheet: Sheet) -> list[list[SeenWord]]:
    """Give PDFium's words in its order, without those printed twice in one place."""
    lines: list[list[SeenWord]] = []
    seen: set[tuple[str, int, int]] = set()
    for match in re.finditer(r"[^\r\n]+", sheet.text):
        line: list[SeenWord] = []
        for text, box in read_words(sheet, *match.span()):
            place = (text, round(box.x0 / _SAME), round(box.y0 / _SAME))
            if place not in seen and box.height > 0:
                seen.add(place)
                line.append(SeenWord(text, box, 1.0))
        lines.append(line)
    return [line for line in lines if line and max(word.box.height for word in line) >= _READABLE]


def _laid_out(lines: Sequence[Sequence[SeenWord]], parsed: "ParsedPage") -> "ParsedPage":
    from liteparse.parser import LiteParse

    from scoville.read.pdf.layout import PARSER_OPTIONS

    drawn = text_page(list(map(list, lines)), parsed.width, parsed.height, read_ink(parsed).rules)
    (page,) = LiteParse(**PARSER_OPTIONS).parse(drawn).pages
    page.page_num, page.form_fields = parsed.page_num, parsed.form_fields
    return page
