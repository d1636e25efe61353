"""The cells of an RTF file's table in, the table out.

Control words before a row say where its cells end and which of them are merged; a row inside a cell becomes a line of
that cell's text.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from scoville.read.assemble import Piece
from scoville.read.legacy.cell_edges import EdgedCell, edged_table

_MOST_NESTED = 10


class _Place(NamedTuple):
    """Where a cell of the row ends."""

    right: int | None = None
    goes_on: bool = False
    joins: bool = False


@dataclass(slots=True)
class TableRows:
    """The table that is being read."""

    rows: list[list[EdgedCell]] = field(default_factory=list[list[EdgedCell]])
    header_rows: int = 0
    _lines: list[list[str]] = field(default_factory=lambda: [[] for _ in range(_MOST_NESTED + 1)])
    """By depth, the paragraphs of the open cell."""
    _cells: list[list[str]] = field(default_factory=lambda: [[] for _ in range(_MOST_NESTED + 1)])
    """By depth, the cells of the open row."""
    _places: list[_Place] = field(default_factory=list[_Place])
    _next: _Place = _Place()
    _is_header: bool = False

    def define(self, word: str, number: int | None) -> None:
        """Take a control word that may say something about the row."""
        match word:
            case "trowd":
                self._places, self._next, self._is_header = [], _Place(), False
            case "trhdr":
                self._is_header = number != 0
            case "clvmrg":
                self._next = self._next._replace(goes_on=True)
            case "clmrg":
                self._next = self._next._replace(joins=True)
            case "cellx":
                self._places.append(self._next._replace(right=number))
                self._next = _Place()
            case _:
                pass

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

    def end_row(self) -> None:
        """End the row; its cells may have been defined before or behind them."""
        self.header_rows += self._is_header and self.header_rows == len(self.rows)
        places = [*self._places, *[_Place()] * len(self._cells[1])]
        self.rows.append([EdgedCell(text, *place) for text, place in zip(self._cells[1], places, strict=False)])
        self._cells[1].clear()

    def pieces(self) -> list[Piece]:
        """Give the table, if there is one, and forget it."""
        if self._cells[1]:
            self.end_row()
        found = edged_table(self.rows, self.header_rows)
        self.rows, self.header_rows = [], 0
        return found
