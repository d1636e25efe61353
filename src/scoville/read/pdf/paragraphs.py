"""Blocks of a page in, the same with paragraphs whole that were cut at a line for no reason."""

import re
from collections.abc import Sequence

from scoville.read.pdf.headings import same_style, style_of
from scoville.read.pdf.page import Block, block_of

_ENDED = re.compile(r"[.!?:;…。！？][\"'”’)\]»\d]*\s*$")
_LEADING = 0.6  # of the size: lines of one paragraph are no farther apart


def join_paragraphs(blocks: Sequence[Block]) -> list[Block]:
    """Join a paragraph to the next one that goes on with its sentence: printed alike, in its column, a line below."""
    joined: list[Block] = []
    for block in blocks:
        if joined and _goes_on(joined[-1], block):
            joined[-1] = block_of(joined[-1].kind, block.page, [*joined[-1].ink, *block.ink], joined[-1].level)
        else:
            joined.append(block)
    return joined


def _goes_on(above: Block, below: Block) -> bool:
    if above.kind not in {"paragraph", "list_item"} or below.kind != "paragraph" or not above.ink or not below.ink:
        return False
    if not below.text[:1].islower() or _ENDED.search(above.text):
        return False
    one, other = style_of(above.ink), style_of(below.ink)
    gap = below.ink[0].box.y0 - above.ink[-1].box.y1
    in_column = below.box.x0 >= above.box.x0 - one.size and below.box.x0 < above.box.x1
    return same_style(one, other) and -one.size < gap < _LEADING * one.size and in_column
