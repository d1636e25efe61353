"""A sheet's cells in, its tables, captions and notes as pieces out: what XLSX, XLS, ODS and CSV share.

A sheet is no table but a surface with tables on it: cells that touch, even at a corner, are one block, blocks whose
rectangles overlap are one, and so is what follows a single empty row below in the same columns.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import Piece
from scoville.read.grid import MOST_REPEATED
from scoville.types import ElementKind, Merged

MOST_CELLS = 5_000_000
"""Each takes about 200 bytes while it is read."""
MOST_AREA = 10_000_000
"""Places of a table; a block that is larger is nearly empty, and is written row by row."""
_MOST_BLOCKS = 2_000
_MOST_HEADERS = 3
_NOTE_CHARACTERS = 60
_WIDEST_GAP = 2
_DEFAULT_NAME = re.compile(r"\w{3,9}\s?1", re.UNICODE)  # Sheet1, Tabelle1, Feuil1, Hoja1, Лист1
_YEAR = re.compile(r"(?:19|20)\d\d(?:-\d\d){0,2}")


class SheetCell(NamedTuple):
    """A cell that holds something."""

    column: int
    """From 0."""
    text: str
    is_number: bool = False
    """Or a date."""


class Range(NamedTuple):
    """A rectangle of a sheet, both ends within, counted from 0."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(kw_only=True, slots=True)
class Sheet:
    """The cells of one sheet."""

    name: str = ""
    """Begins the anchors; empty for files that hold one unnamed sheet."""
    rows: dict[int, list[SheetCell]] = field(default_factory=dict[int, list[SheetCell]])
    """By row from 0, each in the order of columns."""
    merged: list[Range] = field(default_factory=list[Range])
    cells: int = 0
    page: int | None = None

    def make_room(self, cells: int) -> None:
        """Raise ReadFailure for more cells than memory bears."""
        if self.cells + cells > MOST_CELLS:
            raise ReadFailure(f"has a sheet with over {MOST_CELLS:,} cells; split the file")

    def add(self, row: int, column: int, text: str, *, is_number: bool = False) -> None:
        """Put a text in its place. Raises ReadFailure for more cells than memory bears."""
        if not text.strip():
            return
        self.make_room(1)
        self.cells += 1
        line = self.rows.setdefault(row, [])
        line.append(SheetCell(column, text, is_number))
        if len(line) > 1 and line[-2].column > column:
            line.sort(key=lambda cell: cell.column)


def anchor_of(name: str, area: Range) -> str:
    """Write a range as spreadsheets do: ``Sheet1!A2:C9``."""
    first, last = _place(area.top, area.left), _place(area.bottom, area.right)
    shown = first if first == last else f"{first}:{last}"
    if not name:
        return shown
    return f"{name}!{shown}" if re.fullmatch(r"\w+", name) else f"'{name}'!{shown}"


def sheet_pieces(sheet: Sheet, *, alone: bool = False) -> list[Piece]:
    """Give the pieces of a sheet under its name, which a sheet ``alone`` needs not when it is a program's."""
    order = sorted(sheet.rows)
    pieces = [piece for area in _blocks(sheet, order) for piece in _block_pieces(sheet, area, order)]
    if not pieces or not sheet.name or (alone and _DEFAULT_NAME.fullmatch(sheet.name)):
        return pieces
    return [Piece(kind="heading", text=sheet.name, level=1, anchor=sheet.name, page=sheet.page), *pieces]


def table_pieces(sheet: Sheet) -> list[Piece]:
    """Read a sheet as the one table that it is."""
    return _block_pieces(sheet, _around(sheet), sorted(sheet.rows)) if sheet.rows else []


