"""One page as liteparse sees it in, typed blocks with printed lines out.

Knows liteparse's types; looks at one page at a time.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from scoville.read.clean import clean_line
from scoville.read.pdf.ink import Ink, Row, read_ink
from scoville.read.pdf.lines import (
    PlacedText,
    Rectangle,
    Word,
    place_rows,
    place_text,
    union,
    without_markup,
)
from scoville.read.pdf.right_to_left import is_right_to_left, lines_right_to_left
from scoville.types import ElementKind, Merged

if TYPE_CHECKING:
    from liteparse.types import AnnotationRect, LayoutBlock, LayoutCell, ParsedPage

_CAPTION = re.compile(
    r"(?:fig(?:ure|\.)?|table|tab\.|chart|exhibit|abb(?:ildung|\.)|tabelle|figura|tableau|tabla)\s*\d+(?:\.\d+)*\s*[.:–—-]\s*\S",
    re.IGNORECASE,
)
_CAPTION_CHARACTERS = 400
_HEADING_CHARACTERS = 300
_HEADER_CELL_CHARACTERS = 60
_READABLE = 1.5  # points: lower print is there for machines
_NEAR = 40.0  # points
_MARGIN = 1.0  # points by which a row's middle may lie outside of its block


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
    merged: tuple[Merged, ...] = ()
    ink: list[Row] = field(default_factory=list[Row])
    """The printed rows it was made of."""

    drawn: bool = False
    """Whether the cells of a table are drawn, and so are known."""

    @property
    def text(self) -> str:
        """The words of the block."""
        return self.placed.text

    def moved(self, place: Callable[[Rectangle], Rectangle]) -> "Block":
        """Give the block with its rectangles where ``place`` puts them."""
        lines = [line._replace(box=place(line.box)) for line in self.placed.lines]
        cells = tuple(tuple(box and place(box) for box in row) for row in self.cell_boxes)
        return replace(self, box=place(self.box), placed=replace(self.placed, lines=lines), cell_boxes=cells)


@dataclass(slots=True)
class Page:
    """The blocks of one page in reading order."""

    number: int
    height: float
    blocks: list[Block]
    ink: Ink | None = None
    """What is printed on it; None where only its text is known."""
    tiny: str = ""
    """Print that was left out, since it is too small to be read."""


def read_page(page: "ParsedPage", hidden: Sequence[Rectangle] = ()) -> Page:
    """Turn a parsed page into blocks with printed lines, without the text that stands in hidden places."""
    ink = read_ink(page)
    tiny = [row for row in ink.rows if _is_tiny(row)]
    unseen = tiny + [row for row in ink.rows if row not in tiny and _is_within(row, hidden)]
    blocks: list[Block] = []
    for block in page.blocks or ():
        box = rectangle(block.bbox) or Rectangle(0, 0, page.width, page.height)
        read = _read_block(block, page.page_num, box, _rows_within(ink.rows, box))
        if read:
            blocks.append(read)
    if not blocks and ink.rows:  # nothing was classified: the printed lines are better than nothing
        blocks = [block_of("paragraph", page.page_num, ink.rows)]
    orphans = _claim(blocks, ink.rows)
    for block in blocks:
        if len(block.placed.lines) == 1 < len(block.ink):  # its box was that of the first line
            block.placed = _place(block.text, [row.words for row in block.ink], block.box)
    if unseen:
        blocks = _seen(blocks, unseen)
        ink.rows = [row for row in ink.rows if row not in unseen]
    for row in orphans:
        if row not in unseen:
            insert_block(blocks, block_of("paragraph", page.page_num, [row]))
    return Page(page.page_num, page.height, blocks, ink, " ".join(row.text for row in tiny))


def block_of(kind: ElementKind, page: int, rows: Sequence[Row], level: int | None = None) -> Block:
    """Make a block of printed rows."""
    box = union(row.box for row in rows)
    return Block(kind, page, box, _place_rows([row.words for row in rows]), level=level, ink=list(rows))


def _place_rows(rows: Sequence[Sequence[Word]]) -> PlacedText:
    text = " ".join(word.text for row in rows for word in row)
    return place_rows(lines_right_to_left(rows) if is_right_to_left(text) else rows)


def _place(text: str, rows: Sequence[Sequence[Word]], box: Rectangle) -> PlacedText:
    return _place_rows(rows) if rows and is_right_to_left(text) else place_text(text, rows, box)


def joined_where(
    blocks: Sequence[Block], goes_on: Callable[[Block, Block], bool], kind: ElementKind | None = None
) -> list[Block]:
    """Join a printed block to the one before it where ``goes_on`` says so, as a block of this kind or of its first."""
    joined: list[Block] = []
    for block in blocks:
        above = joined[-1] if joined else None
        if above and above.ink and block.ink and goes_on(above, block):
            level = None if kind else above.level
            joined[-1] = block_of(kind or above.kind, block.page, [*above.ink, *block.ink], level)
        else:
            joined.append(block)
    return joined


def without(blocks: Sequence[Block], gone: Iterable[Block]) -> list[Block]:
    """Give the blocks but some, which are told by identity: two may be alike."""
    ids = {id(block) for block in gone}
    return [block for block in blocks if id(block) not in ids]


def without_rows(block: Block, gone: Iterable[Row]) -> list[Block]:
    """Give what is left of a block without some of its print, as text; nothing where nothing is left."""
    ids = set(map(id, gone))
    left = [row for row in block.ink if id(row) not in ids]
    if len(left) == len(block.ink):
        return [block]
    kind = "paragraph" if block.kind == "table" else block.kind
    return [block_of(kind, block.page, left, block.level)] if left else []


def _is_tiny(row: Row) -> bool:
    return row.box.height < _READABLE and row.box.width < _READABLE * len(row.text)


def _is_within(row: Row, hidden: Sequence[Rectangle]) -> bool:
    return any(place.holds(row.box.x, row.box.y, _MARGIN) for place in hidden)


def _seen(blocks: Sequence[Block], unseen: Sequence[Row]) -> list[Block]:
    """Make the blocks anew that have unseen rows; a table keeps its rows and loses cells."""
    kept: list[Block] = []
    for block in blocks:
        seen = [row for row in block.ink if row not in unseen]
        if len(seen) == len(block.ink):
            kept.append(block)
        elif seen and not block.rows:
            kept.append(block_of(block.kind, block.page, seen, block.level))
        elif seen:
            gone = {row.text for row in unseen}
            rows = tuple(tuple("" if cell in gone else cell for cell in row) for row in block.rows)
            kept.append(replace(block, rows=rows, ink=seen))
    return kept


def insert_block(blocks: list[Block], new: Block) -> None:
    """Put a block before the first one below it in its column; behind all if there is none."""
    for number, block in enumerate(blocks):
        if block.box.y0 > new.box.y0 and block.box.shared_x(new.box) > 0:
            blocks.insert(number, new)
            return
    blocks.append(new)


def _claim(blocks: Sequence[Block], rows: Sequence[Row]) -> list[Row]:
    """Give each printed row to the block that it is part of: where it stands and, in doubt, what it says.

    Returns the rows that are in no block, neither by their place nor by their text.
    """
    texts: dict[int, str] = {}
    orphans: list[Row] = []
    for row in rows:
        x, y = row.box.x, row.box.y
        near = [block for block in blocks if block.box.holds(x, y, _MARGIN)]
        if len(near) > 1:
            packed = "".join(word.text for word in row.words).rstrip("-\u2010")
            for block in near:
                if id(block) not in texts:
                    texts[id(block)] = "".join(block.text.split())
            near = [block for block in near if packed in texts[id(block)]] or near
        if near:
            min(near, key=lambda block: block.box.area).ink.append(row)
        elif (said := _saying(row, blocks)) is None:
            orphans.append(row)
        else:
            said.ink.append(row)
            said.box = union([said.box, row.box])
    return orphans


def _saying(row: Row, blocks: Sequence[Block]) -> Block | None:
    """Find the block near a row that has its text: liteparse gives some headings the box of their first line."""
    packed = "".join(word.text for word in row.words).rstrip("-\u2010")
    for block in blocks:
        if block.box.shared_y(row.box) > -_NEAR and packed in "".join(block.text.split()):
            return block
    return None


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
        case "code" | "grid_fallback":
            text = " ".join(block.lines or ())
            return Block("code" if block.kind == "code" else "paragraph", page, box, _place(text, rows, box))
        case _ if not block.text or not block.text.strip():
            return None
        case "list_item":
            marker = clean_line(block.marker or "") if block.ordered else "-"
            text = f"{marker} {without_markup(block.text)}"
            return Block("list_item", page, box, _place(text, rows, box), level=(block.level or 0) + 1)
        case _:
            text = without_markup(block.text)
            if block.kind == "heading" and len(text) <= _HEADING_CHARACTERS:
                return Block("heading", page, box, _place(text, rows, box), level=block.level or 1)
            kind = "caption" if len(text) < _CAPTION_CHARACTERS and _CAPTION.match(text) else "paragraph"
            return Block(kind, page, box, _place(text, rows, box))


def _read_table(block: "LayoutBlock", page: int, box: Rectangle) -> Block | None:
    cells: list[list[LayoutCell]] = [*([block.header] if block.header else []), *(block.rows or [])]
    rows = tuple(tuple(clean_line(without_markup(cell.text)) for cell in row) for row in cells)
    if not any(map(any, rows)):
        return None
    header_rows = 1 if block.header or _looks_like_header(rows) else 0
    boxes = tuple(tuple(rectangle(cell.bbox) or (box if cell.text.strip() else None) for cell in row) for row in cells)
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


def _rows_within(rows: Sequence[Row], box: Rectangle) -> list[list[Word]]:
    """Give the words within a rectangle, row by row."""
    within: list[list[Word]] = []
    x0, y0, x1, y1 = box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1
    for row in rows:
        row_box, words = row.box, row.words
        if not y0 <= row_box.y <= y1 or row_box.x1 < x0 or row_box.x0 > x1:
            continue
        if row_box.x0 < x0 or row_box.x1 > x1 + 2:
            words = [word for word in words if x0 <= word.box.x <= x1]
        if words:
            within.append(words)
    return within
