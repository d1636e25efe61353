"""An HTML table in, rows of cells out; or the finding that it only lays out the page."""

from typing import TYPE_CHECKING, NamedTuple

from scoville.read.grid import Cell, Grid, lay_out
from scoville.read.text.html_tree import inline_text

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_LONGEST_CELL = 2000  # characters; longer ones are columns of a page, not cells of a table
_LONGEST_AROUND_TABLE = 300


class Table(NamedTuple):
    """A data table; no rows when it only lays out the page."""

    grid: Grid = Grid((), ())
    header_rows: int = 0


def read_table(table: "LexborNode") -> Table:
    """Give the rows of a data table and how many of them are headers."""
    if (table.attributes.get("role") or "") in {"presentation", "none"}:
        return Table()
    lines: list[list[Cell]] = []
    header_rows = reach = 0
    has_headers = False
    for row in _rows_of(table):
        cells = [cell for cell in _children(row) if cell.tag in {"td", "th"}]
        has_headers |= any(cell.tag == "th" for cell in cells)
        in_head = bool(row.parent and row.parent.tag == "thead")
        goes_on = not lines or any(cell.columns > 1 or cell.rows > 1 for cell in lines[-1])
        names = goes_on and bool(cells) and all(cell.tag == "th" for cell in cells)
        is_header = header_rows == len(lines) and (in_head or names)
        line = [Cell(inline_text(cell), _span(cell, "colspan"), _span(cell, "rowspan")) for cell in cells]
        if reach or any(cell.text for cell in line):
            header_rows += is_header
            lines.append(line)
            reach = max((reach - 1, *(cell.rows - 1 for cell in line)))
    if not has_headers and _is_layout(table, lines):
        return Table()
    return Table(lay_out(lines, header_rows), header_rows if header_rows < len(lines) else min(header_rows, 1))


def _span(cell: "LexborNode", name: str) -> int:
    value = cell.attributes.get(name) or "1"
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _is_layout(table: "LexborNode", rows: list[list[Cell]]) -> bool:
    if sum(1 for row in rows for cell in row if cell.text) <= 1 or max(map(len, rows), default=0) <= 1:
        return True
    longest = max(len(cell.text) for row in rows for cell in row)
    if longest > _LONGEST_CELL or table.css_first("td h1, td h2, td h3, td form") is not None:
        return True
    return longest > _LONGEST_AROUND_TABLE and table.css_first("td table") is not None


def _rows_of(table: "LexborNode") -> "list[LexborNode]":
    rows: list[LexborNode] = []
    for child in _children(table):
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in {"thead", "tbody", "tfoot"}:
            rows += [row for row in _children(child) if row.tag == "tr"]
    return rows


def _children(node: "LexborNode") -> "list[LexborNode]":
    children: list[LexborNode] = []
    child = node.first_child
    while child is not None:
        if child.is_element_node:
            children.append(child)
        child = child.next
    return children
