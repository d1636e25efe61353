"""Cells that take several places in, the rows of a table out.

The text of a cell that reaches down stands in each row, so that a row can be understood alone; one that reaches across
is repeated only among headers. Does not know where the cells come from.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scoville.read.assemble import Piece
from scoville.types import Merged

MOST_COLUMNS = 200
"""No cell reaches beyond it; a row may have more cells."""
MOST_REPEATED = 20_000
"""Characters: a longer text times its rows stands at its first place only."""

Rows = tuple[tuple[str, ...], ...]


class Cell(NamedTuple):
    """A cell of a row; those that one further up covers are left out."""

    text: str
    columns: int = 1
    rows: int = 1


class Grid(NamedTuple):
    """A table's rows, and which of its cells take more than one place."""

    rows: Rows
    merged: tuple[Merged, ...]


class _Hanging(NamedTuple):
    rows: int
    text: str


def lay_out(rows: Iterable[Sequence[Cell]], header_rows: int) -> Grid:
    """Place the cells of each row beside those that reach into it from above."""
    laid: list[tuple[str, ...]] = []
    merged: list[Merged] = []
    hanging: dict[int, _Hanging] = {}
    for number, cells in enumerate(rows):
        row: list[str] = []
        for cell in cells:
            _take_hanging(row, hanging)
            merged += _place(cell, number, row, hanging, repeats=number < header_rows)
        _take_hanging(row, hanging)
        laid.append(tuple(row))
    return Grid(tuple(laid), tuple(_bounded(cell, len(laid)) for cell in merged))


def table_of(rows: Sequence[Sequence[Cell]], header_rows: int = 0, anchor: str | None = None) -> Piece:
    """Give cells as a table. One that would be all headers has none."""
    grid = lay_out(rows, header_rows)
    header_rows = header_rows if header_rows < len(grid.rows) else 0
    return Piece(kind="table", rows=grid.rows, header_rows=header_rows, merged=grid.merged, anchor=anchor)


def _place(cell: Cell, number: int, row: list[str], hanging: dict[int, _Hanging], *, repeats: bool) -> list[Merged]:
    start = len(row)
    columns = max(min(cell.columns, MOST_COLUMNS - start), 1)
    repeated = cell.text if len(cell.text) * cell.rows <= MOST_REPEATED else ""
    for offset in range(columns):
        row.append(cell.text if repeats or not offset else "")
        if cell.rows > 1:
            hanging[start + offset] = _Hanging(cell.rows - 1, repeated if repeats or not offset else "")
    return [Merged(number, start, cell.rows, columns)] if columns > 1 or cell.rows > 1 else []


def _take_hanging(row: list[str], hanging: dict[int, _Hanging]) -> None:
    """Add the cells that reach into this row from above at this column."""
    while (column := len(row)) in hanging:
        rows, text = hanging.pop(column)
        if rows > 1:
            hanging[column] = _Hanging(rows - 1, text)
        row.append(text)


def _bounded(cell: Merged, height: int) -> Merged:
    return cell._replace(rows=min(cell.rows, height - cell.row))
