"""RTF bytes in, its headings, paragraphs, lists, tables, notes and page headers as pieces out.

Reads control words one by one, as writers of any program nest them. What holds until a group closes is a value; the
open paragraph, and the tables around it, are state. Pictures, embedded objects, deleted and hidden text are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import Piece, check_length
from scoville.read.clean import clean_line
from scoville.read.legacy.rtf_table import TableRows
from scoville.read.office.docx_styles import kind_of_style
from scoville.types import ElementKind

TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
SYMBOLS = {
    "par": "\n\n", "line": "\n", "tab": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "page": "\n\n", "sect": "\n\n",
}  # fmt: skip
SKIPPED = frozenset(
    "fonttbl colortbl filetbl listtable listoverridetable revtbl rsidtbl generator pict object themedata "
    "colorschememapping latentstyles datastore xmlnstbl nonshppict shpinst datafield bkmkstart bkmkend nonesttables "
    "mmathPr pgdsctbl userprops operator atnid atnauthor atnref atndate atntime atnparent private template "
    "ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn xe tc".split()
)
_APART: dict[str, ElementKind] = {
    "footnote": "footnote", "annotation": "footnote", "header": "header", "headerl": "header", "headerr": "header",
    "headerf": "header", "footer": "footer", "footerl": "footer", "footerr": "footer", "footerf": "footer",
}  # fmt: skip
_TEXT_BOXES = frozenset({"shptxt", "dptxbxtext"})
_INFO = {"title": "title", "author": "author", "creatim": "created", "revtim": "modified"}
_TIMES = ("yr", "mo", "dy", "hr", "min")
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250",
}  # fmt: skip
_HEADING = re.compile(r"(?:heading|überschrift|titre|título) ?(\d)", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b")
_MOST_NESTED = 1_000


class _Group(NamedTuple):
    """What holds until the group closes."""

    skipped: bool = False
    hidden: bool = False
    destination: str = ""
    font: int = 0
    unicode_skip: int = 1
    boxes: int = 0
    """How many text boxes it stands in."""


@dataclass(slots=True)
class _Paragraph:
    text: list[str] = field(default_factory=list[str])
    marker: list[str] = field(default_factory=list[str])
    style: int = 0
    outline: int | None = None
    list_level: int = 0
    depth: int = 0
    """Of the tables around it."""


@dataclass(slots=True)
class RtfWalk:
    """One walk through a file."""

    max_characters: int = 20_000_000
    characters: int = 0
    codepage: str = "cp1252"
    group: _Group = field(default_factory=_Group)
    above: list[_Group] = field(default_factory=list[_Group])
    fonts: dict[int, str] = field(default_factory=dict[int, str])
    styles: dict[int, str] = field(default_factory=dict[int, str])
    paragraph: _Paragraph = field(default_factory=_Paragraph)
    around: list[_Paragraph] = field(default_factory=list[_Paragraph])
    """The paragraphs that the open text boxes are anchored to."""
    table: TableRows = field(default_factory=TableRows)
    apart: list[str] = field(default_factory=list[str])
    """The text of the open destination that is no part of the body."""
    info: dict[str, str] = field(default_factory=dict[str, str])
    times: list[int] = field(default_factory=list[int])
    instruction: list[str] = field(default_factory=list[str])
    """What the open field is to show."""
    page_number: bool = False
    """Whether it is one."""
    notes: list[Piece] = field(default_factory=list[Piece])
    """Wait for the end of the paragraph that they belong to."""
    pieces: list[Piece] = field(default_factory=list[Piece])
    pending: bytearray = field(default_factory=bytearray)
    skip: int = 0
    """Characters after a Unicode one that only older readers show."""

    def read(self, data: bytes) -> list[Piece]:
        """Read a whole file."""
        for word, number, hexadecimal, symbol, brace, plain in tokens(data):
            if hexadecimal or plain:
                self._add_bytes(bytes.fromhex(hexadecimal.decode()) if hexadecimal else plain)
                continue
            self._flush_bytes()
            if brace == b"{":
                if len(self.above) > _MOST_NESTED:
                    raise ReadFailure(f"nests RTF groups more than {_MOST_NESTED:,} deep: not read")
                self.above.append(self.group)
            elif brace == b"}":
                self._close()
            elif word:
                self._control(word.decode(), int(number) if number else None)
            elif symbol:
                self._symbol(symbol)
        self._flush_bytes()
        self._end_paragraph()
        self._end_table()
        return self.pieces

    # -- text --

    def _add_bytes(self, data: bytes) -> None:
        if self.skip:
            data, self.skip = data[self.skip :], max(self.skip - len(data), 0)
        if not self.group.skipped:
            self.pending += data

    def _flush_bytes(self) -> None:
        if self.pending:
            text = self.pending.decode(self.fonts.get(self.group.font, self.codepage), "replace")
            self.pending.clear()
            self._add(text)

    def _add(self, text: str) -> None:
        group = self.group
        if group.skipped or group.hidden:
            return
        self.characters += len(text)
        check_length(self.characters, self.max_characters)
        if group.destination == "marker":
            self.paragraph.marker.append(text)
        elif group.destination == "fldinst":
            self.instruction.append(text)
        elif group.destination:
            self.apart.append(text)
        else:
            self.paragraph.text.append(text)

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self.group = self.group._replace(skipped=True)
        elif symbol in b"\\{}":
            self._add(symbol.decode())
        elif symbol == b"~":
            self._add(" ")
        elif symbol == b"_":
            self._add("-")
        elif symbol in b"\r\n":
            self._end_paragraph()

    # -- control words --

    def _control(self, word: str, number: int | None) -> None:
        group = self.group
        if word == "u" and number is not None:
            self._add(unicode_character(number))
            self.skip = group.unicode_skip
        elif word == "uc":
            self.group = group._replace(unicode_skip=number or 0)
        elif word == "ansicpg" and number:
            self.codepage = known_codepage(f"cp{number}")
        elif word == "f" and number is not None:
            self.group = group._replace(font=number)
        elif word == "fcharset":
            self.fonts[group.font] = _CHARSETS.get(number or 0, self.codepage)
        elif word in {"v", "deleted"}:
            self.group = group._replace(hidden=number != 0)
        elif word == "plain":
            self.group = group._replace(hidden=False)
        elif not self._goes_to(word):
            self._shape(word, number)

    def _goes_to(self, word: str) -> bool:
        """Take a control word that says where the text of its group goes; tell whether it is one."""
        group = self.group
        if word in _APART or word == "stylesheet":
            if group.destination != word:
                self.apart.clear()
            self.group = group._replace(destination=word, skipped=False)
        elif word in {"listtext", "pntext"}:
            self.group = group._replace(destination=group.destination or "marker", skipped=bool(group.destination))
        elif word in _INFO and group.destination == "info":
            self.times.clear()
            self.apart.clear()
            self.group = group._replace(destination=word)
        elif word == "info" and not group.destination:
            self.group = group._replace(destination=word)
        elif word == "fldinst":
            self.instruction.clear()
            self.group = group._replace(destination=word, skipped=False)
        elif word in SKIPPED:
            self.group = group._replace(skipped=True)
        elif word in _TEXT_BOXES and not group.destination:
            self.around.append(self.paragraph)
            self.paragraph = _Paragraph()
            self.group = group._replace(skipped=False, boxes=group.boxes + 1)
        elif word == "fldrslt":
            self.group = group._replace(skipped=self.page_number)
            self.page_number = False
        elif word == "nesttableprops":
            self.group = group._replace(skipped=False, destination=word)
        else:
            return False
        return True

    def _shape(self, word: str, number: int | None) -> None:
        """Take a control word that shapes paragraphs and tables."""
        destination = self.group.destination
        if word == "s" and number is not None and destination in {"", "stylesheet"}:
            self.paragraph.style = number
        elif word == "nestrow":
            self.table.cells.end_inner_row(self.paragraph.depth)
        elif word in _TIMES and number is not None:
            self.times.append(number)
        elif self.group.skipped or destination:
            self._add(SYMBOLS.get(word, "").replace("\n\n", "\n"))
        elif word in {"par", "sect", "page"}:
            self._end_paragraph()
        elif word in SYMBOLS:
            self._add(SYMBOLS[word])
        else:
            self._format(word, number)

    def _format(self, word: str, number: int | None) -> None:
        paragraph = self.paragraph
        match word:
            case "pard":
                paragraph.depth, paragraph.outline, paragraph.style, paragraph.list_level = 0, None, 0, 0
            case "intbl":
                paragraph.depth = max(paragraph.depth, 1)
            case "itap":
                paragraph.depth = number or 0
            case "outlinelevel":
                paragraph.outline = number or 0
            case "ilvl":
                paragraph.list_level = number or 0
            case "cell" | "nestcell":
                self.table.cells.end_cell(self._cell_text(), max(paragraph.depth, 2) if word == "nestcell" else 1)
            case "row":
                self.table.end_row()
                paragraph.depth = 0
            case _:
                self.table.define(word, number)

    def _close(self) -> None:
        group, self.group = self.group, self.above.pop() if self.above else _Group()
        if group.boxes > self.group.boxes:
            self._end_paragraph()
            self.paragraph = self.around.pop()
        if group.destination == "stylesheet" and self.apart:
            self.styles[self.paragraph.style] = "".join(self.apart).rstrip("; ").strip()
            self.apart.clear()
            self.paragraph.style = 0
        if group.destination == self.group.destination:
            return
        text = "".join(self.apart)
        if kind := _APART.get(group.destination):
            self.notes.append(Piece(kind=kind, text=text.strip()))
            self.apart.clear()
        elif group.destination == "fldinst":
            self.page_number = bool(_PAGE_NUMBER.match("".join(self.instruction)))
        elif key := _INFO.get(group.destination):
            self.info[key] = _written(self.times) or clean_line(text)
            self.times.clear()

    # -- paragraphs --

    def _cell_text(self) -> str:
        """Give the open paragraph as a line of a cell, and begin another."""
        text = "".join(self.paragraph.text).strip()
        marker = _shown(self.paragraph.marker)
        self.paragraph.text.clear()
        self.paragraph.marker.clear()
        return f"{marker} {text}".strip()

    def _end_paragraph(self) -> None:
        paragraph = self.paragraph
        if paragraph.depth and not self.around:
            self.table.cells.add_line(self._cell_text(), paragraph.depth)
            return
        text = "".join(paragraph.text).strip()
        marker = _shown(paragraph.marker)
        paragraph.text.clear()
        paragraph.marker.clear()
        if text:
            if not any(anchor.depth for anchor in self.around):
                self._end_table()
            self._add_piece(text, marker, paragraph)
        self.pieces += self.notes
        self.notes.clear()

    def _add_piece(self, text: str, marker: str, paragraph: _Paragraph) -> None:
        name = self.styles.get(paragraph.style, "")
        heading = _HEADING.fullmatch(name)
        level = int(heading[1]) if heading else paragraph.outline + 1 if paragraph.outline is not None else 0
        if 0 < level < 10:
            marked = text if marker == "-" else f"{marker} {text}".strip()
            self.pieces.append(Piece(kind="heading", text=marked, level=level))
        elif marker:
            self.pieces.append(Piece(kind="list_item", text=f"{marker} {text}", level=min(paragraph.list_level, 8) + 1))
        else:
            self.pieces.append(Piece(kind=kind_of_style(name) or "paragraph", text=text))

    def _end_table(self) -> None:
        self.pieces += self.table.pieces()


def tokens(data: bytes) -> Iterator[tuple[bytes, ...]]:
    """Give control words with their numbers, characters and braces; binary data is passed over."""
    at = 0
    while match := TOKEN.search(data, at):
        at = match.end()
        if match[1] == b"bin" and match[2]:
            at += max(int(match[2]), 0)
        yield match.groups()


def unicode_character(number: int) -> str:
    """Give the character of a number that may be written as a negative one of 16 bits."""
    return chr(number % 65_536)  # halves of surrogate pairs are joined when the text is cleaned


def known_codepage(name: str) -> str:
    """Give the name of a code page; that of Western Windows for an unknown one."""
    import codecs

    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"


def _shown(marker: list[str]) -> str:
    """Write what stands before an item; bullets, in whatever font, as a hyphen."""
    text = clean_line("".join(marker))
    return "-" if len(text) == 1 and not text.isdigit() else text


def _written(times: list[int]) -> str:
    """Write year, month, day, hour and minute; empty for what is no time."""
    from datetime import datetime

    year, month, day, hour, minute = (*times[:5], *[0] * max(5 - len(times), 0))
    try:
        return datetime(year, month, day, hour, minute).isoformat()
    except ValueError:
        return ""
