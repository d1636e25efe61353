"""Blocks of a page in, the same with headings cut where their print says so.

Splits a heading from the text below it that was taken for more of the heading, and off a paragraph that begins with
one; joins a heading that was cut in two; takes back what is only the beginning of a sentence. Looks at fonts, sizes and
places, not at words. Does not know levels of other pages (levels does).
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from scoville.read.pdf.ink import Ink, Row, Style, style_of
from scoville.read.pdf.lines import Rectangle, union
from scoville.read.pdf.page import Block, block_of, joined_where
from scoville.types import ElementKind

_LARGER = 1.15
_MUCH_LARGER = 1.4
_SHORT = 0.8
"""Of the block's width: a heading's line ends before the text's lines do."""
_HEADING_CHARACTERS = 150
_ENDED = re.compile(r"[.!?:;,…]\W*$")
_SENTENCE_ENDED = re.compile(r"[.!?:;…。！？][\"'”’)\]»\d]*\s*$")
_LEADING = 0.6  # of the size: lines of one paragraph are no farther apart
_NEAR = 1.0  # of a row's height, between two rows of a paragraph
_RUN_IN = re.compile(r"[^\W\d_]{3,}\. \S+(?: \S+){2,}(?<![.!?])$")
"""A sentence that begins within a line: the line's first words are in bold, and liteparse knows one font for it."""
_LETTER = re.compile(r"[^\W\d_]")


