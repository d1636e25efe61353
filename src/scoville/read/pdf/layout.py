"""One page as liteparse parsed it in, the page as it should be read out: the corrections, each a module, in order.

Every step takes blocks and what is printed (ink), by geometry and fonts alone; none knows the steps around it.
What shows only across pages is flow's. Words that OCR found are text items of the parsed page like all others.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from scoville.read.pdf.callouts import mark_callouts
from scoville.read.pdf.charts import mark_charts
from scoville.read.pdf.code import mark_code
from scoville.read.pdf.columns import part_columns
from scoville.read.pdf.contents import join_page_numbers
from scoville.read.pdf.form import add_form_fields, filled_places, pair_labels
from scoville.read.pdf.headings import correct_headings
from scoville.read.pdf.ink import Ink
from scoville.read.pdf.kinds import tell_kinds
from scoville.read.pdf.lines import Rectangle
from scoville.read.pdf.page import Block, Page, read_page
from scoville.read.pdf.runs import Run
from scoville.read.pdf.tables.correct import correct_tables
from scoville.read.pdf.tables.drawn import read_drawn
from scoville.read.pdf.torn import mend_drop_capitals
from scoville.read.pdf.words import mend_words

if TYPE_CHECKING:
    from liteparse.types import ParsedPage

PARSER_OPTIONS: dict[str, Any] = {
    "ocr_enabled": False,
    "quiet": True,
    "output_format": "json",
    "extract_blocks": True,
    "emit_word_boxes": True,
    "extract_form_fields": True,
    "extract_vector_graphics": True,
    "extract_links": False,
    "keep_headers_footers": True,
    "continue_on_page_error": True,
}
"""What the steps need of liteparse."""


Step = Callable[[Sequence[Block], Ink], list[Block]]

STEPS: tuple[Step, ...] = (
    mend_words,
    read_drawn,
    part_columns,
    mend_drop_capitals,
    join_page_numbers,
    correct_tables,
    mark_code,
    mark_charts,
    correct_headings,
    mark_callouts,
    pair_labels,
    tell_kinds,
)
"""The corrections of a page's blocks, in their order: words, then tables, then what stands around them."""


def lay_out(parsed: "ParsedPage", hidden: Sequence[Rectangle] = (), runs: Sequence[Run] = ()) -> Page:
    """Read one page and correct it; ``hidden`` are the places of text that nobody sees, ``runs`` PDFium's lines."""
    page = read_page(parsed, [*hidden, *filled_places(parsed.form_fields or ())])
    if page.ink and page.ink.rows:
        page.ink.runs = runs
        for step in STEPS:
            page.blocks = step(page.blocks, page.ink)
    add_form_fields(page, parsed.form_fields or ())
    return page
