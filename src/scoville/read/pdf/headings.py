"""Blocks of a page in, the same with headings cut where their print says so.

Splits a heading from the text below it that was taken for more of the heading, and off a paragraph that begins with
one; joins a heading that was cut in two; takes back what is only the beginning of a sentence. Looks at fonts, sizes and
places, not at words. Does not know levels of other pages (pdf_levels does).
"""

import re
from collections import Counter
from collections.abc import Sequence

from scoville.read.pdf.ink import Ink, Row, Style
from scoville.read.pdf.lines import union
from scoville.read.pdf.page import Block, block_of

_LARGER = 1.15
_MUCH_LARGER = 1.4
_SHORT = 0.8
"""Of the block's width: a heading's line ends before the text's lines do."""
_HEADING_CHARACTERS = 150
_ENDED = re.compile(r"[.!?:;,…]\W*$")
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
    blocks = _split_headings(blocks, body)
    blocks = _split_paragraphs(blocks, body)
    blocks = _take_back(blocks, body)
    return _joined(blocks)


def stands_out(style: Style, body: Style) -> bool:
    """Say whether a style is larger or bolder than that of the running text."""
    return style.size >= _LARGER * body.size or (style.bold and not body.bold and style.size >= 0.9 * body.size)


def same_style(one: Style, other: Style) -> bool:
    """Say whether two rows are printed alike, up to the height that letters without ascenders take."""
    return one.font == other.font and max(one.size, other.size) < _LARGER * min(one.size, other.size)


def style_of(rows: Sequence[Row]) -> Style:
    """Give the style of most characters."""
    counts: Counter[Style] = Counter()
    for row in rows:
        counts[row.style] += sum(len(word.text) for word in row.words)
    return max(counts, key=lambda style: counts[style])


def _free_strangers(blocks: Sequence[Block]) -> list[Block]:
    """Take rows out of a paragraph that are printed much larger and stand beside it: a heading in the margin."""
    freed: list[Block] = []
    for block in blocks:
        style = style_of(block.ink) if block.kind == "paragraph" and len(block.ink) > 2 else None
        strangers = [row for row in block.ink if style and row.style.size >= _MUCH_LARGER * style.size]
        rest = [row for row in block.ink if row not in strangers]
        if not strangers or not rest or _overlap(strangers, rest):
            freed.append(block)
            continue
        if freed and freed[-1].kind == "heading" and same_style(style_of(freed[-1].ink), style_of(strangers)):
            strangers = [*freed.pop().ink, *strangers]
        freed.append(block_of("heading", block.page, strangers, level=1))
        freed.append(block_of("paragraph", block.page, rest))
    return freed


def _overlap(rows: Sequence[Row], others: Sequence[Row]) -> bool:
    one, other = union(row.box for row in rows), union(row.box for row in others)
    return one.x0 < other.x1 and other.x0 < one.x1


def _split_headings(blocks: Sequence[Block], body: Style) -> list[Block]:
    """Cut a heading where the print of the running text begins."""
    split: list[Block] = []
    for block in blocks:
        cut = _text_begins(block, body) if block.kind == "heading" else 0
        if not cut:
            split.append(block)
            continue
        head, rest = block.ink[:cut], block.ink[cut:]
        split.append(block_of("heading", block.page, head, block.level))
        split.append(block_of("paragraph", block.page, rest))
    return _with_torn_paragraphs(split)


def _text_begins(block: Block, body: Style) -> int:
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
    joined: list[Block] = []
    for block in blocks:
        above = joined[-1] if joined else None
        if (
            above
            and len(joined) > 1
            and joined[-2].kind == "heading"
            and above.kind == block.kind == "paragraph"
            and above.ink
            and block.ink
            and len(above.ink) == 1
            and _goes_on(above.ink[-1], block.ink[0])
        ):
            joined[-1] = block_of("paragraph", block.page, [*above.ink, *block.ink])
        else:
            joined.append(block)
    return joined


def _goes_on(above: Row, below: Row) -> bool:
    return same_style(above.style, below.style) and _near(above, below)


def _near(above: Row, below: Row) -> bool:
    """Say whether a row stands where the next line of a paragraph does."""
    height = above.box.y1 - above.box.y0
    gap = below.box.y0 - above.box.y1
    overlap = min(above.box.x1, below.box.x1) - max(above.box.x0, below.box.x0)
    same_size = max(above.style.size, below.style.size) < _LARGER * min(above.style.size, below.style.size)
    return same_size and -height < gap < 0.5 * height and overlap > 0


def _split_paragraphs(blocks: Sequence[Block], body: Style) -> list[Block]:
    """Cut the heading off a paragraph that begins with one: short rows that stand out, above rows that do not."""
    split: list[Block] = []
    for block in blocks:
        cut = _heading_ends(block, body) if block.kind == "paragraph" else 0
        if cut:
            split.append(block_of("heading", block.page, block.ink[:cut], level=2))
            split.append(block_of("paragraph", block.page, block.ink[cut:]))
        else:
            split.append(block)
    return split


def _heading_ends(block: Block, body: Style) -> int:
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


def _take_back(blocks: Sequence[Block], body: Style) -> list[Block]:
    """Join a heading to the text below when it only begins its sentence."""
    kept: list[Block] = []
    for block in blocks:
        above = kept[-1] if kept else None
        if (
            above
            and above.kind == "heading"
            and block.kind == "paragraph"
            and above.ink
            and block.ink
            and (_RUN_IN.search(above.text) or _only_begins(above, block, body))
            and _near(above.ink[-1], block.ink[0])
        ):
            kept[-1] = block_of("paragraph", block.page, [*above.ink, *block.ink])
        else:
            kept.append(block)
    return kept


def _only_begins(above: Block, below: Block, body: Style) -> bool:
    return below.text[:1].islower() and not stands_out(style_of(above.ink), body)


def _joined(blocks: Sequence[Block]) -> list[Block]:
    """Join a heading to the next one when both are lines of one: printed alike, close, the first not at its end."""
    joined: list[Block] = []
    for block in blocks:
        above = joined[-1] if joined else None
        if above and above.kind == block.kind == "heading" and above.ink and block.ink and _one_heading(above, block):
            joined[-1] = block_of("heading", block.page, [*above.ink, *block.ink], above.level)
        else:
            joined.append(block)
    return joined


def _one_heading(above: Block, below: Block) -> bool:
    last, first = above.ink[-1], below.ink[0]
    gap = first.box.y0 - last.box.y1
    lowercase = first.text[:1].islower()
    return (
        same_style(last.style, first.style)
        and -0.5 * last.style.size < gap < (_NEAR if lowercase else 0.35) * last.style.size
        and (lowercase or abs(first.box.x0 - last.box.x0) > 2 * last.style.size)
        and not re.match(r"\W*\d", first.text)
    )
