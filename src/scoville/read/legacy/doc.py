"""DOC bytes (Word 97-2003) in, headings, paragraphs, lists, tables, notes, text boxes and page headers out.

The text lies in pieces that a table lists ([MS-DOC]), first that of the body, then what stands apart from it. What is
deleted or hidden is left out, as are pictures.
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, Piece
from scoville.read.legacy.doc_format import Formatting, Properties, properties_of
from scoville.read.legacy.doc_table import TableRows
from scoville.read.legacy.ole2 import ole2_properties, open_ole2
from scoville.read.office.docx_numbering import BULLET
from scoville.read.office.docx_styles import kind_of_style
from scoville.types import ElementKind

_MAGIC = 0xA5EC
_TABLE_1 = 0x0200
_LENGTHS = 0x4C
"""Where the numbers of characters stand: of the body, and of each part of ``_PARTS``."""
_PARTS: tuple[ElementKind, ...] = (
    "footnote", "header", "paragraph", "footnote", "footnote", "paragraph", "header",
)  # fmt: skip
"""Footnotes, page headers, macros, comments, endnotes, text boxes, those of page headers."""
_PIECES, _HEADERS = 0x01A2, 0x00F2
_COMPRESSED = 0x40000000
_DELETED, _HIDDEN, _OUTLINE, _LIST, _LIST_LEVEL = 0x0800, 0x083C, 0x2640, 0x460B, 0x260A
_BODY_LEVEL = 9
_KINDS: dict[int, ElementKind] = {34: "caption", 62: "title", 101: "code"}
"""By the numbers of built-in styles; other programs give only names."""
_FIELD_CODE = re.compile("\x13[^\x13\x14\x15]*(?:\x14|(?=\x15))")
_PAGE_NUMBER = re.compile("\x13\\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\\b[^\x13-\x15]*\x14[^\x13-\x15]*\x15")
_BREAK = re.compile("[\x07\x0b-\r]")
_UNSEEN = re.compile("[\x00-\x06\x08\x0e-\x12\x14\x15-\x1d\x1f]")
_PARAGRAPH_END, _NOT_END = re.compile("[\r\x07\x0c]"), re.compile("[^\r\x07\x0c]")
_NO_LIST = 0x7FF
_SEPARATORS, _FOOTERS = 6, frozenset({2, 3, 5})
"""The page headers begin with six lines between text and notes; each section has headers and footers in turn."""


class _Text(NamedTuple):
    """A run of characters and where its bytes begin in the file."""

    text: str
    place: int
    width: int
    """Bytes of a character."""


class _Paragraph(NamedTuple):
    text: str
    """With the character that ends it."""
    style: int
    properties: Properties


def read_doc(data: bytes) -> ParsedFile:
    """Read a Word 97-2003 document. Raises ReadFailure when it is damaged or older."""
    with open_ole2(data) as file:
        stream: bytes = file.openstream("WordDocument").read()
        if len(stream) < 0x200:
            raise ReadFailure("is a damaged Word document: its header is cut off")
        magic, version = struct.unpack_from("<HH", stream)
        (flags,) = struct.unpack_from("<H", stream, 0x0A)
        if magic != _MAGIC or version < 0xC1:
            raise ReadFailure("is a Word document older than Word 97; save it as DOCX")
        table: bytes = file.openstream("1Table" if flags & _TABLE_1 else "0Table").read()
        apart: bytes = file.openstream("Data").read() if file.exists("Data") else b""
        title, metadata = ole2_properties(file)
    try:
        formatting = Formatting(stream, table, apart)
        paragraphs = list(_paragraphs(list(_texts(stream, table)), formatting))
        pieces = list(_pieces(paragraphs, formatting))
    except (struct.error, IndexError) as error:
        raise ReadFailure(f"is a damaged Word document: {error}") from None
    return ParsedFile(media_type="application/msword", pieces=pieces, title=title, metadata=metadata)


def _texts(stream: bytes, table: bytes) -> Iterator[_Text]:
    """Give the pieces of the text in their order."""
    start, length = struct.unpack_from("<II", stream, _PIECES)
    at, end = start, start + length
    while at < end and table[at] == 1:
        at += 3 + struct.unpack_from("<H", table, at + 1)[0]
    (size,) = struct.unpack_from("<I", table, at + 1)
    at += 5
    count = (size - 4) // 12
    if table[at - 5] != 2 or not 0 < count < 1_000_000:
        raise ReadFailure("is a damaged Word document: it has no list of its text")
    positions = struct.unpack_from(f"<{count + 1}I", table, at)
    for number in range(count):
        (place,) = struct.unpack_from("<I", table, at + 4 * (count + 1) + 8 * number + 2)
        characters = positions[number + 1] - positions[number]
        if place & _COMPRESSED:
            place = (place & ~_COMPRESSED) // 2
            yield _Text(stream[place : place + characters].decode("cp1252", "replace"), place, 1)
        else:
            units = struct.iter_unpack("<H", stream[place : place + 2 * (min(characters, len(stream)))])
            yield _Text("".join(chr(unit) for (unit,) in units), place, 2)  # so that places count; pairs join later


def _paragraphs(texts: list[_Text], formatting: Formatting) -> Iterator[_Paragraph]:
    unseen = sorted((span.start, span.end) for span in formatting.characters() if _is_unseen(span.properties))
    pending = ""
    for run in texts:
        text = _without(unseen, run)
        begin = 0
        for match in _PARAGRAPH_END.finditer(text):
            style, properties = formatting.paragraph(run.place + match.start() * run.width)
            yield _Paragraph(pending + text[begin : match.end()], style, properties)
            pending, begin = "", match.end()
        pending += text[begin:]
    if pending:
        yield _Paragraph(pending, 0, {})


def _is_unseen(properties: bytes) -> bool:
    found = properties_of(properties)
    return b"\x01" in {found.get(_DELETED), found.get(_HIDDEN)}


def _without(unseen: list[tuple[int, int]], run: _Text) -> str:
    """Give a run's text with zeros, which are left out later, for what is deleted or hidden; its paragraphs stay."""
    text, end = run.text, run.place + len(run.text) * run.width
    for start, stop in unseen[max(bisect_right(unseen, (run.place, 0)) - 1, 0) :]:
        if start >= end:
            break
        first, last = max(start - run.place, 0) // run.width, max(min(stop, end) - run.place, 0) // run.width
        text = text[:first] + _NOT_END.sub("\0", text[first:last]) + text[last:]
    return text


