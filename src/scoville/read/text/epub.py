"""EPUB bytes in, its chapters in reading order out, each under its title from the table of contents.

Chapters are read as HTML. Books whose text is encrypted (DRM) are refused.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, Piece, check_length
from scoville.read.decode import decode
from scoville.read.ocr.pictures import Pictures, packed
from scoville.read.ocr.route import SCREEN_PIXEL
from scoville.read.office.package import Package, properties_of, resolve
from scoville.read.text.html import Show, read_html
from scoville.read.text.xml_tree import all_text, attribute, child, descendants

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_PAPER = (612.0, 792.0)
"""Points. Books have no pages of their own; what is small beside a sheet is an ornament."""
_PIXELS = re.compile(r"([0-9]{1,5})(?:px)?")
_BESIDES = frozenset({"nav", "dialog", "menu"})  # notes stand in <aside>, and <header> holds a chapter's title
_MARKUP = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})


def read_epub(data: bytes, max_characters: int, *, pictures: bool = False) -> ParsedFile:
    """Read a book; an anchor is the chapter's file and the nearest ``id``: ``text/one.xhtml#p3``.

    ``pictures`` gives those that OCR may read, too.
    """
    package = Package(data)
    container = package.need("META-INF/container.xml")
    root_file = next(descendants(container, "rootfile"), None)
    place = resolve("/", attribute(root_file, "full-path")) if root_file is not None else ""
    book = package.need(place)
    manifest = {item.get("id", ""): item for item in descendants(book, "item")}
    titles = dict(reversed(list(_contents(package, place, manifest.values()))))
    locked = _encrypted(package)
    held = Pictures(pictures, *_PAPER)
    pieces: list[Piece] = []
    warnings: list[str] = []
    characters = 0
    for item in (manifest.get(reference.get("idref", "")) for reference in descendants(book, "itemref")):
        if item is None or item.get("media-type") not in _MARKUP or "nav" in item.get("properties", "").split():
            continue
        name = resolve(place, item.get("href", ""))
        if name in locked:
            raise ReadFailure("is encrypted (DRM); its text cannot be read")
        source = package.read(name)
        if source is None:
            warnings.append(f"chapter {name!r}: missing")
            continue
        chapter = _read_chapter(source, name, titles.get(name, ""), _show(held, package, name))
        characters += sum(len(piece.text) for piece in chapter)
        check_length(characters, max_characters)
        pieces += chapter
    title, metadata = properties_of(child(book, "metadata"))
    return ParsedFile(
        media_type="application/epub+zip", pieces=pieces, title=title, metadata=metadata,
        warnings=(*warnings, *held.warnings), pictures=held.held,
    )  # fmt: skip


def _show(pictures: Pictures, package: Package, chapter: str) -> Show:
    """Find a chapter's pictures in the book; they are often shown as large as they are."""

    def show(picture: "LexborNode") -> int:
        attributes = picture.attributes
        sides = [_PIXELS.fullmatch(attributes.get(side) or "") for side in ("width", "height")]
        width, height = (float(side[1]) * SCREEN_PIXEL if side else 0.0 for side in sides)
        name = resolve(chapter, attributes.get("src") or "")
        return pictures.hold(lambda: packed(package, name), (width, height) if width and height else None)

    return show


def _read_chapter(source: bytes, name: str, title: str, show: Show) -> list[Piece]:
    read = read_html(decode(source) or "", _BESIDES, show)
    pieces = [replace(piece, anchor=f"{name}#{piece.anchor}" if piece.anchor else name) for piece in read.pieces]
    if title and pieces and not any(piece.kind in {"heading", "title"} for piece in pieces):
        pieces.insert(0, Piece(kind="heading", text=title, level=1, anchor=name))
    return pieces


def _contents(package: Package, place: str, items: Any) -> Iterator[tuple[str, str]]:
    """Give file and title of each entry of the table of contents, in EPUB 3's form or EPUB 2's."""
    for item in items:
        name = resolve(place, item.get("href", ""))
        if "nav" in item.get("properties", "").split():
            root = package.xml(name)
            for link in descendants(root, "a") if root is not None else ():
                yield resolve(name, link.get("href", "")), " ".join(all_text(link).split())
        elif item.get("media-type") == "application/x-dtbncx+xml":
            root = package.xml(name)
            for point in descendants(root, "navPoint") if root is not None else ():
                content, label = child(point, "content"), child(point, "navLabel")
                if content is not None and label is not None:
                    yield resolve(name, content.get("src", "")), " ".join(all_text(label).split())


def _encrypted(package: Package) -> set[str]:
    root = package.xml("META-INF/encryption.xml")
    found = descendants(root, "CipherReference") if root is not None else ()
    return {posixpath.normpath(attribute(node, "URI").lstrip("/")) for node in found}
