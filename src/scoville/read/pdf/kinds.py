"""Blocks of a page in, the same with captions and footnotes told from running text."""

import re
from collections.abc import Sequence

from scoville.read.pdf.ink import Ink, style_of
from scoville.read.pdf.lines import Rectangle
from scoville.read.pdf.page import Block, joined_where

CAPTION = re.compile(
    r"(?:fig(?:ure|\.)?|table|tab\.|chart|exhibit|box|map|plate|photo|abb(?:ildung|\.)|tabelle|figura|tableau|tabla)"
    r"\s*(?:\d+|[A-Z])(?:[.-]\d+)*(?P<stop>\s*[.:|–—-])?(?:\s+\S|$)",
    re.IGNORECASE,
)
_CAPTION_CHARACTERS = 400
_SHORT_CAPTION = 150
_NEAR = 40.0  # points between a caption and what it is about
_FOOT = 0.5  # of the page's height: footnotes stand below
_SMALL = 0.93  # of the size of running text
_TIGHT, _TIGHTER = 0.5, 0.3  # of that size
_INDENT = 3.0
_MARKER = re.compile(r"(?:(?:\d{1,3}|[*†‡§¶]+)[.)]?|[a-z](?:[.)]|(?= )))\s*\S", re.IGNORECASE)


def tell_kinds(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Apply the steps of this module to a page's blocks."""
    shown = [*ink.pictures, *(block.box for block in blocks if block.kind in {"table", "chart", "figure"})]
    for block in blocks:
        if block.kind in {"heading", "paragraph"} and _is_caption(block, shown):
            block.kind, block.level = "caption", None
    return _notes_last(_mark_footnotes(blocks, ink))


def _notes_last(blocks: Sequence[Block]) -> list[Block]:
    """Put notes at the foot of a column behind the columns to its right, where its text goes on."""
    ordered = list(blocks)
    for note in reversed([block for block in blocks if block.kind == "footnote"]):
        place = next(number for number, block in enumerate(ordered) if block is note)
        beside = [
            number
            for number, block in enumerate(ordered[place + 1 :], place + 1)
            if block.kind in {"paragraph", "list_item"} and block.box.x0 > note.box.x1 and block.box.y0 < note.box.y0
        ]
        if beside:
            ordered.insert(beside[-1], ordered.pop(place))
    return ordered


def _is_caption(block: Block, shown: Sequence[Rectangle]) -> bool:
    match = CAPTION.match(block.text)
    if not match or len(block.text) > _CAPTION_CHARACTERS:
        return False
    near = any(box.shared_y(block.box) > -_NEAR and box.shared_x(block.box) > 0 for box in shown)
    if block.kind == "heading" and not near:
        return bool(match["stop"]) and match[0][:3].casefold() in {"fig", "tab", "abb"}
    return bool(match["stop"]) or (near and len(block.text) <= _SHORT_CAPTION)


def _mark_footnotes(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Call notes what is printed small at the foot with a number or sign before it, or below a short ruling."""
    body = ink.body()
    if body is None:
        return list(blocks)
    rules = [
        rule for rule in ink.rules if not rule.upright and rule.width < 0.5 * ink.width and rule.y0 > _FOOT * ink.height
    ]
    for block in blocks:
        if block.kind not in {"paragraph", "list_item"} or not block.ink or block.box.y0 < _FOOT * ink.height:
            continue
        small = style_of(block.ink).size <= _SMALL * body.size
        ruled = any(
            0 <= block.box.y0 - rule.y0
            and abs(block.box.x0 - rule.x0) < _INDENT * body.size
            and not _between(blocks, rule.y0, block)
            for rule in rules
        )
        if small and _MARKER.match(block.text) and (ruled or len(block.text) > 20):
            block.kind, block.level = "footnote", None
    return joined_where(blocks, lambda above, below: _is_rest(above, below, body.size))


def _is_rest(note: Block, block: Block, size: float) -> bool:
    """Say whether a block is the rest of a note: right below it, and closer still where the note may have ended."""
    tight = _TIGHTER if note.text.endswith(".") else _TIGHT
    return (
        (note.kind, block.kind) == ("footnote", "paragraph")
        and abs(block.box.y0 - note.box.y1) < tight * size
        and abs(block.box.x0 - note.box.x0) < _INDENT * size
        and style_of(block.ink).size <= _SMALL * size
    )


def _between(blocks: Sequence[Block], y: float, note: Block) -> bool:
    """Say whether running text stands between a ruling and a note."""
    return any(
        block.kind in {"heading", "table"} and y < block.box.y0 < note.box.y0 and block.box.x0 < note.box.x1
        for block in blocks
    )
