"""DOCX bytes in, headings, paragraphs, lists, tables and notes in the order of the body out.

Knows the life of a Word document: which parts it has and how its body flows.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from scoville.read.assemble import ParsedFile, Piece
from scoville.read.figure import description
from scoville.read.ocr.pictures import Pictures, embedded
from scoville.read.office.chart import chart_pieces, diagram_pieces
from scoville.read.office.docx_notes import REFERENCES, read_furniture, read_notes
from scoville.read.office.docx_numbering import BULLET, Numbering, read_numbering, whole
from scoville.read.office.docx_styles import BODY_LEVEL, Style, read_styles
from scoville.read.office.docx_table import read_table
from scoville.read.office.docx_xml import FALLBACK, W, children_of, is_monospaced, text_of, value_of
from scoville.read.office.package import Package, Relation, core_properties
from scoville.read.text.xml_tree import attribute, child, name_of
from scoville.types import ElementKind

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PAPER = (612.0, 792.0)
"""Points: what a picture's size is compared with; sheets differ little."""
_POINT = 12_700  # English Metric Units
_CODE = re.compile(r"[;{}=<>]|\w\(|^\s*(?:[$#>]|--?\w)")


def read_docx(data: bytes, *, pictures: bool = False) -> ParsedFile:
    """Read a Word document; anchors count its paragraphs and tables: ``paragraph 12``.

    ``pictures`` gives those that OCR may read, too.
    Raises ReadFailure for a file that is damaged, encrypted or unsafe to unpack.
    """
    package = Package(data)
    main = package.related("", "officeDocument") or "word/document.xml"
    document = package.need(main)
    relations = package.relations(main)
    styles = read_styles(package.xml(package.related(main, "styles")))
    numbering = read_numbering(package.xml(package.related(main, "numbering")))
    held = Pictures(pictures, *_PAPER)
    walk = _Walk(styles, numbering, read_notes(package, relations), package, relations, held)
    walk.read(child(document, "body"))
    title, metadata = core_properties(package)
    return ParsedFile(
        media_type=MEDIA_TYPE, pieces=[*walk.pieces, *read_furniture(package, relations)], title=title,
        metadata=metadata, warnings=held.warnings, pictures=held.held,
    )  # fmt: skip


@dataclass(slots=True)
class _Walk:
    """One walk through a document's body."""

    styles: dict[str, Style]
    numbering: Numbering
    notes: dict[tuple[str, str], str]
    """By the kind of reference and its id."""
    package: Package
    relations: dict[str, Relation]
    pictures: Pictures
    pieces: list[Piece] = field(default_factory=list[Piece])
    paragraphs: int = 0
    tables: int = 0

    def read(self, parent: Any) -> None:
        for block in children_of(parent, "p", "tbl"):
            if block.tag == f"{W}tbl":
                self.tables += 1
                self.add_table(block)
            else:
                self.add_paragraph(block)

    def add_paragraph(self, paragraph: Any) -> None:
        text = "\n".join(" ".join(line.split()) for line in text_of(paragraph).split("\n")).strip()
        if text:
            self.paragraphs += 1
            anchor = f"paragraph {self.paragraphs}"
            kind, level, marker = self.classify(paragraph)
            if kind == "code" or (kind == "paragraph" and self.looks_like_code(paragraph, text)):
                self.add_code(paragraph, anchor)
            else:
                marked = f"{marker} {text}" if marker else text
                self.pieces.append(Piece(kind=kind, text=marked, level=level, anchor=anchor))
        for box in paragraph.iter(f"{W}txbxContent"):
            if not any(above.tag in {FALLBACK, f"{W}txbxContent"} for above in box.iterancestors()):
                self.read(box)
        self.add_beside(paragraph)

    def looks_like_code(self, paragraph: Any, text: str) -> bool:
        goes_on = bool(self.pieces) and self.pieces[-1].kind == "code"
        return (goes_on or bool(_CODE.search(text))) and is_monospaced(paragraph)

    def add_code(self, paragraph: Any, anchor: str) -> None:
        """Add a line of code, to the lines before it where there are any."""
        before = self.pieces[-1] if self.pieces and self.pieces[-1].kind == "code" else None
        if before:
            self.pieces[-1] = replace(before, text=f"{before.text}\n{text_of(paragraph)}")
        else:
            self.pieces.append(Piece(kind="code", text=text_of(paragraph), anchor=anchor))

    def classify(self, paragraph: Any) -> tuple[ElementKind, int | None, str]:
        """Give kind, level and marker: a paragraph's own settings beat its style's."""
        properties = paragraph.find(f"{W}pPr")
        kind, level, in_list = self.styles.get(value_of(properties, "pStyle") or "", self.styles.get("", Style()))
        outline = value_of(properties, "outlineLvl")
        if outline is not None and kind != "title":
            own = whole(outline, BODY_LEVEL)
            kind, level = ("heading", own + 1) if own < BODY_LEVEL else ("paragraph", None)
        own_list = properties.find(f"{W}numPr") if properties is not None else None
        if own_list is not None:
            number = value_of(own_list, "numId") or (in_list[0] if in_list else "0")
            depth = whole(value_of(own_list, "ilvl"), in_list[1] if in_list else 0)
            in_list = (number, depth)
        if not in_list or in_list[0] == "0":  # 0 takes a paragraph out of its style's list
            return kind, level, ""
        marker = self.numbering.advance(*in_list)
        if kind == "paragraph":
            return "list_item", in_list[1] + 1, marker
        return kind, level, "" if marker == BULLET else marker

    def add_table(self, table: Any) -> None:
        read = replace(read_table(table), anchor=f"table {self.tables}")
        if len(read.rows) == 1 and len(read.rows[0]) == 1:  # a frame around text
            self.read(next(table.iter(f"{W}tc")))
        else:
            self.pieces.append(read)
            self.add_beside(table)

    def add_beside(self, block: Any) -> None:
        """Add what a block only refers to: notes, comments, charts, descriptions of pictures."""
        anchor = f"paragraph {max(self.paragraphs, 1)}"
        for element in block.iter(*REFERENCES):
            name = name_of(element)
            if name == "docPr":
                if text := description(element.get("descr")):
                    self.pieces.append(Piece(kind="figure", text=text, anchor=anchor))
                self.add_picture(element.getparent(), anchor)
            elif name in {"chart", "relIds"}:
                self.add_drawing(attribute(element, "id" if name == "chart" else "dm"), anchor)
            elif note := self.notes.pop((name.removesuffix("Reference"), element.get(f"{W}id", "")), ""):
                self.pieces.append(Piece(kind="footnote", text=note, anchor=anchor))

    def add_picture(self, drawing: Any, anchor: str) -> None:
        """Leave a place for the text of a picture."""
        extent = child(drawing, "extent")
        if extent is not None:
            size = (whole(extent.get("cx")) / _POINT, whole(extent.get("cy")) / _POINT)
            if number := self.pictures.hold(lambda: embedded(drawing, self.package, self.relations), size):
                self.pieces.append(Piece(kind="figure", anchor=anchor, picture=number))

    def add_drawing(self, id: str, anchor: str) -> None:
        root = self.package.xml(self.relations[id].path) if id in self.relations else None
        if root is not None:
            read = chart_pieces if name_of(root) == "chartSpace" else diagram_pieces
            self.pieces += [replace(piece, anchor=anchor) for piece in read(root)]
