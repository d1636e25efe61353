"""PowerPoint and OpenDocument presentations."""

import io
from typing import Any

import pptx
import pytest
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Pt

from scoville.errors import ReadFailure
from scoville.read.assemble import assemble
from scoville.read.office.odf import read_odf
from scoville.read.office.pptx import read_pptx
from scoville.read.pdf.order import reading_order
from scoville.types import Box, Document, Merged
from tiny_office import open_document, part_of, with_part

TITLE_AND_BODY, TITLE_ONLY, BLANK = 1, 5, 6


def saved(presentation: Any) -> bytes:
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def read(presentation: Any) -> Document:
    data = presentation if isinstance(presentation, bytes) else saved(presentation)
    return assemble(read_pptx(data), id="0", source="s", name="file", max_characters=10**7)


def told(document: Document) -> list[tuple[str, str]]:
    return [(element.kind, document.text[element.start : element.end]) for element in document.elements]


def add_box(slide: Any, text: str, left: int, top: int, width: int = 100, height: int = 40) -> Any:
    box = slide.shapes.add_textbox(Pt(left), Pt(top), Pt(width), Pt(height))
    box.text_frame.text = text
    return box


def test_a_slide_is_a_page_with_title_list_and_notes() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[TITLE_AND_BODY])
    slide.shapes.title.text = "Leave"
    frame = slide.placeholders[1].text_frame
    frame.text = "Thirty days"
    paragraph = frame.add_paragraph()
    paragraph.text, paragraph.level = "In a year", 1
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    presentation.core_properties.title = "The talk"
    document = read(presentation)
    assert told(document) == [
        ("heading", "Leave"),
        ("list_item", "- Thirty days"),
        ("list_item", "- In a year"),
        ("callout", "Say it slowly."),
    ]
    assert [element.level for element in document.elements] == [1, 1, 2, None]
    assert [element.anchor for element in document.elements] == ["slide 1"] * 3 + ["slide 1 notes"]
    assert (document.pages, document.title) == (1, "The talk")
    assert document.elements[1].headings == ("Leave",)


def test_texts_stand_in_visual_order_with_their_boxes() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    for text, left, top in [("right low", 300, 200), ("left low", 50, 210), ("right", 300, 100), ("left", 50, 100)]:
        add_box(slide, text, left, top)
    add_box(slide, "above all", 50, 10, width=400)
    document = read(presentation)
    assert [text for _, text in told(document)] == ["above all", "left", "right", "left low", "right low"]
    assert document.elements[0].regions[0].box == Box(1, 50.0, 10.0, 450.0, 50.0)


def test_columns_are_read_one_after_the_other() -> None:
    boxes = [Box(1, 300, 100, 400, 400), Box(1, 50, 100, 150, 200), Box(1, 50, 190, 150, 400), None]
    assert reading_order(boxes) == [1, 2, 0, 3]


def test_shapes_in_groups_stand_where_the_group_puts_them() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    group = slide.shapes.add_group_shape()
    inner = group.shapes.add_textbox(Pt(0), Pt(0), Pt(100), Pt(100))
    inner.text_frame.text = "grouped"
    group.left, group.top, group.width, group.height = Pt(200), Pt(100), Pt(50), Pt(50)
    (element,) = read(presentation).elements
    assert element.regions[0].box == Box(1, 200.0, 100.0, 250.0, 150.0)


def test_tables_keep_spans_and_boxes() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    table = slide.shapes.add_table(3, 2, Pt(10), Pt(10), Pt(200), Pt(90)).table
    for row, texts in enumerate([("Cost", ""), ("Basic", "1"), ("", "2")]):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(1, 0).merge(table.cell(2, 0))
    (element,) = read(presentation).elements
    assert element.rows == (("Cost", "Cost"), ("Basic", "1"), ("Basic", "2"))
    assert element.merged == (Merged(0, 0, 1, 2), Merged(1, 0, 2, 1))
    assert element.header_rows == 1
    assert element.regions[-1].box == Box(1, 110.0, 70.0, 210.0, 100.0)


