"""DOCX bytes in, headings, paragraphs, lists, tables and footnotes in the order of the body out.

Knows the life of a Word document: which parts it has and how its body flows. Page headers and footers are no part of
the body.
"""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scoville.errors import ReadFailure
from scoville.read.archive import check_archive
from scoville.read.assemble import Draft, Piece
from scoville.read.clean import clean_line
from scoville.read.docx_numbering import BULLET, Numbering, read_numbering, whole
from scoville.read.docx_styles import BODY_LEVEL, Style, read_styles
from scoville.read.docx_table import read_table
from scoville.read.docx_xml import FALLBACK, W, children_of, text_of, value_of
from scoville.types import ElementKind, Metadata

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_FOOTNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
_STRICT = b"http://purl.oclc.org/ooxml/"


def read_docx(data: bytes) -> Draft:
    """Read a Word document; anchors count its paragraphs and tables: ``paragraph 12``.

    Raises ReadFailure for a file that is damaged, encrypted or unsafe to unpack, or has macros.
    """
    check_archive(data)
    import docx

    try:
        document = docx.Document(io.BytesIO(data))
    except ValueError as error:
        if "macroEnabled" in str(error) or "template" in str(error):
            raise ReadFailure("not readable yet: DOCM, DOTX or DOTM; save it as DOCX or PDF") from None
        raise
    except KeyError:
        if _is_strict(data):
            raise ReadFailure("not readable yet: Strict Open XML; save it as an ordinary Word document") from None
        raise
    part = document.part
    walk = _Walk(read_styles(document), read_numbering(_numbering_root(part)), _read_footnotes(part))
    walk.read(document.element.body)
    return Draft(
        media_type=MEDIA_TYPE,
        pieces=walk.pieces,
        title=document.core_properties.title or None,
        metadata=_metadata(document.core_properties),
    )


def _is_strict(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "_rels/.rels" in archive.namelist() and _STRICT in archive.read("_rels/.rels")


@dataclass(slots=True)
class _Walk:
    """One walk through a document's body."""

    styles: dict[str, Style]
    numbering: Numbering
    footnotes: dict[str, str]
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
            marked = f"{marker} {text}" if marker else text
            self.pieces.append(Piece(kind=kind, text=marked, level=level, anchor=anchor))
        for box in paragraph.iter(f"{W}txbxContent"):
            if not any(above.tag in {FALLBACK, f"{W}txbxContent"} for above in box.iterancestors()):
                self.read(box)
        self.add_footnotes(paragraph)

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
        rows, header_rows = read_table(table)
        anchor = f"table {self.tables}"
        if len(rows) == 1 and len(rows[0]) == 1:  # a frame around text
            self.read(next(table.iter(f"{W}tc")))
        else:
            self.pieces.append(Piece(kind="table", rows=rows, header_rows=header_rows, anchor=anchor))
            self.add_footnotes(table)

    def add_footnotes(self, block: Any) -> None:
        for reference in block.iter(f"{W}footnoteReference"):
            if note := self.footnotes.pop(reference.get(f"{W}id", ""), ""):
                self.pieces.append(Piece(kind="footnote", text=note, anchor=f"paragraph {max(self.paragraphs, 1)}"))


def _numbering_root(part: Any) -> Any:
    from docx.opc.constants import RELATIONSHIP_TYPE

    for relation in part.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.NUMBERING and not relation.is_external:
            return relation.target_part.element
    return None


def _read_footnotes(part: Any) -> dict[str, str]:
    from docx.oxml import parse_xml

    notes: dict[str, str] = {}
    for relation in part.rels.values():
        if relation.reltype == _FOOTNOTES and not relation.is_external:
            for note in parse_xml(relation.target_part.blob).iterfind(f"{W}footnote"):
                notes[note.get(f"{W}id", "")] = clean_line(" ".join(map(text_of, note.iter(f"{W}p"))))
    return notes


def _metadata(properties: Any) -> Metadata:
    found: dict[str, str] = {"author": clean_line(properties.author or "")}
    for name in ("created", "modified"):
        date: datetime | None = getattr(properties, name)
        found[name] = date.isoformat() if date else ""
    return {key: value for key, value in found.items() if value}
