"""One page as liteparse sees it in, typed blocks with printed lines out.

Knows liteparse's types; looks at one page at a time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from scoville.read.clean import clean, clean_line
from scoville.read.pdf_lines import PlacedText, Rectangle, Word, place_lines, place_text, union, without_markup
from scoville.types import ElementKind

if TYPE_CHECKING:
    from liteparse.types import AnnotationRect, LayoutBlock, LayoutCell, ParsedPage, TextItem

_CAPTION = re.compile(
    r"(?:fig(?:ure|\.)?|table|tab\.|chart|exhibit|abb(?:ildung|\.)|tabelle|figura|tableau|tabla)\s*\d+(?:\.\d+)*\s*[.:–—-]\s*\S",
    re.IGNORECASE,
)
_CAPTION_CHARACTERS = 400
_HEADING_CHARACTERS = 300
_HEADER_CELL_CHARACTERS = 60


@dataclass(slots=True)
class Block:
    """A typed piece of one page."""

    kind: ElementKind
    page: int
    box: Rectangle
    placed: PlacedText
    level: int | None = None
    rows: tuple[tuple[str, ...], ...] = ()
    header_rows: int = 0
    cell_boxes: tuple[tuple[Rectangle | None, ...], ...] = ()

    @property
    def text(self) -> str:
        """The words of the block."""
        return self.placed.text


@dataclass(slots=True)
class Page:
    """The blocks of one page in reading order."""

    number: int
    height: float
    blocks: list[Block]


class _Row(NamedTuple):
    box: Rectangle
    words: list[Word]


def read_page(page: "ParsedPage") -> Page:
    """Turn a parsed page into blocks with printed lines."""
    rows = [_row(item) for item in page.text_items if item.text.strip()]
    blocks: list[Block] = []
    for block in page.blocks or ():
        box = rectangle(block.bbox) or Rectangle(0, 0, page.width, page.height)
        read = _read_block(block, page.page_num, box, _rows_within(rows, box))
        if read:
            blocks.append(read)
    if not blocks and rows:  # nothing was classified: the printed lines are better than nothing
        box = union(row.box for row in rows)
        placed = place_lines([item.text for item in page.text_items if item.text.strip()], [r.words for r in rows], box)
        blocks = [Block("paragraph", page.page_num, box, placed)]
    return Page(page.page_num, page.height, blocks)


def rectangle(rect: "AnnotationRect | None") -> Rectangle | None:
    """Give liteparse's rectangle by its corners, to a hundredth of a point."""
    if rect is None:
        return None
    x1, y1 = rect.x + rect.width, rect.y + rect.height
    return Rectangle(round(rect.x, 2), round(rect.y, 2), round(x1, 2), round(y1, 2))


def _read_block(block: "LayoutBlock", page: int, box: Rectangle, rows: list[list[Word]]) -> Block | None:
    match block.kind:
        case "table":
            return _read_table(block, page, box)
        case "code":
            return Block("code", page, box, place_lines(block.lines or (), rows, box))
        case "grid_fallback":
            return Block("paragraph", page, box, place_lines(block.lines or (), rows, box))
        case _ if not block.text or not block.text.strip():
            return None
        case "list_item":
            marker = clean_line(block.marker or "") if block.ordered else "-"
            text = f"{marker} {without_markup(block.text)}"
            return Block("list_item", page, box, place_text(text, rows, box), level=(block.level or 0) + 1)
        case _:
            text = without_markup(block.text)
            if block.kind == "heading" and len(text) <= _HEADING_CHARACTERS:
                return Block("heading", page, box, place_text(text, rows, box), level=block.level or 1)
            kind = "caption" if len(text) < _CAPTION_CHARACTERS and _CAPTION.match(text) else "paragraph"
            return Block(kind, page, box, place_text(text, rows, box))


def _read_table(block: "LayoutBlock", page: int, box: Rectangle) -> Block | None:
    cells: list[list[LayoutCell]] = [*([block.header] if block.header else []), *(block.rows or [])]
    rows = tuple(tuple(clean_line(without_markup(cell.text)) for cell in row) for row in cells)
    if not any(map(any, rows)):
        return None
    header_rows = 1 if block.header or _looks_like_header(rows) else 0
    boxes = tuple(tuple(rectangle(cell.bbox) or box for cell in row) for row in cells)
    text = " ".join(cell for row in rows for cell in row if cell)
    return Block(
        "table", page, box, PlacedText(text, [], []), rows=rows, header_rows=header_rows, cell_boxes=boxes
    )  # fmt: skip


def _looks_like_header(rows: Sequence[Sequence[str]]) -> bool:
    """Take a full first row of short words above rows with figures for the header that liteparse did not mark."""
    first = rows[0]
    return (
        len(rows) > 1
        and len(first) > 1
        and all(cell and len(cell) <= _HEADER_CELL_CHARACTERS and not re.search(r"\d", cell) for cell in first)
        and any(re.search(r"\d", cell) for row in rows[1:] for cell in row)
    )


def _row(item: "TextItem") -> _Row:
    words = [
        Word(text, Rectangle(round(w.x, 2), round(w.y, 2), round(w.x + w.width, 2), round(w.y + w.height, 2)))
        for w in item.words
        if (text := clean(w.text))
    ]
    box = Rectangle(item.x, item.y, item.x + item.width, item.y + item.height)
    return _Row(box, words or [Word(clean_line(item.text), box)])


def _rows_within(rows: Sequence[_Row], box: Rectangle) -> list[list[Word]]:
    """Give the words within a rectangle, row by row."""
    within: list[list[Word]] = []
    x0, y0, x1, y1 = box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1
    for row_box, words in rows:
        if not y0 <= (row_box.y0 + row_box.y1) / 2 <= y1 or row_box.x1 < x0 or row_box.x0 > x1:
            continue
        if row_box.x0 < x0 or row_box.x1 > x1 + 2:
            words = [word for word in words if x0 <= (word.box.x0 + word.box.x1) / 2 <= x1]
        if words:
            within.append(words)
    return within
