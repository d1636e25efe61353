"""XML of any vocabulary in, its texts out; articles (JATS) and flat OpenDocument go to readers of their own.

An element with text between its children is a paragraph; one without children is a field, ``name: text``, and fields
beside each other are one paragraph. Attributes that hold words are fields too.
"""

from typing import Any

from scoville.read.assemble import ParsedFile, Piece
from scoville.read.text.xml_tree import all_text, name_of, parse_xml

_HEADINGS = frozenset({"title", "head", "heading", "subject", "headline"})
_DEEPEST = 6


def read_xml(data: bytes, max_characters: int) -> ParsedFile:
    """Read an XML file; an element's anchor is the path of names to it. Raises ReadFailure for damaged XML."""
    root = parse_xml(data)
    name = name_of(root)
    if name == "document" and "opendocument" in root.tag:
        from scoville.read.office.odf import read_flat_odf

        return read_flat_odf(data, max_characters)
    if (
        name in {"article", "sub-article", "pmc-articleset"}
        and next(root.iterdescendants("{*}article-meta"), None) is not None
    ):
        from scoville.read.text.jats import read_article

        return read_article(root)
    pieces: list[Piece] = []
    _read(root, name, pieces, 0)
    return ParsedFile(media_type="application/xml", pieces=pieces)


def _read(element: Any, path: str, pieces: list[Piece], depth: int) -> None:
    children = [child for child in element if isinstance(child.tag, str)]
    if not children or _is_mixed(element, children):
        _add_text(element, path, pieces, depth)
        return
    fields = _attributes(element)
    for child in children:
        inner = f"{path}/{name_of(child)}"
        if name_of(child).lower() in _HEADINGS or len(child):
            _add_fields(fields, path, pieces)
            _read(child, inner, pieces, depth + 1)
        else:
            attributes = _attributes(child)
            text = " ".join((child.text or "").split())
            fields += [f"{name_of(child)}: {text}"] if text else []
            fields += [f"{name_of(child)} {attribute}" for attribute in attributes]
    _add_fields(fields, path, pieces)


def _is_mixed(element: Any, children: list[Any]) -> bool:
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in children)


def _add_text(element: Any, path: str, pieces: list[Piece], depth: int) -> None:
    text = " ".join(all_text(element).split())
    if name_of(element).lower() in _HEADINGS:
        pieces.append(Piece(kind="heading", text=text, level=min(max(depth, 1), _DEEPEST), anchor=path))
    else:
        pieces.append(Piece(kind="paragraph", text="\n".join(filter(None, [text, *_attributes(element)])), anchor=path))


def _add_fields(fields: list[str], path: str, pieces: list[Piece]) -> None:
    if fields:
        pieces.append(Piece(kind="paragraph", text="\n".join(fields), anchor=path))
        fields.clear()


def _attributes(element: Any) -> list[str]:
    values = ((key.rpartition("}")[2], " ".join(value.split())) for key, value in element.attrib.items())
    return [f"{name}: {value}" for name, value in values if value and name not in {"schemaLocation", "space", "lang"}]
