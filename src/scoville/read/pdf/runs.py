"""A page as PDFium reads it out: its printed lines in the order in which the file draws them.

That order is no law, but whoever wrote the file drew each column of running text from top to bottom, so it witnesses
which lines belong together. Boxes are points, origin at the top left of the page as shown.
"""

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Set
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from scoville.read.pdf.lines import Rectangle, Word, union

if TYPE_CHECKING:
    import pypdfium2
    from liteparse.types import ParsedPage

_LINE = re.compile(r"[^\r\n\x02\ufffe]+")
"""PDFium puts a mark for a hyphen at a line's end, and no line end behind it."""
_FIGURE = re.compile(r"(?<!\S)[$€£(]?(?:\d+ )?\d[\d.,]*[.,](?!\S)")
_TOKEN = re.compile(r"\S+")
_GROUP = re.compile(r"\d+")
_SMALLER = 0.8  # of the letter before
_HIGHER = 0.15  # of its height
SUPERSCRIPTS = str.maketrans("0123456789-\N{MINUS SIGN}\N{EN DASH}", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁻")
_RAISED = 0.2  # of the height: no space
_SCALE = 100
_SAME_LINE = 0.3  # of the lower one's height
_NEAR = 0.6  # of the height: PDFium cuts a line before and behind raised figures
_GAP = 0.5  # of the height: a wider gap between letters parts words even where no space stands


class Run(NamedTuple):
    """A printed line, or what of it stands in one column."""

    text: str
    box: Rectangle
    words: tuple[Word, ...] = ()
    """Those that liteparse may have wrong: it leaves out letters that others overlap, and follows the drawn order."""


class Differences(NamedTuple):
    """How what liteparse found on a page differs from PDFium's text."""

    lines: Set[str]
    """The letters that liteparse knows the places of, line by line without white space."""
    text: str
    """All its text, with one space between words."""
    packed: str
    """The same without those within lines."""
    more: Counter[str]
    """The words that it has more often."""
    less: Counter[str]


def differences(page: "ParsedPage", text: str) -> Differences:
    """Compare what liteparse found with PDFium's text."""
    texts = [item.text.split() for item in page.text_items]
    ours, theirs = Counter(word for words in texts for word in words), Counter(text.split())
    lines = {"".join(word.text for word in item.words) for item in page.text_items}
    text, packed = (" ".join(map(space.join, texts)) for space in (" ", ""))
    return Differences(lines, text, packed, ours - theirs, theirs - ours)


class Sheet:
    """The text of an open page, and where its letters are on the page as shown, which may be cropped or turned."""

    def __init__(self, page: "pypdfium2.PdfPage") -> None:
        from pypdfium2 import raw

        self.words = page.get_textpage()
        self.text = self.words.get_text_range()
        self.raised: set[int] = set()
        """The letters of the text that are raised figures: exponents, numbers of notes."""
        self.turned = bool(page.get_rotation())
        width, height = (int(_SCALE * side) for side in page.get_size())
        x, y = ctypes.c_int(), ctypes.c_int()
        corners: list[tuple[float, float]] = []
        for corner in ((0, 0), (_SCALE, 0), (0, _SCALE)):
            raw.FPDF_PageToDevice(page, 0, 0, width, height, 0, *corner, x, y)
            corners.append((x.value / _SCALE, y.value / _SCALE))
        (self._x, self._y), across, up = corners
        self._across = ((across[0] - self._x) / _SCALE, (across[1] - self._y) / _SCALE)
        self._up = ((up[0] - self._x) / _SCALE, (up[1] - self._y) / _SCALE)

    def box(self, index: int, *, loose: bool = False) -> Rectangle:
        """Give the rectangle of a letter; a loose one is as high as its font."""
        left, bottom, right, top = self.words.get_charbox(index, loose=loose)
        (ax, ay), (ux, uy) = self._across, self._up
        if not ay and not ux and ax > 0 > uy:  # upright, as nearly all pages
            return Rectangle(self._x + ax * left, self._y + uy * top, self._x + ax * right, self._y + uy * bottom)
        x0, x1 = self._x + ax * left + ux * bottom, self._x + ax * right + ux * top
        y0, y1 = self._y + ay * left + uy * bottom, self._y + ay * right + uy * top
        return Rectangle(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def read_runs(sheet: Sheet, other: Differences, *, every_word: bool = False) -> list[Run]:
    """Give the lines of a page in the order of the file, with the words that liteparse may have wrong.

    Those are figures and what is spaced otherwise, and with ``every_word`` all words of lines that it does not have.
    """
    runs: list[Run] = []
    for match in _LINE.finditer(sheet.text):
        line = match[0].rstrip()
        start = len(line) - len(line.lstrip())
        if start >= len(line):
            continue
        ends = {start, (start + len(line)) // 2, len(line) - 1}
        box = union([sheet.box(match.start() + index, loose=True) for index in ends])
        figures = {found.span() for found in _FIGURE.finditer(line) if _may_differ(sheet, found, match.start(), other)}
        spans = figures | _raised(sheet, line, match.start())
        spans = sorted({*spans, *_spaced_otherwise(sheet, line, match.start(), other)})
        if every_word and "".join(line.split()) not in other.lines:
            spans = [(start, len(line))]
        words = tuple(word for span in spans for word in _words(sheet, match.start(), span, other))
        if runs and _goes_on(runs[-1].box, box):
            last = runs[-1]
            runs[-1] = Run(last.text + line, union([last.box, box]), _joined(last.words, words, line))
        else:
            runs.append(Run(line.strip(), box, words))
    return runs


def _may_differ(sheet: Sheet, figure: re.Match[str], offset: int, other: Differences) -> bool:
    """Say whether liteparse lacks a figure, or its last stop was drawn behind its digits and stands between them."""
    end = offset + figure.end() - 1
    return any(word in other.less for word in figure[0].split()) or sheet.box(end).x0 < sheet.box(end - 1).x0


def _spaced_otherwise(sheet: Sheet, line: str, offset: int, other: Differences) -> Iterator[tuple[int, int]]:
    """Give where words are that liteparse has in parts, and two that it has as one though the file has a space."""
    from pypdfium2 import raw

    tokens = [token for token in _TOKEN.finditer(line) if token[0] in other.less]
    if not tokens or " ".join(line.split()) in other.text:
        return
    for token in tokens:
        if len(token[0]) > 1 and token[0] in other.packed:
            yield token.span()
    for left, right in pairwise(tokens):
        if left[0] + right[0] in other.more and raw.FPDFText_IsGenerated(sheet.words, offset + left.end()) == 0:
            yield left.start(), right.end()


def _words(sheet: Sheet, offset: int, span: tuple[int, int], other: Differences) -> list[Word]:
    """Read words; two that liteparse has as one are one with a space."""
    words = read_words(sheet, offset + span[0], offset + span[1])
    if len(words) == 2 and words[0].text + words[1].text in other.more:
        return [Word(f"{words[0].text} {words[1].text}", union(word.box for word in words))]
    return words


def letters(text: str) -> str:
    """Give the letters and figures of a text."""
    return "".join(filter(str.isalnum, text))


def _raised(sheet: Sheet, line: str, offset: int) -> set[tuple[int, int]]:
    """Note the figures of a line that stand smaller and higher than what they are printed to; give their words.

    In plain digits they would be part of the number before: 10⁶ is not 106, and $1,500 with note 4 not $1,5004.
    """
    words: set[tuple[int, int]] = set()
    for group in _GROUP.finditer(line):
        first, last = group.start(), group.end() - 1
        sign = first > 1 and line[first - 1] in "-\N{MINUS SIGN}\N{EN DASH}"
        base = first - 1 - sign if first > sign and not line[first - 1 - sign].isspace() else first
        if base == last or (base == first == 0 and line[1] != "0"):
            continue  # old-style figures open a page: 322 is not 3²²
        of, figure = (sheet.box(offset + place, loose=True) for place in (base, last))
        if figure.height < _SMALLER * of.height and figure.y1 < of.y1 - _HIGHER * of.height:
            small = [place for place in range(first - sign, last + 1)
                     if sheet.box(offset + place, loose=True).height < _SMALLER * of.height]  # fmt: skip
            sheet.raised.update(offset + place for place in small)
            begin = max(line.rfind(" ", 0, base), line.rfind("\t", 0, base)) + 1
            words.add((begin, next((place for place in range(last, len(line)) if line[place].isspace()), len(line))))
    return words


def read_words(sheet: Sheet, start: int, end: int) -> list[Word]:
    """Give the words between two places of the text, with the rectangles of their ink."""
    words: list[Word] = []
    group: list[tuple[str, Rectangle]] = []
    height = 0.0
    for index in range(start, end + 1):
        letter = sheet.text[index] if index < end else " "
        letter = letter.translate(SUPERSCRIPTS) if index in sheet.raised else letter
        box = sheet.box(index) if letter.isprintable() and not letter.isspace() else None
        if group and (box is None or box.x0 - group[-1][1].x1 > _GAP * max(box.height, height)):
            word = _word(group)
            if word.text[0] in ".," and words and words[-1].text[-1].isdigit():
                word = Word(words[-1].text + word.text, union([words.pop().box, word.box]))
            words.append(word)
            group, height = [], 0.0
        if box is not None:
            group.append((letter, box))
            height = max(height, box.height)
    return words


def _word(group: list[tuple[str, Rectangle]]) -> Word:
    """Join letters; a figure whose stop was drawn after its last digit has it where it stands."""
    text = "".join(letter for letter, _ in group)
    if text[-1] in ".," and text[:1].isdigit():
        text = "".join(letter for letter, _ in sorted(group, key=lambda letter: letter[1].x0))
    return Word(text, union([box for _, box in group]))


def _joined(words: tuple[Word, ...], more: tuple[Word, ...], line: str) -> tuple[Word, ...]:
    """Join the words of a line's parts, and its inner ones where no space stands: a raised figure and what follows."""
    if not words or not more or line[0].isspace() or more[0].box.x0 - words[-1].box.x1 > _RAISED * more[0].box.height:
        return words + more
    seam = Word(words[-1].text + more[0].text, union([words[-1].box, more[0].box]))
    return (*words[:-1], seam, *more[1:])


def _goes_on(left: Rectangle, right: Rectangle) -> bool:
    shared = left.shared_y(right) > _SAME_LINE * min(left.height, right.height)
    return shared and -_NEAR < (right.x0 - left.x1) / max(left.height, 1.0) < _NEAR
