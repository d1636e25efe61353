"""PDFs: what is on the page, where it stands, and files that are meant to hurt."""

import io
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from reportlab.lib import pdfencrypt
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

from scoville.errors import ReadFailure
from scoville.read import read_document
from scoville.read.pdf.plain import iso_date
from scoville.read.sandbox import children
from scoville.read.sandbox.children import CHILDREN
from scoville.recipe import Read
from scoville.types import Document, Element

HEIGHT = A4[1]


def drawn(draw: Callable[[Canvas], None], **options: Any) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1, **options)
    draw(canvas)
    canvas.save()
    return stream.getvalue()


def lines(canvas: Canvas, texts: Sequence[str], *, top: float = 100, size: float = 11, font: str = "Helvetica") -> None:
    """Draw lines below each other; ``top`` is the distance of the first from the page's top."""
    canvas.setFont(font, size)
    for number, text in enumerate(texts):
        canvas.drawString(72, HEIGHT - top - number * size * 1.3, text)


def paged(*pages: Callable[[Canvas], None], **options: Any) -> bytes:
    def draw(canvas: Canvas) -> None:
        for page in pages:
            page(canvas)
            canvas.showPage()

    return drawn(draw, **options)


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Callable[..., Document]]:
    def read_bytes(data: bytes, *, name: str = "file.pdf", password: str | None = None, **settings: int) -> Document:
        path = tmp_path / name
        path.write_bytes(data)
        return read_document(path, source="s", settings=Read(**settings), password=password)

    yield read_bytes


def text_of(document: Document, element: Element) -> str:
    return document.text[element.start : element.end]


def shown(document: Document) -> list[tuple[str, str]]:
    return [(element.kind, text_of(document, element)) for element in document.elements]


ReadBytes = Callable[..., Document]
SENTENCES = [
    "The travel policy covers trains and",
    "planes. Hotels cost up to 120 euros",
    "a night. Taxis need a receipt.",
]


def test_a_pdf_named_docx_is_read_as_a_pdf(read: ReadBytes) -> None:
    document = read(paged(lambda c: lines(c, SENTENCES)), name="file.docx")
    assert (document.media_type, document.pages) == ("application/pdf", 1)
    assert shown(document) == [("paragraph", " ".join(SENTENCES))]


def test_junk_before_the_header_does_not_hide_a_pdf(read: ReadBytes) -> None:
    assert "Taxis" in read(b"junk\n" * 100 + paged(lambda c: lines(c, SENTENCES))).text


def test_each_printed_line_has_its_box(read: ReadBytes) -> None:
    document = read(paged(lambda c: None, lambda c: lines(c, SENTENCES, top=200)))
    (element,) = document.elements
    assert element.page == 2
    assert [document.text[region.start : region.end].strip() for region in element.regions] == SENTENCES
    for number, region in enumerate(element.regions):
        baseline = 200 + number * 11 * 1.3
        assert region.box.page == 2
        assert baseline - 12 < region.box.y0 < region.box.y1 < baseline + 5
        assert 70 < region.box.x0 < 74
        assert 200 < region.box.x1 < 300


def test_a_quote_in_one_line_gets_that_lines_box_only(read: ReadBytes) -> None:
    document = read(paged(lambda c: lines(c, SENTENCES)))
    start = document.text.index("Hotels cost")
    regions = document.elements[0].regions
    hit = [number for number, region in enumerate(regions) if region.start < start + 11 and region.end > start]
    assert hit == [1]


def test_lines_that_stand_beside_each_other_keep_their_columns(read: ReadBytes) -> None:
    left = [
        "Left column speaks of the plan that",
        "covers dental care and glasses for",
        "all members of the family here.",
    ]
    right = ["Right column speaks of the other", "plan, that covers less and costs", "only half as much each month."]

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 11)
        for number in range(3):
            canvas.drawString(72, 700 - number * 14, left[number])
            canvas.drawString(330, 700 - number * 14, right[number])

    document = read(paged(draw))
    for line, low, high in [(line, 70, 300) for line in left] + [(line, 325, 560) for line in right]:
        start = document.text.index(line)
        boxes = [r.box for e in document.elements for r in e.regions if r.start <= start < r.end]
        assert len(boxes) == 1
        assert low < boxes[0].x0 < boxes[0].x1 < high


