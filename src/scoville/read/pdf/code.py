"""Blocks of a page in, the same with listings as code, line by line and indented; typewritten prose is no code.

Text in a fixed pitch is a grid: where a word stands tells how many spaces are before it. Does not know languages.
"""

import re
from collections.abc import Sequence

from scoville.read.pdf.ink import Ink, Row, style_of
from scoville.read.pdf.lines import Line, PlacedText, Word, close_gaps, union
from scoville.read.pdf.page import Block, block_of, joined_where

_FIXED = re.compile(r"mono|courier|consol|menlo|typewriter|cmtt|sftt|letter ?gothic|andale|terminal", re.IGNORECASE)
_KINDS = frozenset({"paragraph", "heading", "list_item", "code"})
_APART = 2.5  # of a line's height: what stands farther below is another listing
_EMPTY = 0.9  # of a line's height: a gap that is an empty line
_MOST_INDENT = 60


def mark_code(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Make listings code, and what liteparse takes for code in the print of the running text paragraphs."""
    body = ink.body()
    marked: list[Block] = []
    for block in blocks:
        fixed = block.kind in _KINDS and block.ink and all(_FIXED.search(row.style.font) for row in block.ink)
        if body and fixed and style_of(block.ink).font != body.font:
            marked.append(_listing(block, block.ink))
        elif block.kind == "code" and block.ink:
            marked.append(block_of("paragraph", block.page, block.ink))
        else:
            marked.append(block)
    joined = joined_where(marked, lambda above, below: above.kind == below.kind == "code" and _near(above, below))
    return [_listing(block, block.ink) if block.kind == "code" and block.ink else block for block in joined]


def _near(above: Block, below: Block) -> bool:
    return 0 <= below.box.y0 - above.box.y1 < _APART * above.ink[-1].box.height


def _listing(block: Block, rows: Sequence[Row]) -> Block:
    box = union(row.box for row in rows)
    lines: list[list[Word]] = []
    for word in sorted((word for row in rows for word in row.words), key=lambda word: word.box.y):
        if lines and lines[-1][0].box.on_one_line(word.box):
            lines[-1].append(word)
        else:
            lines.append([word])
    longest = max((word for line in lines for word in line), key=lambda word: len(word.text))
    pitch = longest.box.width / len(longest.text) or 1.0
    text, bottom = "", box.y0
    placed: list[Line] = []
    for line in lines:
        place = union(word.box for word in line)
        if text:
            text += "\n\n" if place.y0 - bottom > _EMPTY * place.height else "\n"
        start, right = len(text), box.x0
        for word in sorted(line, key=lambda word: word.box.x0):
            text += " " * min(round((word.box.x0 - right) / pitch), _MOST_INDENT) + word.text
            right = word.box.x1
        placed.append(Line(start, len(text), place))
        bottom = place.y1
    return Block("code", block.page, box, PlacedText(text, close_gaps(placed, len(text)), []), ink=list(rows))
