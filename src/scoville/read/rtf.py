"""RTF bytes in, headings, paragraphs, lists, tables and footnotes out; and the HTML that Outlook wraps in RTF.

Reads control words one by one, as writers of any program nest them. Pictures, embedded objects and hidden text are
left out.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import Draft, Piece, check_length
from scoville.read.clean import clean_line
from scoville.types import ElementKind

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_SYMBOLS = {
    "par": "\n\n", "line": "\n", "tab": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "page": "\n\n", "sect": "\n\n",
}  # fmt: skip
_SKIPPED = frozenset(
    "fonttbl colortbl filetbl listtable listoverridetable revtbl rsidtbl generator info pict object themedata "
    "colorschememapping latentstyles datastore xmlnstbl fldinst nonshppict shpinst datafield bkmkstart bkmkend "
    "mmathPr pgdsctbl userprops operator annotation atnid atnauthor atnref atndate private template".split()
)
_APART: dict[str, ElementKind] = {
    "footnote": "footnote", "header": "header", "headerl": "header", "headerr": "header", "headerf": "header",
    "footer": "footer", "footerl": "footer", "footerr": "footer", "footerf": "footer",
}  # fmt: skip
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250",
}  # fmt: skip
_HEADING = re.compile(r"(?:heading|überschrift|titre|título) ?(\d)", re.IGNORECASE)
_MOST_NESTED = 1_000
_LZFU_HEAD = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_MOST_UNPACKED = 50_000_000


class _Group(NamedTuple):
    """What holds until the group closes."""

    skipped: bool = False
    hidden: bool = False
    destination: str = ""
    font: int = 0
    unicode_skip: int = 1


@dataclass(slots=True)
class _Paragraph:
    text: list[str] = field(default_factory=list[str])
    marker: list[str] = field(default_factory=list[str])
    style: int = 0
    outline: int | None = None
    in_table: bool = False


@dataclass(slots=True)
class _Reader:
    max_characters: int = 20_000_000
    characters: int = 0
    codepage: str = "cp1252"
    group: _Group = field(default_factory=_Group)
    above: list[_Group] = field(default_factory=list[_Group])
    fonts: dict[int, str] = field(default_factory=dict[int, str])
    styles: dict[int, str] = field(default_factory=dict[int, str])
    style_name: list[str] = field(default_factory=list[str])
    paragraph: _Paragraph = field(default_factory=_Paragraph)
    cells: list[str] = field(default_factory=list[str])
    rows: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    apart: list[str] = field(default_factory=list[str])
    notes: list[Piece] = field(default_factory=list[Piece])
    """Wait for the end of the paragraph that they belong to."""
    pieces: list[Piece] = field(default_factory=list[Piece])
    pending: bytearray = field(default_factory=bytearray)
    skip: int = 0
    """Characters after a Unicode one that only older readers show."""

    def read(self, data: bytes) -> list[Piece]:
        for match in _TOKEN.finditer(data):
            word, number, hexadecimal, symbol, brace, plain = match.groups()
            if hexadecimal:
                self.add_bytes(bytes.fromhex(hexadecimal.decode()))
                continue
            if plain:
                self.add_bytes(plain)
                continue
            self.flush_bytes()
            if brace == b"{":
                if len(self.above) > _MOST_NESTED:
                    raise ReadFailure(f"nests RTF groups more than {_MOST_NESTED:,} deep: not read")
                self.above.append(self.group)
            elif brace == b"}":
                self.close()
            elif word:
                self.control(word.decode(), int(number) if number else None)
            elif symbol:
                self.symbol(symbol)
        self.flush_bytes()
        self.end_paragraph()
        self.end_table()
        return self.pieces

    # -- text --

    def add_bytes(self, data: bytes) -> None:
        while self.skip and data:
            data, self.skip = data[1:], self.skip - 1
        self.pending += data

    def flush_bytes(self) -> None:
        if self.pending:
            text = self.pending.decode(self.fonts.get(self.group.font, self.codepage), "replace")
            self.pending.clear()
            self.add(text)

    def add(self, text: str) -> None:
        group = self.group
        self.characters += len(text)
        check_length(self.characters, self.max_characters)
        if group.destination == "stylesheet":
            self.style_name.append(text)
        elif group.skipped or group.hidden:
            pass
        elif group.destination == "marker":
            self.paragraph.marker.append(text)
        elif group.destination:
            self.apart.append(text)
        else:
            self.paragraph.text.append(text)

    def symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self.group = self.group._replace(skipped=True)
        elif symbol in b"\\{}":
            self.add(symbol.decode())
        elif symbol == b"~":
            self.add(" ")
        elif symbol == b"_":
            self.add("-")
        elif symbol in b"\r\n":
            self.end_paragraph()

    # -- control words --

    def control(self, word: str, number: int | None) -> None:
        group = self.group
        if word == "u" and number is not None:
            self.add(_unicode(number))
            self.skip = group.unicode_skip
        elif word == "uc":
            self.group = group._replace(unicode_skip=number or 0)
        elif word == "ansicpg" and number:
            self.codepage = _known(f"cp{number}")
        elif word == "f" and number is not None:
            self.group = group._replace(font=number)
        elif word == "fcharset":
            self.fonts[group.font] = _CHARSETS.get(number or 0, self.codepage)
        elif word == "v":
            self.group = group._replace(hidden=number != 0)
        elif word in {"listtext", "pntext"}:
            self.group = group._replace(destination="marker", skipped=False)
        elif word == "stylesheet" or word in _APART:
            self.group = group._replace(destination=word)
        elif word in _SKIPPED:
            self.group = group._replace(skipped=True)
        elif word in {"shptxt", "fldrslt"}:
            self.group = group._replace(skipped=False)
        elif word == "bin" and number:
            self.skip = number
        else:
            self.shape(word, number)

    def shape(self, word: str, number: int | None) -> None:
        """Take a control word that shapes paragraphs and tables."""
        if word == "s" and number is not None:
            self.paragraph.style = number
        elif self.group.skipped or self.group.destination:
            self.add(_SYMBOLS.get(word, "").replace("\n\n", "\n"))
        elif word in {"par", "sect", "page"}:
            self.end_paragraph()
        elif word == "pard":
            self.paragraph.in_table, self.paragraph.outline, self.paragraph.style = False, None, 0
        elif word == "intbl":
            self.paragraph.in_table = True
        elif word == "outlinelevel":
            self.paragraph.outline = number or 0
        elif word in {"cell", "nestcell"}:
            self.cells.append(clean_line("".join((*self.paragraph.marker, *self.paragraph.text))))
            self.paragraph.text.clear()
            self.paragraph.marker.clear()
        elif word == "row":
            self.rows.append(tuple(self.cells))
            self.cells.clear()
            self.paragraph.in_table = False
        elif word in _SYMBOLS:
            self.add(_SYMBOLS[word])

    def close(self) -> None:
        group, self.group = self.group, self.above.pop() if self.above else _Group()
        if group.destination == "stylesheet" and self.style_name:
            self.styles[self.paragraph.style] = "".join(self.style_name).rstrip("; ").strip()
            self.style_name.clear()
            self.paragraph.style = 0
        kind = _APART.get(group.destination)
        if kind and self.group.destination != group.destination:
            self.notes.append(Piece(kind=kind, text="".join(self.apart)))
            self.apart.clear()

    def end_paragraph(self) -> None:
        paragraph = self.paragraph
        if paragraph.in_table:
            paragraph.text.append("\n")
            return
        text = "".join(paragraph.text).strip()
        marker = clean_line("".join(paragraph.marker))
        paragraph.text.clear()
        paragraph.marker.clear()
        if text:
            self.end_table()
            self.add_piece(text, marker, paragraph)
        self.pieces += self.notes
        self.notes.clear()

    def add_piece(self, text: str, marker: str, paragraph: _Paragraph) -> None:
        heading = _HEADING.fullmatch(self.styles.get(paragraph.style, ""))
        level = int(heading[1]) if heading else paragraph.outline + 1 if paragraph.outline is not None else 0
        if 0 < level < 10:
            self.pieces.append(Piece(kind="heading", text=f"{marker} {text}".strip(), level=level))
        elif marker:
            marker = "-" if len(marker) == 1 and not marker.isalnum() else marker
            self.pieces.append(Piece(kind="list_item", text=f"{marker} {text}", level=1))
        else:
            kind: ElementKind = "title" if self.styles.get(paragraph.style, "").lower() == "title" else "paragraph"
            self.pieces.append(Piece(kind=kind, text=text))

    def end_table(self) -> None:
        if self.cells:
            self.rows.append(tuple(self.cells))
            self.cells.clear()
        if self.rows:
            self.pieces.append(Piece(kind="table", rows=tuple(self.rows)))
            self.rows.clear()


def read_rtf(data: bytes, max_characters: int) -> Draft:
    """Read an RTF file; an element's anchor is its number. Raises ReadFailure for one that is too long or too deep."""
    pieces = _Reader(max_characters).read(data)
    anchored = [replace(piece, anchor=f"paragraph {number}") for number, piece in enumerate(pieces, 1)]
    return Draft(media_type="application/rtf", pieces=anchored)