def test_headings_lists_and_code_are_typed(read: ReadBytes) -> None:
    def draw(canvas: Canvas) -> None:
        lines(canvas, ["Expenses"], size=20, font="Helvetica-Bold")
        lines(canvas, SENTENCES, top=140)
        lines(canvas, ["• a bullet point", "• another point"], top=220)
        lines(canvas, ["1. the first step", "2. the second step"], top=280)
        lines(canvas, ["def pay(x):", "    return x + 1", "print(pay(2))"], top=340, size=10, font="Courier")

    document = read(paged(draw))
    assert shown(document) == [
        ("heading", "Expenses"),
        ("paragraph", " ".join(SENTENCES)),
        ("list_item", "- a bullet point"),
        ("list_item", "- another point"),
        ("list_item", "1. the first step"),
        ("list_item", "2. the second step"),
        ("code", "def pay(x):\n    return x + 1\nprint(pay(2))"),
    ]
    assert document.title == "Expenses"
    assert {element.headings for element in document.elements[1:]} == {("Expenses",)}


def test_markdown_signs_in_the_text_stay_as_printed(read: ReadBytes) -> None:
    line = "Stars * and _lines_ and #tags [x](y) <tag> cost $5 to $6."
    assert read(paged(lambda c: lines(c, [line]))).text == line


def test_a_hyphen_at_a_lines_end_goes_unless_it_belongs_to_the_word(read: ReadBytes) -> None:
    texts = [
        "We build cutting-edge parts. Members get many good bene-",
        "fits from us, and our engineers work on more such cutting-",
        "edge systems every single day, all over the whole country.",
    ]
    document = read(paged(lambda c: lines(c, texts)))
    assert "good benefits from" in document.text
    assert "such cutting-edge systems" in document.text
    ends = [document.text[region.start : region.end] for region in document.elements[0].regions]
    assert [end.strip()[-8:] for end in ends] == ["ood bene", "cutting-", "country."]


def test_a_rare_hyphen_at_a_lines_end_belongs_to_its_word(read: ReadBytes) -> None:
    texts = ["The members of this plan are served by all of its doctors."] * 40
    texts[20:22] = [
        "We sell parts for aircraft, and all of them are cutting-",
        "edge parts that no other company of this land can build.",
    ]
    assert "them are cutting-edge parts" in read(paged(lambda c: lines(c, texts))).text


def test_a_table_has_rows_a_header_and_a_box_per_cell(read: ReadBytes) -> None:
    rows = [
        ["Plan", "Monthly cost", "Deductible"],
        ["Basic", "100", "2000"],
        ["Plus", "250", "500"],
        ["Max", "400", "0"],
    ]
    stream = io.BytesIO()
    table = Table(rows, colWidths=120, style=TableStyle([("GRID", (0, 0), (-1, -1), 1, "black")]))
    SimpleDocTemplate(stream, pagesize=A4).build([table])
    document = read(stream.getvalue())
    (element,) = document.elements
    assert element.kind == "table"
    assert element.rows == tuple(map(tuple, rows))
    assert element.header_rows == 1
    assert [document.text[start:end] for start, end in element.row_spans][2] == "| Plus | 250 | 500 |"
    boxes = {document.text[region.start : region.end]: region.box for region in element.regions}
    assert boxes["Basic"].x1 <= boxes["100"].x0 + 1
    assert boxes["Basic"].y1 <= boxes["Plus"].y0 + 1


def test_running_headers_footers_and_page_numbers_are_marked(read: ReadBytes) -> None:
    def page(number: int) -> Callable[[Canvas], None]:
        def draw(canvas: Canvas) -> None:
            lines(canvas, ["Example Corp handbook, edition 7"], top=40, size=9)
            lines(canvas, [f"Chapter {'ABCD'[number]}"], top=120, size=18)
            lines(canvas, [f"Text number {number} of the {word} kind." for word in ("first", "other")], top=160)
            lines(canvas, [f"Page {number + 1} of 4"], top=810, size=9)

        return draw

    document = read(paged(*map(page, range(4))))
    kinds = [(kind, text) for kind, text in shown(document) if kind in {"header", "footer"}]
    assert kinds.count(("header", "Example Corp handbook, edition 7")) == 4
    assert [text for kind, text in kinds if kind == "footer"] == [f"Page {number} of 4" for number in range(1, 5)]
    assert sum(element.kind == "heading" for element in document.elements) == 4


