"""OCR: which pages need it, which way they are turned, where their words stand, and what happens without an engine."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table

from pictures import SENTENCES, page_picture, pdf_of, printed, rendered, scan, tesseract, turned
from scoville.errors import MissingExtra, ReadFailure
from scoville.read import read_document
from scoville.read.ocr import engine as ocr
from scoville.read.ocr.engine import read_upright
from scoville.read.ocr.page import Turn, stand_back
from scoville.read.ocr.route import BARE, Drawn, is_broken, judge
from scoville.read.ocr.rules import find_rules
from scoville.read.ocr.seen import SeenLine, SeenWord
from scoville.read.ocr.text_page import text_page
from scoville.read.pdf.lines import Rectangle
from scoville.recipe import Read
from scoville.types import Document, Merged

ReadBytes = Callable[..., Document]
PROSE = "The committee met in spring and agreed on all of the points that had been raised before. " * 8


@pytest.fixture
def read(tmp_path: Path) -> ReadBytes:
    def read_bytes(data: bytes, **settings: Any) -> Document:
        path = tmp_path / "file.pdf"
        path.write_bytes(data)
        return read_document(path, source="s", settings=Read(**settings))

    return read_bytes


def line(*words: tuple[str, float, float], y: float = 100, size: float = 12, confidence: float = 0.9) -> SeenLine:
    return [SeenWord(text, Rectangle(x0, y - 0.72 * size, x1, y), confidence) for text, x0, x1 in words]


# Which pages


def test_a_page_with_a_text_layer_is_left_alone() -> None:
    assert judge(1, PROSE, (), None) is None
    assert judge(1, PROSE[:200], (), Drawn(paths=12, picture_share=0.3)) is None


def test_a_blank_page_is_left_alone() -> None:
    assert judge(1, "", (), Drawn(paths=0, picture_share=0)) is None
    assert judge(1, "7", (), Drawn(paths=0, picture_share=0)) is None


@pytest.mark.parametrize(
    ("text", "drawn", "reason"),
    [
        ("", Drawn(paths=0, picture_share=1), "no text"),
        ("Scanned 2024", Drawn(paths=0, picture_share=1), "no text"),
        ("", Drawn(paths=900, picture_share=0), "no text"),
        ("Annual report 2024, with figures", Drawn(paths=10_015, picture_share=0), "drawn text"),
        ("Annual report of a company, 2024", Drawn(paths=3, picture_share=0.9), "full-page picture"),
    ],
)
def test_a_page_whose_text_is_drawn_or_pictured_is_doubtful(text: str, drawn: Drawn, reason: str) -> None:
    doubt = judge(4, text, (), drawn)
    assert doubt
    assert (doubt.page, doubt.reason) == (4, reason)


def test_a_chart_with_labels_is_no_drawn_text() -> None:
    labels = "Revenue by quarter, in thousands: " + " ".join(f"Q{n} {n * 117}" for n in range(1, 20))
    assert judge(1, labels, (), Drawn(paths=300, picture_share=0)) is None


@pytest.mark.parametrize(
    "text",
    [
        "\ufffd\ufffd\ufffd " * 20 + "and",
        "\ue012\ue013 \ue014 " * 30,
        "(cid:12)(cid:9) (cid:33)" * 10,
        "Wkh frpplwwhh phw lq vsulqj dqg djuhhg rq wkh srlqwv wkdw zhuh " * 3,
    ],
)
def test_text_that_says_nothing_is_broken(text: str) -> None:
    assert is_broken(text)


@pytest.mark.parametrize(
    "text",
    [PROSE, "", "\uf0b7 one \uf0b7 two \uf0b7 three and so on, as Word writes its bullets",
     "委员会在春季开会并就所有要点达成一致。" * 5, "اجتمعت اللجنة في الربيع ووافقت على جميع النقاط " * 5,
     "GmbH PDF XML HTTP TLS KPI", "12.40 13.90 88.12 " * 40],
)  # fmt: skip
def test_text_in_any_language_is_not_broken(text: str) -> None:
    assert not is_broken(text)


def test_a_broken_text_layer_is_doubtful_however_long() -> None:
    doubt = judge(1, "\ufffd" * 4_000, (), None)
    assert doubt
    assert doubt.reason == "broken text"


def test_pictures_are_read_beside_the_text_of_their_page() -> None:
    box = Rectangle(72, 72, 300, 200)
    doubt = judge(1, PROSE, (box,), None)
    assert doubt
    assert (doubt.reason, doubt.boxes) == ("pictures", (box,))
    assert doubt.letters > BARE


# Which way up


class Turned:
    """An engine that reads well only when the picture has been turned as far as it takes."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.calls = 0

    def lines(self, image: Image.Image, dots_per_inch: float) -> list[SeenLine]:
        tried = (0, 90, 270, 180)[self.calls]
        self.calls += 1
        if tried == self.turn:
            return [line(("committee", 0, 60), ("agreed", 70, 110), ("points", 115, 150))]
        return [line(("ee,1|", 0, 30), ("~jju", 40, 60), confidence=0.45)]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_is_turned_until_it_reads_well(turn: int) -> None:
    engine = Turned(turn)
    upright = read_upright(Image.new("L", (300, 200), 255), engine, 200)
    assert upright.turn == turn
    assert [word.text for word in upright.lines[0]] == ["committee", "agreed", "points"]
    assert engine.calls == {0: 1, 90: 2, 270: 3, 180: 4}[turn]


