"""XLSX bytes in, a heading and tables for each sheet out; XLSB and XLS through calamine.

Reads the XML itself: calamine gives values without their number formats (.25 for 25 %) and lays a sheet out densely, so
that two cells in far corners take 17 billion places. Formulas show the values that the file holds. Hidden sheets are
left out, with a warning.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, Piece, check_length
from scoville.read.figure import description
from scoville.read.office.number_format import BUILT_IN, plain, shown
from scoville.read.office.package import Package, Relation, core_properties
from scoville.read.office.sheet import Range, Sheet, anchor_of, sheet_pieces
from scoville.read.text.xml_tree import all_text, attribute, child, descendants

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_LETTERS = re.compile("[A-Z]{1,3}")
_SHORT_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*[1-9])?")
_THREADED = re.compile(r"^\[Threaded comment\].*?\nComment:\s*", re.DOTALL)  # told to old programs
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_xlsx(data: bytes, max_characters: int) -> ParsedFile:
    """Read a workbook; anchors are ranges: ``Sheet1!A2:C9``. Raises ReadFailure for what is damaged or too large."""
    package = Package(data)
    if "xl/workbook.bin" in package.names:
        return read_binary_workbook(data, max_characters, "application/vnd.ms-excel.sheet.binary.macroenabled.12")
    workbook = package.need("xl/workbook.xml")
    relations = package.relations("xl/workbook.xml")
    values = _Values(package, workbook, relations)
    pieces: list[Piece] = []
    warnings: list[str] = []
    characters = 0
    listed = [node for node in descendants(workbook, "sheet") if attribute(node, "id") in relations]
    for entry in listed:
        name, relation = entry.get("name", ""), relations[attribute(entry, "id")]
        if entry.get("state", "visible") != "visible":
            warnings.append(f"sheet {name!r}: hidden, left out")
        elif relation.kind == "worksheet" and relation.path in package.names:
            sheet, characters = values.read_sheet(name, package.read(relation.path) or b"", characters, max_characters)
            pieces += sheet_pieces(sheet, alone=len(listed) == 1)
            pieces += _beside(package, relation.path, name)
    title, metadata = core_properties(package)
    return ParsedFile(
        media_type=MEDIA_TYPE,
        pieces=pieces,
        title=title or "",
        metadata=metadata,
        warnings=tuple(warnings),
    )


@dataclass(init=False, slots=True)
class _Values:
    """What a workbook's cells refer to: shared texts and number formats."""

    texts: list[str]
    formats: list[str]
    """For each cell style its format code."""
    from_1904: bool

    def __init__(self, package: Package, workbook: Any, relations: dict[str, Relation]) -> None:
        paths = {relation.kind: relation.path for relation in relations.values()}
        strings = package.xml(paths.get("sharedStrings", "xl/sharedStrings.xml"))
        self.texts = [_rich_text(item) for item in strings.iterchildren("{*}si")] if strings is not None else []
        self.formats = _formats(package.xml(paths.get("styles", "xl/styles.xml")))
        properties = child(workbook, "workbookPr")
        self.from_1904 = properties is not None and properties.get("date1904") in {"1", "true"}

    def read_sheet(self, name: str, data: bytes, characters: int, max_characters: int) -> tuple[Sheet, int]:
        """Read the cells of a sheet; ``characters`` counts those of the sheets so far. Raises ReadFailure for too many.

        2.5 million cells take 17 seconds of processor time and 0.6 GB.
        """
        sheet = Sheet(name=name)
        sheet.make_room(data.count(b"</v>"))
        row_number = 0
        for element in _rows_and_ranges(data):
            if element.tag.endswith("}mergeCell"):
                if (area := _range(element.get("ref", ""))) is not None:
                    sheet.merged.append(area)
                continue
            row_number = int(element.get("r") or row_number + 1)
            column = -1
            for cell in element.iterchildren("{*}c"):
                column = _column_named(cell.get("r", "").rstrip("0123456789"), column + 1)
                text, is_number = self.value(cell)
                sheet.add(row_number - 1, column, text, is_number=is_number)
                characters += len(text)
            check_length(characters, max_characters)
        return sheet, characters

    def value(self, cell: Any) -> tuple[str, bool]:
        """Give what a cell shows, and whether it is a number or a date."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = child(cell, "is")
            return (_rich_text(inline) if inline is not None else ""), False
        raw = ""
        for part in cell:
            if part.tag.endswith("}v"):
                raw = part.text or ""
                break
        if kind == "s":
            return (self.texts[int(raw)] if raw.isdigit() and int(raw) < len(self.texts) else ""), False
        if kind == "b":
            return ("TRUE" if raw == "1" else "FALSE"), False
        if kind != "n" or not raw:  # texts of formulas, errors, ISO dates
            return _unescape(raw), kind == "d"
        style = cell.get("s") or "0"
        code = self.formats[int(style)] if style.isdigit() and int(style) < len(self.formats) else ""
        if not code and len(raw) < 16 and _SHORT_NUMBER.fullmatch(raw):
            return raw, True
        try:
            return shown(float(raw), code, from_1904=self.from_1904), True
        except ValueError:
            return raw, False


def _rows_and_ranges(data: bytes) -> Iterator[Any]:
    """Stream the rows and merged ranges of a sheet, each freed when the next is asked for."""
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    options: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    try:
        for _, element in etree.iterparse(io.BytesIO(data), tag=("{*}row", "{*}mergeCell"), **options):
            yield element
            element.clear(keep_tail=False)
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise ReadFailure(f"is damaged XML: {' '.join(str(error.msg).split())}") from None


@lru_cache(1_000)
def _column_named(letters: str, else_this: int) -> int:
    return _column(letters) if _LETTERS.fullmatch(letters) else else_this


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _range(reference: str) -> Range | None:
    first, _, last = reference.partition(":")
    start, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
    if not start or not end:
        return None
    return Range(int(start[2]) - 1, _column(start[1]), int(end[2]) - 1, _column(end[1]))


def _rich_text(item: Any) -> str:
    """Join the runs of a text, without the readings that stand above Chinese characters."""
    runs = (node for node in descendants(item, "t") if not node.getparent().tag.endswith("}rPh"))
    return _unescape("".join(run.text or "" for run in runs))


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _formats(styles: Any) -> list[str]:
    if styles is None:
        return []
    own = {node.get("numFmtId", ""): node.get("formatCode", "") for node in descendants(styles, "numFmt")}
    used = child(styles, "cellXfs")
    ids = [format.get("numFmtId", "0") for format in used] if used is not None else []
    return [own.get(id) or BUILT_IN.get(int(id) if id.isdigit() else 0, "") for id in ids]


def _beside(package: Package, part: str, name: str) -> Iterator[Piece]:
    """Give what lies on a sheet without being in a cell: comments, text boxes, descriptions of pictures."""
    for relation in package.relations(part).values():
        root = package.xml(relation.path) if relation.kind in {"comments", "drawing"} else None
        if root is None:
            continue
        for note in descendants(root, "comment"):
            area = _range(note.get("ref", ""))
            text = child(note, "text")
            if area and text is not None:
                yield Piece(kind="footnote", text=_THREADED.sub("", all_text(text)), anchor=anchor_of(name, area))
        for body in descendants(root, "txBody"):
            lines = ["".join(run.text or "" for run in descendants(node, "t")) for node in descendants(body, "p")]
            yield Piece(kind="callout", text="\n".join(lines), anchor=name)
        for picture in descendants(root, "pic"):
            shown_as = child(picture, "nvPicPr", "cNvPr")
            if shown_as is not None and (text := description(shown_as.get("descr"))):
                yield Piece(kind="figure", text=text, anchor=name)


def read_binary_workbook(data: bytes, max_characters: int, media_type: str = "application/vnd.ms-excel") -> ParsedFile:
    """Read XLS or XLSB, whose number formats stay unknown but for dates."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    pieces: list[Piece] = []
    warnings: list[str] = []
    characters = 0
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for listed in workbook.sheets_metadata:
            if listed.visible != SheetVisibleEnum.Visible:
                warnings.append(f"sheet {listed.name!r}: hidden, left out")
                continue
            source = workbook.get_sheet_by_name(listed.name)
            sheet = Sheet(name=listed.name)
            top, left = source.start or (0, 0)
            for row, values in enumerate(source.iter_rows(), top):
                for column, value in enumerate(values, left):
                    if value != "":
                        text = _written(value)
                        characters += len(text)
                        sheet.add(row, column, text, is_number=not isinstance(value, str | bool))
            sheet.merged = [Range(*first, *last) for first, last in source.merged_cell_ranges or ()]
            check_length(characters, max_characters)
            pieces += sheet_pieces(sheet, alone=len(workbook.sheet_names) == 1)
    except CalamineError as error:
        if "password" in str(error).lower():
            raise ReadFailure("is encrypted; save it without a password") from None
        raise ReadFailure(f"is a damaged workbook: {error}") from None
    return ParsedFile(media_type=media_type, pieces=pieces, title="", warnings=tuple(warnings))


def _written(value: object) -> str:
    match value:
        case bool():
            return str(value).upper()
        case datetime():
            return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case int() | float():
            return plain(value)
        case _:
            return str(value)