def _pieces(paragraphs: list[_Paragraph], formatting: Formatting) -> Iterator[Piece]:
    parts = _Parts(formatting)
    rows = TableRows()
    position = number = tables = 0
    seen: set[str] = set()
    for paragraph in paragraphs:
        kind, apart = parts.at(position)
        position += len(paragraph.text)
        text = _shown(paragraph.text)
        if apart:
            if text and kind and (kind == "footnote" or text not in seen):
                yield Piece(kind=kind, text=text, anchor=f"paragraph {max(number, 1)}")
            seen.add(text)
            continue
        marked, piece = _piece(text, paragraph, formatting)
        if rows.add(marked, paragraph.text[-1:], paragraph.properties):
            continue
        if table := rows.pieces():
            tables += 1
            yield from (replace(piece, anchor=f"table {tables}") for piece in table)
        if text:
            number += 1
            yield replace(piece, anchor=f"paragraph {number}")
    yield from (replace(piece, anchor=f"table {tables + 1}") for piece in rows.pieces())


class _Parts:
    """Where in the text what stands apart from the body lies."""

    def __init__(self, formatting: Formatting) -> None:
        lengths = struct.unpack_from(f"<{1 + len(_PARTS)}I", formatting.stream, _LENGTHS)
        self._ends = list(accumulate(lengths))
        headers = formatting.part(_HEADERS)
        self._headers = struct.unpack(f"<{len(headers) // 4}I", headers[: len(headers) // 4 * 4])

    def at(self, position: int) -> tuple[ElementKind | None, bool]:
        """Tell what a paragraph is, None for nothing to read, and whether it stands apart."""
        number = bisect_right(self._ends, position) - 1
        if number < 0:
            return "paragraph", False
        kind = _PARTS[number] if number < len(_PARTS) else None
        if kind == "header" and number == _PARTS.index("header"):
            story = bisect_right(self._headers, position - self._ends[number]) - 1 - _SEPARATORS
            kind = None if story < 0 else "footer" if story % 6 in _FOOTERS else "header"
        return kind, kind != "paragraph"


def _piece(text: str, paragraph: _Paragraph, formatting: Formatting) -> tuple[str, Piece]:
    """Give a paragraph's text with its number or bullet, and as a piece."""
    kind, level = _kind(paragraph, formatting)
    list_number, list_level = (
        int.from_bytes(paragraph.properties.get(code, b""), "little") for code in (_LIST, _LIST_LEVEL)
    )
    if not text or not 0 < list_number < _NO_LIST:
        return text, Piece(kind=kind, text=text, level=level)
    marker = formatting.numbering.advance(str(list_number), list_level)
    marked = f"{marker} {text}".strip()
    if kind == "paragraph":
        return marked, Piece(kind="list_item", text=marked, level=min(list_level, 8) + 1)
    return marked, Piece(kind=kind, text=text if marker == BULLET else marked, level=level)


def _kind(paragraph: _Paragraph, formatting: Formatting) -> tuple[ElementKind, int | None]:
    if paragraph.style not in formatting.styles and 1 <= paragraph.style <= 9:  # where the built-in headings stand
        return "heading", paragraph.style
    for style in formatting.chain(paragraph.style):
        if 1 <= style.number <= 9:
            return "heading", style.number
        if kind := _KINDS.get(style.number) or kind_of_style(style.name):
            return kind, None
    outline = paragraph.properties.get(_OUTLINE, bytes([_BODY_LEVEL]))[0]
    return ("heading", outline + 1) if outline < _BODY_LEVEL else ("paragraph", None)


def _shown(text: str) -> str:
    text = _FIELD_CODE.sub("", _FIELD_CODE.sub("", _PAGE_NUMBER.sub("", text)))
    text = _UNSEEN.sub("", _BREAK.sub("\n", text.replace("\x1e", "-")))
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
