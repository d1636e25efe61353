"""Pages of blocks in, the document's pieces in reading order out: what only shows across pages.

Finds running headers and footers, joins paragraphs and tables that a page or column break cuts, and puts hyphens at
line ends back where they belong to the word. Does not know liteparse.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from scoville.read.assemble import Piece
from scoville.read.pdf.levels import set_levels
from scoville.read.pdf.lines import HYPHENS, Line, PlacedText, close_gaps
from scoville.read.pdf.page import Block, Page
from scoville.read.pdf.right_to_left import is_right_to_left
from scoville.read.pdf.tables.pages import is_rest_of, table_piece
from scoville.types import Box, Region

_ZONE = 0.1  # of the page's height, at the top and at the bottom
_PAGES = 3  # or two, where the numbers in the text go on
_SHARE = 1 / 3  # of the pages: left and right pages may differ, and chapters begin without a header
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p[aá]gina|pag\.|p\.)?\s*[|–—\[(-]*\s*(?:\d{1,4}|[ivxl]{1,6})\s*[|–—\])-]*"
    r"(?:\s*(?:of|/|de|von|sur|di)\s*\d{1,4})?",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.!?:;…。！？؛؟][\"'”’)\]»]*\s*$")
_PARTED = 0.036
"""Of the lines of running text: where words are parted at line ends, more end so. Of 150 files none did up to .034."""
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_PART = re.compile(r"[^\W\d_]+")

_Zone = Literal["header", "footer"]


def pieces_of(pages: Sequence[Page]) -> list[Piece]:
    """Turn pages into pieces. Pages and their blocks are changed in place."""
    _mark_furniture(pages)
    set_levels(pages)
    blocks = [block for page in pages for block in page.blocks]
    flow = _joined(blocks)
    _restore_hyphens([parts for parts in flow if any(block.placed.hyphens for block in parts)], blocks)
    return [_piece(parts) for parts in flow]


def _mark_furniture(pages: Sequence[Page]) -> None:
    """Call headers and footers what stands at the edge of many pages alike but for its numbers, and page numbers."""
    seen: defaultdict[tuple[str, str], list[str]] = defaultdict(list)  # what stands alike, page by page
    for page in pages:
        found = {(zone, _likeness(block.text)): block.text for block in page.blocks if (zone := _zone(block, page))}
        for key, text in found.items():
            seen[key].append(text)
    for page in pages:
        for block in page.blocks:
            zone = _zone(block, page)
            if zone is None:
                continue
            alike = seen[zone, _likeness(block.text)]
            needed = max(_PAGES - (len(set(alike)) > 1), _SHARE * len(pages))
            if len(alike) >= needed or _PAGE_NUMBER.fullmatch(block.text.strip()):
                block.kind, block.level = zone, None


def _zone(block: Block, page: Page) -> _Zone | None:
    if block.kind in {"table", "form_field", "code"}:
        return None
    middle = block.box.y
    if middle < _ZONE * page.height:
        return "header"
    return "footer" if middle > (1 - _ZONE) * page.height else None


def _likeness(text: str) -> str:
    return re.sub(r"\d+", "#", text.casefold())


def _joined(blocks: Sequence[Block]) -> list[list[Block]]:
    """Group the blocks that are one paragraph, cut by a page or column break. Furniture between them follows."""
    flow: list[list[Block]] = []
    body: list[Block] | None = None
    for block in blocks:
        if block.kind in {"header", "footer"}:
            flow.append([block])
        elif body and _continues(body[-1], block, body[0].kind):
            body.append(block)
        else:
            body = [block]
            flow.append(body)
    return flow


def _continues(above: Block, below: Block, kind: str) -> bool:
    if kind == "table":
        return below.page == above.page + 1 and is_rest_of(above, below)
    if kind not in {"paragraph", "list_item"} or below.kind != "paragraph":
        return False
    next_page = below.page == above.page + 1
    next_column = below.page == above.page and below.box.y1 < above.box.y0 and below.box.x0 > above.box.x0
    goes_on = below.text[:1].islower() or is_right_to_left(below.text)
    return (next_page or next_column) and not _ENDED.search(above.text) and goes_on


def _restore_hyphens(flow: Iterable[Sequence[Block]], blocks: Sequence[Block]) -> None:
    """Put back a hyphen that was taken out at a line's end where the document shows that it belongs to the word.

    It does when the document has the hyphenated word within a line, or has both parts as words but never the whole:
    "cutting-|edge" keeps it, "bene-|fits" does not. Where few lines end with a hyphen, no word was parted.
    """
    lines = sum(len(block.placed.lines) for block in blocks if block.kind in {"paragraph", "list_item", "footnote"})
    none_parted = sum(len(block.placed.hyphens) for block in blocks) < _PARTED * lines
    words: set[str] | None = None
    for parts in flow:
        if words is None and not none_parted:
            words = _vocabulary(blocks)
        for block in parts:
            for offset in reversed(block.placed.hyphens):
                if words is None or _is_compound(block.text, offset, words):
                    block.placed = _insert_hyphen(block.placed, offset)
            block.placed.hyphens.clear()


def _vocabulary(blocks: Iterable[Block]) -> set[str]:
    words: set[str] = set()
    for block in blocks:
        for match in _WORD.finditer(block.text.casefold()):
            if not any(match.start() <= offset < match.end() for offset in block.placed.hyphens):
                words.add(match[0])
                words.update(_PART.findall(match[0]))
    return words


def _is_compound(text: str, offset: int, words: set[str]) -> bool:
    before = re.search(r"[^\W_]+(?:-[^\W_]+)*$", text[max(0, offset - 60) : offset])
    after = re.match(r"[^\W_]+", text[offset : offset + 60])
    if not before or not after:
        return False
    left, right = before[0].casefold(), after[0].casefold().rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹")  # the number of a note
    if after[0][0].isupper() or left[-1].isdigit() or right[0].isdigit() or f"{left}-{right}" in words:
        return True
    return left + right not in words and left.rsplit("-", 1)[-1] in words and right in words


def _insert_hyphen(placed: PlacedText, offset: int) -> PlacedText:
    text = f"{placed.text[:offset]}-{placed.text[offset:]}"
    lines = [
        Line(start + (start >= offset), end + (end >= offset and end > start), box) for start, end, box in placed.lines
    ]
    return PlacedText(text, close_gaps(lines, len(text)), placed.hyphens)


def _piece(parts: Sequence[Block]) -> Piece:
    first = parts[0]
    if first.rows:
        return table_piece(parts)
    text = ""
    regions: list[Region] = []
    for block in parts:
        if text:
            text = text[:-1] if text[-1] in HYPHENS and text[-2:-1].isalpha() else f"{text} "
        for start, end, box in block.placed.lines:
            if end > start:
                regions.append(Region(start + len(text), end + len(text), Box(block.page, *box)))
        text += block.text
    regions = [region._replace(end=min(region.end, len(text))) for region in regions]
    return Piece(kind=first.kind, text=text, page=first.page, level=first.level, regions=tuple(regions))