def _place(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


# -- blocks of cells ---------------------------------------------------------------------------------------------------


def _blocks(sheet: Sheet, order: Sequence[int]) -> list[Range]:
    """Give the rectangles of the sheet's blocks, from top to bottom, then from left to right."""
    blocks: list[Range] = []
    open_blocks: list[Range] = []
    wide: dict[int, dict[int, int]] = {}
    for area in sheet.merged:
        wide.setdefault(area.top, {})[area.left] = area.right
    for row in order:
        runs = [Range(row, left, row, right) for left, right in _runs(sheet.rows[row], wide.get(row, {}))]
        reached = [block for block in open_blocks if block.bottom >= row - 1]
        blocks += [block for block in open_blocks if block.bottom < row - 1]
        open_blocks = _united([*reached, *runs], touching=True)
        if len(blocks) + len(open_blocks) > _MOST_BLOCKS:  # scattered cells: what belongs together cannot be told
            return [_around(sheet)]
    blocks = _united([*blocks, *open_blocks], touching=False)
    blocks = _united(_beside(blocks), touching=False)
    return _joined(sheet, sorted(blocks, key=lambda block: (block.top, block.left)))


def _runs(cells: Sequence[SheetCell], wide: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Give the columns that are filled without a gap, merged cells to their full width."""
    left = right = -2
    for cell in cells:
        if cell.column > right + 1:
            if right >= 0:
                yield left, right
            left = cell.column
        right = max(right, wide.get(cell.column, cell.column), cell.column)
    yield left, right


def _united(blocks: list[Range], *, touching: bool) -> list[Range]:
    """Unite rectangles that overlap or, where ``touching``, meet at a side or corner."""
    near = int(touching)
    blocks = sorted(blocks, key=lambda block: block.left)
    while len(united := _united_once(blocks, lambda left, right: _meet(left, right, near))) < len(blocks):
        blocks = united
    return blocks


def _beside(blocks: list[Range]) -> list[Range]:
    """Unite a single column with what stands in the same rows next to it: a form's labels are apart from its values."""
    return _united_once(sorted(blocks, key=lambda block: block.left), _are_one_form)


def _united_once(blocks: list[Range], are_one: Callable[[Range, Range], bool]) -> list[Range]:
    """Unite each rectangle with those before it that are one with it."""
    united: list[Range] = []
    for block in blocks:
        for number in range(len(united) - 1, -1, -1):
            if are_one(united[number], block):
                block = _union(united.pop(number), block)
        united.append(block)
    return united


def _are_one_form(left: Range, right: Range) -> bool:
    gap = right.left - left.right - 1
    if not 0 <= gap <= _WIDEST_GAP or (left.left < left.right and right.left < right.right):
        return False
    shared = min(left.bottom, right.bottom) - max(left.top, right.top) + 1
    heights = sorted((left.bottom - left.top + 1, right.bottom - right.top + 1))
    return shared > 1 and 2 * shared >= heights[0]


def _meet(block: Range, other: Range, near: int) -> bool:
    return (
        block.left <= other.right + near
        and other.left <= block.right + near
        and block.top <= other.bottom + near
        and other.top <= block.bottom + near
    )


def _union(block: Range, other: Range) -> Range:
    top, left = min(block.top, other.top), min(block.left, other.left)
    return Range(top, left, max(block.bottom, other.bottom), max(block.right, other.right))


def _around(sheet: Sheet) -> Range:
    cells = [cell.column for row in sheet.rows.values() for cell in row]
    return Range(min(sheet.rows), min(cells), max(sheet.rows), max(cells))


def _joined(sheet: Sheet, blocks: list[Range]) -> list[Range]:
    """Join a block to the one above when one empty row parts them, the columns agree and it has no header."""
    joined: list[Range] = []
    for block in blocks:
        above = joined[-1] if joined else None
        same = above and (above.left, above.right) == (block.left, block.right) and block.top == above.bottom + 2
        if above and same and block.right > block.left and any(cell.is_number for cell in sheet.rows[block.top]):
            joined[-1] = _union(above, block)
        else:
            joined.append(block)
    return joined


# -- one block ---------------------------------------------------------------------------------------------------------


def _block_pieces(sheet: Sheet, area: Range, order: Sequence[int]) -> list[Piece]:
    numbers = order[bisect_left(order, area.top) : bisect_right(order, area.bottom)]
    pairs = [
        (row, line)
        for row in numbers
        if (line := [cell for cell in sheet.rows[row] if area.left <= cell.column <= area.right])
    ]
    lines = [line for _, line in pairs]
    wide = len({cell.column for line in lines for cell in line}) > 1
    before, end = 0, len(lines)
    if len(lines) * (area.right - area.left + 1) > MOST_AREA or not (wide or _is_series(lines)):
        before = len(lines)
    elif wide:
        before = _captions(sheet, pairs, area.left)
        end -= _notes(lines[before:], area.left)
    kind = "caption" if before < len(lines) else "paragraph"
    return [
        *(_line_piece(sheet, row, line, kind) for row, line in pairs[:before]),
        *_table(sheet, [row for row, _ in pairs[before:end]], lines[before:end]),
        *(_line_piece(sheet, row, line, "paragraph") for row, line in pairs[max(before, end) :]),
    ]


def _line_piece(sheet: Sheet, row: int, line: Sequence[SheetCell], kind: ElementKind) -> Piece:
    area = Range(row, line[0].column, row, line[-1].column)
    text = " | ".join(cell.text for cell in line)
    return Piece(kind=kind, text=text, anchor=anchor_of(sheet.name, area), page=sheet.page)


def _captions(sheet: Sheet, pairs: Sequence[tuple[int, Sequence[SheetCell]]], left: int) -> int:
    """Count the rows above a table with a single text in them; one merged over some columns heads these instead."""
    merged = {(cell.top, cell.left) for cell in sheet.merged if cell.left > left}
    count = 0
    for row, line in pairs[:-1]:
        if len(line) > 1 or line[0].is_number or (row, line[0].column) in merged:
            break
        count += 1
    return count if count < len(pairs) - 1 else 0


def _notes(lines: Sequence[Sequence[SheetCell]], left: int) -> int:
    """Count the rows below a table with a single long text at the left."""
    count = 0
    while count < len(lines) - 1:
        line = lines[-1 - count]
        if len(line) != 1 or line[0].column != left or len(line[0].text) < _NOTE_CHARACTERS:
            break
        count += 1
    return count


def _is_series(lines: Sequence[Sequence[SheetCell]]) -> bool:
    return len(lines) > 1 and all(cell.is_number for line in lines[1:] for cell in line)


def _table(sheet: Sheet, numbers: Sequence[int], lines: Sequence[Sequence[SheetCell]]) -> list[Piece]:
    if not lines:
        return []
    columns = sorted({cell.column for line in lines for cell in line})
    place = {column: number for number, column in enumerate(columns)}
    rows = [[""] * len(columns) for _ in lines]
    for row, line in zip(rows, lines, strict=True):
        for cell in line:
            row[place[cell.column]] = cell.text
    area = Range(numbers[0], columns[0], numbers[-1], columns[-1])
    merged = _merged(sheet, area, numbers, place)
    header_rows = _header_rows(lines, merged, len(columns))
    for cell in merged:
        _repeat(rows, cell, header_rows)
    return [
        Piece(
            kind="table",
            rows=tuple(map(tuple, rows)),
            header_rows=header_rows,
            merged=merged,
            anchor=anchor_of(sheet.name, area),
            page=sheet.page,
        )
    ]


def _merged(sheet: Sheet, area: Range, numbers: Sequence[int], place: dict[int, int]) -> tuple[Merged, ...]:
    """Translate merged ranges to places among the rows and columns that hold something."""
    found: list[Merged] = []
    rows = {row: number for number, row in enumerate(numbers)}
    for cell in sheet.merged:
        if cell.top in rows and cell.left in place and cell.bottom <= area.bottom:
            down = sum(1 for row in range(cell.top, min(cell.bottom, area.bottom) + 1) if row in rows)
            across = sum(1 for column in range(cell.left, min(cell.right, area.right) + 1) if column in place)
            if down > 1 or across > 1:
                found.append(Merged(rows[cell.top], place[cell.left], down, across))
    return tuple(sorted(found))


def _repeat(rows: list[list[str]], cell: Merged, header_rows: int) -> None:
    text = rows[cell.row][cell.column]
    if len(text) * cell.rows * cell.columns > MOST_REPEATED:
        return
    for row in range(cell.row, cell.row + cell.rows):
        for column in range(cell.column, cell.column + (cell.columns if cell.row < header_rows else 1)):
            rows[row][column] = rows[row][column] or text


def _header_rows(lines: Sequence[Sequence[SheetCell]], merged: Sequence[Merged], width: int) -> int:
    """Guess how many rows name the columns: texts, or years, above something else; a merged one goes on below."""
    across = {cell.row for cell in merged if cell.columns > 1}
    if len(lines) < 2 or not (0 in across or _names_columns(lines[0], lines[1], width)):
        return 0
    count = 1
    while count - 1 in across and count < min(len(lines) - 1, _MOST_HEADERS):
        if any(cell.is_number for cell in lines[count]):
            break
        count += 1
    return count


def _names_columns(first: Sequence[SheetCell], second: Sequence[SheetCell], width: int) -> bool:
    if not any(cell.is_number for cell in first):
        filled = len(first) >= width - (width > 2) or any(cell.is_number for cell in second)
        return filled and all(len(cell.text) <= 200 for cell in first)
    years = [cell for cell in first if cell.is_number]
    if len(first) - len(years) > 1 or not all(_YEAR.fullmatch(cell.text) for cell in years):
        return False
    return any(cell.is_number and not _YEAR.fullmatch(cell.text) for cell in second)