def test_two_pages_alike_at_the_top_are_no_running_header(read: ReadBytes) -> None:
    page = lambda c: (lines(c, ["Summary of costs"], top=40), lines(c, SENTENCES))  # noqa: E731
    assert "header" not in {element.kind for element in read(paged(page, page)).elements}


def test_a_paragraph_goes_on_over_a_page_break(read: ReadBytes) -> None:
    def first(canvas: Canvas) -> None:
        lines(canvas, ["The plan pays for glasses and also"], top=700)
        lines(canvas, ["1"], top=810)

    document = read(
        paged(first, lambda c: lines(c, ["for contact lenses. It pays once.", "That is each year."], top=80))
    )
    text = "The plan pays for glasses and also for contact lenses. It pays once. That is each year."
    assert shown(document) == [("paragraph", text), ("footer", "1")]
    paragraph = document.elements[0]
    assert (paragraph.page, [region.box.page for region in paragraph.regions]) == (1, [1, 2, 2])


def test_filled_form_fields_are_read_and_empty_ones_are_not(read: ReadBytes) -> None:
    def draw(canvas: Canvas) -> None:
        lines(canvas, ["Application form for a parking space"])
        form, place = canvas.acroForm, {"x": 72, "width": 200, "height": 20}
        form.textfield(name="full", tooltip="Full name:", value="Ada Example", y=600, **place)
        form.textfield(name="empty", tooltip="Nickname", y=560, **place)
        form.choice(name="colour", tooltip="Colour", value="red", options=["red", "blue"], y=520, **place)
        form.checkbox(name="agree", tooltip="Agrees", checked=True, x=72, y=480)
        form.checkbox(name="no", tooltip="Declines", checked=False, x=72, y=440)

    document = read(paged(draw))
    fields = [element for element in document.elements if element.kind == "form_field"]
    assert [text_of(document, field) for field in fields] == ["Full name: Ada Example", "Colour: red", "Agrees: yes"]
    assert document.text.count("Ada Example") == 1
    assert fields[0].regions[0].box.x0 == pytest.approx(72, abs=1)


def test_title_author_and_dates_come_from_the_file(read: ReadBytes) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setTitle("Travel rules")
        canvas.setAuthor("Ada Example")
        lines(canvas, SENTENCES)

    document = read(drawn(draw))
    assert (document.title, document.metadata["author"]) == ("Travel rules", "Ada Example")
    assert str(document.metadata["created"]).startswith("2000-01-01T00:00:00")


@pytest.mark.parametrize(
    "title", ["Microsoft Word - draft.doc", "report_final.docx", "untitled", "(anonymous)", "--", "Document1"]
)
def test_a_title_that_a_program_put_there_is_no_title(read: ReadBytes, title: str) -> None:
    assert read(drawn(lambda c: (c.setTitle(title), lines(c, SENTENCES))), name="travel.pdf").title == "travel"


@pytest.mark.parametrize(
    ("date", "iso"),
    [
        ("D:20230306135720-08'00'", "2023-03-06T13:57:20-08:00"),
        ("D:20230306135720Z", "2023-03-06T13:57:20+00:00"),
        ("D:2023", "2023-01-01T00:00:00"),
        ("D:20231399", ""),
        ("yesterday", ""),
    ],
)
def test_pdf_dates_become_iso_dates(date: str, iso: str) -> None:
    assert iso_date(date) == iso


def test_a_page_without_text_is_a_warning_and_a_file_without_text_a_failure(read: ReadBytes) -> None:
    def blank(canvas: Canvas) -> None:
        canvas.rect(100, 100, 200, 200, fill=1)

    document = read(paged(lambda c: lines(c, SENTENCES), blank))
    assert [warning[:15] for warning in document.warnings] == ["page 2: no text"]
    with pytest.raises(ReadFailure, match="has no text on its 2 pages: page 1: no text"):
        read(paged(blank, blank))


def test_an_encrypted_pdf_asks_for_its_password(read: ReadBytes) -> None:
    data = paged(lambda c: lines(c, SENTENCES), encrypt=pdfencrypt.StandardEncryption("secret", "owner"))
    with pytest.raises(ReadFailure, match="is encrypted; set SCOVILLE_PASSWORD"):
        read(data)
    with pytest.raises(ReadFailure, match="is encrypted; the password is wrong"):
        read(data, password="guess")
    assert "Taxis" in read(data, password="secret").text


