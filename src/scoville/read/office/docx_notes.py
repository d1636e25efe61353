"""What a Word document keeps beside its body: notes, comments, page headers and footers."""

from collections.abc import Iterator, Mapping
from typing import Any

from scoville.read.assemble import Piece
from scoville.read.clean import clean_line
from scoville.read.office.docx_xml import W, text_of
from scoville.read.office.package import Package, Relation
from scoville.types import ElementKind

_NOTES = {"footnotes": "footnote", "endnotes": "endnote", "comments": "comment"}
_FURNITURE: dict[str, ElementKind] = {"header": "header", "footer": "footer"}
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/"
REFERENCES = (
    *(f"{W}{name}Reference" for name in _NOTES.values()), f"{{{_DRAWING}wordprocessingDrawing}}docPr",
    f"{{{_DRAWING}chart}}chart", f"{{{_DRAWING}diagram}}relIds",
)  # fmt: skip
"""The elements by which a body refers to what stands elsewhere."""


def read_notes(package: Package, relations: Mapping[str, Relation]) -> dict[tuple[str, str], str]:
    """Give footnotes, endnotes and comments by their kind and id."""
    notes: dict[tuple[str, str], str] = {}
    for kind, root in _parts(package, relations):
        name = _NOTES.get(kind, "")
        for note in root.iterfind(f"{W}{name}") if name else ():
            text = _text(note)
            author = note.get(f"{W}author")
            notes[name, note.get(f"{W}id", "")] = f"{author}: {text}" if author and text else text
    return notes


def read_furniture(package: Package, relations: Mapping[str, Relation]) -> Iterator[Piece]:
    """Give page headers and footers, each text once."""
    seen: set[str] = set()
    for kind, root in _parts(package, relations):
        text = _text(root) if kind in _FURNITURE else ""
        if text and text not in seen and not text.isdigit():  # a page number
            seen.add(text)
            yield Piece(kind=_FURNITURE[kind], text=text)


def _text(root: Any) -> str:
    return clean_line(" ".join(text_of(node) for node in root.iter(f"{W}p")))


def _parts(package: Package, relations: Mapping[str, Relation]) -> Iterator[tuple[str, Any]]:
    for kind, path in relations.values():
        root = package.xml(path) if kind in _NOTES or kind in _FURNITURE else None
        if root is not None:
            yield kind, root
