"""A Word table in, rows of cells out.

Nested tables and lists in a cell become its text.
"""

import re
from typing import Any

from scoville.read.clean import clean_line
from scoville.read.docx_numbering import whole
from scoville.read.docx_xml import FALLBACK, W, children_of, flag_of, text_of, value_of

_MOST_COLUMNS = 200


def read_table(table: Any) -> tuple[tuple[tuple[str, ...], ...], int]:
    """Give the rows and how many are headers. A cell merged down is repeated; one merged across stands once."""
    rows: list[tuple[str, ...]] = []
    marked = 0
    for row in children_of(table, "tr"):
        cells: list[str] = [""] * whole(value_of(row.find(f"{W}trPr"), "gridBefore"))
        for cell in children_of(row, "tc"):
            properties = cell.find(f"{W}tcPr")
            merge = properties.find(f"{W}vMerge") if properties is not None else None
            continues = merge is not None and merge.get(f"{W}val", "continue") == "continue"
            above = rows[-1][len(cells)] if rows and len(cells) < len(rows[-1]) else ""
            span = min(max(whole(value_of(properties, "gridSpan"), 1), 1), _MOST_COLUMNS)
            cells += [above if continues else _cell_text(cell), *[""] * (span - 1)]
        if flag_of(row.find(f"{W}trPr"), "tblHeader") and marked == len(rows):
            marked += 1
        rows.append(tuple(cells))
    header_rows = marked or int(_first_row_is_header(table) or _first_row_is_bold(table))
    return tuple(rows), header_rows if header_rows < len(rows) else 0


def _cell_text(cell: Any) -> str:
    return clean_line(" ".join(text_of(paragraph) for paragraph in cell.iter(f"{W}p") if not _in_fallback(paragraph)))


def _in_fallback(paragraph: Any) -> bool:
    return any(above.tag == FALLBACK for above in paragraph.iterancestors())


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
