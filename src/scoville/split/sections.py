"""Whole elements become passages, section by section; passages become sections.

Enters: a document, its tokens and its prefixes. Leaves: drafts in reading order. A paragraph that fits is never cut, a
table that does not fit repeats its header.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scoville.split.draft import FURNITURE, DraftPassage, Prefixes
from scoville.split.table import Cell, read_table, records
from scoville.split.tokens import Span, TokenMap
from scoville.types import Document, Element

MERGE_BELOW = 0.5
"""A passage fuller than this share of the size ends where the next section begins."""

_RULE = re.compile(r"[\s|]*(?:---[\s|]*)+")


@dataclass
class Packer:
    """Fills passages with elements of one section, or of small neighbouring ones."""

    document: Document
    tokens: TokenMap
    prefixes: Prefixes
    size: int
    drafts: list[DraftPassage] = field(default_factory=list[DraftPassage])
    _open: bool = False

    def pack(self) -> list[DraftPassage]:
        """Go through the elements once."""
        pending: list[Element] = []  # headings that wait for what they head
        body = [one for one in self.document.elements if one.kind not in FURNITURE and one.end > one.start]
        list_ends = _list_ends(body, self.document.text)
        for number, element in enumerate(body):
            if element.kind != "heading":
                if self._open and number in list_ends and self._is_cut(pending, element, list_ends[number]):
                    self._open = False
                self._add(pending, element)
                pending = []
                continue
            if pending and not _covers(pending[0].headings, element):  # they head nothing
                self._add_bare(pending)
                pending = []
            pending.append(element)
        self._add_bare(pending)
        return self.drafts

    def _add_bare(self, headings: Sequence[Element]) -> None:
        for heading in headings:
            self._add([], heading)

    def _add(self, pending: Sequence[Element], element: Element) -> None:
        first = pending[0] if pending else element
        if self._open and self._may_grow(pending, first) and self._extend(element.end):
            return
        prefix = self.prefixes.write(first.headings)
        whole = Span(first.start, element.end)
        if self.tokens.count(whole) + self.prefixes.cost(prefix) <= self.size:
            self._start(whole, first.headings, prefix, opens=first.kind == "heading")
            self._open = True
            return
        before = len(self.drafts)
        self._cut(pending, element)
        self.drafts[before].opens = bool(pending)
        self._open = element.kind != "table"

    def _is_cut(self, pending: Sequence[Element], element: Element, end: int) -> bool:
        """Say whether a list up to ``end`` would be cut in the open passage and is whole in one of its own."""
        first = pending[0] if pending else element
        own = self.prefixes.cost(self.prefixes.write(first.headings)) + self.tokens.count(Span(first.start, end))
        last = self.drafts[-1]
        total = self.prefixes.cost(last.prefix) + self.tokens.count(Span(last.span.start, end))
        return own <= self.size < total

    def _may_grow(self, pending: Sequence[Element], first: Element) -> bool:
        """A passage ends before what its prefix is not true of, and before any section when it is full enough."""
        last = self.drafts[-1]
        full = bool(pending) and last.tokens >= self.size * MERGE_BELOW
        return not full and _covers(last.headings, first)

    def _extend(self, end: int) -> bool:
        last = self.drafts[-1]
        span = Span(last.span.start, end)
        total = self.tokens.count(span) + self.prefixes.cost(last.prefix)
        if total <= self.size:
            last.span, last.tokens = span, total
        return total <= self.size

    def _cut(self, pending: Sequence[Element], element: Element) -> None:
        """An element longer than a passage: its headings, and the header of a table, go into the prefix."""
        headings = element.headings if element.kind != "heading" else ()
        table = read_table(self.document, element)
        header = self._text(table.header) if table else ""
        repeated = self.prefixes.cost(header) <= self.prefixes.limit
        prefix = self.prefixes.write(headings, header if repeated else "")
        self._add_bare([heading for heading in pending if self._line(heading) not in prefix])
        room = self.size - self.prefixes.cost(prefix)
        if table is None:
            self._start_all(self.tokens.cut(Span(element.start, element.end), room), headings, prefix)
            return
        wide = not repeated and bool(table.cells)
        rows = table.rows if repeated else [table.header, *table.rows]
        for group in rows if wide else self._groups(rows, room):
            cells = table.cells.get(group, ())
            if cells and (wide or self.tokens.count(group) > room):
                self._add_records(cells, headings)
            else:
                self._start_all(self.tokens.cut(group, room), headings, prefix)

    def _add_records(self, row: Sequence[Cell], headings: tuple[str, ...]) -> None:
        """A row too wide to stand below its header: its cells with their names, and the row itself."""
        path = self.prefixes.write(headings)
        for record in records(row, self.tokens, self.prefixes.cost, self.size - self.prefixes.cost(path)):
            prefix = "\n".join(filter(None, (path, record.text)))
            cost = self.prefixes.count(prefix)
            for span in self.tokens.cut(record.span, self.size - cost):
                draft = DraftPassage(span=span, tokens=cost + self.tokens.count(span), headings=headings, prefix=prefix)
                self.drafts.append(draft)

    def _start_all(self, spans: Sequence[Span], headings: tuple[str, ...], prefix: str) -> None:
        for span in spans:
            if not _RULE.fullmatch(self._text(span)):  # what a header that was cut leaves says nothing
                self._start(span, headings, prefix)

    def _start(self, span: Span, headings: tuple[str, ...], prefix: str, *, opens: bool = False) -> None:
        tokens = self.prefixes.cost(prefix) + self.tokens.count(span)
        self.drafts.append(DraftPassage(span=span, tokens=tokens, headings=headings, prefix=prefix, opens=opens))

    def _groups(self, rows: Sequence[Span], room: int) -> Iterator[Span]:
        group = rows[0]
        for row in rows[1:]:
            wider = Span(group.start, row.end)
            if self.tokens.count(wider) > room:
                yield group
                group = row
            else:
                group = wider
        yield group

    def _text(self, span: Span) -> str:
        return self.document.text[span.start : span.end].strip()

    def _line(self, element: Element) -> str:
        return " ".join(self.document.text[element.start : element.end].split())


def group_sections(
    drafts: Sequence[DraftPassage], tokens: TokenMap, prefixes: Prefixes, size: int
) -> list[list[DraftPassage]]:
    """Group neighbouring passages to sections of at most ``size`` tokens, along their headings."""
    sections: list[list[DraftPassage]] = []
    for draft in drafts:
        first = sections[-1][0] if sections else draft
        used = tokens.count(Span(first.span.start, draft.span.start)) + prefixes.cost(first.prefix)
        fits = used + tokens.count(draft.span) <= size
        full = draft.opens and used >= size * MERGE_BELOW
        below = draft.headings[: len(first.headings)] == first.headings
        if sections and fits and below and not full:
            sections[-1].append(draft)
        else:
            sections.append([draft])
    return sections


def _list_ends(elements: Sequence[Element], text: str) -> dict[int, int]:
    """Give for the place of each list, or of the line that leads it in, where the list ends, over whatever pages."""
    ends: dict[int, int] = {}
    for number in range(len(elements) - 1, 0, -1):
        above, item = elements[number - 1], elements[number]
        if item.kind != "list_item":
            continue
        end = ends.pop(number, item.end)
        leads = above.kind == "paragraph" and text[above.start : above.end].rstrip().endswith((":", "："))
        ends[number - 1 if leads or above.kind == "list_item" else number] = end
    return ends


def _covers(headings: tuple[str, ...], element: Element) -> bool:
    """Say whether an element stands below these headings, so that a prefix made of them is true of it."""
    return element.headings[: len(headings)] == headings
