"""All pages of a document in, headings with levels that hold for the whole document out, and its title.

liteparse gives levels page by page. Here the printed styles of all headings are ranked: larger before smaller, bold
before plain. Decimal numbers ("2.3.1") say how deep a heading stands, and where they do, its style stands there too.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from scoville.read.pdf.ink import style_of
from scoville.read.pdf.page import Block, Page

_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2})*)\.?\s+\D")
_DEEPEST = 6
_ALIKE = 1.06
"""Times: sizes that differ by less are one size."""
_ABBREVIATION = 6
"""Characters: among headings that are printed alike, "FAQ" and "HIPAA" are written in capitals, not printed in them."""
_TITLE = 1.15  # times the size of the next larger heading


class _Look(NamedTuple):
    size: float
    bold: bool
    capitals: bool


def set_levels(pages: Sequence[Page]) -> None:
    """Give each heading its level, and make the largest line at the start the title. Blocks are changed in place."""
    headings = [block for page in pages for block in page.blocks if block.kind == "heading" and block.ink]
    if not headings:
        return
    looks = _grouped([_look(block) for block in headings])
    mixed = {look._replace(capitals=True) for look in looks if not look.capitals}
    looks = [
        look._replace(capitals=False) if look in mixed and len(block.text) <= _ABBREVIATION else look
        for look, block in zip(looks, headings, strict=True)
    ]
    _mark_title(headings, looks, pages[0].number)
    ranks = {look: rank for rank, look in enumerate(sorted(set(looks), reverse=True), 1)}
    ranks = _ranked_by_numbers(headings, looks, ranks)
    for block, look in zip(headings, looks, strict=True):
        if block.kind == "heading":
            depth = _depth(block)
            block.level = min(
                ranks[look] if depth is None else max(depth, ranks[look] if depth == 1 else depth), _DEEPEST
            )


def _look(block: Block) -> _Look:
    style = style_of(block.ink)
    return _Look(style.size, style.bold, block.text.isupper())


def _grouped(looks: Sequence[_Look]) -> list[_Look]:
    """Take sizes that hardly differ for one."""
    sizes: list[float] = []
    for size in sorted({look.size for look in looks}, reverse=True):
        if not sizes or sizes[-1] > _ALIKE * size:
            sizes.append(size)
    return [
        look._replace(size=next(size for size in sizes if look.size <= size <= _ALIKE * look.size)) for look in looks
    ]


def _mark_title(headings: Sequence[Block], looks: Sequence[_Look], first_page: int) -> None:
    """Call the heading on the first page a title that is larger than any other and stands alone in its size."""
    sizes = Counter(look.size for look in looks)
    largest = max(sizes)
    others = [size for size in sizes if size != largest]
    number = next(i for i, look in enumerate(looks) if look.size == largest)
    alone = sizes[largest] == 1 and bool(others) and largest >= _TITLE * max(others)
    if alone and headings[number].page == first_page and number <= 1:
        headings[number].kind, headings[number].level = "title", None


def _depth(block: Block) -> int | None:
    """Give how deep a decimal number says that a heading stands."""
    match = _NUMBERED.match(block.text)
    return match[1].count(".") + 1 if match else None


def _ranked_by_numbers(headings: Sequence[Block], looks: Sequence[_Look], ranks: dict[_Look, int]) -> dict[_Look, int]:
    """Let a style stand as deep as most of its numbers say, and what is smaller below it."""
    depths: defaultdict[_Look, Counter[int]] = defaultdict(Counter)
    for block, look in zip(headings, looks, strict=True):
        if depth := _depth(block):
            depths[look][depth] += 1
    if not depths or max(max(counts) for counts in depths.values()) < 2:
        return ranks
    numbered = {look: max(counts, key=lambda depth: counts[depth]) for look, counts in depths.items()}
    return {look: numbered.get(look, rank) for look, rank in ranks.items()}
