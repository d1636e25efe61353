"""What a child does with a PDF: open it, lay out a batch of its pages, join the pages to pieces.

Pages are laid out in batches by several children, so a batch leaves as one pickled page each, or stays in the child's
memory where one child reads the whole document. Knows liteparse; does not know children, time-outs or OCR.
"""

import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import Piece
from scoville.read.clean import clean_line, unseen_warning
from scoville.read.locked.unlock import encrypted
from scoville.read.ocr.page import Turn, stand_back
from scoville.read.pdf.lines import Rectangle
from scoville.types import Box

if TYPE_CHECKING:
    from liteparse.types import ParsedPage

    from scoville.read.ocr.route import Doubt
    from scoville.read.pdf.hidden import Hidden
    from scoville.read.pdf.page import Block, Page

MOST_PAGES = 100_000
"""liteparse reads the first 1,000 of a document unless it is told otherwise."""
_CROWDED = "read as plain text, without layout: so many lines are drawn on it that layout would take minutes"


class Opened(NamedTuple):
    """What a PDF says of itself."""

    pages: int
    title: str | None
    metadata: dict[str, str]


class LaidOut(NamedTuple):
    """What became of a batch of pages."""

    pages: dict[int, bytes]
    """By number; empty where the child keeps them."""
    characters: int
    doubts: "tuple[Doubt, ...]"
    warnings: tuple[tuple[int, str], ...]
    """With the number of the page."""


_kept: "dict[str, dict[int, Page]]" = {}


def open_pdf(path: str, password: str | None) -> Opened:
    """Count the pages. Raises ReadFailure when there is no way in."""
    import pypdfium2

    from scoville.read.pdf.plain import read_information

    try:
        document = pypdfium2.PdfDocument(path, password=password)
    except pypdfium2.PdfiumError as error:
        raise ReadFailure(_explain(str(error), password)) from None
    with document:
        if not len(document):
            raise ReadFailure("has no pages")
        return Opened(len(document), *read_information(document))


def lay_out(
    path: str, password: str | None, first: int, last: int, *, keep: bool, seek_doubts: bool, seek_hard: bool
) -> LaidOut:
    """Lay out the pages from ``first`` to ``last``; seek those that OCR or a vision model should read."""
    from liteparse.types import ParseError

    from scoville.read.ocr import route as ocr_route
    from scoville.read.pdf import layout as pdf_layout
    from scoville.read.pdf.plain import crowded_pages, read_plain_pages
    from scoville.read.pdf.right_to_left import mend_ligatures
    from scoville.read.pdf.turned import stand_page_back, turned_pages
    from scoville.read.pdf.witness import witness

    doubts: list[Doubt] = []
    try:
        crowded = crowded_pages(path, password, range(first, last + 1))
        parsed, warnings = _parse(path, password, [page for page in range(first, last + 1) if page not in crowded])
        witnessed = list(witness(path, password, parsed))
        parsed = [page for page, _, _ in witnessed]
        mend_ligatures(path, password, parsed)
        turned = dict(turned_pages(parsed))
        upright = _parse_upright(path, password, turned)
        pages = [
            stand_page_back(pdf_layout.lay_out(upright[page.page_num]), turned[page.page_num])
            if page.page_num in upright
            else pdf_layout.lay_out(page, [one.box for one in hidden], runs)
            for page, runs, hidden in witnessed
        ]
        warnings = [*warnings, *_remarks(pages, [one.hidden for one in witnessed])]
        if crowded:
            pages = sorted([*pages, *read_plain_pages(path, password, crowded)], key=lambda page: page.number)
            warnings += [(page, f"page {page}: {_CROWDED}") for page in crowded]
        if seek_doubts:
            doubts += ocr_route.find_doubts(path, password, parsed)
    except ParseError as error:
        reason = " ".join(str(error).split())[:200]
        which = f"page {first}" if first == last else f"pages {first}-{last}"
        warnings = [(first, f"{which}: read as plain text, without layout: {reason}")]
        pages = read_plain_pages(path, password, range(first, last + 1))
    if seek_hard:
        unread = {doubt.page for doubt in doubts if not doubt.boxes}
        doubts += [doubt for doubt in ocr_route.find_hard(pages) if doubt.page not in unread]
    if keep:
        if path not in _kept:
            _kept.clear()
        _kept.setdefault(path, {}).update((page.number, page) for page in pages)
    return LaidOut(
        {} if keep else {page.number: pickle.dumps(page, pickle.HIGHEST_PROTOCOL) for page in pages},
        sum(len(block.text) for page in pages for block in page.blocks),
        tuple(doubts),
        tuple(warnings),
    )


