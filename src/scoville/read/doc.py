"""DOC bytes (Word 97-2003) in, headings, paragraphs, tables and notes out.

The text lies in pieces that a table lists; the style of a paragraph, and whether it stands in a table, in pages of
512 bytes that another table lists ([MS-DOC]). The numbers of lists, pictures and page headers are left out.
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import Draft, Piece
from scoville.read.clean import clean_line
from scoville.read.ole2 import open_ole2
from scoville.types import Metadata

_MAGIC = 0xA5EC
_TABLE_1 = 0x0200
_LENGTHS = 0x4C
"""Where the numbers of characters stand: of the body, of the footnotes."""
_PIECES, _PARAGRAPHS = 0x01A2, 0x0102
_COMPRESSED = 0x40000000
_PAGE = 512
_IN_TABLE, _ENDS_ROW = b"\x16\x24\x01", b"\x17\x24\x01"
_HEADS_TABLE = b"\x04\x34\x01"
_LIST, _LIST_LEVEL = b"\x0b\x46", b"\x0a\x26"
_TITLE_STYLE = 62
_FIELD_CODE = re.compile("\x13[^\x13\x14\x15]*(?:\x14|(?=\x15))")
_BREAK = re.compile("[\x07\x0b-\r]")
_UNSEEN = re.compile("[\x00-\x06\x08\x0e-\x12\x14\x15-\x1d\x1f]")


class _Text(NamedTuple):
    """A run of characters and where its bytes begin in the file."""

    text: str
    place: int
    width: int
    """Bytes of a character."""


class _Paragraph(NamedTuple):
    text: str
    """With the character that ends it."""
    style: int = 0
    properties: bytes = b""
    """Codes of two bytes, each followed by its value."""


def read_doc(data: bytes) -> Draft:
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
        title, metadata = ole2_properties(file)
    try:
        body, notes = struct.unpack_from("<II", stream, _LENGTHS)
        texts = list(_texts(stream, table))
        places = _Places(stream, table)
    except (struct.error, IndexError) as error:
        raise ReadFailure(f"is a damaged Word document: {error}") from None
    paragraphs = list(_paragraphs(texts, places))
    return Draft(
        media_type="application/msword", pieces=list(_pieces(paragraphs, body, notes)), title=title, metadata=metadata
    )


def ole2_properties(file: object) -> tuple[str | None, Metadata]:
    """Give title and metadata that an OLE2 file has of itself."""
    read = file.get_metadata()  # pyright: ignore[reportAttributeAccessIssue]
    encoding = f"cp{read.codepage}" if isinstance(read.codepage, int) and 0 < read.codepage < 65_000 else "utf-8"

    def text(value: object) -> str:
        try:
            return clean_line(value.decode(encoding, "replace")) if isinstance(value, bytes) else ""
        except LookupError:
            return ""

    found = {"author": text(read.author)}
    for key, date in (("created", read.create_time), ("modified", read.last_saved_time)):
        found[key] = date.isoformat() if date and date.year > 1970 else ""
    return text(read.title) or None, {key: value for key, value in found.items() if value}


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


class _Places:
    """The style of the paragraph at each place of the file."""

    def __init__(self, stream: bytes, table: bytes) -> None:
        self._starts: list[int] = []
        self._properties: list[tuple[int, bytes]] = []
        start, length = struct.unpack_from("<II", stream, _PARAGRAPHS)
        count = (length - 4) // 8
        for (page,) in struct.iter_unpack("<I", table[start + 4 * (count + 1) : start + 4 * (count + 1) + 4 * count]):
            self._read_page(stream[page * _PAGE : (page + 1) * _PAGE])

    def _read_page(self, page: bytes) -> None:
        if len(page) < _PAGE:
            return
        runs = page[511]
        starts = struct.unpack_from(f"<{runs + 1}I", page)
        for number in range(runs):
            offset = 2 * page[4 * (runs + 1) + 13 * number]
            words = page[offset] if offset else 0
            begin, size = (offset + 1, 2 * words - 1) if words else (offset + 2, 2 * page[offset + 1] if offset else 0)
            properties = page[begin : begin + size] if offset else b""
            style = struct.unpack_from("<H", properties)[0] if len(properties) > 1 else 0
            self._starts.append(starts[number])
            self._properties.append((style, properties[2:]))

    def at(self, place: int) -> tuple[int, bytes]:
        number = bisect_right(self._starts, place) - 1
        return self._properties[number] if number >= 0 else (0, b"")


def _paragraphs(texts: list[_Text], places: _Places) -> Iterator[_Paragraph]:
    pending = ""
    for text, place, width in texts:
        begin = 0
        for match in re.finditer("[\r\x07\x0c]", text):
            style, properties = places.at(place + match.start() * width)
            yield _Paragraph(pending + text[begin : match.end()], style, properties)
            pending, begin = "", match.end()
        pending += text[begin:]
    if pending:
        yield _Paragraph(pending)


def _pieces(paragraphs: list[_Paragraph], body: int, notes: int) -> Iterator[Piece]:
    rows: list[tuple[str, ...]] = []
    cells: list[str] = []
    cell: list[str] = []
    position = number = tables = header_rows = 0
    for paragraph in paragraphs:
        if position >= body + notes:  # page headers, comments
            break
        is_note = position >= body
        position += len(paragraph.text)
        text = _shown(paragraph.text)
        if _ENDS_ROW in paragraph.properties:
            header_rows += _HEADS_TABLE in paragraph.properties and header_rows == len(rows)
            rows.append(tuple(cells))
            cells = []
        elif _IN_TABLE in paragraph.properties or paragraph.text.endswith("\x07"):
            cell.append(text)
            if paragraph.text.endswith("\x07"):
                cells.append("\n".join(filter(None, cell)))
                cell = []
        else:
            if rows:
                tables += 1
                yield Piece(kind="table", rows=tuple(rows), header_rows=header_rows, anchor=f"table {tables}")
                rows, header_rows = [], 0
            if text:
                number += 1
                yield _piece(text, paragraph, is_note, f"paragraph {number}")
    if rows or cells:
        yield Piece(kind="table", rows=(*rows, *([tuple(cells)] if cells else ())), anchor=f"table {tables + 1}")


def _piece(text: str, paragraph: _Paragraph, is_note: bool, anchor: str) -> Piece:
    style, properties = paragraph.style, paragraph.properties
    if is_note:
        return Piece(kind="footnote", text=text, anchor=anchor)
    if 1 <= style <= 9:  # the places of the built-in headings in every style sheet
        return Piece(kind="heading", text=text, level=style, anchor=anchor)
    if (at := properties.find(_LIST)) >= 0 and any(properties[at + 2 : at + 4]):
        place = properties.find(_LIST_LEVEL)
        level = min(properties[place + 2], 8) + 1 if 0 <= place < len(properties) - 2 else 1
        return Piece(kind="list_item", text=f"- {text}", level=level, anchor=anchor)
    return Piece(kind="title" if style == _TITLE_STYLE else "paragraph", text=text, anchor=anchor)


def _shown(text: str) -> str:
    text = _FIELD_CODE.sub("", _FIELD_CODE.sub("", text))
    text = _UNSEEN.sub("", _BREAK.sub("\n", text.replace("\x1e", "-")))
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
