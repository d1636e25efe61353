"""Pages as liteparse parsed them in, with each what PDFium says of it out: its lines, and what nobody sees.

liteparse is built on PDFium, too, but leaves letters out, and makes its own order. A file is opened once for all this.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from scoville.read.pdf.hidden import Hidden, hidden_text
from scoville.read.pdf.lost import count_letters, letters_of, restore_lost
from scoville.read.pdf.runs import Run, Sheet, differences, read_runs

if TYPE_CHECKING:
    from liteparse.types import ParsedPage


class Witnessed(NamedTuple):
    """A parsed page, perhaps parsed anew, and what PDFium says."""

    page: "ParsedPage"
    runs: Sequence[Run] = ()
    hidden: Sequence[Hidden] = ()


def witness(path: str, password: str | None, pages: "Sequence[ParsedPage]") -> Iterator[Witnessed]:
    """Look at parsed pages with PDFium."""
    import pypdfium2

    with pypdfium2.PdfDocument(path, password=password) as document:
        for parsed in pages:
            page = document[parsed.page_num - 1]
            sheet = Sheet(page)
            other = differences(parsed, sheet.text)
            runs = read_runs(sheet, other)
            there, seen = letters_of(runs, parsed), count_letters(item.text for item in parsed.text_items)
            if there > seen:
                runs = read_runs(sheet, other, every_word=True)
                parsed = restore_lost(sheet, parsed, there, seen)
            yield Witnessed(parsed, runs, hidden_text(page, sheet.words))
            sheet.words.close()
            page.close()
