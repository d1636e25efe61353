"""A Word table in, rows of cells out.

Nested tables and lists in a cell become its text.
"""

import re
from dataclasses import dataclass
from typing import Any

from scoville.read.assemble import Piece
from scoville.read.clean import clean_line
from scoville.read.grid import Cell, table_of
from scoville.read.office.docx_numbering import whole
from scoville.read.office.docx_xml import FALLBACK, W, children_of, flag_of, text_of, value_of

_MOST_COLUMNS = 200
_MOST_NESTED = 10


@dataclass(slots=True)
class _Open:
    """A cell that may reach further down."""

    row: int
    place: int
    columns: int
    rows: int = 1


def read_table(table: Any) -> Piece:
    """Give the table."""
    lines: list[list[Cell]] = []
    hanging: dict[int, _Open] = {}
    marked = 0
    for row in children_of(table, "tr"):
        before = min(whole(value_of(row.find(f"{W}trPr"), "gridBefore")), _MOST_COLUMNS)
        cells = [Cell("")] * before
        column = before
        for cell in children_of(row, "tc"):
            properties = cell.find(f"{W}tcPr")
            span = min(max(whole(value_of(properties, "gridSpan"), 1), 1), _MOST_COLUMNS)
            above = hanging.get(column)
            if above and above.columns == span and _goes_on(properties):
                above.rows += 1
                lines[above.row][above.place] = lines[above.row][above.place]._replace(rows=above.rows)
            else:
                hanging[column] = _Open(len(lines), len(cells), span)
                cells.append(Cell(cell_text(cell), span))
            column += span
        if flag_of(row.find(f"{W}trPr"), "tblHeader") and marked == len(lines):
            marked += 1
        lines.append(cells)
    header_rows = marked or int(_first_row_is_header(table) or _first_row_is_bold(table))
    return table_of(lines, header_rows if header_rows < len(lines) else 0)


def _goes_on(properties: Any) -> bool:
    merge = properties.find(f"{W}vMerge") if properties is not None else None
    return merge is not None and merge.get(f"{W}val", "continue") == "continue"


def cell_text(cell: Any, depth: int = 0) -> str:
    """Write what stands in a cell as lines; a table in it row by row."""
    lines: list[str] = []
    for block in children_of(cell, "p", "tbl"):
        if block.tag == f"{W}p":
            item = block.find(f"{W}pPr/{W}numPr") is not None
            boxes = (box for box in block.iter(f"{W}txbxContent") if not _in_fallback(box))
            text = clean_line(" ".join((text_of(block), *(clean_line(text_of(box)) for box in boxes))))
            lines.append(f"- {text}" if item and text else text)
        elif depth < _MOST_NESTED:
            rows = (
                [cell_text(child, depth + 1) for child in children_of(row, "tc")] for row in children_of(block, "tr")
            )
            lines += [" | ".join(row) for row in rows]
    lines = [line for line in lines if line]
    return lines[0].removeprefix("- ") if len(lines) == 1 else "\n".join(lines)


def _in_fallback(element: Any) -> bool:
    return any(above.tag == FALLBACK for above in element.iterancestors())


def _first_row_is_header(table: Any) -> bool:
    look = table.find(f"{W}tblPr/{W}tblLook")
    if look is None:
        return False
    if (first_row := look.get(f"{W}firstRow")) is not None:
        return first_row in {"1", "true", "on"}
    value = look.get(f"{W}val", "")
    return bool(re.fullmatch(r"[0-9A-Fa-f]{4}", value)) and bool(int(value, 16) & 0x0020)


def _first_row_is_bold(table: Any) -> bool:
    rows = list(children_of(table, "tr"))[:2]
    bold = [[flag_of(run.find(f"{W}rPr"), "b") for run in row.iter(f"{W}r") if text_of(run).strip()] for row in rows]
    return len(bold) == 2 and bool(bold[0]) and all(bold[0]) and not all(bold[1])
