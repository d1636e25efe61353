"""PPTX bytes in, for each slide its title, texts, tables, charts and notes out, as people look at it.

A slide is a page: boxes count its points from the top left. Text that only a layout or master holds is left out.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from scoville.read.assemble import ParsedFile, Piece
from scoville.read.clean import clean, clean_line
from scoville.read.figure import description
from scoville.read.grid import Cell, Rows, lay_out
from scoville.read.ocr.pictures import Pictures, embedded
from scoville.read.office.chart import chart_pieces, diagram_pieces
from scoville.read.office.package import Package, Relation, core_properties, plain_package
from scoville.read.office.pptx_text import Bullets, paragraph_text
from scoville.read.pdf.order import reading_order
from scoville.read.text.xml_tree import all_text, attribute, child, descendants, name_of
from scoville.types import Box, ElementKind, Region

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_POINT = 12_700  # English Metric Units
_MOST_NESTED = 20
_TITLES = frozenset({"title", "ctrTitle"})
_FOOTERS = frozenset({"ftr", "dt"})
_ON = frozenset({"1", "true"})
_COMMENTS = frozenset({"comments", "threadedComments", "threadedComment"})


def read_pptx(data: bytes, *, pictures: bool = False) -> ParsedFile:
    """Read a presentation; anchors are ``slide 3``. Raises ReadFailure for a damaged or unsafe file.

    ``pictures`` gives those that OCR may read, too.
    """
    data = plain_package(data)
    import pptx

    package = Package(data)
    presentation: Any = pptx.Presentation(io.BytesIO(data))
    size = (presentation.slide_width, presentation.slide_height)
    held = Pictures(pictures, *((side or 0) / _POINT for side in size))
    pieces: list[Piece] = []
    warnings: list[str] = []
    for number, slide in enumerate(presentation.slides, 1):
        if slide.element.get("show") in {"0", "false"}:
            warnings.append(f"slide {number}: hidden in the show, read all the same")
        relations = package.relations(str(slide.part.partname).lstrip("/"))
        pieces += _Slide(slide, number, package, relations, held).read()
    title, metadata = core_properties(package)
    return ParsedFile(
        media_type=MEDIA_TYPE,
        pieces=pieces,
        title=None if title in {None, "PowerPoint Presentation"} else title,
        pages=len(presentation.slides),
        metadata=metadata,
        warnings=(*warnings, *held.warnings),
        pictures=held.held,
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """How a group maps its own coordinates to the slide's."""

    x: float = 0.0
    y: float = 0.0
    x_scale: float = 1.0
    y_scale: float = 1.0

    def box(self, page: int, x: float, y: float, width: float, height: float) -> Box:
        left, top = self.x + x * self.x_scale, self.y + y * self.y_scale
        right, bottom = left + width * self.x_scale, top + height * self.y_scale
        return Box(page, *(round(value / _POINT, 2) for value in (left, top, right, bottom)))


@dataclass(slots=True)
class _Shape:
    element: Any
    source: Any
    """What python-pptx makes of it; None where it makes nothing."""
    box: Box | None
    role: str
    """The type of its placeholder, empty for none."""


