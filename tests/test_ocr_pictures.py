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
from scoville.read import ocr_pictures, read_document
from scoville.recipe import Read
from scoville.types import Box, Document

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


def test_more_pictures_than_are_read_are_counted(read: ReadOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr_pictures, "MOST_PICTURES", 1)
    document = read(word(picture_of("One"), picture_of("Two"), picture_of("Three")), **WITHOUT_ENGINE)
    assert "2 pictures were not searched for text: over 1 in a file" in document.warnings


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
