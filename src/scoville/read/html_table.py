"""An HTML table in, rows of cells out; or the finding that it only lays out the page."""

from typing import TYPE_CHECKING

from scoville.read.html_tree import inline_text

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_MOST_COLUMNS = 200
_LONGEST_CELL = 2000  # characters; longer ones are columns of a page, not cells of a table

Rows = tuple[tuple[str, ...], ...]


def read_table(table: "LexborNode") -> tuple[Rows, int]:
    """Give the rows of a data table and how many of them are headers; no rows when the table only lays out the page.

    A cell that spans rows is repeated in each; one that spans columns only among the headers.
    """
    if (table.attributes.get("role") or "") in {"presentation", "none"}:
        return (), 0
    rows: list[tuple[str, ...]] = []
    hanging: dict[int, tuple[int, str]] = {}
    header_rows = 0
    has_headers = False
    for row in _rows_of(table):
        cells = [cell for cell in _children(row) if cell.tag in {"td", "th"}]
        has_headers |= any(cell.tag == "th" for cell in cells)
        in_head = bool(row.parent and row.parent.tag == "thead")
        is_header = header_rows == len(rows) and (in_head or bool(cells) and all(cell.tag == "th" for cell in cells))
        read = _read_row(cells, hanging, repeats=is_header)
        if any(read):
            header_rows += is_header
            rows.append(tuple(read))
    if not has_headers and _is_layout(table, rows):
        return (), 0
    return tuple(rows), header_rows if header_rows < len(rows) else min(header_rows, 1)


def _read_row(cells: "list[LexborNode]", hanging: dict[int, tuple[int, str]], *, repeats: bool) -> list[str]:
    read: list[str] = []
    for cell in cells:
        _take_hanging(read, hanging)
        text = inline_text(cell)
        columns, rows = _span(cell, "colspan"), _span(cell, "rowspan")
        for number in range(min(columns, _MOST_COLUMNS - len(read))):
            shown = text if repeats or not number else ""
            if rows > 1:
                hanging[len(read)] = (rows - 1, shown)
            read.append(shown)
    _take_hanging(read, hanging)
    return read


def _take_hanging(read: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    """Add the cells that reach into this row from above at this column."""
    while (column := len(read)) in hanging:
        rows, text = hanging.pop(column)
        if rows > 1:
            hanging[column] = (rows - 1, text)
        read.append(text)


def _span(cell: "LexborNode", name: str) -> int:
    value = cell.attributes.get(name) or "1"
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _is_layout(table: "LexborNode", rows: list[tuple[str, ...]]) -> bool:
    if sum(1 for row in rows for cell in row if cell) <= 1 or max(map(len, rows), default=0) <= 1:
        return True
    if any(len(cell) > _LONGEST_CELL for row in rows for cell in row):
        return True
    return table.css_first("td table, td h1, td h2, td h3, td form") is not None


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