@dataclass(slots=True)
class _Slide:
    """One slide on its way to pieces."""

    source: Any
    number: int
    package: Package
    relations: dict[str, Relation]
    pictures: Pictures
    pieces: list[Piece] = field(default_factory=list[Piece])

    def read(self) -> list[Piece]:
        _choose_alternatives(self.source.shapes._spTree)
        shapes = list(self.shapes(self.source.shapes, _Frame(), 0))
        titles = [shape for shape in shapes if shape.role in _TITLES]
        others = [shape for shape in shapes if shape.role not in _TITLES]
        order = reading_order([shape.box for shape in others])
        for shape in (*titles, *(others[number] for number in order)):
            self.add(shape)
        self.add_notes()
        self.add_comments()
        return self.pieces

    def shapes(self, parent: Any, frame: _Frame, depth: int) -> Iterator[_Shape]:
        for source in parent:
            element = source._element
            properties = next(descendants(element, "cNvPr"), None)
            if properties is not None and properties.get("hidden") in _ON:
                continue
            if name_of(element) == "grpSp":
                if depth < _MOST_NESTED:
                    yield from self.shapes(source.shapes, _inside(frame, element), depth + 1)
                continue
            placeholder = next(descendants(element, "ph"), None)
            role = placeholder.get("type", "obj") if placeholder is not None else ""
            yield _Shape(element, source, self.box_of(source, frame), role)

    def box_of(self, source: Any, frame: _Frame) -> Box | None:
        place = (source.left, source.top, source.width, source.height)
        return None if None in place else frame.box(self.number, *place)

    def add(self, shape: _Shape) -> None:
        if shape.role == "sldNum":
            return
        if getattr(shape.source, "has_chart", False):
            for piece in chart_pieces(shape.source.chart._chartSpace):
                self.add_piece(piece, shape.box)
        elif (table := next(descendants(shape.element, "tbl"), None)) is not None:
            self.add_table(table, shape.box)
        elif name_of(shape.element) == "graphicFrame":
            self.add_diagram(shape)
        elif (body := child(shape.element, "txBody")) is not None:
            self.add_text(shape, body)
        if name_of(shape.element) in {"pic", "graphicFrame"}:
            properties = next(descendants(shape.element, "cNvPr"), None)
            if properties is not None and (text := description(properties.get("descr"))):
                self.add_piece(Piece(kind="figure", text=text), shape.box)
        if name_of(shape.element) == "pic":
            self.add_picture(shape)

    def add_picture(self, shape: _Shape) -> None:
        """Leave a place for the text of a picture."""
        if (box := shape.box) is None:
            return
        size = (box.x1 - box.x0, box.y1 - box.y0)
        if number := self.pictures.hold(lambda: embedded(shape.element, self.package, self.relations), size, box):
            self.pieces.append(Piece(kind="figure", page=self.number, anchor=f"slide {self.number}", picture=number))

    def add_piece(self, piece: Piece, box: Box | None, place: str = "") -> None:
        """Add a piece with its slide and its box, where that is known."""
        text = clean_line(piece.text) if piece.kind in {"heading", "title"} else clean(piece.text).strip()
        regions = (Region(0, len(text), box),) if box and text and not piece.rows else ()
        anchor = f"slide {self.number}{place}"
        self.pieces.append(replace(piece, text=text, regions=regions, page=self.number, anchor=anchor))

    def add_text(self, shape: _Shape, body: Any) -> None:
        bullets = Bullets(shape.source, body)
        if shape.role in _TITLES:
            kind: ElementKind = "title" if self.number == 1 and shape.role == "ctrTitle" else "heading"
            text = " ".join(paragraph_text(node) for node in body.iterchildren("{*}p"))
            if text.strip():
                self.add_piece(Piece(kind=kind, text=text, level=None if kind == "title" else 1), shape.box)
            return
        for paragraph in body.iterchildren("{*}p"):
            text = paragraph_text(paragraph).strip()
            if not text:
                continue
            level, marker = bullets.advance(paragraph)
            if shape.role in _FOOTERS:
                self.add_piece(Piece(kind="footer", text=text), shape.box)
            elif marker:
                self.add_piece(Piece(kind="list_item", text=f"{marker} {text}", level=level), shape.box)
            else:
                self.add_piece(Piece(kind="paragraph", text=text), shape.box)

    def add_table(self, table: Any, box: Box | None) -> None:
        properties = child(table, "tblPr")
        header = int(properties is not None and properties.get("firstRow") in _ON)
        grid = lay_out(map(_cells, table.iterchildren("{*}tr")), header)
        if grid.rows:
            boxes = _cell_boxes(table, grid.rows, box) if box else ()
            header = header if len(grid.rows) > 1 else 0
            piece = Piece(kind="table", rows=grid.rows, header_rows=header, merged=grid.merged, cell_boxes=boxes)
            self.add_piece(piece, box)

    def add_diagram(self, shape: _Shape) -> None:
        """Add the texts of a SmartArt graphic."""
        ids = next(descendants(shape.element, "relIds"), None)
        relation = self.relations.get(attribute(ids, "dm")) if ids is not None else None
        root = self.package.xml(relation.path) if relation else None
        for piece in diagram_pieces(root) if root is not None else ():
            self.add_piece(piece, shape.box)

    def add_notes(self) -> None:
        frame = self.source.notes_slide.notes_text_frame if self.source.has_notes_slide else None
        if frame is not None:
            text = "\n".join(paragraph_text(node) for node in frame._txBody.iterchildren("{*}p")).strip()
            self.add_piece(Piece(kind="callout", text=text), None, " notes")

    def add_comments(self) -> None:
        for kind, path in self.relations.values():
            root = self.package.xml(path) if kind in _COMMENTS else None
            for comment in descendants(root, "cm") if root is not None else ():
                text = " ".join(all_text(body) for body in descendants(comment, "text", "txBody"))
                self.add_piece(Piece(kind="footnote", text=text), None, " comment")


