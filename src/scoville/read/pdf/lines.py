"""Where a block's text is printed: text and words with boxes in, the same text with one span and box per line out.

Works on what liteparse calls text items (a line, or a part of one) and words; knows nothing of pages or kinds.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scoville.read.clean import clean_line

HYPHENS = "-\u00ad\u2010"
_LOOKAHEAD = 12  # characters that may stand between two words: a marker, a footnote number
_ENOUGH = 0.6  # share of a text's characters that must be found in words, else the whole block is one region
_MARKUP = re.compile(r"(?<!\\)(?:\*{1,3}|~~)")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


class Rectangle(NamedTuple):
    """A rectangle on a page or a picture, counted from its top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def x(self) -> float:
        """The middle."""
        return (self.x0 + self.x1) / 2

    @property
    def y(self) -> float:
        """Half its height."""
        return (self.y0 + self.y1) / 2

    @property
    def width(self) -> float:
        """How far it reaches across."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """How far it reaches down."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Width times height."""
        return self.width * self.height

    @property
    def upright(self) -> bool:
        """Whether it is higher than wide, as a vertical ruling is."""
        return self.width < self.height

    def holds(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Say whether a point lies in it, or outside by no more than ``margin``."""
        return self.x0 - margin <= x <= self.x1 + margin and self.y0 - margin <= y <= self.y1 + margin

    def shared_x(self, other: "Rectangle") -> float:
        """Give how far both reach over the same x; what is negative is the gap between them."""
        return min(self.x1, other.x1) - max(self.x0, other.x0)

    def shared_y(self, other: "Rectangle") -> float:
        """Give how far both reach over the same y; what is negative is the gap between them."""
        return min(self.y1, other.y1) - max(self.y0, other.y0)

    def overlap(self, other: "Rectangle") -> float:
        """Give the area that both share."""
        return max(self.shared_x(other), 0) * max(self.shared_y(other), 0)

    def on_one_line(self, other: "Rectangle") -> bool:
        """Say whether both share more than half of the lower one's height."""
        return self.shared_y(other) > 0.5 * min(self.height, other.height)


class Word(NamedTuple):
    """A printed word."""

    text: str
    box: Rectangle


class Line(NamedTuple):
    """One printed line of a text, or the part of it that belongs to this text."""

    start: int
    end: int
    box: Rectangle


@dataclass(slots=True)
class PlacedText:
    """A text and where its lines stand; the lines follow each other without gaps and cover the text."""

    text: str
    lines: list[Line]
    hyphens: list[int]
    """Offsets where a hyphen at a line's end was taken out of the text; it may have to be put back."""


def union(boxes: Iterable[Rectangle]) -> Rectangle:
    """Give the smallest rectangle around some rectangles, of which there is at least one."""
    rest = iter(boxes)
    first = next(rest)
    x0, y0, x1, y1 = first
    for left, top, right, bottom in rest:  # half the time of min and max, for the function that is called most
        x0 = left if left < x0 else x0
        y0 = top if top < y0 else y0
        x1 = right if right > x1 else x1
        y1 = bottom if bottom > y1 else y1
    return Rectangle(x0, y0, x1, y1)


def around(boxes: Iterable[Rectangle | None]) -> Rectangle | None:
    """Give the smallest rectangle around those that are known; None where none is."""
    known = [box for box in boxes if box]
    return union(known) if known else None


def whole(text: str, box: Rectangle) -> PlacedText:
    """Place a text of which only its whole place is known."""
    return PlacedText(text, [Line(0, len(text), box)], [])


def stacked(parts: Iterable[PlacedText]) -> PlacedText:
    """Put texts on lines of their own below each other."""
    text = ""
    lines: list[Line] = []
    hyphens: list[int] = []
    for part in parts:
        text += "\n" if text else ""
        lines += [line._replace(start=line.start + len(text), end=line.end + len(text)) for line in part.lines]
        hyphens += [offset + len(text) for offset in part.hyphens]
        text += part.text
    return PlacedText(text, close_gaps(lines, len(text)), hyphens)


def without_markup(text: str) -> str:
    r"""Take liteparse's Markdown out of a text: ``**bold**``, ``~~struck~~``, ``\*``."""
    if "*" in text or "~~" in text:
        text = _MARKUP.sub("", text)
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def place_rows(rows: Sequence[Sequence[Word]]) -> PlacedText:
    """Join printed rows to a text, without the hyphens at their ends; rows side by side are one line."""
    text = ""
    lines: list[Line] = []
    hyphens: list[int] = []
    for row in _joined(rows):
        line = " ".join(word.text for word in row)
        if text and text[-1] in HYPHENS and text[-2:-1].isalpha() and line[:1].islower():
            text = text[:-1]
            hyphens.append(len(text))
        elif text:
            text += " "
        lines.append(Line(len(text), len(text) + len(line), union(word.box for word in row)))
        text += line
    return PlacedText(text, close_gaps(lines, len(text)), hyphens)


def place_text(text: str, rows: Sequence[Sequence[Word]], box: Rectangle) -> PlacedText:
    """Find each printed row of words in the text. Without success, the whole text stands in ``box``."""
    text = clean_line(text)
    enough = _ENOUGH * (len(text) - text.count(" "))
    for order in _orders(text, rows):
        lines, hyphens, found = _match(text, order)
        if lines and found >= enough:
            return PlacedText(text, close_gaps(lines, len(text)), hyphens)
    return whole(text, box)


def _orders(text: str, rows: Sequence[Sequence[Word]]) -> Iterator[Sequence[Sequence[Word]]]:
    """Give the orders in which the words may make the text: as extracted, down the page, right to left, any."""
    joined = _joined(rows)
    yield joined
    yield sorted(joined, key=lambda row: (round(row[0].box.y0), row[0].box.x0))
    if _RIGHT_TO_LEFT.search(text):
        yield [sorted(row, key=lambda word: -word.box.x0) for row in joined]
    yield _located(text, rows)


def _located(text: str, rows: Sequence[Sequence[Word]]) -> list[Sequence[Word]]:
    """Order rows by where they stand in the text, whatever their order on the page: for blocks that span columns."""
    packed = "".join(text.split())
    places = [(packed.find("".join(word.text for word in row).rstrip(HYPHENS)), row) for row in rows]
    return [row for place, row in sorted(places, key=lambda found: found[0]) if place >= 0]


def _match(text: str, rows: Sequence[Sequence[Word]]) -> tuple[list[Line], list[int], int]:
    """Walk words and text together: the lines found, the hyphens that the text lacks, the characters found."""
    lines: list[Line] = []
    hyphens: list[int] = []
    position = found = 0
    for row in rows:
        line_start, boxes = -1, list[Rectangle]()
        for number, word in enumerate(row):
            start, length = _find(text, word.text, position, last=number + 1 == len(row))
            if start < 0:
                continue
            position = start + length
            found += length
            boxes.append(word.box)
            line_start = start if line_start < 0 else line_start
            if length < len(word.text):
                hyphens.append(position)
        if boxes:
            lines.append(Line(line_start, position, union(boxes)))
    return lines, hyphens, found


def close_gaps(lines: Sequence[Line], length: int) -> list[Line]:
    """Let each line end where the next begins, and together cover the text, so that no character is without box."""
    starts = [0, *(line.start for line in lines[1:]), length]
    return [line._replace(start=starts[i], end=starts[i + 1]) for i, line in enumerate(lines)]


def _find(text: str, word: str, position: int, *, last: bool) -> tuple[int, int]:
    """Find a word at or soon after a position: where and how many characters; -1 where it is not."""
    while text.startswith(" ", position):
        position += 1
    if text.startswith(word, position):
        return position, len(word)
    if last and len(word) > 1 and word[-1] in HYPHENS and text.startswith(word[:-1], position):
        return position, len(word) - 1
    return text.find(word, position, position + len(word) + _LOOKAHEAD), len(word)


def _joined(rows: Sequence[Sequence[Word]]) -> list[list[Word]]:
    """Join neighbouring rows that stand side by side: the parts of one printed line."""
    joined: list[list[Word]] = []
    for row in rows:
        left = joined[-1][-1].box if joined and joined[-1] else None
        if left and row and left.on_one_line(row[0].box) and row[0].box.x0 >= left.x0:
            joined[-1].extend(row)
        else:
            joined.append(list(row))
    return joined
