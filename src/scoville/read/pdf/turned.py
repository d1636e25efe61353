"""Pages printed sideways in, which they are out; and the way back from a page read upright to the page as shown.

liteparse lays out what stands upright. Such a page is parsed once more with the turn it needs, and its boxes are turned
back at the end, since boxes are those of the page as a viewer shows it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from scoville.read.pdf.lines import Rectangle
from scoville.read.pdf.page import Block, Page

if TYPE_CHECKING:
    from liteparse.types import ParsedPage

_MOST = 0.6  # of the characters
_RIGHT_ANGLE = 90


def turned_pages(pages: "Sequence[ParsedPage]") -> list[tuple[int, int]]:
    """Give the number of each page most of whose text is turned, and by how many degrees: 90, 180 or 270."""
    turned: list[tuple[int, int]] = []
    for page in pages:
        characters: Counter[int] = Counter()
        for item in page.text_items:
            characters[round(item.rotation / _RIGHT_ANGLE) * _RIGHT_ANGLE % 360] += len(item.text.strip())
        degrees = max(characters, key=lambda degrees: characters[degrees], default=0)
        if degrees and characters[degrees] > _MOST * characters.total():
            turned.append((page.page_num, degrees))
    return turned


def stand_page_back(page: Page, degrees: int) -> Page:
    """Give a page that was parsed upright with its boxes as it is shown, turned by ``degrees``."""
    if page.ink is None:
        return page
    width, height = page.ink.width, page.ink.height

    def back(box: Rectangle) -> Rectangle:
        x0, y0, x1, y1 = box
        match degrees:
            case 90:
                return Rectangle(height - y1, x0, height - y0, x1)
            case 180:
                return Rectangle(width - x1, height - y1, width - x0, height - y0)
            case 270:
                return Rectangle(y0, width - x1, y1, width - x0)
            case _:
                return box

    def block_back(block: Block) -> Block:
        placed = replace(block.placed, lines=[line._replace(box=back(line.box)) for line in block.placed.lines])
        cells = tuple(tuple(box and back(box) for box in row) for row in block.cell_boxes)
        return replace(block, box=back(block.box), placed=placed, cell_boxes=cells)

    shown_height = height if degrees == 180 else width
    return Page(page.number, shown_height, [block_back(block) for block in page.blocks], page.ink)