def html_in_rtf(data: bytes) -> str:
    """Give the HTML that an RTF text wraps; the text itself where it wraps none."""
    if b"\\fromhtml" not in data[:1000]:
        return "".join(f"<p>{_escaped(piece.text)}</p>" for piece in _Reader().read(data))
    return "".join(_html_parts(data))


def _html_parts(data: bytes) -> Iterator[str]:
    groups: list[tuple[bool, bool]] = []
    skipped = hidden = False
    codepage = "cp1252"
    skip = 0
    for match in _TOKEN.finditer(data):
        word, number, hexadecimal, symbol, brace, plain = match.groups()
        if brace == b"{":
            groups.append((skipped, hidden))
        elif brace == b"}":
            skipped, hidden = groups.pop() if groups else (False, False)
        elif word == b"htmlrtf":
            hidden = number != b"0"
        elif word == b"htmltag":
            skipped = False
        elif symbol == b"*" or (word and word.decode() in _SKIPPED | {"stylesheet"}):
            skipped = True
        elif word == b"ansicpg" and number:
            codepage = _known(f"cp{int(number)}")
        elif not skipped and not hidden:
            if word == b"u" and number:
                yield _unicode(int(number))
                skip = 1
            elif word:
                yield _SYMBOLS.get(word.decode(), "")
            elif raw := bytes.fromhex(hexadecimal.decode()) if hexadecimal else plain or symbol:
                text, skip = raw[skip:], max(skip - len(raw), 0)
                yield text.decode(codepage, "replace") if raw != b"~" else " "