def test_words_that_stand_like_towers_do_not_make_a_page_upright() -> None:
    class Sideways:
        def lines(self, image: Image.Image, dots_per_inch: float) -> list[SeenLine]:
            if image.width < image.height:
                return [[SeenWord("committee", Rectangle(10, 10, 22, 90), 0.99)]]
            return [line(("committee", 0, 80), confidence=0.95)]

    assert read_upright(Image.new("L", (200, 300)), Sideways(), 200).turn == 90


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_box_of_an_upright_page_stands_back_where_it_is_shown(degrees: int) -> None:
    shown = Image.new("L", (60, 40))
    shown.paste(255, (5, 10, 25, 16))
    upright = shown.rotate(-degrees, expand=True)
    box = upright.getbbox()
    assert box
    assert stand_back(Rectangle(*box), Turn(degrees, 60, 40)) == (5, 10, 25, 16)


# The page that carries the words to the layout reader


def test_words_on_a_text_page_come_out_where_they_were_put() -> None:
    from liteparse.parser import LiteParse

    words = [("Überweisung", 72.0, 140.0), ("für", 146.0, 160.0), ("漢字", 170.0, 195.0), ("(a\\b)", 200.0, 225.0)]
    page = text_page([line(*words), line(("next", 72, 96), y=120)], 300, 400)
    (parsed,) = LiteParse(ocr_enabled=False, quiet=True, emit_word_boxes=True).parse(page).pages
    seen = {word.text: word for item in parsed.text_items for word in item.words}
    assert (parsed.width, parsed.height) == (300, 400)
    assert seen.keys() == {"Überweisung", "für", "漢字", "(a\\b)", "next"}
    for text, x0, x1 in words:
        assert seen[text].x == pytest.approx(x0, abs=1)
        assert seen[text].x + seen[text].width == pytest.approx(x1, abs=2)
        assert seen[text].y < 100 < seen[text].y + seen[text].height + 3


def test_print_up_the_margin_stays_apart_from_the_lines_beside_it() -> None:
    from liteparse.parser import LiteParse

    tower = [SeenWord("arXiv:2401.00001", Rectangle(20, 100, 32, 220), 0.9)]
    page = text_page([tower, line(("Body", 72, 100), ("text", 104, 124))], 300, 400)
    (parsed,) = LiteParse(ocr_enabled=False, quiet=True, emit_word_boxes=True).parse(page).pages
    items = {item.text: item for item in parsed.text_items}
    assert items.keys() == {"arXiv:2401.00001", "Body text"}
    assert items["arXiv:2401.00001"].rotation not in {0, 360}


def test_rulings_are_found_and_letters_are_not() -> None:
    picture = Image.new("L", (600, 400), 255)
    draw = ImageDraw.Draw(picture)
    draw.line((50, 100, 550, 100), 0, 3)
    draw.line((50, 100, 50, 300), 60, 2)
    draw.line((60, 350, 110, 350), 0, 2)  # too short
    rules = sorted(find_rules(picture, 200))
    assert rules == [pytest.approx((50, 99, 551, 102), abs=4), pytest.approx((50, 100, 52, 300), abs=4)]
    assert find_rules(page_picture(), 150) == []


