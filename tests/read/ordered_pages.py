"""Twenty pages of which the reading order is known: columns, notes, sidebars, headings across, figures between.

Each page is a PDF and the texts that are on it, as people read them out. Lines are justified, gutters narrow and
leading tight, as in print: where lines are wide apart, any reader is right.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from reportlab.pdfbase.pdfmetrics import stringWidth

from printed import HEIGHT, WIDTH, Paper, pdf

SERIF, BOLD, ITALIC, SANS = "Times-Roman", "Times-Bold", "Times-Italic", "Helvetica"
SIZE = 9.5
LEAD = 1.15
TOP, LEFT = 70.0, 60.0
FULL = WIDTH - 2 * LEFT
_WORDS = (
    "growth region report employment services period share output annual increase members plan covers family claims "
    "answer office papers missing within thirty days nurse carrier station market price energy water forest committee "
    "decision language history question method result figure measured between several other large small recent former "
    "local general public private during after before while where because although which their these those with from "
    "into over under about without toward among against"
)


@dataclass
class Printed:
    """What is drawn on a page, and what a reader should say."""

    random: random.Random
    calls: list[Callable[[Paper], None]] = field(default_factory=list[Callable[[Paper], None]])
    texts: list[str] = field(default_factory=list[str])

    def prose(self, sentences: int) -> str:
        """Make a paragraph that no other equals."""
        made: list[str] = []
        for _ in range(sentences):
            words = self.random.choices(str(_WORDS).split(), k=self.random.randint(9, 17))
            if self.random.random() < 0.3:
                words.insert(4, f"{self.random.randint(1, 99)}.{self.random.randint(1, 9)} percent")
            made.append(" ".join(words).capitalize() + ".")
        return " ".join(made)

    def paragraph(
        self, x: float, y: float, width: float, text: str, *, size: float = SIZE, font: str = SERIF,
        indent: float = 0, last: bool = True, lead: float = LEAD,
    ) -> float:  # fmt: skip
        """Draw a justified paragraph, and give where it ends; with ``last`` false its last line is justified too."""
        self.texts.append(text)
        lines = list(_broken(text, width, size, font, indent))
        drawn: list[Callable[[Paper], None]] = []
        for number, line in enumerate(lines):
            spare = width - stringWidth(line, font, size) - (indent if not number else 0)
            gaps = line.count(" ")
            space = spare / gaps if gaps and (number + 1 < len(lines) or not last) else 0.0
            start = x + (indent if not number else 0)
            drawn.append(_line(start, y + number * size * lead, line, font, size, space))
        self.calls += drawn
        return y + len(lines) * size * lead

    def heading(self, x: float, y: float, text: str, size: float = 12) -> float:
        """Draw a bold line."""
        self.texts.append(text)
        self.calls.append(_line(x, y, text, BOLD, size, 0))
        return y + size * 1.5

    def column(self, x: float, y: float, width: float, paragraphs: int = 4, sentences: int = 3) -> float:
        """Draw paragraphs below each other."""
        for number in range(paragraphs):
            y = self.paragraph(x, y, width, self.prose(sentences), indent=9 if number else 0)
        return y

    def figure(self, x: float, y: float, width: float, height: float) -> float:
        """Draw a grey picture."""
        self.calls.append(lambda paper: paper.box(x, y, x + width, y + height, (0.8, 0.8, 0.8)))
        return y + height


def _line(x: float, y: float, text: str, font: str, size: float, space: float) -> Callable[[Paper], None]:
    def draw(paper: Paper) -> None:
        run = paper.canvas.beginText(x, HEIGHT - y)
        run.setFont(font, size)
        run.setWordSpace(space)
        run.textOut(text)
        paper.canvas.drawText(run)

    return draw


def _broken(text: str, width: float, size: float, font: str, indent: float) -> Iterator[str]:
    line = ""
    room = width - indent
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and stringWidth(longer, font, size) > room:
            yield line
            line, room = word, width
        else:
            line = longer
    yield line


def _columns(page: Printed, count: int, y: float, gutter: float = 10, paragraphs: int = 5) -> float:
    width = (FULL - gutter * (count - 1)) / count
    return max(page.column(LEFT + number * (width + gutter), y, width, paragraphs) for number in range(count))


def _half(gutter: float = 10) -> tuple[float, float]:
    width = (FULL - gutter) / 2
    return width, LEFT + width + gutter


def two(page: Printed) -> None:
    _columns(page, 2, TOP, paragraphs=6)


def three(page: Printed) -> None:
    _columns(page, 3, TOP, gutter=11)


def two_below_a_heading(page: Printed) -> None:
    y = page.heading(LEFT, TOP, "Employment and output in the regions", 18)
    _columns(page, 2, page.paragraph(LEFT, y, FULL, page.prose(2), font=ITALIC, size=12) + 10)


def two_with_notes(page: Printed) -> None:
    width, right = _half()
    notes: list[str] = []
    for x in (LEFT, right):
        y = page.column(x, TOP, width, 8)
        page.calls.append(lambda paper, x=x, y=y: paper.rule(x, y + 4, x + 60, y + 4))
        y += 16
        for number in (1, 2):
            y = page.paragraph(x, y, width, f"{number} {page.prose(1)}", size=7.5)
            notes.append(page.texts.pop())
    page.texts += notes


def two_with_notes_across(page: Printed) -> None:
    y = _columns(page, 2, TOP) + 20
    for number in (1, 2, 3):
        y = page.paragraph(LEFT, y, FULL, f"{number} {page.prose(2)}", size=7.5)


def two_with_a_figure(page: Printed) -> None:
    width, right = _half()
    y = page.column(LEFT, TOP, width, 2)
    y = page.figure(LEFT, y, width, 90) + 14
    y = page.paragraph(LEFT, y, width, "Figure 1: Output of the regions in several years.", size=8) + 8
    page.column(LEFT, y, width, 2)
    page.column(right, TOP, width, 5)


def bands_with_a_figure_across(page: Printed) -> None:
    y = page.figure(LEFT, _columns(page, 2, TOP, paragraphs=3), FULL, 100) + 14
    y = page.paragraph(LEFT, y, FULL, "Figure 2: Employment by region and year, measured in the period.", size=8) + 14
    _columns(page, 2, y, paragraphs=3)


def sidebar_right(page: Printed) -> None:
    width = FULL * 0.64
    page.column(LEFT, TOP, width, 6)
    page.calls.append(lambda paper: paper.box(LEFT + width + 8, TOP - 12, LEFT + FULL, TOP + 190, (0.9, 0.95, 1)))
    page.column(LEFT + width + 14, TOP, FULL - width - 20, 2, 2)


def sidebar_left(page: Printed) -> None:
    width = FULL * 0.3
    page.calls.append(lambda paper: paper.box(LEFT, TOP - 12, LEFT + width, TOP + 260, (0.95, 0.95, 0.9)))
    page.column(LEFT + 6, TOP, width - 12, 2, 3)
    aside = page.texts[:]
    page.texts.clear()
    page.column(LEFT + width + 10, TOP, FULL - width - 10, 6)
    page.texts += aside  # follows what it stands beside


def three_below_a_heading(page: Printed) -> None:
    _columns(page, 3, page.heading(LEFT, TOP, "A recent history of the committee", 20) + 6, gutter=12)


def quote_beside(page: Printed) -> None:
    width = FULL * 0.6
    first = page.paragraph(LEFT, TOP, FULL, page.prose(4))
    end = page.paragraph(LEFT, first, width, page.prose(9), last=False)
    page.paragraph(LEFT + width + 24, first + 20, FULL - width - 30, page.prose(3), font=SANS, size=11)
    page.paragraph(LEFT, end + 14, FULL, page.prose(4))


def two_with_bullets(page: Printed) -> None:
    width, right = _half()
    for x in (LEFT, right):
        y = page.paragraph(x, TOP, width, page.prose(3))
        for _ in range(4):
            page.calls.append(_line(x, y, "•", SERIF, SIZE, 0))
            y = page.paragraph(x + 10, y, width - 10, page.prose(1))
        page.paragraph(x, y, width, page.prose(4))


def two_with_headings(page: Printed) -> None:
    width, right = _half()
    for number, x in enumerate((LEFT, right)):
        y = page.column(x, TOP, width, 2)
        y = page.heading(x, y + 8, f"{number + 1}. The decision of the office", 11)
        page.column(x, y, width, 3)


def two_set_tight(page: Printed) -> None:
    width, right = _half(9)
    for x in (LEFT, right):
        y = TOP
        for _ in range(5):
            y = page.paragraph(x, y, width, page.prose(3), font=SANS, size=8, lead=1.02)


def two_line_by_line(page: Printed) -> None:
    width, right = _half(14)
    start = len(page.calls)
    page.column(LEFT, TOP, width, 5)
    middle = len(page.calls)
    page.column(right, TOP, width, 5)
    left_calls, right_calls = page.calls[start:middle], page.calls[middle:]
    del page.calls[start:]
    for number in range(max(len(left_calls), len(right_calls))):
        page.calls += [*left_calls[number : number + 1], *right_calls[number : number + 1]]


def one_wide(page: Printed) -> None:
    page.column(LEFT, TOP, FULL, 8, 4)


def two_unequal(page: Printed) -> None:
    width = FULL * 0.36
    page.column(LEFT, TOP, width, 5, 2)
    page.column(LEFT + width + 10, TOP, FULL - width - 10, 6)


def right_drawn_first(page: Printed) -> None:
    width, right = _half()
    page.column(LEFT, TOP, width, 5)
    middle = len(page.calls)
    page.column(right, TOP, width, 5)
    page.calls = page.calls[middle:] + page.calls[:middle]


def two_with_raised_figures(page: Printed) -> None:
    width, right = _half()
    for x in (LEFT, right):
        y = TOP
        for number in range(5):
            text = page.prose(3)
            line = list(_broken(text, width, SIZE, SERIF, 0))[-1]
            below = page.paragraph(x, y, width, text)
            page.texts[-1] += "¹²³⁴⁵"[number]
            end = x + stringWidth(line, SERIF, SIZE)
            page.calls.append(_line(end, below - SIZE * LEAD - 3, str(number + 1), SERIF, 6, 0))
            y = below


def two_above_a_table(page: Printed) -> None:
    y = _columns(page, 2, TOP, paragraphs=4) + 20
    rows = [
        ("Region", "Output", "Share"),
        ("North", "120.5", "31 %"),
        ("South", "98.0", "25 %"),
        ("West", "171.2", "44 %"),
    ]
    xs = (LEFT, LEFT + 160, LEFT + 320)
    for number in range(len(rows) + 1):
        page.calls.append(lambda paper, at=y - 12 + 18 * number: paper.rule(LEFT - 4, at, LEFT + FULL, at))
    page.calls.append(lambda paper: paper.rows(xs, y, rows))
    page.texts += [" ".join(row) for row in rows]


PAGES: Sequence[Callable[[Printed], None]] = (
    two, three, two_below_a_heading, two_with_notes, two_with_notes_across, two_with_a_figure,
    bands_with_a_figure_across, sidebar_right, sidebar_left, three_below_a_heading, quote_beside, two_with_bullets,
    two_with_headings, two_set_tight, two_line_by_line, one_wide, two_unequal, right_drawn_first,
    two_with_raised_figures, two_above_a_table,
)  # fmt: skip


def drawn_pages(makers: Sequence[Callable[[Printed], None]], seed: int) -> tuple[bytes, list[list[str]]]:
    """Draw pages: a PDF and for each page its texts in order."""
    pages = [Printed(random.Random(f"{make.__name__} {seed}")) for make in makers]
    for make, page in zip(makers, pages, strict=True):
        make(page)

    def drawn(page: Printed) -> Callable[[Paper], None]:
        def draw(paper: Paper) -> None:
            for call in page.calls:
                call(paper)

        return draw

    return pdf(*map(drawn, pages)), [page.texts for page in pages]
