"""A scientific article in JATS in, its title, authors, abstract, sections, tables, captions and references out."""

from collections.abc import Iterator
from typing import Any

from scoville.read.assemble import ParsedFile, Piece
from scoville.read.grid import Cell, table_of
from scoville.read.office.docx_numbering import whole
from scoville.read.text.xml_tree import all_text, attribute, child, descendants, name_of

_BLOCKS = frozenset(
    "disp-formula disp-quote boxed-text table-wrap fig list def-list supplementary-material fig-group "
    "table-wrap-group preformat media verse-group code".split()
)
_FLOATS = ("fig", "table-wrap", "supplementary-material", "media")
_SECTIONS = frozenset(
    "sec ack app app-group glossary notes fn-group ref-list abstract trans-abstract boxed-text bio front-stub "
    "sub-article response statement".split()
)
_NAMED = {"abstract": "Abstract", "trans-abstract": "Abstract", "ack": "Acknowledgements", "ref-list": "References"}
_PASSED = frozenset("body back fig-group table-wrap-group def-item floats-group front-stub disp-quote".split())
_UNREAD = frozenset({"object-id", "graphic", "inline-graphic", "tex-math"})


def read_article(root: Any) -> ParsedFile:
    """Read an article; an element's anchor is the nearest ``id`` above it."""
    meta = next(descendants(root, "article-meta"))
    title = child(meta, "title-group", "article-title")
    walk = _Walk()
    if title is not None:
        walk.add("title", _text(title))
    authors = list(_authors(meta))
    walk.add("paragraph", ", ".join(authors))
    for section in meta:
        if name_of(section) in {"abstract", "trans-abstract"}:
            walk.read(section, 1)
        elif name_of(section) == "kwd-group":
            walk.add("paragraph", "Keywords: " + ", ".join(_text(word) for word in descendants(section, "kwd")))
        elif name_of(section) == "funding-group":
            for statement in descendants(section, "funding-statement"):
                walk.add("paragraph", f"Funding: {_text(statement)}")
    for part in root.iterchildren("{*}body", "{*}back", "{*}floats-group", "{*}sub-article", "{*}response"):
        walk.read(part, 1)
    date = next(descendants(meta, "pub-date"), None)
    journal = next(descendants(root, "journal-title"), None)
    doi = next((node.text for node in descendants(meta, "article-id") if node.get("pub-id-type") == "doi"), None)
    found = {
        "author": ", ".join(authors)[:500],
        "created": "-".join(_date(date)) if date is not None else "",
        "journal": _text(journal) if journal is not None else "",
        "doi": doi or "",
    }
    metadata = {key: value for key, value in found.items() if value}
    return ParsedFile(media_type="application/jats+xml", pieces=walk.pieces, metadata=metadata)


def _authors(meta: Any) -> Iterator[str]:
    for node in descendants(meta, "contrib"):
        if node.get("contrib-type", "author") == "author":
            name, group = next(descendants(node, "name"), None), next(descendants(node, "collab"), None)
            if name is not None:
                parts = (child(name, "given-names"), child(name, "surname"))
                yield " ".join(_text(part) for part in parts if part is not None)
            elif group is not None:
                yield _text(group)


def _date(date: Any) -> Iterator[str]:
    for name in ("year", "month", "day"):
        part = child(date, name)
        if part is None or not (part.text or "").strip().isdigit():
            return
        yield part.text.strip().zfill(2)