def _remarks(pages: "Sequence[Page]", hidden: "Sequence[Sequence[Hidden]]") -> Iterator[tuple[int, str]]:
    """Say what was done to pages, and what text nobody sees; a lone number or letter is a leftover of drawing."""
    for page, unseen in zip(pages, hidden, strict=True):
        yield from ((page.number, f"page {page.number}: {remark}") for remark in (page.ink.remarks if page.ink else ()))
        text = clean_line(" ".join([*(one.text for one in unseen), page.tiny]))
        if re.search(r"[^\W\d_]{2}", text):
            yield page.number, unseen_warning(page.number, text)


def join(
    path: str, pages: Mapping[int, bytes], missing: Sequence[int], pictures: Sequence[bytes], turns: Mapping[int, Turn]
) -> tuple[Piece, ...] | None:
    """Join all pages, those kept and those given, to pieces; a given one replaces a kept one.

    ``missing`` are the pages that this child must have kept; None when it has not. ``pictures`` are blocks to add.
    """
    from scoville.read.pdf.flow import pieces_of

    kept = _kept.pop(path, {})
    if not kept.keys() >= set(missing):
        return None
    # All pickles come from this program's own children.
    whole = kept | {number: pickle.loads(page) for number, page in pages.items()}
    for block in (block for blocks in pictures for block in pickle.loads(blocks)):
        if block.page in whole:
            _insert(whole[block.page].blocks, block)
    pieces = pieces_of([whole[number] for number in sorted(whole)])
    return tuple(_stood_back(piece, turns) for piece in pieces) if turns else tuple(pieces)


def _insert(blocks: "list[Block]", new: "Block") -> None:
    """Put a block before the first one that begins below it."""
    below = (i for i, block in enumerate(blocks) if block.box.y0 > new.box.y0)
    blocks.insert(next(below, len(blocks)), new)


def _stood_back(piece: Piece, turns: Mapping[int, Turn]) -> Piece:
    """Give boxes of pages that were turned to be read as the pages are shown."""

    def back(box: Box) -> Box:
        turn = turns.get(box.page)
        return Box(box.page, *stand_back(Rectangle(*box[1:]), turn)) if turn else box

    return replace(
        piece,
        regions=tuple(region._replace(box=back(region.box)) for region in piece.regions),
        cell_boxes=tuple(tuple(box and back(box) for box in row) for row in piece.cell_boxes),
    )


def _parse(path: str, password: str | None, pages: Sequence[int]) -> "tuple[list[ParsedPage], list[tuple[int, str]]]":
    """Give what liteparse sees on some pages, and what went wrong."""
    from liteparse.parser import LiteParse

    from scoville.read.pdf.layout import PARSER_OPTIONS

    if not pages:
        return [], []
    options: dict[str, Any] = {**PARSER_OPTIONS, "max_pages": MOST_PAGES, "password": password}
    result = LiteParse(**options, target_pages=",".join(map(str, pages))).parse(path)
    return result.pages, [(error.page_num, f"page {error.page_num}: {error.message}") for error in result.page_errors]


def _parse_upright(path: str, password: str | None, turned: Mapping[int, int]) -> "dict[int, ParsedPage]":
    """Parse pages that are printed sideways once more, turned to stand upright."""
    if not turned:
        return {}
    from liteparse.parser import LiteParse

    from scoville.read.pdf.layout import PARSER_OPTIONS

    options: dict[str, Any] = {**PARSER_OPTIONS, "max_pages": MOST_PAGES, "password": password}
    turns: dict[str, Any] = {
        "target_pages": ",".join(map(str, turned)),
        "page_orientation_corrections": list(turned.items()),
    }
    return {page.page_num: page for page in LiteParse(**options, **turns).parse(path).pages}


def _explain(message: str, password: str | None) -> str:
    lowered = message.lower()
    if "password" in lowered:
        return encrypted(password)
    if "format" in lowered:
        return "is a damaged PDF (cut off or corrupt); get a whole copy of it"
    return f"cannot be read as pdf: {' '.join(message.split())[:200]}"