# Whole pages


@tesseract
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_scan_is_read_whichever_way_it_lies_and_its_boxes_stand_on_the_page_as_shown(
    read: ReadBytes, turn: int
) -> None:
    upright = page_picture()
    picture = upright.rotate(-turn, expand=True)
    ink = Image.eval(picture.convert("L"), lambda grey: 255 * (grey < 128)).getbbox()
    assert ink
    size = A4 if turn % 180 == 0 else A4[::-1]
    document = read(pdf_of(lambda canvas: (canvas.setPageSize(size), canvas.drawInlineImage(picture, 0, 0, *size))))
    assert " ".join(SENTENCES) in " ".join(document.text.split())
    assert not document.warnings
    scale = size[0] / picture.width
    boxes = [region.box for element in document.elements for region in element.regions]
    bounds = (min(b.x0 for b in boxes), min(b.y0 for b in boxes), max(b.x1 for b in boxes), max(b.y1 for b in boxes))
    assert bounds == pytest.approx([scale * edge for edge in ink], abs=6)


@tesseract
def test_a_scan_whose_page_entry_turns_it_the_wrong_way_is_read(read: ReadBytes) -> None:
    document = read(turned(pdf_of(scan(page_picture())), 90))
    assert "Hotels cost up to 120 euros a night." in document.text
    for element in document.elements:
        for region in element.regions:
            assert 0 <= region.box.x0 < region.box.x1 <= A4[1]
            assert 0 <= region.box.y0 < region.box.y1 <= A4[0]


@tesseract
def test_only_the_scanned_page_of_a_mixed_document_is_recognised(read: ReadBytes) -> None:
    data = pdf_of(lambda c: printed(c, ("The first page has a text layer.",) * 3), scan(page_picture()), lambda c: None)
    document = read(data)
    assert document.pages == 3
    assert {element.page for element in document.elements} == {1, 2}
    assert "text layer" in document.text
    assert "Taxis need a receipt" in document.text
    assert not document.warnings


@tesseract
def test_text_in_a_picture_on_a_page_is_found_and_placed(read: ReadBytes) -> None:
    picture = page_picture(("Emergency exit in the east wing",)).crop((130, 150, 700, 260))

    def draw(canvas: Canvas) -> None:
        printed(canvas, [PROSE[:89]] * 12)
        canvas.drawInlineImage(picture, 100, 200, 285, 55)

    document = read(pdf_of(draw))
    (figure,) = [element for element in document.elements if "Emergency" in document.text[element.start : element.end]]
    assert figure.kind == "figure"
    (region,) = figure.regions
    assert 95 < region.box.x0 < region.box.x1 < 390
    assert A4[1] - 260 < region.box.y0 < region.box.y1 < A4[1] - 195
    assert "Emergency" not in read(pdf_of(draw), ocr="never").text


@tesseract
def test_a_ruled_table_on_a_scan_is_a_table(read: ReadBytes) -> None:
    rows = [
        ["Item", "Unit", "Price"],
        ["Lamp", "piece", "40.00"],
        ["Cable", "metre", "12.50"],
        ["Switch", "piece", "8.75"],
    ]

    def draw(canvas: Canvas) -> None:
        printed(canvas, SENTENCES)
        style = [("GRID", (0, 0), (-1, -1), 1, "black"), ("FONTSIZE", (0, 0), (-1, -1), 13)]
        table = Table(rows, colWidths=120, rowHeights=28, style=style)
        table.wrapOn(canvas, *A4)
        table.drawOn(canvas, 72, 500)

    document = read(pdf_of(scan(rendered(pdf_of(draw), 200))))
    (table,) = [element for element in document.elements if element.kind == "table"]
    assert [list(row) for row in table.rows] == rows
    assert table.header_rows == 1
    assert len(table.regions) == 12


@tesseract
def test_a_searchable_scan_keeps_its_text_layer(read: ReadBytes) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawInlineImage(page_picture(), 0, 0, *A4)
        text = canvas.beginText(72, A4[1] - 100)
        text.setTextRenderMode(3)
        text.setFont("Helvetica", 14)
        text.textLines("\n".join(sentence.replace("120", "999") for sentence in SENTENCES))
        canvas.drawText(text)

    assert "999 euros" in read(pdf_of(draw)).text
    assert "120 euros" in read(pdf_of(draw), ocr="always").text


