"""Pages printed sideways in, which they are out; and the way back from a page read upright to the page as shown.

liteparse lays out what stands upright. Such a page is parsed once more with the turn it needs, and its boxes are turned
back at the end, since boxes are those of the page as a viewer shows it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scoville.read.ocr.page import Turn, stand_back
from scoville.read.pdf.page import Page

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
    sides = page.ink.width, page.ink.height
    turn = Turn(360 - degrees, *(sides if degrees == 180 else sides[::-1]))
    blocks = [block.moved(lambda box: stand_back(box, turn)) for block in page.blocks]
    return Page(page.number, turn.height, blocks, page.ink)
