"""OpenDocument text in, its paragraphs, lists, tables, notes and frames as pieces out.

What is deleted, hidden or a field without a value is left out. Knows neither pages nor sheets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scoville.read.assemble import Piece
from scoville.read.figure import description
from scoville.read.grid import Cell, table_of
from scoville.read.office.docx_numbering import whole
from scoville.read.office.odf_styles import Styles
from scoville.read.text.xml_tree import all_text, attribute, child, descendants, name_of
from scoville.types import ElementKind

SHAPES = frozenset(
    "frame custom-shape rect ellipse circle line connector path polygon polyline caption g page-thumbnail measure "
    "regular-polygon a".split()
)
_APART = frozenset({"note", "annotation", *SHAPES})
"""What stands in a paragraph without being its text."""
_UNREAD = frozenset(
    {"tracked-changes", "annotation-end", "ruby-text", "hidden-text", "hidden-paragraph", "page-number"}
)
_MOST_REPEATED = 1_000
_MOST_NESTED = 100

OpenObject = Callable[[str], Any]
"""Gives the root of an embedded object's content by its address; None where there is none."""
Show = Callable[[Any], int]
"""Takes a frame with pictures, which say the same in different formats; gives the number of what is to be read."""


@dataclass(slots=True)
class TextWalk:
    """One walk through flowing text."""

    styles: Styles
    open_object: OpenObject
    show: Show = lambda _: 0
    pieces: list[Piece] = field(default_factory=list[Piece])
    paragraphs: int = 0
    tables: int = 0
    marker: str = ""
    """Stands before the next paragraph."""
    deleted_by: str = ""
    """The change that has deleted what follows; empty for none."""

    def read(self, parent: Any, list_name: str = "", depth: int = 0) -> None:
        """Read the blocks below an element; ``depth`` counts the lists around them."""
        for block in parent:
            match name_of(block):
                case "h":
                    level = max(whole(attribute(block, "outline-level"), 1), 1)
                    self._add_paragraph(block, "heading", level)
                case "p":
                    kind = self.styles.kind_of(block)
                    if depth and (kind == "paragraph" or self.marker):
                        self._add_paragraph(block, "list_item" if self.marker else "paragraph", depth)
                    else:
                        self._add_paragraph(block, kind)
                case "list":
                    self._read_list(block, list_name, depth)
                case "table":
                    self._add_table(block)
                case name if name in SHAPES:
                    self._add_shape(block)
                case "section" if attribute(block, "display") == "none":
                    pass
                case name if name and name not in _UNREAD:
                    self.read(block, list_name, depth)
                case _:
                    pass

    def _read_list(self, block: Any, list_name: str, depth: int) -> None:
        name = attribute(block, "style-name") or list_name
        continues = attribute(block, "continue-numbering") == "true" or attribute(block, "continue-list")
        if not depth and not continues:
            self.styles.numbering.counts.pop(name, None)
        for item in block:
            if name_of(item) in {"list-item", "list-header"} and depth < _MOST_NESTED:
                named = name_of(item) == "list-item" and any(name_of(node) in {"p", "h"} for node in item)
                self.marker = self.styles.numbering.advance(name, depth) if named else ""
                self.read(item, name, depth + 1)
                self.marker = ""

    def _add_paragraph(self, block: Any, kind: ElementKind, level: int | None = None) -> None:
        apart: list[Any] = []
        text = self.text_of(block, apart).strip()
        if text:
            self.paragraphs += 1
            text = f"{self.marker} {text}" if self.marker and kind != "heading" else text
            self.marker = ""
            level = level if kind in {"heading", "list_item"} else None
            self.pieces.append(Piece(kind=kind, text=text, level=level, anchor=f"paragraph {self.paragraphs}"))
        for inner in apart:
            self.add_apart(inner)

    def add_apart(self, element: Any) -> None:
        """Read what ``text_of`` has put apart."""
        if name_of(element) == "note":
            body = child(element, "note-body")
            self._add_note(body if body is not None else element)
        elif name_of(element) == "annotation":
            self._add_note(element)
        else:
            self._add_shape(element)

    def _add_note(self, body: Any) -> None:
        text = self.flat(node for node in body if name_of(node) in {"p", "h", "list", "table"})
        self.pieces.append(Piece(kind="footnote", text=text, anchor=f"paragraph {max(self.paragraphs, 1)}"))

    def _add_shape(self, shape: Any) -> None:
        """Read what is drawn: text boxes, tables, pictures by their descriptions, charts by their numbers."""
        text = description(" ".join(all_text(node) for node in shape if name_of(node) in {"title", "desc"}))
        if text:
            self.pieces.append(Piece(kind="figure", text=text, anchor=f"paragraph {max(self.paragraphs, 1)}"))
        self._add_picture(shape)
        for inner in shape:
            match name_of(inner):
                case "object":
                    self._add_object(inner)
                case "text-box" | "p" | "h" | "list" | "table":
                    self.read([inner])
                case name if name in SHAPES:
                    self._add_shape(inner)
                case _:
                    pass

    def _add_picture(self, shape: Any) -> None:
        """Leave a place for the text of a picture; that of an object or a table only shows what it says."""
        holds = set(map(name_of, shape))
        if "image" in holds and not holds & {"object", "table"} and (number := self.show(shape)):
            self.pieces.append(Piece(kind="figure", anchor=f"paragraph {max(self.paragraphs, 1)}", picture=number))

    def _add_object(self, element: Any) -> None:
        root = self._object_of(element)
        if root is None:
            return
        charts = list(descendants(root, "chart"))
        for chart in charts:
            titles = [" ".join(all_text(inner).split()) for inner in chart if name_of(inner) == "title"]
            self.pieces += [Piece(kind="caption", text=title) for title in titles]
        for table in descendants(root, "table"):
            if charts:
                _forget_places(table)
            self._add_table(table)

    def _object_of(self, element: Any) -> Any:
        """Give the root of an embedded object, which in a flat file is what embeds it."""
        return self.open_object(attribute(element, "href")) if attribute(element, "href") else element

    def _add_table(self, table: Any) -> None:
        self.tables += 1
        lines = [line for line in rows_of(table) for _ in range(_times(line[0], "number-rows-repeated"))]
        marked = sum(1 for _, in_header in lines if in_header)
        rows = [[cell for cell in row if name_of(cell) == "table-cell"] for row, _ in lines]
        if len(rows) == 1 and len(rows[0]) == 1:  # a frame around text
            self.read(rows[0][0])
            return
        cells = [[spread for cell in row for spread in self._cells(cell)] for row in rows]
        first = attribute(table, "use-first-row-styles") == "true" or self._names_columns(rows[0] if rows else [])
        header_rows = marked or int(first)
        self.pieces.append(table_of(cells, header_rows, f"table {self.tables}"))
        for frame in descendants(table, "frame"):
            self._add_picture(frame)

    def _names_columns(self, row: list[Any]) -> bool:
        texts = [node for cell in row for node in descendants(cell, "p") if all_text(node).strip()]
        return bool(texts) and all(self.styles.is_named(text, "Table_20_Heading") for text in texts)

    def _cells(self, cell: Any) -> list[Cell]:
        times = _times(cell, "number-columns-repeated")
        columns = whole(attribute(cell, "number-columns-spanned"), 1)
        rows = whole(attribute(cell, "number-rows-spanned"), 1)
        return [Cell(self.flat(cell), columns, rows)] * times

    def flat(self, blocks: Any) -> str:
        """Write blocks as lines of one text: what fits into a cell or a note."""
        inner = TextWalk(self.styles, self.open_object)
        inner.read(blocks)
        if len(inner.pieces) == 1 and inner.pieces[0].kind == "list_item":  # presentations make lists of all texts
            return inner.pieces[0].text.partition(" ")[2]
        lines = (piece.text or "; ".join(" | ".join(row) for row in piece.rows) for piece in inner.pieces)
        return "\n".join(line for line in lines if line)

    def text_of(self, element: Any, apart: list[Any]) -> str:
        """Give the text of a paragraph; what stands apart from it is put into ``apart``."""
        return "".join(self._parts_of(element, apart, 0))

    def _parts_of(self, element: Any, apart: list[Any], depth: int) -> Iterator[str]:
        yield self._kept(element.text)
        for inner in element:
            match name_of(inner):
                case "change-start" | "change-end" as side:
                    self._enter_change(attribute(inner, "change-id"), starts=side == "change-start")
                case _ if self.deleted_by:
                    yield from self._parts_of(inner, [], depth + 1) if depth < _MOST_NESTED else ()
                case "s":
                    yield " " * min(whole(attribute(inner, "c"), 1), 1_000)
                case "tab":
                    yield "\t"
                case "line-break":
                    yield "\n"
                case "frame" if formula := self._formula(inner):
                    yield formula
                case name if name in _APART and not _is_link(inner):
                    apart.append(inner)
                case "span" if self.styles.setting(inner, "text-properties", "display") == "none":
                    pass
                case name if name and name not in _UNREAD and depth < _MOST_NESTED:
                    yield from self._parts_of(inner, apart, depth + 1)
                case _:
                    pass
            yield self._kept(inner.tail)

    def _kept(self, text: str | None) -> str:
        return text if text and not self.deleted_by else ""

    def _enter_change(self, id: str, *, starts: bool) -> None:
        if id in self.styles.deletions:
            self.deleted_by = id if starts else ""

    def _formula(self, frame: Any) -> str:
        """Give a formula as its author typed it; empty for frames that hold none."""
        source = child(frame, "object")
        root = self._object_of(source) if source is not None else None
        if root is not None and name_of(root) == "object":  # of a flat file
            root = child(root, "math")
        if root is None or name_of(root) != "math":
            return ""
        typed = next(descendants(root, "annotation"), None)
        return f" {' '.join(all_text(root if typed is None else typed).split())} "


def _times(element: Any, name: str) -> int:
    return min(max(whole(attribute(element, name), 1), 1), _MOST_REPEATED)


def _forget_places(table: Any) -> None:
    """Take from a chart's numbers the cells of the sheet that they come from."""
    for cell in descendants(table, "table-cell"):
        for inner in [inner for inner in cell if name_of(inner) == "g"]:
            cell.remove(inner)


def _is_link(element: Any) -> bool:
    """Tell whether an ``a`` is a link of text, not one around something drawn."""
    return name_of(element) == "a" and ":text:" in element.tag


def rows_of(table: Any, *, in_header: bool = False) -> Iterator[tuple[Any, bool]]:
    """Give a table's own rows, each once, and whether they are its header."""
    for inner in table:
        match name_of(inner):
            case "table-row":
                yield inner, in_header
            case "table-header-rows":
                yield from rows_of(inner, in_header=True)
            case "table-rows" | "table-row-group":
                yield from rows_of(inner, in_header=in_header)
            case _:
                pass