def correct_headings(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Apply the steps of this module to a page's blocks."""
    body = ink.body()
    if body is None:
        return list(blocks)
    blocks = _free_strangers(blocks)
    blocks = _with_torn_paragraphs(_split(blocks, "heading", _text_begins, body))
    blocks = _split(blocks, "paragraph", _heading_ends, body)
    blocks = joined_where(blocks, lambda above, below: _is_run_in(above, below, body), "paragraph")
    return joined_where(blocks, _one_heading)


def join_paragraphs(blocks: Sequence[Block]) -> list[Block]:
    """Join a paragraph to the next one that goes on with its sentence: printed alike, in its column, a line below."""
    return joined_where(blocks, _one_paragraph)


def _one_paragraph(above: Block, below: Block) -> bool:
    if above.kind not in {"paragraph", "list_item"} or below.kind != "paragraph":
        return False
    if not below.text[:1].islower() or _SENTENCE_ENDED.search(above.text):
        return False
    upper, other = style_of(above.ink), style_of(below.ink)
    gap = below.ink[0].box.y0 - above.ink[-1].box.y1
    in_column = below.box.x0 >= above.box.x0 - upper.size and below.box.x0 < above.box.x1
    return same_style(upper, other) and -upper.size < gap < _LEADING * upper.size and in_column


def stands_out(style: Style, body: Style) -> bool:
    """Say whether a style is larger or bolder than that of the running text."""
    return style.size >= _LARGER * body.size or (style.bold and not body.bold and style.size >= 0.9 * body.size)


def same_style(style: Style, other: Style) -> bool:
    """Say whether two rows are printed alike, up to the height that letters without ascenders take."""
    return style.font == other.font and max(style.size, other.size) < _LARGER * min(style.size, other.size)


def _free_strangers(blocks: Sequence[Block]) -> list[Block]:
    """Take rows out of a paragraph that are printed much larger and stand beside it: a heading in the margin."""
    freed: list[Block] = []
    for block in blocks:
        style = style_of(block.ink) if block.kind == "paragraph" and len(block.ink) > 2 else None
        strangers = [row for row in block.ink if style and row.style.size >= _MUCH_LARGER * style.size]
        rest = [row for row in block.ink if row not in strangers]
        if not strangers or not rest or _around(strangers).shared_x(_around(rest)) > 0:
            freed.append(block)
            continue
        if freed and freed[-1].kind == "heading" and same_style(style_of(freed[-1].ink), style_of(strangers)):
            strangers = [*freed.pop().ink, *strangers]
        freed.append(block_of("heading", block.page, strangers, level=1))
        freed.append(block_of("paragraph", block.page, rest))
    return freed


def _around(rows: Sequence[Row]) -> Rectangle:
    return union(row.box for row in rows)


def _split(
    blocks: Sequence[Block], kind: ElementKind, heading_ends: Callable[[Block, Style], int], body: Style
) -> list[Block]:
    """Cut blocks of a kind behind the rows that are a heading, where they have some above other rows."""
    split: list[Block] = []
    for block in blocks:
        if cut := heading_ends(block, body) if block.kind == kind else 0:
            split.append(block_of("heading", block.page, block.ink[:cut], block.level or 2))
            split.append(block_of("paragraph", block.page, block.ink[cut:]))
        else:
            split.append(block)
    return split


def _text_begins(block: Block, body: Style) -> int:
    """Give the row at which the print of the running text begins in a heading; 0 where it does not."""
    rows = block.ink
    first = rows[0].style if rows else body
    if same_style(first, body) or not stands_out_or_differs(first, body):
        return 0
    for number in range(1, len(rows)):
        if all(same_style(row.style, body) for row in rows[number:]) and rows[number].box.y0 > rows[number - 1].box.y0:
            return number
    return 0


def stands_out_or_differs(style: Style, body: Style) -> bool:
    """Say whether a style is another font than the running text's, and not smaller."""
    return style.font != body.font and style.size >= 0.9 * body.size or stands_out(style, body)


def _with_torn_paragraphs(blocks: Sequence[Block]) -> list[Block]:
    """Join a paragraph to the one below it that goes on in the same print without a gap, after a heading was cut."""
    below_headings = {id(block) for above, block in pairwise(blocks) if above.kind == "heading"}

    def goes_on(above: Block, below: Block) -> bool:
        if id(above) not in below_headings or len(above.ink) > 1 or not above.kind == below.kind == "paragraph":
            return False
        return same_style(above.ink[-1].style, below.ink[0].style) and _near(above.ink[-1], below.ink[0])

    return joined_where(blocks, goes_on)


def _near(above: Row, below: Row) -> bool:
    """Say whether a row stands where the next line of a paragraph does."""
    height = above.box.height
    gap = below.box.y0 - above.box.y1
    same_size = max(above.style.size, below.style.size) < _LARGER * min(above.style.size, below.style.size)
    return same_size and -height < gap < 0.5 * height and above.box.shared_x(below.box) > 0


def _heading_ends(block: Block, body: Style) -> int:
    """Count the short rows that stand out at the top of a paragraph, above rows that do not."""
    rows = block.ink
    cut = next((number for number, row in enumerate(rows) if not stands_out(row.style, body)), 0)
    if not 0 < cut <= 2 or cut == len(rows):
        return 0
    head, rest = rows[:cut], rows[cut:]
    text = " ".join(row.text for row in head)
    right = union(row.box for row in rows).x1
    short = head[-1].box.x1 - block.box.x0 < _SHORT * (right - block.box.x0)
    below = rest[0].box.y0 >= head[-1].box.y1 - 0.5 * head[-1].style.size
    fits = len(text) <= _HEADING_CHARACTERS and bool(_LETTER.search(text)) and not _ENDED.search(text)
    return cut if short and below and fits and all(not stands_out(row.style, body) for row in rest) else 0


def _is_run_in(above: Block, below: Block, body: Style) -> bool:
    """Say whether a heading only begins the sentence of the text below."""
    if above.kind != "heading" or below.kind != "paragraph" or not _near(above.ink[-1], below.ink[0]):
        return False
    only_begins = below.text[:1].islower() and not stands_out(style_of(above.ink), body)
    return only_begins or bool(_RUN_IN.search(above.text))


def _one_heading(above: Block, below: Block) -> bool:
    """Say whether two headings are lines of one: printed alike, close, the first not at its end."""
    if not above.kind == below.kind == "heading":
        return False
    last, first = above.ink[-1], below.ink[0]
    gap = first.box.y0 - last.box.y1
    lowercase = first.text[:1].islower()
    return (
        same_style(last.style, first.style)
        and -0.5 * last.style.size < gap < (_NEAR if lowercase else 0.35) * last.style.size
        and (lowercase or abs(first.box.x0 - last.box.x0) > 2 * last.style.size)
        and not re.match(r"\W*\d", first.text)
    )
