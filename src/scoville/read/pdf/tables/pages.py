"""Tables that a page break cut in, one piece with all rows out; the header that the next page repeats goes."""

from collections.abc import Sequence

from scoville.read.assemble import Piece
from scoville.read.pdf.page import Block
from scoville.read.pdf.tables.edges import columns_of, in_line
from scoville.types import Box, Merged


def is_rest_of(above: Block, below: Block) -> bool:
    """Say whether a table goes on with the one that ends the page before: as many columns, in the same places."""
    if below.kind != "table" or not above.rows or len(above.rows[0]) != len(below.rows[0]):
        return False
    if _repeats(above, below):
        return True
    own_header = 0 < below.header_rows < len(below.rows)
    return not own_header and all(map(in_line, columns_of(above), columns_of(below)))


def table_piece(parts: Sequence[Block]) -> Piece:
    """Join the parts of a table, each on its page."""
    first = parts[0]
    rows: list[tuple[str, ...]] = []
    boxes: list[tuple[Box | None, ...]] = []
    merged: list[Merged] = []
    for part in parts:
        skipped = first.header_rows if part is not first and _repeats(first, part) else 0
        merged += [cell._replace(row=cell.row - skipped + len(rows)) for cell in part.merged if cell.row >= skipped]
        rows += part.rows[skipped:]
        boxes += [tuple(box and Box(part.page, *box) for box in row) for row in part.cell_boxes[skipped:]]
    return Piece(
        kind=first.kind,
        page=first.page,
        rows=tuple(rows),
        header_rows=first.header_rows,
        merged=tuple(merged),
        cell_boxes=tuple(boxes),
    )


def _repeats(above: Block, below: Block) -> bool:
    """Say whether a table begins with the header rows of another."""
    header = above.rows[: above.header_rows]
    return bool(header) and below.rows[: above.header_rows] == header
