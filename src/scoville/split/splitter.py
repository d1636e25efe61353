"""Documents become passages, by sections or by fixed windows.

Enters: a Document and the tokens of the embedder that will read its passages. Leaves: passages in reading order, each
a slice of the document's text. Page headers and footers, which stand behind the body in that text, are left out. Knows
no index.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scoville.embed import Embedder
from scoville.recipe import Split
from scoville.split.tokens import Span, TokenMap
from scoville.types import Document, Element, Passage, Region

SPLITTER_VERSION = "1"
MERGE_BELOW = 0.5
"""A passage fuller than this share of the size ends where the next section begins."""
LEAST_ROOM = 24
"""Tokens that a passage has at least, however long its headings."""
FURNITURE = {"header", "footer"}


def split_document(document: Document, settings: Split, embedder: Embedder) -> list[Passage]:
    """Split a document; a document without text gives no passages.

    ``section`` keeps the path of headings as the prefix of each passage, cuts no paragraph that fits, and repeats the
    header of a table that does not. ``fixed`` cuts windows of ``size`` tokens.
    """
    size = min(settings.size, embedder.max_tokens)
    tokens = TokenMap(document.text, embedder)
    match settings.by:
        case "section":
            drafts = _Packer(document, tokens, embedder, size).pack()
        case "fixed":
            drafts = _fixed(document, tokens, size, settings.overlap)
    elements = [element.start for element in document.elements]
    regions = [region for element in document.elements for region in element.regions]
    region_ends = [region.end for region in regions]
    return [_passage(document, draft, elements, regions, region_ends) for draft in drafts]


@dataclass(kw_only=True)
class _Draft:
    """A passage in the making."""

    span: Span
    tokens: int
    headings: tuple[str, ...] = ()
    prefix: str = ""


@dataclass
class _Packer:
    """Fills passages with elements of one section, or of small neighbouring ones."""

    document: Document
    tokens: TokenMap
    embedder: Embedder
    size: int
    drafts: list[_Draft] = field(default_factory=list[_Draft])
    _open: bool = False
    _prefixes: dict[str, int] = field(default_factory=dict[str, int])

    def pack(self) -> list[_Draft]:
        """Go through the elements once."""
        pending: list[Element] = []  # headings that wait for what they head
        for element in self.document.elements:
            if element.kind in FURNITURE or element.end <= element.start:
                continue
            if element.kind == "heading":
                if not pending and self._closes_before(element):
                    self._open = False
                pending.append(element)
                continue
            self._add(pending, element)
            pending = []
        for heading in pending:  # the document ends with bare headings
            self._add([], heading)
        return self.drafts

    def _closes_before(self, heading: Element) -> bool:
        """A passage ends before a section that its prefix does not cover, and when it is full enough."""
        if not self.drafts:
            return True
        last = self.drafts[-1]
        covered = heading.headings[: len(last.headings)] == last.headings
        return not covered or last.tokens >= self.size * MERGE_BELOW

    def _add(self, pending: Sequence[Element], element: Element) -> None:
        start = pending[0].start if pending else element.start
        if self._open and self._extend(element.end):
            return
        headings = pending[0].headings if pending else element.headings
        prefix, cost = self._prefix(headings)
        whole = Span(start, element.end)
        room = max(self.size - cost, LEAST_ROOM)
        if self.tokens.count(whole) <= room:
            self._start(whole, headings, prefix, cost)
            self._open = True
            return
        self._cut(pending, element)
        self._open = element.kind != "table"

    def _extend(self, end: int) -> bool:
        last = self.drafts[-1]
        span = Span(last.span.start, end)
        total = self.tokens.count(span) + self._prefixes[last.prefix]
        if total <= self.size:
            last.span, last.tokens = span, total
        return total <= self.size

    def _cut(self, pending: Sequence[Element], element: Element) -> None:
        """An element longer than a passage: its headings go into the prefix."""
        headings = element.headings if element.kind != "heading" else ()
        if element.kind == "table" and element.rows:
            self._cut_table(headings, element)
            return
        prefix, cost = self._prefix(headings)
        room = max(self.size - cost, LEAST_ROOM)
        for span in self.tokens.cut(Span(element.start, element.end), room):
            self._start(span, headings, prefix, cost)

    def _cut_table(self, headings: tuple[str, ...], table: Element) -> None:
        body = [Span(*span) for span in table.row_spans[table.header_rows :]]
        head = Span(table.start, body[0].start) if table.header_rows and body else Span(table.start, table.start)
        header = self.document.text[head.start : head.end].strip()
        if self.tokens.count(head) > self.size // 2:
            header = ""
        prefix, cost = self._prefix(headings, header)
        room = max(self.size - cost, LEAST_ROOM)
        for group in self._row_groups(body or [Span(table.start, table.end)], room):
            for span in self.tokens.cut(group, room):
                self._start(span, headings, prefix, cost)

    def _row_groups(self, rows: Sequence[Span], room: int) -> Iterator[Span]:
        group = rows[0]
        for row in rows[1:]:
            wider = Span(group.start, row.end)
            if self.tokens.count(wider) > room:
                yield group
                group = row
            else:
                group = wider
        yield group

    def _start(self, span: Span, headings: tuple[str, ...], prefix: str, cost: int) -> None:
        self.drafts.append(
            _Draft(span=span, tokens=cost + self.tokens.count(span), headings=headings, prefix=prefix)
        )  # fmt: skip

    def _prefix(self, headings: tuple[str, ...], header: str = "") -> tuple[str, int]:
        """The document's title and the headings, and how many tokens they take: at most half a passage."""
        title = self.document.title
        path = [*([title] if title and title not in headings[:1] else []), *headings]
        while path:
            prefix = "\n".join(part for part in (" > ".join(path), header) if part)
            if self._cost(prefix) <= self.size // 2:
                return prefix, self._cost(prefix)
            path.pop(0)
        if header and self._cost(header) <= self.size // 2:
            return header, self._cost(header)
        self._prefixes[""] = 0
        return "", 0

    def _cost(self, prefix: str) -> int:
        if prefix not in self._prefixes:
            self._prefixes[prefix] = len(self.embedder.token_spans([prefix])[0])
        return self._prefixes[prefix]


def _fixed(document: Document, tokens: TokenMap, size: int, overlap: int) -> list[_Draft]:
    body = [element for element in document.elements if element.kind not in FURNITURE]
    ends = [element.end for element in body]
    last = bisect_left(tokens.starts, ends[-1]) if ends else 0
    drafts: list[_Draft] = []
    for span in tokens.windows(0, last, size, overlap):
        headings = body[bisect_left(ends, span.start + 1)].headings
        drafts.append(_Draft(span=span, tokens=tokens.count(span), headings=headings))
    return drafts


def _passage(
    document: Document, draft: _Draft, elements: Sequence[int], regions: Sequence[Region], region_ends: Sequence[int]
) -> Passage:
    start, end = draft.span
    inside: list[Region] = []
    for region in regions[bisect_left(region_ends, start + 1) :]:
        if region.start >= end:
            break
        inside.append(region)
    index = max(bisect_left(elements, start + 1) - 1, 0)
    page = inside[0].box.page if inside else document.elements[index].page
    identity = "\x1f".join((document.source, document.id, str(start), str(end), draft.prefix))
    return Passage(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        source=document.source,
        document_id=document.id,
        title=document.title,
        media_type=document.media_type,
        start=start,
        end=end,
        text=document.text[start:end],
        prefix=draft.prefix,
        headings=draft.headings,
        page=page,
        regions=tuple(inside),
        tokens=draft.tokens,
        metadata=document.metadata,
    )
