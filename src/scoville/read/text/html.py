"""HTML in, headings, paragraphs, lists, tables and code out.

Knows tags, not the looks of a page: navigation, page headers and footers, asides, scripts and hidden parts are left
out.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from scoville.read.assemble import ParsedFile, Piece
from scoville.read.clean import clean_line
from scoville.read.figure import description
from scoville.read.text.html_table import Table, read_table
from scoville.read.text.html_tree import BLOCKS, UNREAD, close_tags, inline_text, is_hidden, mark_unseen, parse, walk
from scoville.read.title import own_title
from scoville.types import ElementKind, Metadata

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

BESIDES = frozenset({"nav", "header", "footer", "aside", "dialog", "menu"})
_CALLOUT = re.compile(
    r"(?:^|[\s_-])(?:admonition|callout|note|tip|hint|warning|caution|danger|important|alert)(?:$|[\s_-])"
)
_NOTES = frozenset({"footnote", "endnote", "rearnote", "doc-footnote", "doc-endnote"})
_LEAST_DESCRIPTION = 3
"""Words; shorter descriptions of pictures outside of figures name icons."""
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SPACE = re.compile(r"[ \t\n\r\f]+")
_MOST_NESTED_TABLES = 20  # judging a table looks at all below it, so each level costs the whole again
_METADATA = {
    "description": ("description", "og:description"),
    "author": ("author", "article:author", "dc.creator", "dcterms.creator"),
    "created": ("date", "article:published_time", "dc.date", "dcterms.created", "dcterms.date"),
    "modified": ("last-modified", "article:modified_time", "dcterms.modified"),
}


Show = Callable[["LexborNode"], int]
"""Takes a picture; gives its number if its text is to be read."""


def read_html(text: str, besides: frozenset[str] = BESIDES, show: Show = lambda _: 0) -> ParsedFile:
    """Read a page; an element's anchor is the nearest ``id`` at or before it. Raises ReadFailure for absurd nesting.

    ``besides`` are the tags of what stands beside the page's own text.
    """
    if "<?xml" in text[:200] or "xmlns=" in text[:2000]:
        text = close_tags(text)
    tree = parse(text)
    mark_unseen(tree)
    pieces: list[Piece] = []
    if tree.root is not None:
        # A page that is all <header>, or hidden until a script runs, still has text.
        pieces = _Walk(besides, show).read(tree.root) or _Walk(frozenset(), show, reads_hidden=True).read(tree.root)
    title = tree.css_first("head title")
    return ParsedFile(
        media_type="text/html",
        pieces=pieces,
        title=own_title(title.text()) if title else None,
        metadata=_metadata(tree),
    )


class _Context(NamedTuple):
    """What the text of a block is."""

    kind: ElementKind
    level: int | None = None


@dataclass(slots=True)
class _Walk:
    """One walk through a page, gathering the text of a block until the next begins."""

    besides: frozenset[str]
    show: Show
    reads_hidden: bool = False
    pieces: list[Piece] = field(default_factory=list[Piece])
    contexts: list[_Context] = field(default_factory=lambda: [_Context("paragraph")])
    lists: list[int | None] = field(default_factory=list[int | None])
    """For each list that is open, its next number; None for bullets."""
    main: int = 0
    tables: int = 0
    text: list[str] = field(default_factory=list[str])
    before: str = ""
    """Stands before the next text: a list item's bullet or number, a definition's term."""
    anchor: str | None = None
    text_anchor: str | None = None

    def read(self, root: "LexborNode") -> list[Piece]:
        walk(root, self.enter, self.leave)
        self.flush()
        return self.pieces

    def enter(self, node: "LexborNode") -> bool:
        if node.is_text_node:
            self.add_text(node.text_content or "")
            return False
        tag = node.tag or ""
        if not node.is_element_node or not self.is_read(node, tag):
            return False
        if tag in BLOCKS:
            self.flush()
        self.anchor = node.attributes.get("id") or (tag == "a" and node.attributes.get("name")) or self.anchor
        match tag:
            case "img":
                self.add_picture(node)
            case "br":
                self.add_text("\n", verbatim=True)
            case "pre":
                self.pieces.append(Piece(kind="code", text=node.text(), anchor=self.anchor))
                return False
            case "table":
                return not self.takes_table(node)
            case _:
                self.open(node, tag)
        return True

    def is_read(self, node: "LexborNode", tag: str) -> bool:
        if tag in UNREAD or (not self.reads_hidden and is_hidden(node)):
            return False
        return tag not in self.besides or (tag == "header" and self.main > 0) or bool(_role(node, tag))

    def open(self, node: "LexborNode", tag: str) -> None:
        if tag in _HEADINGS:
            self.contexts.append(_Context("heading", _HEADINGS[tag]))
        elif tag in {"main", "article"}:
            self.main += 1
        elif tag in {"ul", "ol"}:
            start = node.attributes.get("start") or "1"
            self.lists.append(None if tag == "ul" else int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1)
        elif tag == "li":
            self.contexts.append(_Context("list_item", max(len(self.lists), 1)))
            self.before = "- "
            if self.lists and (number := self.lists[-1]) is not None:
                self.before = f"{number}. "
                self.lists[-1] = number + 1
        elif tag == "dd":
            self.contexts.append(_Context("list_item", 1))
        elif tag in {"figcaption", "caption"}:
            self.contexts.append(_Context("caption"))
        elif kind := _role(node, tag):
            self.contexts.append(_Context(kind))

    def leave(self, node: "LexborNode") -> None:
        tag = node.tag or ""
        if tag == "dt":
            self.before = f"{self.line()}: ".lstrip(": ")
            self.text.clear()
        if tag in BLOCKS:
            self.flush()
        if tag in _HEADINGS or tag in {"li", "dd", "figcaption", "caption"} or _role(node, tag):
            self.contexts.pop()
            self.before = ""
        elif tag in {"main", "article"}:
            self.main -= 1
        elif tag in {"ul", "ol"}:
            self.lists.pop()
        elif tag == "table":
            self.tables -= 1

    def takes_table(self, table: "LexborNode") -> bool:
        """Take a table as data; a table that lays out the page is left to be walked through."""
        read = read_table(table) if self.tables < _MOST_NESTED_TABLES else Table()
        if not read.grid.rows:
            self.tables += 1
            return False
        caption = table.css_first("caption")
        if caption is not None and (text := inline_text(caption)):
            self.pieces.append(Piece(kind="caption", text=text, anchor=self.anchor))
        rows, merged = read.grid
        header_rows = read.header_rows
        self.pieces.append(Piece(kind="table", rows=rows, header_rows=header_rows, merged=merged, anchor=self.anchor))
        return True

    def add_picture(self, picture: "LexborNode") -> None:
        text = description(picture.attributes.get("alt"))
        in_figure = any(context.kind == "figure" for context in self.contexts)
        if text and (in_figure or len(text.split()) >= _LEAST_DESCRIPTION):
            self.pieces.append(Piece(kind="figure", text=text, anchor=self.anchor))
        if number := self.show(picture):
            self.pieces.append(Piece(kind="figure", anchor=self.anchor, picture=number))

    def add_text(self, text: str, *, verbatim: bool = False) -> None:
        text = text if verbatim else _SPACE.sub(" ", text)
        if not self.text:
            text = text.lstrip()
            self.text_anchor = self.anchor
        if text:
            self.text.append(text)

    def line(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self.text).split("\n"))
        return "\n".join(lines).strip()

    def flush(self) -> None:
        """Make what was gathered a piece."""
        text = self.line()
        self.text.clear()
        if text:
            kind, level = self.contexts[-1]
            self.pieces.append(Piece(kind=kind, text=self.before + text, level=level, anchor=self.text_anchor))
            self.before = ""


def _role(node: "LexborNode", tag: str) -> ElementKind | None:
    """Tell whether a block is a note at the foot or one that stands out."""
    if tag not in {"aside", "div", "section"}:
        return None
    attributes = node.attributes
    if {attributes.get("epub:type"), attributes.get("role")} & _NOTES:
        return "footnote"
    stands_out = attributes.get("role") == "note" or _CALLOUT.search((attributes.get("class") or "").lower())
    return "callout" if stands_out else None


def _metadata(tree: "LexborHTMLParser") -> Metadata:
    given: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        name = node.attributes.get("name") or node.attributes.get("property") or ""
        given.setdefault(name.lower(), clean_line(node.attributes.get("content") or ""))
    found = {key: next((given[name] for name in names if given.get(name)), "") for key, names in _METADATA.items()}
    return {key: value for key, value in found.items() if value}
