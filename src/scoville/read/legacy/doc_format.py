"""The formatting of a DOC file in: the properties of its paragraphs and characters, its styles and lists out.

Properties are codes with values (sprm, [MS-DOC] 2.2.5). They lie in pages of 512 bytes; what does not fit there, in a
stream of its own. What a code does not say, the paragraph's style says, or one that it is based on.
"""

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from scoville.read.office.docx_numbering import Level, Numbering

PAGE = 512
_CHARACTERS, _PARAGRAPHS, _STYLES, _LISTS, _LIST_USES = 0x00FA, 0x0102, 0x00A2, 0x02E2, 0x02EA
_ELSEWHERE = frozenset({0x6646, 0x646B})
_TABLE, _TABS = 0xD608, 0xC615
_SIZES = (1, 1, 2, 4, 2, 2, 0, 3)
"""Bytes of a value by the three highest bits of its code; 0: the value begins with its size."""
_FORMATS = {
    0: "decimal",
    1: "upperRoman",
    2: "lowerRoman",
    3: "upperLetter",
    4: "lowerLetter",
    23: "bullet",
    255: "none",
}
_MOST_STYLES = 4096
_NO_STYLE = 0xFFF

Properties = dict[int, bytes]
"""The value of each code; the last one holds."""


class Style(NamedTuple):
    """A style of paragraphs; ``number`` is the same in every language's Word for those that are built in."""

    number: int
    name: str
    based_on: int
    properties: Properties


class Span(NamedTuple):
    """Bytes of the file from ``start`` to ``end``, their style and properties."""

    start: int
    end: int
    style: int
    properties: bytes


@dataclass(slots=True)
class Formatting:
    """What the streams of a file say of its text."""

    stream: bytes
    table: bytes
    data: bytes
    """What holds properties that are too long for a page."""
    styles: dict[int, Style] = field(default_factory=dict[int, Style])
    numbering: Numbering = field(default_factory=Numbering)
    _paragraphs: list[Span] = field(default_factory=list[Span])
    _starts: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        self._paragraphs = sorted(self._spans(_PARAGRAPHS, 13, _paragraph_properties))
        self._starts = [paragraph.start for paragraph in self._paragraphs]
        self.styles = dict(_styles(self.part(_STYLES)))
        self.numbering = _numbering(self.table, self._place(_LISTS), self.part(_LIST_USES))

    def paragraph(self, place: int) -> tuple[int, Properties]:
        """Give style and properties of the paragraph with the byte at this place; its style's are among them."""
        number = bisect_right(self._starts, place) - 1
        if number < 0:
            return 0, {}
        span = self._paragraphs[number]
        found: Properties = {}
        for style in reversed(list(self.chain(span.style))):
            found |= style.properties
        return span.style, found | self._complete(span.properties)

    def chain(self, number: int) -> Iterator[Style]:
        """Give a style and those that it is based on."""
        seen: set[int] = set()
        while number in self.styles and number not in seen:
            seen.add(number)
            yield self.styles[number]
            number = self.styles[number].based_on

    def characters(self) -> Iterator[Span]:
        """Give the runs of characters with properties of their own."""
        return self._spans(_CHARACTERS, 1, _character_properties)

    def part(self, place: int) -> bytes:
        """Give what the header says lies in the stream of tables, by where it says so."""
        start, length = self._place(place)
        return self.table[start : start + length]

    def _place(self, place: int) -> tuple[int, int]:
        return struct.unpack_from("<II", self.stream, place) if len(self.stream) >= place + 8 else (0, 0)

    def _complete(self, properties: bytes) -> Properties:
        """Read properties, and those that lie in the stream of data."""
        found = properties_of(properties)
        for code in _ELSEWHERE & found.keys():
            (place,) = struct.unpack("<I", found[code])
            size = int.from_bytes(self.data[place : place + 2], "little")
            found |= properties_of(self.data[place + 2 : place + 2 + size])
        return found

    def _spans(self, place: int, step: int, read: "_Read") -> Iterator[Span]:
        pages = self.part(place)
        count = (len(pages) - 4) // 8
        for (number,) in struct.iter_unpack("<I", pages[4 * (count + 1) : 8 * count + 4]):
            page = self.stream[number * PAGE : (number + 1) * PAGE]
            if len(page) < PAGE or 4 * (page[-1] + 1) + step * page[-1] >= PAGE:
                continue
            starts = struct.unpack_from(f"<{page[-1] + 1}I", page)
            for run in range(page[-1]):
                offset = 2 * page[4 * len(starts) + step * run]
                style, properties = read(page, offset) if offset else (0, b"")
                yield Span(starts[run], starts[run + 1], style, properties)


