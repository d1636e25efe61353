"""Words of Arabic and Hebrew as they stand on a page in, lines of them in reading order out.

liteparse gives a line's words as it finds them, and PDFium the two letters of a lam-alef, which are one sign, as they
would stand side by side. Where a word begins is told by the gaps. Knows PDFium; does not know blocks.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from scoville.read.pdf.lines import Rectangle, Word, union

if TYPE_CHECKING:
    import pypdfium2
    from liteparse.types import ParsedPage

_LETTERS = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_OURS = re.compile(f"[{_LETTERS}]")
_PARTS = re.compile(rf"[{_LETTERS}]+|[^\W{_LETTERS}](?:[^{_LETTERS}]*[^\W{_LETTERS}])?|[^\w{_LETTERS}]")
"""Letters of ours with their marks, words and figures of others with what stands within, single signs."""
_OTHER = re.compile(rf"[^\W\d_{_LETTERS}]")
_STOPS = ".,:;!?،؛؟"
_ARABIC = "\u0620-\u065f\u066e-\u06d3"  # its letters and their marks
_REVERSED = re.compile("([\u0622\u0623\u0625\u0627])(\u0644)")
_GAP = 0.1
"""Of the height: what stands closer is one word."""


def is_right_to_left(text: str) -> bool:
    """Say whether most letters of a text are of a script that is read from the right."""
    ours = len(_OURS.findall(text))
    return ours > 0 and ours > len(_OTHER.findall(text))


def lines_right_to_left(rows: Iterable[Sequence[Word]]) -> list[list[Word]]:
    """Put the words of rows, in whatever order, into lines from the top down, each read from the right."""
    words = sorted((part for row in rows for word in row for part in _parts(word)), key=lambda word: word.box.y)
    lines: list[list[Word]] = []
    for word in words:
        if lines and lines[-1][0].box.on_one_line(word.box):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [_joined(list(_reading_order(line))) for line in lines]


def _parts(word: Word) -> Iterator[Word]:
    """Cut a word where its script changes, and before it a stop: the parts stand as printed, from left to right."""
    text = word.text.lstrip(_STOPS)
    stops = word.text[: len(word.text) - len(text)]
    is_latin = _OTHER.search(text) and not _OURS.search(text)
    texts = [*filter(None, [stops]), *([text] if is_latin else _PARTS.findall(text))]
    x0, width = word.box.x0, word.box.width / max(len(word.text), 1)
    for text in texts:
        x1 = x0 + width * len(text)
        yield Word(text, Rectangle(x0, word.box.y0, x1, word.box.y1))
        x0 = x1


def _reading_order(line: Sequence[Word]) -> Iterator[Word]:
    """Read words from the right, but those of other scripts that stand side by side, with what is among them, not."""
    from_right = sorted(line, key=lambda word: -word.box.x1)
    kinds = "".join("L" if _OTHER.search(word.text) else "R" if _OURS.search(word.text) else "n" for word in from_right)
    for run in re.finditer("[Ln]*L|.", kinds):
        words = from_right[run.start() : run.end()]
        yield from reversed(words) if run[0][-1] == "L" else words


def _joined(line: Sequence[Word]) -> list[Word]:
    """Join what no gap parts; a Latin word is whole before a letter of ours."""
    joined: list[Word] = []
    for word in line:
        before = joined[-1] if joined else None
        apart = before and (_OTHER.match(before.text[-1]) or not -_GAP < _gap(before.box, word.box) < _GAP)
        if before is None or (apart and word.text[0] not in ".,:;!?،؛؟)"):
            joined.append(word)
        else:
            joined[-1] = Word(before.text + word.text, union([before.box, word.box]))
    return joined


def _gap(box: Rectangle, other: Rectangle) -> float:
    return -box.shared_x(other) / max(box.height, 1)


def mend_ligatures(path: str, password: str | None, pages: Sequence["ParsedPage"]) -> None:
    """Put lam before alef where both are one sign; pages are changed in place."""
    import pypdfium2

    arabic = [page for page in pages if any(_REVERSED.search(item.text) for item in page.text_items)]
    if not arabic:
        return
    with pypdfium2.PdfDocument(path, password=password) as document:
        for page in arabic:
            text = document[page.page_num - 1].get_textpage()
            if reversed_words := dict(_reversed_words(text)):
                _replace(page, reversed_words)


def _reversed_words(text: "pypdfium2.PdfTextPage") -> Iterator[tuple[str, str]]:
    """Give the words in which a ligature is reversed, which shows in one box for two letters, and as they should be."""
    whole = text.get_text_range()
    for word in re.finditer(f"[{_ARABIC}]+", whole):
        letters = list(word[0])
        for pair in _REVERSED.finditer(word[0]):
            place = word.start() + pair.start()
            if text.get_charbox(place) == text.get_charbox(place + 1):
                letters[pair.start() : pair.end()] = reversed(pair[0])
        if (right := "".join(letters)) != word[0]:
            yield word[0], right


def _replace(page: "ParsedPage", words: dict[str, str]) -> None:
    wrong = re.compile(f"(?<![{_ARABIC}])(?:{'|'.join(words)})(?![{_ARABIC}])")

    def mended(text: str) -> str:
        return wrong.sub(lambda found: words[found[0]], text)

    for item in page.text_items:
        item.text = mended(item.text)
        for word in item.words:
            word.text = mended(word.text)
    for block in page.blocks or ():
        block.text = mended(block.text) if block.text else block.text
        for cell in (cell for row in (block.header or (), *(block.rows or ())) for cell in row):
            cell.text = mended(cell.text)
