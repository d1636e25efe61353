"""The rows of a table, and the records that the rows of a wide one become: ``Header: value; Header: value``.

Enters: a table of a document. Leaves: spans of its rows and, for a row, records whose spans lie in it. Knows no
passages.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from scoville.split.tokens import Span, TokenMap
from scoville.types import Document, Element

Cost = Callable[[str], int]
NAME_SHARE = 4
"""A row's first cell is repeated, and a column's name written, where it takes at most the room divided by this."""


class Cell(NamedTuple):
    """A cell that is not empty, with its column's name."""

    name: str
    value: str
    span: Span | None
    """The cell and what stands before the next one: the spans of a row's cells make up the row. None for the further
    places of a merged cell, whose text stands at the first only."""

    @property
    def named(self) -> str:
        """Write the cell with its name."""
        return f"{self.name}: {self.value}" if self.name else self.value


class Record(NamedTuple):
    """Some cells of a row."""

    span: Span
    text: str
    """The cells with their names."""


class Table(NamedTuple):
    """Where a table's header and rows stand."""

    header: Span
    rows: list[Span]
    cells: dict[Span, list[Cell]]
    """For each row that has some; empty where there is no header, or the text is not written as readers write it."""


def read_table(document: Document, element: Element) -> Table | None:
    """Find the rows of a table; None for what is no table and for one without rows below its header."""
    spans = [Span(*span) for span in element.row_spans]
    rows = [row for row in spans[element.header_rows :] if row.start < row.end]
    if not rows:
        return None
    header = Span(element.start, rows[0].start)
    return Table(header, rows, _cells(document, element, spans) if element.header_rows else {})


def records(row: Sequence[Cell], tokens: TokenMap, cost: Cost, room: int) -> Iterator[Record]:
    """Write a row as records whose text and span take ``room`` together; a later one begins with the row's first cell.

    A cell that is too long for that is a record of its own, of which only the column's name is text.
    """
    first = row[0] if row and cost(row[0].named) <= room // NAME_SHARE else None
    group: list[Cell] = []
    for cell in row:
        if not _fits([*group, cell], first, tokens, cost, room):
            yield from _record(group, first)
            group = []
        if cell.span and not _fits([cell], first, tokens, cost, room):
            name = f"{cell.name}:" if cell.name and cost(cell.name) <= room // NAME_SHARE else ""
            label = first.named if first and first != cell else ""
            yield Record(cell.span, "; ".join(filter(None, (label, name))))
        else:
            group.append(cell)
    yield from _record(group, first)


def _fits(group: Sequence[Cell], first: Cell | None, tokens: TokenMap, cost: Cost, room: int) -> bool:
    """A name, a value, a colon and a semicolon for each cell, and the stretch of the row that holds them."""
    written = [first, *group] if first and first not in group else group
    took = sum(cost(cell.name) + 2 + (tokens.count(cell.span) if cell.span else cost(cell.value)) for cell in written)
    stretch = _stretch(group)
    return took + (tokens.count(stretch) if stretch else 0) <= room


def _record(group: Sequence[Cell], first: Cell | None) -> Iterator[Record]:
    stretch = _stretch(group)
    if stretch:
        written = [first, *group] if first and first not in group else group
        yield Record(stretch, "; ".join(cell.named for cell in written))


def _stretch(group: Sequence[Cell]) -> Span | None:
    spans = [cell.span for cell in group if cell.span]
    return Span(spans[0].start, spans[-1].end) if spans else None


def _cells(document: Document, element: Element, spans: Sequence[Span]) -> dict[Span, list[Cell]]:
    """Pair the values of each row with the columns' names; a merged cell's text counts at all of its places."""
    filled = _filled(element)
    columns = zip(*filled[: element.header_rows], strict=True)
    names = [" ".join(dict.fromkeys(filter(None, column))) for column in columns]
    found: dict[Span, list[Cell]] = {}
    for span, row, texts in list(zip(spans, element.rows, filled, strict=True))[element.header_rows :]:
        if document.text[span.start : span.end] != f"| {' | '.join(row)} |":
            return {}
        if any(row):
            cells = zip(names, texts, _places(span, row), strict=True)
            found[span] = [Cell(name, text, place) for name, text, place in cells if text]
    return found


def _filled(element: Element) -> list[list[str]]:
    rows = [list(row) for row in element.rows]
    for row, column, height, width in element.merged:
        text = element.rows[row][column]
        for below in rows[row : row + height]:
            for place in range(column, min(column + width, len(below))):
                below[place] = below[place] or text
    return rows


def _places(row: Span, cells: Sequence[str]) -> list[Span | None]:
    """Cut a row that is written ``| cell | cell |`` before each cell that is not empty, but for the first."""
    starts: list[int] = []
    place = row.start + len("| ")
    for cell in cells:
        starts += [place] if cell else []
        place += len(cell) + len(" | ")
    spans = zip([row.start, *starts[1:]], [*starts[1:], row.end], strict=True)
    return [Span(*next(spans)) if cell else None for cell in cells]
