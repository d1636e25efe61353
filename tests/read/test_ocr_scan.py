"""Models for the layout of scans: how what they see becomes kinds and tables, and where they come from."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Literal

import numpy
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from pictures import pdf_of, rendered, scan, tesseract
from scoville import models
from scoville.errors import ModelIntegrity, ModelUnavailable
from scoville.read import read_document
from scoville.read.ocr.regions import Label, Region, decode_boxes
from scoville.read.ocr.scan import FoundModels, as_seen, find_models, table_block
from scoville.read.ocr.seen import SeenWord
from scoville.read.ocr.slanet import TableCell, TableCells, cells_of
from scoville.read.pdf.lines import PlacedText, Rectangle
from scoville.read.pdf.page import Block
from scoville.recipe import Read
from scoville.types import Element, ElementKind, Merged

ScanLayout = Literal["auto", "always", "never"]
PAGE = Rectangle(10, 20, 210, 120)


def word(text: str, x: float, y: float) -> SeenWord:
    return SeenWord(text, Rectangle(x, y, x + 20, y + 10), 0.9)


def cell(row: int, x: float, y: float, columns: int = 1, rows: int = 1) -> TableCell:
    return TableCell(row, columns, rows, Rectangle(x, y, x + 40 * columns, y + 20 * rows))


def block(kind: ElementKind, text: str = "Some words", level: int | None = None) -> Block:
    return Block(kind, 1, Rectangle(100, 100, 200, 120), PlacedText(text, [], []), level=level)


def region(label: Label, x0: float = 90, x1: float = 210) -> Region:
    return Region(label, Rectangle(x0, 95, x1, 125), 0.9)


def test_words_fill_the_cells_that_they_lie_in_or_are_nearest_to() -> None:
    cells = [cell(0, 0, 0), cell(0, 50, 0), cell(1, 0, 25), cell(1, 50, 25)]
    words = [word("Item", 15, 25), word("Price", 65, 25), word("Lamp", 12, 47), word("40", 105, 60)]
    table = table_block(3, PAGE, words, TableCells(cells, 1))
    assert table
    assert (table.kind, table.page, table.box, table.header_rows) == ("table", 3, PAGE, 1)
    assert table.rows == (("Item", "Price"), ("Lamp", "40"))
    assert table.cell_boxes[1][0] == words[2].box


def test_cells_that_reach_over_others_are_merged() -> None:
    cells = [cell(0, 0, 0, columns=2), cell(1, 0, 25, rows=2), cell(1, 50, 25), cell(2, 50, 50)]
    words = [word("Total", 30, 25), word("East", 15, 60), word("1", 65, 47), word("2", 65, 72)]
    table = table_block(1, PAGE, words, TableCells(cells, 0))
    assert table
    assert table.rows == (("Total", ""), ("East", "1"), ("East", "2"))
    assert table.merged == (Merged(0, 0, 1, 2), Merged(1, 0, 2, 1))


@pytest.mark.parametrize(
    "cells",
    [[], [cell(0, 0, 0), cell(0, 50, 0)], [cell(0, 0, 0), cell(1, 0, 25)]],
    ids=["no structure", "one row", "one column"],
)
def test_what_is_no_table_is_left_to_the_other_layout(cells: Sequence[TableCell]) -> None:
    assert table_block(1, PAGE, [word("Item", 15, 25)], TableCells(list(cells), 0)) is None


@pytest.mark.parametrize(
    ("label", "kind"),
    [("title", "heading"), ("figure", "figure"), ("table caption", "caption"), ("text", "paragraph"),
     ("header", "paragraph")],
)  # fmt: skip
def test_a_block_is_what_its_region_is(label: Label, kind: ElementKind) -> None:
    assert as_seen(block("paragraph"), [region("text", 0, 20), region(label)]).kind == kind


def test_a_block_that_lies_mostly_outside_or_says_much_keeps_its_kind() -> None:
    assert as_seen(block("paragraph"), [region("title", 160, 300)]).kind == "paragraph"
    assert as_seen(block("paragraph", "word " * 100), [region("title")]).kind == "paragraph"
    assert as_seen(block("heading", level=3), [region("title")]).level == 3
    assert as_seen(block("paragraph"), []).kind == "paragraph"


def test_sides_are_decoded_from_how_likely_each_distance_is() -> None:
    sides = numpy.full((-(-608 // 64) * -(-800 // 64), 32), -50, numpy.float32)
    for side, steps in enumerate((1, 2, 3, 4)):
        sides[:, side * 8 + steps] = 50
    assert decode_boxes(sides, 64)[0] == pytest.approx((32 - 64, 32 - 128, 32 + 192, 32 + 256))


def test_written_tokens_become_cells_with_their_spans() -> None:
    corners = numpy.array([0.1, 0.2, 0.3, 0.2, 0.3, 0.4, 0.1, 0.4])
    tokens = ["<tr>", "<td></td>", "<td", "columns2", "rows3", ">", "</td>", "</tr>", "<tr>", "<td></td>", "</tr>"]
    cells = list(cells_of([(token, corners) for token in tokens], 100))
    assert [(one.row, one.columns, one.rows) for one in cells] == [(0, 1, 1), (0, 2, 3), (1, 1, 1)]
    assert cells[0].box == pytest.approx((10, 20, 30, 40))


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("SCOVILLE_OFFLINE", "1")


@tesseract
@pytest.mark.parametrize(("choice", "warnings"), [("always", 1), ("auto", 0), ("never", 0)])
def test_without_its_models_a_scan_is_read_and_one_warning_says_so(
    choice: ScanLayout, warnings: int, tmp_path: Path, no_models: None
) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf_of(scan(borderless()), scan(borderless())))
    document = read_document(path, source="s", settings=Read(scan_layout=choice))
    assert document.text.count("Goods in the warehouse") == 2
    assert len(document.warnings) == warnings
    for warning in document.warnings:
        assert warning.startswith("scans were laid out without the models of read.scan_layout: scan-regions is not in")


def test_models_are_fetched_only_when_asked_for_and_once(
    tmp_path: Path, no_models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def locate(name: str, *, kind: str, download: bool) -> None:
        asked.append(download)
        raise ModelUnavailable(f"{name} is far away")

    monkeypatch.setattr(models, "locate_model", locate)
    assert find_models(fetch=False) == FoundModels()
    assert asked == [False]
    for _ in range(2):
        assert find_models(fetch=True) == FoundModels(reason="scan-regions is far away")
    assert asked == [False, False, True, False]


def test_damaged_models_are_named_and_not_used(no_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def locate(name: str, *, kind: str, download: bool) -> None:
        raise ModelIntegrity(f"{name} is damaged")

    monkeypatch.setattr(models, "locate_model", locate)
    assert find_models(fetch=False) == FoundModels(reason="scan-regions is damaged")


@pytest.mark.parametrize(("given", "meant"), [(True, "always"), (False, "never"), ("auto", "auto")])
def test_yes_and_no_are_taken_for_always_and_never(given: bool | str, meant: str) -> None:
    assert Read.model_validate({"scan_layout": given}).scan_layout == meant


@tesseract
@pytest.mark.model
def test_a_table_without_lines_whose_cells_wrap_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf_of(scan(borderless())))
    assert [element.rows for element in read_tables(path, "never")] != [ROWS]
    (table,) = read_tables(path, "auto")
    assert table.rows == ROWS
    assert all(200 < region.box.y0 < region.box.y1 < 420 for region in table.regions)


def read_tables(path: Path, scan_layout: ScanLayout) -> list[Element]:
    document = read_document(path, source="s", settings=Read(scan_layout=scan_layout))
    return [element for element in document.elements if element.kind == "table"]


ROWS = (
    ("Product", "Where it is kept", "Stock"),
    ("Desk lamp", "Hall two, third shelf from the left", "112"),
    ("Power cable", "Cellar, in the grey boxes", "87"),
    ("Wall switch", "Hall two, drawer at the window", "240"),
)


def borderless() -> Image.Image:
    prose = "The warehouse counts its goods at the end of each month and reports them to the office."

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(72, 740, "Goods in the warehouse")
        canvas.setFont("Helvetica", 11)
        for line in range(5):
            canvas.drawString(72, 710 - 16 * line, prose)
            canvas.drawString(72, 400 - 16 * line, prose)
        for y in (612, 575, 435):
            canvas.line(72, y, 520, y)
        for row, cells in enumerate(ROWS):
            for column, text in enumerate(cells):
                for number, part in enumerate(wrap(text, 22)):
                    canvas.drawString(80 + 150 * column, 592 - 40 * row - 14 * number, part)

    return rendered(pdf_of(draw), 200)
