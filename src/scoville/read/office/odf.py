"""OpenDocument bytes in, the pieces of a text, a presentation or its sheets out; packed (ODT) or flat (FODT)."""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, Piece, check_length
from scoville.read.clean import clean
from scoville.read.ocr.pictures import Pictures, packed
from scoville.read.office.docx_numbering import whole
from scoville.read.office.odf_styles import Styles, read_styles
from scoville.read.office.odf_text import SHAPES, OpenObject, TextWalk, rows_of
from scoville.read.office.package import Package, properties_of, resolve
from scoville.read.office.sheet import Range, Sheet, sheet_pieces
from scoville.read.pdf.order import reading_order
from scoville.read.text.xml_tree import attribute, child, descendants, name_of, parse_xml
from scoville.types import Box, Region

_MEDIA_TYPE = "application/vnd.oasis.opendocument."
_LENGTH = re.compile(r"(-?[0-9.]{1,12})(cm|mm|in|pt|pc)")
_POINTS = {"cm": 72 / 2.54, "mm": 72 / 25.4, "in": 72.0, "pt": 1.0, "pc": 12.0}
_NUMBERS = frozenset({"float", "percentage", "currency", "date", "time"})
_LEFT_OUT = frozenset({"page-number", "date-time"})
_MOST_ROWS = 1_048_576
_PAPER = (612.0, 792.0)


class _Parts(NamedTuple):
    body: Any
    styles: Styles
    masters: Any
    """The root that holds the master pages."""
    meta: Any
    open_object: OpenObject
    pictures: Pictures
    picture_of: Callable[[Any], bytes | None] = lambda _: None
    """Gives the first picture of a frame that can be read."""


def read_odf(data: bytes, max_characters: int, *, pictures: bool = False) -> ParsedFile:
    """Read an OpenDocument file; anchors are paragraphs, slides or ranges of cells.

    ``pictures`` gives those of texts and slides that OCR may read, too.
    """
    package = Package(data)
    manifest = package.xml("META-INF/manifest.xml")
    if manifest is not None and next(descendants(manifest, "encryption-data"), None) is not None:
        raise ReadFailure("is encrypted; save it without a password")  # else unlock has opened it before
    content = package.need("content.xml")
    styles = package.xml("styles.xml")

    def open_object(address: str) -> Any:
        name = posixpath.normpath(address)
        return package.xml(f"{name}/content.xml") if not name.startswith(("/", "..")) else None

    def picture_of(frame: Any) -> bytes | None:
        names = (resolve("content.xml", attribute(image, "href")) for image in frame.iterchildren("{*}image"))
        return next(filter(None, (packed(package, name) for name in names)), None)

    held = Pictures(pictures, *_page_size(styles))
    parts = _Parts(
        child(content, "body"), read_styles(styles, content), styles, package.xml("meta.xml"), open_object, held,
        picture_of,
    )  # fmt: skip
    return _read(parts, max_characters)


def read_flat_odf(data: bytes, max_characters: int) -> ParsedFile:
    """Read an OpenDocument file that is one XML file."""
    root = parse_xml(data)
    parts = _Parts(
        child(root, "body"), read_styles(root), root, child(root, "meta"), lambda _: None, Pictures(False, *_PAPER)
    )
    return _read(parts, max_characters)