def test_damaged_pdfs_are_failures(read: ReadBytes) -> None:
    whole = paged(lambda c: lines(c, SENTENCES))
    pageless = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    for data in (
        whole[: len(whole) // 2],
        b"%PDF-1.7\n" + bytes(range(256)) * 50,
        b"%PDF-",
        pageless + b"trailer<</Root 1 0 R>>",
    ):
        with pytest.raises(ReadFailure, match=r"damaged|no pages|no text"):
            read(data)


def test_where_the_layout_reader_fails_plain_text_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scoville.read.pdf import tasks as pdf_tasks

    def fail(*_: object) -> None:
        from liteparse.types import ParseError

        raise ParseError("something inside broke")

    path = tmp_path / "file.pdf"
    path.write_bytes(paged(lambda c: lines(c, SENTENCES)))
    monkeypatch.setattr(pdf_tasks, "_parse", fail)
    laid_out = pdf_tasks.lay_out(str(path), None, 1, 1, keep=False, seek_doubts=True, seek_hard=False)
    assert laid_out.warnings == ((1, "page 1: read as plain text, without layout: something inside broke"),)
    (piece,) = pdf_tasks.join(str(path), laid_out.pages, [], [], {}) or ()
    assert piece.text == " ".join(SENTENCES)
    assert piece.regions[0].box.page == 1


def crowded(pages: int) -> bytes:
    """Make a small PDF whose pages share one long content stream."""
    shows = b"".join(b"1 0 0 1 %d %d Tm (w%d)Tj " % (n * 37 % 600, n * 61 % 780, n) for n in range(400))
    stream = zlib.compress(b"BT /F1 8 Tf " + shows + b"ET")
    kids = b" ".join(b"%d 0 R" % (5 + number) for number in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + kids + b"]/Count %d>>" % pages,
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n" % len(stream) + stream + b"\nendstream",
        *[
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
        ] * pages,
    ]  # fmt: skip
    body = b"%PDF-1.4\n"
    offsets: list[int] = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj" % number + content + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + tail


def test_a_pdf_that_takes_too_long_is_ended_and_the_next_one_is_read(read: ReadBytes) -> None:
    with pytest.raises(ReadFailure, match="took longer than read.timeout_seconds 1; raise it"):
        read(crowded(3_000), timeout_seconds=1)
    assert "Taxis" in read(paged(lambda c: lines(c, SENTENCES))).text


def test_reading_stops_when_there_is_too_much_text(read: ReadBytes) -> None:
    with pytest.raises(ReadFailure, match=r"over read\.max_characters 5,000"):
        read(crowded(70), max_characters=5_000)


def test_a_child_that_dies_costs_one_file(read: ReadBytes, monkeypatch: pytest.MonkeyPatch) -> None:
    CHILDREN.stop()
    suicide = [sys.executable, "-c", f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})"]
    with monkeypatch.context() as patch:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        patch.setattr(children, "start_child", lambda **_: subprocess.Popen(suicide, **pipes))
        with pytest.raises(ReadFailure, match="made the reader end with signal 11"):
            read(paged(lambda c: lines(c, SENTENCES)))
    assert "Taxis" in read(paged(lambda c: lines(c, SENTENCES))).text


def test_a_child_that_died_between_files_is_replaced(read: ReadBytes) -> None:
    data = paged(lambda c: lines(c, SENTENCES))
    first = read(data)
    child = CHILDREN.processes()[0]
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert read(data) == first


def test_the_child_does_not_import_from_the_working_directory(
    read: ReadBytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "liteparse.py").write_text("raise SystemExit('imported from the working directory')")
    monkeypatch.chdir(tmp_path)
    CHILDREN.stop()
    assert "Taxis" in read(paged(lambda c: lines(c, SENTENCES))).text


def test_reading_twice_gives_the_same_document(read: ReadBytes) -> None:
    data = paged(lambda c: lines(c, SENTENCES), lambda c: lines(c, ["More text follows."]))
    first = read(data)
    CHILDREN.stop()
    assert read(data) == first