def test_without_ocr_a_scan_is_a_failure_and_a_scanned_page_a_warning(read: ReadBytes) -> None:
    with pytest.raises(ReadFailure, match="has no text on its 1 page"):
        read(pdf_of(scan(page_picture())), ocr="never")


# Engines


def test_a_page_without_an_engine_is_a_warning_that_says_what_to_install(read: ReadBytes) -> None:
    settings: dict[str, Any] = {"ocr_engine": "tesseract", "ocr_languages": ("zzz",)}
    document = read(pdf_of(printed, scan(page_picture())), **settings)
    (warning,) = document.warnings
    assert warning.startswith("page 2: no text: ")
    assert "apt-get install tesseract-ocr-zzz" in warning
    with pytest.raises(ReadFailure, match=r"no text on its 1 page: page 1: no text: .*tesseract-ocr-zzz"):
        read(pdf_of(scan(page_picture())), **settings)


def test_without_any_engine_all_ways_to_get_one_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_engines", {})
    monkeypatch.setitem(__import__("sys").modules, "rapidocr", None)
    with pytest.raises(MissingExtra, match=r"apt-get install tesseract-ocr.*scoville\[ocr\]"):
        ocr.open_engine("auto", ("zzz",))


@tesseract
def test_a_german_page_asks_for_german_data() -> None:
    from scoville.read.ocr.tesseract import open_tesseract

    with pytest.raises(MissingExtra, match="apt-get install tesseract-ocr-zzz tesseract-ocr-zz-sim"):
        open_tesseract(("zzz", "zz_sim"))


def test_without_tesseract_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from scoville.read.ocr.tesseract import open_tesseract

    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingExtra, match="apt-get install tesseract-ocr`"):
        open_tesseract(("eng",))


@pytest.mark.parametrize("turn", [180, 90])
def test_rapidocr_reads_what_tesseract_reads(turn: int) -> None:
    pytest.importorskip("rapidocr")
    from scoville.read.ocr.rapid import open_rapid

    picture = page_picture().crop((130, 150, 900, 330)).convert("L").rotate(-turn, expand=True)
    upright = read_upright(picture, open_rapid(("eng",)), 150)
    assert (upright.turn + turn) % 360 == 0
    text = " ".join(word.text for line in upright.lines for word in line)
    assert "Hotels cost up to 120 euros a night" in text


# Tables in pictures


PRICES = (
    ("", "Cost per month", ""),
    ("", "Standard", "Health Plus"),
    ("Employee only", "$45.00", "$55.00"),
    ("Employee and one", "$65.00", "$71.00"),
    ("Family of three", "$78.00", "$89.00"),
)


def priced(label: int, shade: int, canvas: Canvas) -> None:
    """Draw a table of coloured cells, its labels and names on a stronger ground than its figures."""
    canvas.setFont("Helvetica", 14)
    for number, row in enumerate(PRICES):
        for column, text in enumerate(row):
            if number or column == 1:
                strong = column == 0 or not number
                canvas.setFillColor(HexColor(label if strong else shade + 0x0A0A0A * (number % 2)))
                canvas.rect(40 + 160 * column, 700 - 40 * number, 318 if not number else 158, 38, stroke=0, fill=1)
                canvas.setFillColor(HexColor(0xFFFFFF if strong and label < 0x800000 else 0))
                canvas.drawString(60 + 160 * column, 714 - 40 * number, text)


@tesseract
@pytest.mark.parametrize("label", [0xED7D31, 0x1F3864])
def test_a_table_in_a_picture_is_read_with_all_its_coloured_rows(read: ReadBytes, label: int) -> None:
    picture = rendered(pdf_of(partial(priced, label, 0xF0D0B0)), 200).crop((100, 270, 1450, 910))
    document = read(
        pdf_of(lambda canvas: (printed(canvas), canvas.drawImage(ImageReader(picture), 72, 300, 460, 460 * 640 / 1350)))
    )
    (table,) = [element for element in document.elements if element.kind == "table"]
    assert table.rows == PRICES
    assert table.header_rows == 2
    assert table.merged[0] == Merged(0, 1, 1, 2)