def _read(parts: _Parts, max_characters: int) -> ParsedFile:
    title, metadata = properties_of(parts.meta)
    if (sheets := child(parts.body, "spreadsheet")) is not None:
        pieces, warnings = _read_sheets(sheets, parts, max_characters)
        return ParsedFile(
            media_type=f"{_MEDIA_TYPE}spreadsheet", pieces=pieces, title=title or "", metadata=metadata,
            warnings=tuple(warnings),
        )  # fmt: skip
    if (slides := child(parts.body, "presentation")) is not None:
        return ParsedFile(
            media_type=f"{_MEDIA_TYPE}presentation", pieces=list(_read_slides(slides, parts)),
            title=title, metadata=metadata, pages=sum(1 for _ in slides.iterchildren("{*}page")),
            warnings=parts.pictures.warnings, pictures=parts.pictures.held,
        )  # fmt: skip
    body = child(parts.body, "text")
    if body is None:
        body = child(parts.body, "drawing")
    if body is None:
        raise ReadFailure("is an OpenDocument file without text, sheets or slides; save it as ODT, ODS or ODP")
    walk = TextWalk(parts.styles, parts.open_object, lambda frame: _hold(frame, parts, None))
    walk.read(body)
    pieces = [*walk.pieces, *_furniture(parts)]
    return ParsedFile(
        media_type=f"{_MEDIA_TYPE}text", pieces=pieces, title=title, metadata=metadata,
        warnings=parts.pictures.warnings, pictures=parts.pictures.held,
    )  # fmt: skip


def _hold(frame: Any, parts: _Parts, box: Box | None) -> int:
    """Give the number of a frame's picture if it is to be read."""
    size = _lengths(frame, "width", "height")
    return parts.pictures.hold(lambda: parts.picture_of(frame), (size[0], size[1]), box) if size else 0


def _page_size(masters: Any) -> tuple[float, float]:
    """Give width and height of the first master page in points."""
    master = next(descendants(masters, "master-page"), None) if masters is not None else None
    for layout in descendants(masters, "page-layout") if master is not None else ():
        if attribute(layout, "name") == attribute(master, "page-layout-name"):
            properties = child(layout, "page-layout-properties")
            size = _lengths(properties, "page-width", "page-height") if properties is not None else []
            return (size[0], size[1]) if size else _PAPER
    return _PAPER


def _furniture(parts: _Parts) -> Iterator[Piece]:
    """Give the headers and footers of the master pages, each once."""
    seen: set[str] = set()
    for master in descendants(parts.masters, "master-page") if parts.masters is not None else ():
        for node in master:
            name = name_of(node).removesuffix("-left").removesuffix("-first")
            text = TextWalk(parts.styles, parts.open_object).flat(node) if name in {"header", "footer"} else ""
            if text and text not in seen:
                seen.add(text)
                yield Piece(kind="header" if name == "header" else "footer", text=text)


# -- sheets ------------------------------------------------------------------------------------------------------------


def _read_sheets(body: Any, parts: _Parts, max_characters: int) -> tuple[list[Piece], list[str]]:
    pieces: list[Piece] = []
    warnings: list[str] = []
    tables = list(body.iterchildren("{*}table"))
    characters = 0
    for table in tables:
        name = attribute(table, "name")
        if parts.styles.setting(table, "table-properties", "display") == "false":
            warnings.append(f"sheet {name!r}: hidden, left out")
            continue
        sheet, notes = _read_sheet(table, parts)
        characters += sum(len(cell.text) for row in sheet.rows.values() for cell in row)
        check_length(characters, max_characters)
        pieces += sheet_pieces(sheet, alone=len(tables) == 1)
        pieces += [replace(note, anchor=name) for note in notes if note.kind != "table"]  # charts repeat the cells
    return pieces, warnings


def _read_sheet(table: Any, parts: _Parts) -> tuple[Sheet, list[Piece]]:
    sheet = Sheet(name=attribute(table, "name"))
    drawn = TextWalk(parts.styles, parts.open_object)
    row_number = 0
    for row, _ in rows_of(table):
        times = max(whole(attribute(row, "number-rows-repeated"), 1), 1)
        cells = list(_cells(row, row_number, sheet, drawn))
        shown = min(times, _MOST_ROWS - row_number) if cells else 0
        sheet.make_room(shown * len(cells))
        for offset in range(shown):
            for column, text, is_number in cells:
                sheet.add(row_number + offset, column, text, is_number=is_number)
        row_number += times
    for shapes in table.iterchildren("{*}shapes"):
        drawn.read(shapes)
    return sheet, drawn.pieces