def _choose_alternatives(tree: Any) -> None:
    """Put the first choice in the place of alternatives: newer programs wrap shapes that older ones cannot draw."""
    for alternatives in list(descendants(tree, "AlternateContent")):
        chosen = child(alternatives, "Choice")
        chosen = chosen if chosen is not None and len(chosen) else child(alternatives, "Fallback")
        parent = alternatives.getparent()
        for node in list(chosen) if chosen is not None else ():
            alternatives.addprevious(node)
        parent.remove(alternatives)


def _inside(frame: _Frame, group: Any) -> _Frame:
    place = child(group, "grpSpPr", "xfrm")
    parts = [child(place, name) for name in ("off", "ext", "chOff", "chExt")] if place is not None else []
    if len(parts) < 4 or None in parts:
        return frame
    x, y = (float(parts[0].get(name, 0)) for name in ("x", "y"))
    width, height = (float(parts[1].get(name, 0)) for name in ("cx", "cy"))
    inner_x, inner_y = (float(parts[2].get(name, 0)) for name in ("x", "y"))
    inner_width, inner_height = (float(parts[3].get(name, 0)) for name in ("cx", "cy"))
    x_scale, y_scale = width / inner_width if inner_width else 1.0, height / inner_height if inner_height else 1.0
    return _Frame(
        frame.x + (x - inner_x * x_scale) * frame.x_scale,
        frame.y + (y - inner_y * y_scale) * frame.y_scale,
        frame.x_scale * x_scale,
        frame.y_scale * y_scale,
    )


def _cells(row: Any) -> list[Cell]:
    """Give the cells of a row but those that another one covers."""
    return [
        Cell(" ".join(map(paragraph_text, descendants(cell, "p"))), _span(cell, "gridSpan"), _span(cell, "rowSpan"))
        for cell in row.iterchildren("{*}tc")
        if cell.get("hMerge") not in _ON and cell.get("vMerge") not in _ON
    ]


def _span(cell: Any, name: str) -> int:
    value = cell.get(name, "1")
    return max(int(value), 1) if value.isdigit() and len(value) < 5 else 1


def _cell_boxes(table: Any, rows: Rows, box: Box) -> tuple[tuple[Box | None, ...], ...]:
    """Place the cells by the widths and heights that the table names."""
    widths = [float(column.get("w", 0)) / _POINT for column in descendants(table, "gridCol")]
    heights = [float(row.get("h", 0)) / _POINT for row in table.iterchildren("{*}tr")]
    if sum(widths) <= 0 or sum(heights) <= 0:
        return ()
    x_scale, y_scale = (box.x1 - box.x0) / sum(widths), (box.y1 - box.y0) / sum(heights)
    lefts = [box.x0 + sum(widths[:number]) * x_scale for number in range(len(widths) + 1)]
    tops = [box.y0 + sum(heights[:number]) * y_scale for number in range(len(heights) + 1)]
    return tuple(
        tuple(
            Box(box.page, *(round(v, 2) for v in (lefts[n], tops[r], lefts[n + 1], tops[r + 1])))
            if n < len(widths)
            else None
            for n in range(len(row))
        )
        for r, row in enumerate(rows)
    )
