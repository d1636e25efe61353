"""Rows of cells with the places of their edges in, a table out: how DOC and RTF keep tables.

They name no columns: a cell reaches across others where its right edge lies further right than theirs. A table of one
cell is a frame around text.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scoville.read.assemble import Piece
from scoville.read.grid import Cell, table_of

_MOST_NESTED = 10
_SAME = 15
"""Twips (0.26 mm): edges that lie nearer are one; programs round differently in each row."""


class EdgedCell(NamedTuple):
    """A cell of a row."""

    text: str
    right: int | None = None
    """In twips; None where the row does not say."""
    goes_on: bool = False
    """It is the lower part of the cell above."""
    joins: bool = False
    """It is a part of the cell to its left."""


@dataclass(slots=True)
class OpenCells:
    """The cells of the rows that are being read, by depth: a row inside a cell becomes a line of that cell's text."""

    _lines: list[list[str]] = field(default_factory=lambda: [[] for _ in range(_MOST_NESTED + 1)])
    """The paragraphs of the open cell."""
    _cells: list[list[str]] = field(default_factory=lambda: [[] for _ in range(_MOST_NESTED + 1)])

    def add_line(self, text: str, depth: int) -> None:
        """Add a paragraph to the open cell."""
        if text:
            self._lines[min(depth, _MOST_NESTED)].append(text)

    def end_cell(self, text: str, depth: int) -> None:
        """End the open cell with this paragraph."""
        depth = min(depth, _MOST_NESTED)
        self.add_line(text, depth)
        self._cells[depth].append("\n".join(self._lines[depth]))
        self._lines[depth].clear()

    def end_inner_row(self, depth: int) -> None:
        """End a row inside a cell."""
        depth = max(min(depth, _MOST_NESTED), 2)
        self.add_line(" | ".join(self._cells[depth]), depth - 1)
        self._cells[depth].clear()

    def end_row(self) -> list[str]:
        """End an outer row; give its cells."""
        cells, self._cells[1] = self._cells[1], []
        return cells


class _Open(NamedTuple):
    """A cell that may reach further down."""

    row: int
    place: int


def edged_table(rows: Sequence[Sequence[EdgedCell]], header_rows: int) -> list[Piece]:
    """Give a table; of a frame around text, the lines of the text; nothing for no rows."""
    if len(rows) == 1 and len(rows[0]) == 1:
        return [Piece(kind="paragraph", text=line) for line in rows[0][0].text.split("\n")]
    if not any(rows):
        return []
    return [table_of(_lines(rows, _edges(rows)), header_rows if header_rows < len(rows) else 0)]


def _lines(rows: Sequence[Sequence[EdgedCell]], edges: list[int]) -> list[list[Cell]]:
    """Tell of each cell how many columns and rows it takes; what goes on above is left out."""
    lines: list[list[Cell]] = []
    above: dict[int, _Open] = {}
    for row in rows:
        line: list[Cell] = []
        below: dict[int, _Open] = {}
        column = 0
        for cell in row:
            end = bisect_left(edges, cell.right - _SAME) + 1 if cell.right is not None else column + 1
            span = max(end - column, 1)
            if cell.joins and line:
                line[-1] = line[-1]._replace(
                    text=f"{line[-1].text} {cell.text}".strip(), columns=line[-1].columns + span
                )
            elif cell.goes_on and column in above:
                row_above, place = below[column] = above[column]
                upper = lines[row_above][place]
                lines[row_above][place] = upper._replace(rows=len(lines) - row_above + 1)
            else:
                below[column] = _Open(len(lines), len(line))
                line.append(Cell(cell.text, span))
            column += span
        lines.append(line)
        above = below
    return lines


def _edges(rows: Sequence[Sequence[EdgedCell]]) -> list[int]:
    """Give the right edges of all columns."""
    edges: list[int] = []
    for place in sorted({cell.right for row in rows for cell in row if cell.right is not None}):
        if not edges or place - edges[-1] > _SAME:
            edges.append(place)
    return edges