def _paragraph_properties(page: bytes, offset: int) -> tuple[int, bytes]:
    words = page[offset]
    begin, size = (offset + 1, 2 * words - 1) if words else (offset + 2, 2 * page[offset + 1])
    found = page[begin : begin + size]
    return int.from_bytes(found[:2], "little"), found[2:]


def _character_properties(page: bytes, offset: int) -> tuple[int, bytes]:
    return 0, page[offset + 1 : offset + 1 + page[offset]]


_Read = Callable[[bytes, int], tuple[int, bytes]]


def properties_of(data: bytes) -> Properties:
    """Read codes and values; what is cut off is left out."""
    found: Properties = {}
    at = 0
    while at + 2 < len(data):
        (code,) = struct.unpack_from("<H", data, at)
        at += 2
        size = _SIZES[code >> 13]
        if code == _TABLE:
            size = int.from_bytes(data[at : at + 2], "little") + 1
        elif not size:
            size = data[at] + 1
            if code == _TABS and size == 256:  # longer than a byte tells
                break
        if at + size > len(data):
            break
        found[code] = data[at : at + size]
        at += size
    return found


def _styles(sheet: bytes) -> Iterator[tuple[int, Style]]:
    if len(sheet) < 6:
        return
    size, count, base = struct.unpack_from("<HHH", sheet)
    at = 2 + size
    for number in range(min(count, _MOST_STYLES)):
        if at + 2 > len(sheet):
            return
        (length,) = struct.unpack_from("<H", sheet, at)
        at += 2
        if length > base + 2:
            yield number, _style(sheet[at : at + length], base)
        at += length


def _style(data: bytes, base: int) -> Style:
    kind, parent = struct.unpack_from("<HH", data)
    (length,) = struct.unpack_from("<H", data, base)
    name = data[base + 2 : base + 2 + 2 * length].decode("utf-16-le", "replace")
    at = base + 4 + 2 * length
    at += at % 2
    properties: Properties = {}
    if parent & 0xF == 1 and at + 4 <= len(data):  # of paragraphs: its first properties are theirs
        (size,) = struct.unpack_from("<H", data, at)
        properties = properties_of(data[at + 4 : at + 2 + size])
    return Style(kind & 0xFFF, name, parent >> 4, properties)


def _numbering(table: bytes, place: tuple[int, int], uses: bytes) -> Numbering:
    """Read the lists; their levels lie behind them, one or nine for each."""
    numbering = Numbering()
    start, length = place
    if length < 2 or start + length > len(table):
        return numbering
    (count,) = struct.unpack_from("<H", table, start)
    at = start + length
    for number in range(min(count, (length - 2) // 28)):
        head = table[start + 2 + 28 * number : start + 30 + 28 * number]
        name = str(int.from_bytes(head[:4], "little"))
        for level in range(1 if head[26] & 1 else 9):
            if at + 30 > len(table):
                return numbering
            numbering.levels[name, level], at = _level(table, at)
    for number in range(min(int.from_bytes(uses[:4], "little"), (len(uses) - 4) // 16)):
        numbering.lists[str(number + 1)] = str(int.from_bytes(uses[4 + 16 * number : 8 + 16 * number], "little"))
    return numbering


def _level(table: bytes, at: int) -> tuple[Level, int]:
    """Give one level of a list and where the next begins."""
    start, format = struct.unpack_from("<iB", table, at)
    text_at = at + 28 + table[at + 24] + table[at + 25]
    length = int.from_bytes(table[text_at : text_at + 2], "little")
    end = text_at + 2 + 2 * length
    text = table[text_at + 2 : end].decode("utf-16-le", "replace")
    shown = "".join(f"%{ord(letter) + 1}" if letter < "\x09" else letter for letter in text)
    return Level(_FORMATS.get(format, "decimal"), shown, max(start, 0)), end
