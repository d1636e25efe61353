"""The cells of an RTF file's table in, the table out.

Control words before a row say where its cells end and which of them are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scoville.read.assemble import Piece
from scoville.read.legacy.cell_edges import EdgedCell, OpenCells, edged_table


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
    cells: OpenCells = field(default_factory=OpenCells)
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

    def end_row(self) -> None:
        """End the row; its cells may have been defined before or behind them."""
        self._add_row(self.cells.end_row())

    def _add_row(self, cells: Sequence[str]) -> None:
        self.header_rows += self._is_header and self.header_rows == len(self.rows)
        places = [*self._places, *[_Place()] * len(cells)]
        self.rows.append([EdgedCell(text, *place) for text, place in zip(cells, places, strict=False)])

    def pieces(self) -> list[Piece]:
        """Give the table, if there is one, and forget it."""
        if cells := self.cells.end_row():
            self._add_row(cells)
        found = edged_table(self.rows, self.header_rows)
        self.rows, self.header_rows = [], 0
        return found