class _Walk:
    """One walk through an article."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.anchor: str | None = None

    def add(self, kind: Any, text: str, level: int | None = None) -> None:
        if text.strip():
            self.pieces.append(Piece(kind=kind, text=text, level=level, anchor=self.anchor))

    def read(self, parent: Any, level: int) -> None:
        """Read the blocks below an element, headings from this level on."""
        above, self.anchor = self.anchor, parent.get("id") or self.anchor
        name = name_of(parent)
        if name in _NAMED and child(parent, "title") is None:
            self.add("heading", _NAMED[name], level)
        for block in parent:
            self.block(block, level + 1 if name in _SECTIONS else level, level)
        self.anchor = above

    def block(self, element: Any, inner: int, level: int) -> None:
        name = name_of(element)
        if name in _SECTIONS or name in _PASSED:
            self.read(element, inner)
            return
        above, self.anchor = self.anchor, element.get("id") or self.anchor
        match name:
            case "title":
                label = child(element.getparent(), "label")
                number = f"{_text(label)} " if label is not None else ""
                self.add("heading", number + _text(element), level)
            case "p":
                self.paragraph(element, inner)
            case "fig" | "table-wrap" | "supplementary-material" | "media":
                self.float(element)
            case "list":
                self.list(element, 1)
            case "def-list":
                for item in descendants(element, "def-item"):
                    self.add("list_item", ": ".join(_text(node) for node in item), 1)
            case "ref":
                self.add("footnote", _reference(element))
            case "fn":
                self.add("footnote", _text(element))
            case "preformat" | "code":
                self.add("code", all_text(element))
            case "label" | "object-id" | "sec-meta" | "":
                pass
            case _:
                self.add("paragraph", _text(element))
        self.anchor = above

    def paragraph(self, element: Any, level: int) -> None:
        """Add a paragraph, then the blocks that stand in it."""
        self.add("paragraph", _text(element, without=_BLOCKS))
        for block in element:
            if name_of(block) in _BLOCKS:
                self.block(block, level, level)

    def float(self, element: Any) -> None:
        parts = [child(element, "label"), *element.iterchildren("{*}caption")]
        self.add("caption", " ".join(_text(part, without=_BLOCKS) for part in parts if part is not None))
        for table in descendants(element, "table"):
            head = child(table, "thead")
            header_rows = sum(1 for _ in head.iterchildren("{*}tr")) if head is not None else 0
            if rows := [[_cell(cell) for cell in row] for row in descendants(table, "tr")]:
                self.pieces.append(table_of(rows, header_rows, self.anchor))
        for foot in element.iterchildren("{*}table-wrap-foot"):
            self.add("footnote", _text(foot))
        for inner in descendants(element, *_FLOATS):
            if next(inner.iterancestors(*(f"{{*}}{name}" for name in _FLOATS))) is element:
                self.block(inner, 1, 1)

    def list(self, element: Any, depth: int) -> None:
        ordered = element.get("list-type") in {"order", "alpha-lower", "alpha-upper", "roman-lower", "roman-upper"}
        for number, item in enumerate(element.iterchildren("{*}list-item"), 1):
            label = child(item, "label")
            marker = _text(label) if label is not None else f"{number}." if ordered else "-"
            text = " ".join(_text(node, without=_BLOCKS) for node in item if name_of(node) in {"p", "title"})
            self.add("list_item", f"{marker} {text}", depth)
            for inner in descendants(item, "list"):
                if next(inner.iterancestors("{*}list")) is element:
                    self.list(inner, depth + 1)


def _cell(element: Any) -> Cell:
    columns, rows = (max(whole(attribute(element, name), 1), 1) for name in ("colspan", "rowspan"))
    return Cell(_text(element), columns, rows)


def _reference(element: Any) -> str:
    label = child(element, "label")
    number = f"{_text(label).rstrip('.')}. " if label is not None else ""
    return number + " ".join(
        _text(part, spaced=name_of(part) == "element-citation") for part in element if part is not label
    )


def _text(element: Any, *, without: frozenset[str] = frozenset(), spaced: bool = False) -> str:
    """Give the text of an element in one line; ``spaced`` parts what no punctuation parts."""
    parts: list[str] = []

    def gather(parent: Any, depth: int) -> None:
        parts.append((parent.text or "") if isinstance(parent.tag, str) else "")
        for inner in parent:
            name = name_of(inner)
            if name and name not in _UNREAD and name not in without and depth < 200:
                gather(inner, depth + 1)
            elif not name:
                parts.append(all_text(inner))
            if name in {"p", "title", "break", "td", "label", "surname"} or spaced:
                parts.append(" ")
            parts.append(inner.tail or "")

    gather(element, 0)
    return " ".join("".join(parts).split())
