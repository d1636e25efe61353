"""The paragraphs of a DOC file's table in, the table out.

A paragraph tells how deep it stands in tables and whether it ends a cell or a row; the end of a row, where its cells
lie and which of them go on in the row below ([MS-DOC] 2.4.3).
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from scoville.read.assemble import Piece
from scoville.read.legacy.cell_edges import EdgedCell, OpenCells, edged_table
from scoville.read.legacy.doc_format import Properties

_IN_TABLE, _DEPTH, _ENDS_ROW, _ENDS_INNER_CELL, _ENDS_INNER_ROW = 0x2416, 0x6649, 0x2417, 0x244B, 0x244C
_HEADS_TABLE, _CELLS = 0x3404, 0xD608
_ACROSS, _DOWN, _DOWN_FIRST = 0x02, 0x20, 0x40
_CELL_BYTES = 20


class _Row(NamedTuple):
    cells: list[str]
    left: int | None
    places: list[tuple[int, int]]
    """The right edge of each cell, and its flags."""


@dataclass(slots=True)
class TableRows:
    """The table that is being read."""

    rows: list[_Row] = field(default_factory=list[_Row])
    header_rows: int = 0
    cells: OpenCells = field(default_factory=OpenCells)

    def add(self, text: str, end: str, properties: Properties) -> bool:
        """Take a paragraph with the character that ends it; tell whether it stands in a table."""
        depth = int.from_bytes(properties.get(_DEPTH, b""), "little") or int(any(properties.get(_IN_TABLE, b"")))
        ends_row = any(properties.get(_ENDS_ROW if depth < 2 else _ENDS_INNER_ROW, b""))
        if not depth and end != "\x07" and not ends_row:
            return False
        depth = max(depth, 1)
        if ends_row and depth > 1:
            self.cells.end_inner_row(depth)
        elif ends_row:
            self.header_rows += any(properties.get(_HEADS_TABLE, b"")) and self.header_rows == len(self.rows)
            self.rows.append(_Row(self.cells.end_row(), *_places(properties.get(_CELLS, b"")[2:])))
        elif end == "\x07" or any(properties.get(_ENDS_INNER_CELL, b"")):
            self.cells.end_cell(text, depth)
        else:
            self.cells.add_line(text, depth)
        return True

    def pieces(self) -> list[Piece]:
        """Give the table, if there is one, and forget it."""
        if cells := self.cells.end_row():
            self.rows.append(_Row(cells, None, []))
        left = min((row.left for row in self.rows if row.left is not None), default=0)
        found = edged_table([_edged(row, left) for row in self.rows], self.header_rows)
        self.rows, self.header_rows = [], 0
        return found


def _places(definition: bytes) -> tuple[int | None, list[tuple[int, int]]]:
    """Give the left edge of a row, and right edge and flags of each cell."""
    if not definition:
        return None, []
    count = definition[0]
    if len(definition) < 1 + 2 * (count + 1):
        return None, []
    left, *rights = struct.unpack_from(f"<{count + 1}h", definition, 1)
    flags = definition[1 + 2 * (count + 1) :]
    return left, [
        (right, int.from_bytes(flags[_CELL_BYTES * number : _CELL_BYTES * number + 2], "little"))
        for number, right in enumerate(rights)
    ]


def _edged(row: _Row, left: int) -> list[EdgedCell]:
    cells = [EdgedCell("", row.left)] if row.left is not None and row.left > left + 15 else []
    for number, text in enumerate(row.cells):
        right, flags = row.places[number] if number < len(row.places) else (None, 0)
        goes_on = flags & (_DOWN | _DOWN_FIRST) == _DOWN
        cells.append(EdgedCell(text, right, goes_on=goes_on, joins=bool(flags & _ACROSS)))
    return cells
