"""Blocks of a page in, the same with headings cut where their print says so.

Splits a heading from the text below it that was taken for more of the heading; joins a heading that was cut in two;
takes back what is only the beginning of a sentence. Looks at fonts, sizes and places, not at words. Does not know
levels of other pages (levels does).
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from scoville.read.pdf.ink import Ink, Row, Style, style_of
from scoville.read.pdf.lines import Rectangle, union
from scoville.read.pdf.page import Block, block_of, joined_where
from scoville.read.pdf.right_to_left import is_right_to_left

_LARGER = 1.15
_MUCH_LARGER = 1.4
SENTENCE_ENDED = re.compile(r"[.!?:;…。！？؛؟][\"'”’)\]»\d]*\s*$")
_LEADING = 0.6  # of the size: lines of one paragraph are no farther apart
_NEAR = 1.0  # of a row's height, between two rows of a paragraph
_SHORT = 0.7  # of the paragraph's width
_TITLED = re.compile(r"\W*(?:\d+[\d.]*\s+)?[^\W\d_]\w*(?:[ -]\S+)*[^,;-]$")
_RUN_IN = re.compile(r"[^\W\d_]{3,}\. \S+(?: \S+){2,}(?<![.!?])$")
"""A sentence that begins within a line: the line's first words are in bold, and liteparse knows one font for it."""


def correct_headings(blocks: Sequence[Block], ink: Ink) -> list[Block]:
    """Apply the steps of this module to a page's blocks."""
    body = ink.body()
    if body is None:
        return list(blocks)
    blocks = _free_first_lines(_free_strangers(blocks), body)
    blocks = _with_torn_paragraphs(_split(blocks, body))
    blocks = joined_where(blocks, lambda above, below: _is_run_in(above, below, body), "paragraph")
    blocks = joined_where(blocks, _one_heading)
    return joined_where(blocks, lambda above, below: is_right_to_left(below.text) and _one_paragraph(above, below))


def join_paragraphs(blocks: Sequence[Block]) -> list[Block]:
    """Join a paragraph to the next one that goes on with its sentence: printed alike, in its column, a line below."""
    return joined_where(blocks, _one_paragraph)


def _one_paragraph(above: Block, below: Block) -> bool:
    if above.kind not in {"paragraph", "list_item"} or below.kind != "paragraph":
        return False
    from_right = is_right_to_left(below.text)
    if not (below.text[:1].islower() or from_right) or SENTENCE_ENDED.search(above.text):
        return False
    upper, other = style_of(above.ink), style_of(below.ink)
    gap = below.box.y0 - above.box.y1 if from_right else below.ink[0].box.y0 - above.ink[-1].box.y1
    in_column = below.box.x0 >= above.box.x0 - upper.size and below.box.x0 < above.box.x1
    if from_right:
        in_column = abs(below.box.x1 - above.box.x1) < upper.size
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


def _free_first_lines(blocks: Sequence[Block], body: Style) -> list[Block]:
    """Take a first line out of its paragraph that is printed otherwise, short and without a stop: a heading."""
    freed: list[Block] = []
    for block in blocks:
        first = _first_line(block, body)
        if not first:
            freed.append(block)
            continue
        freed.append(block_of("heading", block.page, first, level=3))
        freed.append(block_of("paragraph", block.page, block.ink[len(first) :]))
    return freed


def _first_line(block: Block, body: Style) -> list[Row]:
    """Give the rows of a paragraph's first line if it is a heading; none where it is not."""
    rows = block.ink
    if block.kind != "paragraph" or len(rows) < 2:
        return []
    first = [row for row in rows if row.box.on_one_line(rows[0].box)]
    rest = rows[len(first) :]
    if first != rows[: len(first)] or not rest:
        return []
    text = " ".join(row.text for row in first)
    other = all(row.style.font != body.font and stands_out_or_differs(row.style, body) for row in first)
    short = _around(first).x1 < block.box.x0 + _SHORT * block.box.width and rows[0].box.x0 <= rest[0].box.x0
    if not (other and short) or SENTENCE_ENDED.search(text) or not _TITLED.match(text):
        return []
    next_line = [row for row in rest if row.box.on_one_line(rest[0].box)]
    return first if all(row.style.font == body.font for row in next_line) and next_line[0].text[:1].isupper() else []


def _around(rows: Sequence[Row]) -> Rectangle:
    return union(row.box for row in rows)


def _split(blocks: Sequence[Block], body: Style) -> list[Block]:
    """Cut headings behind the rows that are one, where they have some above rows of text."""
    split: list[Block] = []
    for block in blocks:
        if cut := _text_begins(block, body) if block.kind == "heading" else 0:
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