def _cells(row: Any, number: int, sheet: Sheet, drawn: TextWalk) -> Iterator[tuple[int, str, bool]]:
    column = 0
    for cell in row:
        times = max(whole(attribute(cell, "number-columns-repeated"), 1), 1)
        if name_of(cell) == "table-cell" and len(cell):
            apart: list[Any] = []
            text = "\n".join(drawn.text_of(node, apart) for node in cell.iterchildren("{*}p"))
            for node in (*apart, *(node for node in cell if name_of(node) == "annotation" or name_of(node) in SHAPES)):
                drawn.add_apart(node)
            for offset in range(min(times, 16_384) if text.strip() else 0):
                yield column + offset, text, attribute(cell, "value-type") in _NUMBERS
            down = whole(attribute(cell, "number-rows-spanned"), 1)
            across = whole(attribute(cell, "number-columns-spanned"), 1)
            if down > 1 or across > 1:
                sheet.merged.append(Range(number, column, number + down - 1, column + across - 1))
        column += times


# -- slides ------------------------------------------------------------------------------------------------------------


def _read_slides(body: Any, parts: _Parts) -> Iterator[Piece]:
    for number, slide in enumerate(body.iterchildren("{*}page"), 1):
        shapes = [node for node in slide if name_of(node) in SHAPES and attribute(node, "class") not in _LEFT_OUT]
        titles = [node for node in shapes if attribute(node, "class") == "title"]
        others = [node for node in shapes if attribute(node, "class") != "title"]
        order = reading_order([_box(node, number) for node in others])
        for shape in (*titles, *(others[place] for place in order)):
            box = _box(shape, number)
            if shape in titles:
                text = " ".join(
                    TextWalk(parts.styles, parts.open_object).text_of(node, []) for node in descendants(shape, "p")
                )
                yield _on_slide(Piece(kind="heading", text=" ".join(text.split()), level=1), number, box)
                continue
            walk = TextWalk(
                parts.styles, parts.open_object, lambda frame, page=number: _hold(frame, parts, _box(frame, page))
            )
            walk.read([shape])
            yield from (_on_slide(piece, number, box) for piece in walk.pieces)
        comments = TextWalk(parts.styles, parts.open_object)
        for node in slide.iterchildren("{*}annotation"):
            comments.add_apart(node)
        yield from (_on_slide(piece, number, None) for piece in comments.pieces)
        notes = TextWalk(parts.styles, parts.open_object)
        for frame in (node for part in slide.iterchildren("{*}notes") for node in part.iterchildren("{*}frame")):
            if attribute(frame, "class") == "notes":
                notes.read([frame])
        text = "\n".join(piece.text for piece in notes.pieces)
        yield Piece(kind="callout", text=text, page=number, anchor=f"slide {number} notes")


def _on_slide(piece: Piece, number: int, box: Box | None) -> Piece:
    text = clean(piece.text).strip()
    regions = (Region(0, len(text), box),) if box and text else ()
    return replace(piece, text=text, page=number, anchor=f"slide {number}", regions=regions)


def _box(shape: Any, page: int) -> Box | None:
    """Give the place of a shape; that of a group lies around its members."""
    if name_of(shape) in {"g", "a"}:
        boxes = [box for node in shape if name_of(node) in SHAPES and (box := _box(node, page))]
        if not boxes:
            return None
        return Box(
            page,
            min(box.x0 for box in boxes),
            min(box.y0 for box in boxes),
            max(box.x1 for box in boxes),
            max(box.y1 for box in boxes),
        )
    lengths = _lengths(shape, "x", "y", "width", "height")
    if not lengths:
        return None
    x, y, width, height = lengths
    return Box(page, *(round(value, 2) for value in (x, y, x + width, y + height)))


def _lengths(element: Any, *names: str) -> list[float]:
    """Give lengths among the attributes of an element in points; none where one is missing."""
    found = [_LENGTH.fullmatch(attribute(element, name)) for name in names]
    return [float(length[1]) * _POINTS[length[2]] for length in found if length] if None not in found else []
