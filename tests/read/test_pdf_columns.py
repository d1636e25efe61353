"""The order in which pages are read: twenty kinds of page of known order, and what PDFium witnesses."""

import time
from pathlib import Path

import pytest
from ordered_pages import PAGES, drawn_pages

from printed import TEXT, Paper, pdf
from scoville.read import read_document
from scoville.read.pdf.ink import Ink, Row, Style
from scoville.read.pdf.lines import Rectangle, Word
from scoville.read.pdf.page import block_of
from scoville.read.pdf.runs import Run
from scoville.read.pdf.words import mend_words
from scoville.recipe import Read
from scoville.types import Document


def read(folder: Path, data: bytes) -> Document:
    (folder / "file.pdf").write_bytes(data)
    return read_document(folder / "file.pdf", source="s", settings=Read(ocr="never"))


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def is_in_order(text: str, parts: list[str]) -> bool:
    place = 0
    for part in parts:
        place = text.find(letters(part), place)
        if place < 0:
            return False
        place += 1
    return True


@pytest.mark.parametrize("seed", [0, 1])
def test_twenty_of_twenty_kinds_of_page_are_read_in_their_order(seed: int, tmp_path: Path) -> None:
    data, texts = drawn_pages(PAGES, seed)
    document = read(tmp_path, data)
    pages = [
        letters(" ".join(document.text[one.start : one.end] for one in document.elements if one.page == number))
        for number in range(1, len(PAGES) + 1)
    ]
    wrong = [
        make.__name__ for make, page, parts in zip(PAGES, pages, texts, strict=True) if not is_in_order(page, parts)
    ]
    assert (len(PAGES), wrong) == (20, [])


def test_a_table_in_a_column_is_one_though_its_outer_sides_are_open(tmp_path: Path) -> None:
    rows = [["Group", "Before", "After"], ["Class", "First group", "First class"], ["Reach", "Six kinds", "Seventeen"]]
    rows += [["Codes", "None at all", "Some of them"], ["Pay", "In full", "By half"]]

    def draw(paper: Paper) -> None:
        short = [half for line in TEXT for half in (line[:32], line[32:])]
        paper.lines(60, 80, short, size=10)
        for number in range(len(rows) + 1):
            paper.rule(60, 200 + 20 * number, 280, 200 + 20 * number)
        for x in (120, 200):
            paper.rule(x, 200, x, 300)
        for x in (60, 280):
            paper.rule(x, 200, x, 220)
        paper.rows([64, 124, 204], 214, rows, pitch=20)
        paper.lines(60, 330, short, size=10)
        paper.lines(310, 80, short * 4, size=10)

    document = read(tmp_path, pdf(draw))
    (table,) = (one for one in document.elements if one.kind == "table")
    assert table.rows == tuple(map(tuple, rows))


def test_a_word_that_liteparse_lost_at_the_beginning_of_a_line_is_put_there() -> None:
    style, box = Style("Serif", 12, False), Rectangle(90, 100, 150, 112)
    row = Row(box, [Word("release", box._replace(x1=125)), Word("today", box._replace(x0=129))], style)
    lost = Word("This", Rectangle(66, 100, 87, 112))
    ink = Ink(1, 500, 800, [row], runs=[Run("This release today", box._replace(x0=66), (lost,))])
    (block,) = mend_words([block_of("paragraph", 1, [row])], ink)
    assert block.text == "This release today"


def test_a_figure_whose_stop_is_drawn_last_has_it_where_it_stands(tmp_path: Path) -> None:
    def draw(paper: Paper) -> None:
        paper.lines(72, 72, TEXT)
        run = paper.canvas.beginText(72, 680)
        run.setFont("Helvetica", 11)
        vars(run)["_code"].append("[(Output rose to 120) -278 (0) 834 (.)] TJ")
        paper.canvas.drawText(run)

    document = read(tmp_path, pdf(draw))
    assert "Output rose to 120.0" in document.text
    assert document.warnings == ("page 1: 1 words are as PDFium reads them, such as '120.0' for '120 0.'",)


def test_a_raised_digit_that_its_fraction_stroke_overlaps_is_kept(tmp_path: Path) -> None:
    def draw(paper: Paper) -> None:
        paper.lines(72, 72, TEXT)
        paper.text(72, 160, "Bolts of size", size=11)
        paper.text(140, 156, "1", size=6)
        paper.text(142, 160, "/", size=11)
        paper.text(144.5, 162, "4", size=6)
        paper.text(150, 160, "inch", size=11)

    assert "1/4" in read(tmp_path, pdf(draw)).text.replace("⁄", "/")


def test_raised_figures_are_no_digits_of_the_number_before(tmp_path: Path) -> None:
    def draw(paper: Paper) -> None:
        paper.lines(72, 72, TEXT)
        line = paper.canvas.beginText(72, 500)
        parts = (
            *(("A sample holds 10", 0), ("6", 5), (" cells, 3.2 x 10", 0), ("-5", 5), (" mol. It cost $1,500", 0)),
            *(("4", 5), (" in 2022.", 0), ("3", 5), (" For 25 m", 0), ("2", 5), (" take H", 0), ("2", -2)),
            ("O and 106 g.", 0),
        )
        for part, rise in parts:
            line.setFont("Helvetica", 7 if rise else 12)
            line.setRise(rise)
            line.textOut(part)
        paper.canvas.drawText(line)

    document = read(tmp_path, pdf(draw))
    assert "holds 10⁶ cells, 3.2 x 10⁻⁵ mol. It cost $1,500⁴ in 2022.³ For 25 m² take H2O and 106 g." in document.text


def test_a_page_of_very_many_lines_keeps_its_text_and_says_what_it_lacks(tmp_path: Path) -> None:
    def draw(paper: Paper) -> None:
        paper.lines(72, 72, TEXT)
        paper.canvas.lines([(72, 200 + number % 400, 80 + number % 401, 200) for number in range(200_000)])

    started = time.monotonic()
    document = read(tmp_path, pdf(draw, lambda paper: paper.lines(72, 72, TEXT)))
    assert " ".join(TEXT) in document.text.replace("\n", " ")
    assert [one.page for one in document.elements] == [1, 2]
    (warning,) = document.warnings
    assert warning.startswith("page 1: read as plain text, without layout: so many lines")
    assert time.monotonic() - started < 120