def unpacked_rtf(data: bytes) -> bytes:
    """Unpack Outlook's compressed RTF ([MS-OXRTFCP]). Raises ReadFailure for what is none."""
    if len(data) < 16:
        raise ReadFailure("is a damaged MSG file: its text is cut off")
    _, size, kind = struct.unpack_from("<III", data)
    if kind == 0x414C454D:  # MELA: not compressed
        return data[16 : 16 + size]
    window = bytearray(_LZFU_HEAD.ljust(4096, b" "))
    place, result, at = len(_LZFU_HEAD), bytearray(), 16
    while at < len(data) and len(result) < min(size, _MOST_UNPACKED):
        flags, at = data[at], at + 1
        for bit in range(8):
            if at >= len(data):
                break
            if not flags >> bit & 1:
                chunk, at = data[at : at + 1], at + 1
            else:
                reference = int.from_bytes(data[at : at + 2], "big")
                at += 2
                start, length = reference >> 4, (reference & 0xF) + 2
                if start == place % 4096:
                    return bytes(result)
                chunk = b""
                for offset in range(length):
                    byte = window[(start + offset) % 4096]
                    window[place % 4096] = byte
                    place += 1
                    result.append(byte)
                continue
            window[place % 4096 : place % 4096 + 1] = chunk
            place += 1
            result += chunk
    return bytes(result)


def _unicode(number: int) -> str:
    return chr(number % 65_536)  # halves of surrogate pairs are joined when the text is cleaned


def _known(codepage: str) -> str:
    import codecs

    try:
        return codecs.lookup(codepage).name
    except LookupError:
        return "cp1252"


def _escaped(text: str) -> str:
    from html import escape

    return escape(text, quote=False).replace("\n", "<br>")
