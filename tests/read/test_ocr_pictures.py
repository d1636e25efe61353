"""Pictures inside documents: which are read, where their text stands, and what happens when they cannot be read."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
from docx.shared import Pt as WordPt
from PIL import Image, ImageDraw
from pptx.util import Pt

from pictures import encoded, page_picture, tesseract
from scoville.read import read_bytes, read_document
from scoville.read.ocr import pictures as ocr_pictures
from scoville.read.ocr.pictures import MOST_PICTURES
from scoville.recipe import Read
from scoville.types import Box, Document
from tiny_office import book, open_document

ReadOffice = Callable[..., Document]
EXIT, DRILL = "Emergency exit in the east wing", "Fire drill on the first Monday"
WITHOUT_ENGINE: dict[str, Any] = {"ocr_engine": "tesseract", "ocr_languages": ("zzz",)}


@pytest.fixture
def read(tmp_path: Path) -> ReadOffice:
    def read_saved(document: Any, **settings: Any) -> Document:
        path = tmp_path / ("file.pptx" if hasattr(document, "slides") else "file.docx")
        document.save(str(path))
        return read_document(path, source="s", settings=Read(**settings))

    return read_saved


def picture_of(text: str) -> io.BytesIO:
    return io.BytesIO(encoded(page_picture((text,)).crop((130, 150, 700, 260)), "PNG"))


def word(*pictures: io.BytesIO, width: float = 400) -> Any:
    document = docx.Document()
    document.add_paragraph("Before the picture.")
    for picture in pictures:
        document.add_picture(picture, width=WordPt(width))
    document.add_paragraph("After the picture.")
    return document


def told(document: Document) -> list[tuple[str, str]]:
    return [(element.kind, document.text[element.start : element.end]) for element in document.elements]


@tesseract
def test_the_text_of_a_picture_in_a_word_document_stands_where_the_picture_does(read: ReadOffice) -> None:
    document = read(word(picture_of(EXIT)))
    assert told(document) == [
        ("paragraph", "Before the picture."),
        ("figure", EXIT),
        ("paragraph", "After the picture."),
    ]
    assert document.elements[1].anchor == "paragraph 1"
    assert not document.warnings


@tesseract
def test_the_text_of_a_picture_on_a_slide_has_the_pictures_place(read: ReadOffice) -> None:
    slides = pptx.Presentation()
    slides.slides.add_slide(slides.slide_layouts[6])
    slide = slides.slides.add_slide(slides.slide_layouts[6])
    slide.shapes.add_picture(picture_of(EXIT), Pt(50), Pt(100), Pt(400), Pt(80))
    document = read(slides)
    (figure,) = document.elements
    assert (figure.kind, figure.page, figure.anchor) == ("figure", 2, "slide 2")
    assert told(document) == [("figure", EXIT)]
    assert [(region.start, region.end, region.box) for region in figure.regions] == [
        (0, len(EXIT), Box(2, 50, 100, 450, 180))
    ]


@tesseract
def test_a_table_in_a_picture_is_a_table(read: ReadOffice) -> None:
    image = Image.new("L", (900, 300), "white")
    draw = ImageDraw.Draw(image)
    for row, cells in enumerate([("Goods", "Price"), ("Lamp", "40.00"), ("Cable", "12.50")]):
        for column, text in enumerate(cells):
            draw.rectangle(
                (column * 400 + 20, row * 90 + 10, column * 400 + 420, row * 90 + 100), outline="black", width=3
            )
            draw.text((column * 400 + 60, row * 90 + 30), text, fill="black", font_size=44)
    (table,) = [e for e in read(word(io.BytesIO(encoded(image, "PNG")))).elements if e.kind == "table"]
    assert table.rows == (("Goods", "Price"), ("Lamp", "40.00"), ("Cable", "12.50"))
    assert table.page is None


@tesseract
def test_pictures_without_text_and_small_ones_leave_nothing(read: ReadOffice) -> None:
    gradient = io.BytesIO(encoded(Image.linear_gradient("L").resize((600, 400)), "PNG"))
    assert [kind for kind, _ in told(read(word(gradient)))] == ["paragraph"] * 2
    assert EXIT not in read(word(picture_of(EXIT), width=60)).text


@tesseract
def test_a_picture_that_comes_again_is_read_once(read: ReadOffice) -> None:
    assert read(word(picture_of(EXIT), picture_of(DRILL), picture_of(EXIT))).text.count(EXIT) == 1


def test_ocr_is_not_asked_where_the_recipe_says_never(read: ReadOffice) -> None:
    document = read(word(picture_of(EXIT)), ocr="never", **WITHOUT_ENGINE)
    assert len(document.elements) == 2
    assert not document.warnings


def test_without_an_engine_a_document_is_read_with_one_warning(read: ReadOffice) -> None:
    document = read(word(picture_of(EXIT), picture_of(DRILL)), **WITHOUT_ENGINE)
    (warning,) = document.warnings
    assert warning.startswith("pictures were not searched for text: ")
    assert "apt-get install tesseract-ocr-zzz" in warning
    assert len(document.elements) == 2


def test_more_pictures_than_are_read_are_counted() -> None:
    names = [f"{number}.png" for number in range(MOST_PICTURES + 2)]
    more = {f"Pictures/{name}": f"picture {name}".encode() for name in names}
    data = open_document("text", f"<text:p>Text.{''.join(map(frame, names))}</text:p>", more=more)
    assert "2 pictures were not searched for text: over 100 in a file" in read_packed(data, **WITHOUT_ENGINE).warnings


def test_pictures_take_no_longer_than_a_file_may(read: ReadOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 301.0, 302.0])
    monkeypatch.setattr(ocr_pictures, "monotonic", lambda: next(times))
    (warning,) = read(word(picture_of(EXIT), picture_of(DRILL))).warnings
    assert warning.endswith("all together take longer than read.timeout_seconds 300")


@tesseract
def test_a_damaged_picture_costs_only_itself(read: ReadOffice) -> None:
    document = word(picture_of(EXIT), picture_of(DRILL))
    broken = next(part for part in document.part.package.iter_parts() if str(part.partname).endswith("image1.png"))
    broken._blob = broken.blob[:200]
    result = read(document)
    assert DRILL in result.text
    (warning,) = result.warnings
    assert warning.startswith("pictures were not searched for text: is a damaged picture")


# -- OpenDocument and EPUB ---------------------------------------------------------------------------------------------


def read_packed(data: bytes, **settings: Any) -> Document:
    return read_bytes(data, name="file", source="s", settings=Read(**settings)).documents[0]


def frame(*names: str, place: str = 'svg:width="400pt" svg:height="80pt"', inside: str = "") -> str:
    images = "".join(f'<draw:image xlink:href="Pictures/{name}"/>' for name in names)
    return f"<draw:frame {place}>{images}{inside}</draw:frame>"


def open_text(body: str, **settings: Any) -> Document:
    more = {"Pictures/1.png": picture_of(EXIT).getvalue(), "Pictures/2 b.png": picture_of(DRILL).getvalue()}
    return read_packed(open_document("text", body, more=more), **settings)


@tesseract
def test_the_text_of_a_picture_in_an_opendocument_text_stands_where_the_picture_does() -> None:
    alternatives = frame("1.svg", "1.png", inside="<svg:desc>The plan of escape</svg:desc>")
    body = f"<text:p>Before.{alternatives}</text:p><text:p>{frame('2%20b.png')}</text:p><text:p>After.</text:p>"
    document = open_text(body)
    assert told(document) == [
        ("paragraph", "Before."),
        ("figure", "The plan of escape"),
        ("figure", EXIT),
        ("figure", DRILL),
        ("paragraph", "After."),
    ]
    assert document.elements[2].anchor == "paragraph 1"
    assert not document.warnings
    assert EXIT not in open_text(body, ocr="never").text


@tesseract
def test_pictures_in_the_cells_of_an_opendocument_table_stand_behind_it() -> None:
    cells = f"<table:table-cell><text:p>Plan{frame('1.png')}</text:p></table:table-cell>"
    cells += "<table:table-cell><text:p>East</text:p></table:table-cell>"
    body = f"<table:table><table:table-row>{cells}</table:table-row></table:table><text:p>After.</text:p>"
    assert [kind for kind, _ in told(open_text(body))] == ["table", "figure", "paragraph"]


@pytest.mark.parametrize(
    "shown",
    [
        frame("1.png", place='svg:width="40pt" svg:height="20pt"'),
        frame("1.png", place=""),
        frame("1.png", inside="<draw:object xlink:href='./Object 1'/>"),
        frame("../../1.png"),
        frame("gone.png"),
    ],
)
def test_small_foreign_and_missing_pictures_of_an_opendocument_text_leave_nothing(shown: str) -> None:
    document = open_text(f"<text:p>Text.{shown}</text:p>", **WITHOUT_ENGINE)
    assert told(document) == [("paragraph", "Text.")]
    assert not document.warnings


@tesseract
def test_the_text_of_a_picture_on_an_opendocument_slide_has_the_pictures_place() -> None:
    place = 'svg:x="50pt" svg:y="100pt" svg:width="400pt" svg:height="80pt"'
    slides = f"<draw:page/><draw:page><draw:g>{frame('1.png', place=place)}</draw:g></draw:page>"
    document = read_packed(open_document("presentation", slides, more={"Pictures/1.png": picture_of(EXIT).getvalue()}))
    (figure,) = document.elements
    assert (figure.kind, figure.page, figure.anchor) == ("figure", 2, "slide 2")
    assert [(region.start, region.end, region.box) for region in figure.regions] == [
        (0, len(EXIT), Box(2, 50, 100, 450, 180))
    ]


def test_the_size_of_the_page_decides_what_is_small() -> None:
    sizes = {"a": "841pt", "b": "8410pt"}
    layouts = "".join(
        f'<style:page-layout style:name="{name}"><style:page-layout-properties fo:page-width="{side}" '
        f'fo:page-height="{side}"/></style:page-layout>'
        for name, side in sizes.items()
    )

    def warnings(layout: str) -> int:
        master = f'<office:master-styles><style:master-page style:page-layout-name="{layout}"/></office:master-styles>'
        names = "urn:oasis:names:tc:opendocument:xmlns"
        styles = (
            f'<office:document-styles xmlns:office="{names}:office:1.0" xmlns:style="{names}:style:1.0" '
            f'xmlns:fo="{names}:xsl-fo-compatible:1.0">{layouts}{master}</office:document-styles>'
        )
        more = {"styles.xml": styles, "Pictures/1.png": picture_of(EXIT).getvalue()}
        data = open_document("text", f"<text:p>Text.{frame('1.png')}</text:p>", more=more)
        return len(read_packed(data, **WITHOUT_ENGINE).warnings)

    assert (warnings("a"), warnings("b")) == (1, 0)


@tesseract
def test_the_text_of_a_picture_in_a_book_stands_where_the_picture_does() -> None:
    chapter = (
        "<p id='p1'>Before.</p><figure id='f'><img src='../pictures/1.png' alt='The plan of escape'/>"
        "<figcaption>Figure 1</figcaption></figure><p>After.</p>"
    )
    data = book(chapter, more={"OPS/pictures/1.png": picture_of(EXIT).getvalue()})
    document = read_packed(data)
    assert told(document) == [
        ("paragraph", "Before."),
        ("figure", "The plan of escape"),
        ("figure", EXIT),
        ("caption", "Figure 1"),
        ("paragraph", "After."),
    ]
    assert document.elements[2].anchor == "OPS/text/c1.xhtml#f"
    assert EXIT not in read_packed(data, ocr="never").text


@tesseract
def test_a_picture_of_a_book_is_read_if_its_pixels_or_its_size_on_the_page_are_enough() -> None:
    ornament = Image.open(picture_of("Ornament")).resize((90, 40))
    more = {"OPS/text/1.png": picture_of(EXIT).getvalue(), "OPS/text/o.png": encoded(ornament, "PNG")}

    def text(image: str) -> str:
        return read_packed(book(f"<p>Text.</p>{image}", more=more)).text

    assert EXIT in text("<img src='1.png'/>")
    assert EXIT in text("<img src='1.png' width='400px' height='80'/>")
    assert text("<img src='1.png' width='40' height='8'/>") == "Text."
    assert text("<img src='o.png' width='100%'/>") == "Text."
    assert text("<img src='data:image/png;base64,AAAA'/><img/><img src='../../../1.png'/>") == "Text."
