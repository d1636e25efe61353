"""A group of shapes on a PPT slide in, the table out that it draws.

PowerPoint 97 knows no tables: a shape for each cell, and one for each line between them, in a group that is marked.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from scoville.read.assemble import Piece
from scoville.read.grid import Cell, table_of
from scoville.read.legacy.ppt_records import Record, records, text_of

GROUP = 0xF003
_SHAPE, _OPTIONS, _PLACE, _TEXT_BOX = 0xF004, 0xF122, 0xF00F, 0xF00D
_TABLE_PROPERTIES = 0x039F
_IS_TABLE = 1


class _Placed(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int
    text: str


def drawn_table(group: Record) -> Piece | None:
    """Give the table that a group of shapes is; None where it is none."""
    shapes = [record for record in records(group.data) if record.type == _SHAPE]
    if not shapes or not _is_table(shapes[0]):
        return None
    cells = sorted((cell for shape in shapes[1:] for cell in _cell_of(shape)), key=lambda cell: (cell.top, cell.left))
    tops, rights = sorted({cell.top for cell in cells}), sorted({cell.right for cell in cells})
    lefts = sorted({cell.left for cell in cells})
    rows: list[list[Cell]] = [[] for _ in tops]
    for cell in cells:
        columns = bisect_left(rights, cell.right) - bisect_left(lefts, cell.left) + 1
        down = bisect_left(tops, cell.bottom) - bisect_left(tops, cell.top)
        rows[bisect_left(tops, cell.top)].append(Cell(cell.text, max(columns, 1), max(down, 1)))
    return table_of(rows) if rows else None


def _is_table(shape: Record) -> bool:
    """Tell whether the first shape of a group, which stands for all, has the mark of a table."""
    for record in records(shape.data):
        if record.type == _OPTIONS:
            for code, value in struct.iter_unpack("<HI", record.data[: 6 * record.instance]):
                if code & 0x3FFF == _TABLE_PROPERTIES:
                    return bool(value & _IS_TABLE)
    return False


def _cell_of(shape: Record) -> Iterator[_Placed]:
    parts = {record.type: record for record in records(shape.data)}
    if _PLACE in parts and _TEXT_BOX in parts and len(parts[_PLACE].data) >= 16:
        texts = (text_of(record) for record in records(parts[_TEXT_BOX].data))
        text = "\n".join(filter(None, texts)).replace("\r", "\n").replace("\x0b", "\n")
        yield _Placed(*struct.unpack_from("<4i", parts[_PLACE].data), text)
