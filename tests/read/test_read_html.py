"""HTML pages."""

import time

import pytest

from scoville.errors import ReadFailure
from scoville.read.assemble import assemble
from scoville.read.text.html import read_html
from scoville.types import Document, Merged

PAGE = """<!doctype html><html><head><title>The  page</title>
<meta name="Author" content="Ada Example"><meta property="og:description" content="About leave">
<meta property="article:published_time" content="2024-05-01"></head><body>
<nav>Menu</nav><header>Site</header><aside>Advert</aside>
<main><article><header><h1 id="top">Leave<br>policy</h1></header>
<p>First <b>bold</b> H<sub>2</sub>O<br>second&nbsp;line</p>
<ul><li>one<li>two<ol start="3"><li>three</ol></ul>
<dl><dt>Term</dt><dd>Meaning</dd></dl>
<details><summary>Why?</summary>Because.</details>
<pre>x = 1
  y</pre>
<p hidden>hidden</p><p style="display: none">hidden</p><p aria-hidden="true">hidden</p><script>code()</script>
<h2><span id="rates">Rates</span></h2>tail</article></main><footer>Imprint</footer></body></html>"""


def read(page: str) -> Document:
    return assemble(read_html(page), id="0", source="s", name="file", max_characters=10**7)


def shown(page: str) -> list[tuple[str, str]]:
    document = read(page)
    return [(element.kind, document.text[element.start : element.end]) for element in document.elements]


def test_a_page_becomes_typed_elements_without_what_stands_around_it() -> None:
    assert shown(PAGE) == [
        ("heading", "Leave policy"),
        ("paragraph", "First bold H2O\nsecond line"),
        ("list_item", "- one"),
        ("list_item", "- two"),
        ("list_item", "3. three"),
        ("list_item", "Term: Meaning"),
        ("paragraph", "Why?"),
        ("paragraph", "Because."),
        ("code", "x = 1\n  y"),
        ("heading", "Rates"),
        ("paragraph", "tail"),
    ]


def test_a_placeholder_is_no_title() -> None:
    page = "<head><title>Untitled Document</title></head><h1>Leave</h1>"
    assert read(page).title == "Leave"


def test_a_page_gives_title_metadata_anchors_and_list_depth() -> None:
    document = read(PAGE)
    assert document.title == "The page"
    assert document.metadata == {"author": "Ada Example", "description": "About leave", "created": "2024-05-01"}
    assert [element.anchor for element in document.elements][::9] == ["top", "rates"]
    assert [element.level for element in document.elements if element.kind == "list_item"] == [1, 1, 2, 1]


def test_a_data_table_keeps_header_rows_and_spans() -> None:
    table = """<table><caption>Costs</caption>
    <thead><tr><th rowspan=2>Plan<th colspan=2>Cost<tr><th>Self<th>Family</thead>
    <tr><td rowspan=2>Basic<td>1<td><ul><li>a<li>b</ul><tr><td colspan=2>free</table>"""
    document = read(table)
    caption, element = document.elements
    assert (caption.kind, element.header_rows) == ("caption", 2)
    assert element.merged == (Merged(0, 0, 2, 1), Merged(0, 1, 1, 2), Merged(2, 0, 2, 1), Merged(3, 1, 1, 2))
    assert element.rows == (
        ("Plan", "Cost", "Cost"),
        ("Plan", "Self", "Family"),
        ("Basic", "1", "a; b"),
        ("Basic", "free", ""),
    )


def test_a_table_that_lays_out_a_page_is_read_through() -> None:
    page = "<table><tr><td><h2>News</h2>text<td><table><tr><th>A<th>B<tr><td>1<td>2</table></table>"
    table = ("table", "| A | B |\n| --- | --- |\n| 1 | 2 |")
    assert shown(page) == [("heading", "News"), ("paragraph", "text"), table]
    assert shown("<table role=presentation><tr><td>a<td>b</table>") == [("paragraph", "a"), ("paragraph", "b")]


def test_a_page_that_is_all_header_is_still_read() -> None:
    assert shown("<body><header><p>Only this</p></header></body>") == [("paragraph", "Only this")]


@pytest.mark.parametrize("tag", ["div", "b", "ul", "span", "blockquote", "table"])
def test_ten_thousand_levels_are_read(tag: str) -> None:
    assert "deep text" in read(f"<{tag}>" * 10_000 + "deep text" + f"</{tag}>" * 10_000).text


def test_absurd_nesting_is_refused_at_once() -> None:
    with pytest.raises(ReadFailure, match="nests HTML elements"):
        read("<div>" * 200_000 + "x")


def test_absurd_attributes_are_refused_at_once() -> None:
    with pytest.raises(ReadFailure, match="attributes"):
        read("<p " + "a " * 100_000)
    drawing = f"<svg><path d='{'M 1 1 ' * 10_000}'></svg><p>Text"
    assert read(drawing + "<script>if (a<b) {}</script>" * 30_000).text == "Text"


def test_unclosed_formatting_does_not_multiply() -> None:
    started = time.thread_time()
    document = read("".join(f"<p><font color={number}>t" for number in range(5_000)))
    assert len(document.elements) == 5_000
    assert time.thread_time() - started < 5  # without the guard: 12 million nodes


def test_huge_spans_make_no_huge_table() -> None:
    document = read("<table><tr><th rowspan=99999 colspan=99999>a<tr><td>b</table>")
    assert len(document.text) < 10_000