def test_a_chart_is_a_table_under_its_title() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    data = CategoryChartData(number_format="0%")
    data.categories = ["2023", "2024"]
    data.add_series("Growth", (0.1, 0.25))
    place = (Pt(0), Pt(0), Pt(300), Pt(200))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *place, data).chart
    chart.chart_title.text_frame.text = "Growth by year"
    caption, table = read(presentation).elements
    assert caption.kind == "caption"
    assert table.rows == (("", "Growth"), ("2023", "10%"), ("2024", "25%"))


def test_numbers_bullets_and_alt_texts_are_read_and_file_names_are_not() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    frame = add_box(slide, "first", 10, 10).text_frame
    frame.add_paragraph().text = "second"
    for paragraph in frame.paragraphs:
        properties = paragraph._p.get_or_add_pPr()
        etree.SubElement(properties, properties.tag.replace("pPr", "buAutoNum"), type="arabicPeriod", startAt="3")
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a49444154789c6300010000050001"
        "0d0a2db40000000049454e44ae426082"
    )
    for top, text in ((100, "A duck on a pond"), (200, "duck_2.png")):
        picture = slide.shapes.add_picture(io.BytesIO(pixel), Pt(10), Pt(top))
        picture._element.nvPicPr.cNvPr.set("descr", text)
    assert told(read(presentation)) == [
        ("list_item", "3. first"),
        ("list_item", "4. second"),
        ("figure", "A duck on a pond"),
    ]


def test_a_hidden_slide_is_read_and_noted_and_a_hidden_shape_is_not() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    slide.element.set("show", "0")
    add_box(slide, "seen", 10, 10)
    add_box(slide, "unseen", 10, 100)._element.nvSpPr.cNvPr.set("hidden", "1")
    document = read(presentation)
    assert document.text == "seen"
    assert document.warnings == ("slide 1: hidden in the show, read all the same",)


def test_a_show_with_macros_is_read_without_them() -> None:
    presentation = pptx.Presentation()
    add_box(presentation.slides.add_slide(presentation.slide_layouts[BLANK]), "text", 10, 10)
    data = saved(presentation)
    types = part_of(data, "[Content_Types].xml")
    plain = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    for kind in ("ms-powerpoint.slideshow.macroEnabled", "openxmlformats-officedocument.presentationml.template"):
        changed = types.replace(plain, f"application/vnd.{kind}.main+xml")
        assert changed != types
        assert read(with_part(data, "[Content_Types].xml", changed)).text == "text"


# -- ODP ---------------------------------------------------------------------------------------------------------------


def frame(text: str, place: tuple[int, int], kind: str = "") -> str:
    x, y = place
    role = f'presentation:class="{kind}"' if kind else ""
    size = f'svg:x="{x}pt" svg:y="{y}pt" svg:width="100pt" svg:height="36pt"'
    return f"<draw:frame {size} {role}><draw:text-box>{text}</draw:text-box></draw:frame>"


def test_an_odp_slide_is_a_page_with_title_boxes_and_notes() -> None:
    item = "<text:list text:style-name='L'><text:list-item><text:p>item</text:p></text:list-item></text:list>"
    slide = (
        "<draw:page>"
        + frame("<text:p>second</text:p>", (10, 200))
        + frame(item, (10, 100))
        + frame("<text:p>Leave</text:p>", (10, 300), "title")
        + frame("<text:p>7</text:p>", (10, 400), "page-number")
        + f"<presentation:notes>{frame('<text:p>Slowly.</text:p>', (0, 0), 'notes')}</presentation:notes></draw:page>"
    )
    draft = read_odf(open_document("presentation", slide), 10**6)
    document = assemble(draft, id="0", source="s", name="file", max_characters=10**6)
    assert told(document) == [
        ("heading", "Leave"),
        ("list_item", "- item"),
        ("paragraph", "second"),
        ("callout", "Slowly."),
    ]
    assert document.pages == 1
    assert document.elements[1].regions[0].box == Box(1, 10.0, 100.0, 110.0, 136.0)


def test_a_presentation_without_its_slides_is_a_failure() -> None:
    presentation = pptx.Presentation()
    with pytest.raises(ReadFailure, match="no text"):
        read(presentation)
