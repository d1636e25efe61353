"""EPUB, OpenDocument text, XML and articles in JATS."""

import time

import pytest

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, assemble
from scoville.read.office.odf import read_odf
from scoville.read.reader import read_bytes
from scoville.read.text.epub import read_epub
from scoville.read.text.xml_text import read_xml
from scoville.recipe import Read
from scoville.types import Document, Merged
from tiny_office import OFFICE, book, open_document, with_part

LIMIT = 10**7


def made(draft: ParsedFile) -> Document:
    return assemble(draft, id="0", source="s", name="file", max_characters=LIMIT)


def told(draft: ParsedFile) -> list[tuple[str, str]]:
    document = made(draft)
    return [(element.kind, document.text[element.start : element.end]) for element in document.elements]


# -- EPUB --------------------------------------------------------------------------------------------------------------


def test_chapters_come_in_the_order_of_the_spine_under_their_titles() -> None:
    contents = '<ol><li><a href="text/c1.xhtml">The end</a></li><li><a href="text/c2.xhtml#x">Not needed</a></li></ol>'
    document = made(
        read_epub(book("<p id='p1'>It ends.</p>", "<h1>Start</h1><p>It begins.</p>", contents=contents), LIMIT)
    )
    assert document.text.split("\n\n") == ["Start", "It begins.", "The end", "It ends."]
    assert [element.anchor for element in document.elements] == [
        "OPS/text/c2.xhtml",
        "OPS/text/c2.xhtml",
        "OPS/text/c1.xhtml",
        "OPS/text/c1.xhtml#p1",
    ]
    assert (document.title, document.metadata["author"]) == ("The book", "Ada Example")


def test_xhtml_is_read_as_such_and_notes_are_notes() -> None:
    chapter = (
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/></head><body>'
        '<p><a id="a"/>Text<sup>1</sup></p><aside epub:type="footnote">1 A note.</aside></body></html>'
    )
    data = with_part(book("<p>x</p>"), "OPS/text/c1.xhtml", chapter)
    assert told(read_epub(data, LIMIT)) == [("paragraph", "Text1"), ("footnote", "1 A note.")]


def test_the_contents_of_older_books_give_titles_too() -> None:
    package = (
        "<package><manifest><item id='c' href='c.html' media-type='text/html'/>"
        "<item id='n' href='toc.ncx' media-type='application/x-dtbncx+xml'/></manifest>"
        "<spine><itemref idref='c'/><itemref idref='gone'/></spine></package>"
    )
    contents = (
        "<ncx><navMap><navPoint><navLabel><text>One</text></navLabel><content src='c.html'/></navPoint></navMap></ncx>"
    )
    more = {"OPS/book.opf": package, "OPS/toc.ncx": contents, "OPS/c.html": "<p>Text</p>"}
    assert told(read_epub(book(more=more), LIMIT)) == [("heading", "One"), ("paragraph", "Text")]


def test_a_locked_book_is_named_and_locked_fonts_do_not_matter() -> None:
    def encryption(name: str) -> str:
        return f"<encryption><EncryptedData><CipherReference URI='{name}'/></EncryptedData></encryption>"

    data = book("<p>Text</p>")
    assert told(read_epub(with_part(data, "META-INF/encryption.xml", encryption("OPS/font.otf")), LIMIT))
    with pytest.raises(ReadFailure, match="is encrypted"):
        read_epub(with_part(data, "META-INF/encryption.xml", encryption("OPS/text/c1.xhtml")), LIMIT)


@pytest.mark.parametrize(
    "place", ["../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "%2e%2e/%2e%2e/etc/passwd"]
)
def test_no_chapter_leads_out_of_the_book(place: str) -> None:
    package = (
        f"<package><manifest><item id='c' href='{place}' media-type='text/html'/></manifest>"
        "<spine><itemref idref='c'/></spine></package>"
    )
    draft = read_epub(book(more={"OPS/book.opf": package}), LIMIT)
    assert not draft.pieces
    assert "missing" in draft.warnings[0]


# -- ODT ---------------------------------------------------------------------------------------------------------------

STYLES = (
    '<style:style style:name="P1" style:parent-style-name="Title"/><style:style style:name="Title"/>'
    '<style:style style:name="P2" style:parent-style-name="Preformatted_20_Text"/>'
    '<style:style style:name="Preformatted_20_Text"/>'
    '<style:style style:name="T1"><style:text-properties text:display="none"/></style:style>'
    '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1" '
    'style:num-suffix="."/><text:list-level-style-bullet text:level="2" text:bullet-char="•"/></text:list-style>'
)


def odt(body: str, **more: str) -> ParsedFile:
    parts = {name.replace("_", "/"): content for name, content in more.items()}
    return read_odf(open_document("text", body, styles=STYLES, more=parts), LIMIT)


def test_an_odt_gives_title_headings_lists_code_and_notes() -> None:
    body = (
        '<text:p text:style-name="P1">Handbook</text:p><text:h text:outline-level="2">Leave</text:h>'
        '<text:p>Staff<text:s text:c="2"/>have<text:note><text:note-citation>1</text:note-citation><text:note-body>'
        "<text:p>By law.</text:p></text:note-body></text:note> thirty<text:tab/>days."
        '<text:span text:style-name="T1">hidden</text:span><text:line-break/>More.</text:p>'
        '<text:list text:style-name="L1"><text:list-item><text:p>one</text:p><text:list><text:list-item>'
        "<text:p>deep</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p>"
        '</text:list-item></text:list><text:p text:style-name="P2">x = 1</text:p>'
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
    )
    assert told(odt(body)) == [
        ("title", "Handbook"),
        ("heading", "Leave"),
        ("paragraph", "Staff  have thirty\tdays.\nMore."),
        ("footnote", "By law."),
        ("list_item", "1. one"),
        ("list_item", "- deep"),
        ("list_item", "2. two"),
        ("code", "x = 1"),
    ]


def test_odt_tables_frames_and_formulas_are_read() -> None:
    cell = "<table:table-cell {}><text:p>{}</text:p></table:table-cell>"
    body = (
        "<table:table><table:table-header-rows><table:table-row>"
        + cell.format('table:number-columns-spanned="2"', "Cost")
        + "<table:covered-table-cell/></table:table-row></table:table-header-rows><table:table-row>"
        + cell.format("", "a")
        + cell.format("", "b")
        + "</table:table-row></table:table><text:p>The <draw:frame><draw:object xlink:href='./Object 1'/></draw:frame>"
        "rule<draw:frame><draw:text-box><text:p>Boxed</text:p></draw:text-box></draw:frame>"
        "<draw:frame><draw:image/><svg:desc>A duck on a pond</svg:desc></draw:frame></text:p>"
    )
    formula = "<math><semantics><mi>a</mi><annotation>a over b</annotation></semantics></math>"
    data = with_part(open_document("text", body), "Object 1/content.xml", formula)
    assert told(read_odf(data, LIMIT)) == [
        ("table", "| Cost | Cost |\n| --- | --- |\n| a | b |"),
        ("paragraph", "The  a over b rule"),
        ("paragraph", "Boxed"),
        ("figure", "A duck on a pond"),
    ]
    assert made(read_odf(data, LIMIT)).elements[0].merged == (Merged(0, 0, 1, 2),)


def test_an_embedded_object_leads_nowhere_else() -> None:
    body = "<text:p>Text<draw:frame><draw:object xlink:href='../../../etc'/></draw:frame></text:p>"
    assert told(odt(body)) == [("paragraph", "Text")]


def test_flat_and_encrypted_opendocument_files_are_known() -> None:
    body = "<office:body><office:text><text:p>Flat</text:p></office:text></office:body>"
    flat = f"<?xml version='1.0'?><office:document {OFFICE}>{body}</office:document>"
    assert read_bytes(flat.encode(), name="a.fodt", source="s", settings=Read()).documents[0].text == "Flat"
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    data = with_part(open_document("text", "<text:p>x</text:p>"), "META-INF/manifest.xml", manifest)
    with pytest.raises(ReadFailure, match="is encrypted"):
        read_odf(data, LIMIT)


# -- XML ---------------------------------------------------------------------------------------------------------------


def test_fields_beside_each_other_are_one_paragraph_and_mixed_text_another() -> None:
    xml = b"<list><person id='7'><name>Ada</name><age>36</age></person><note>Mind <b>this</b> now.</note></list>"
    assert told(read_xml(xml, LIMIT)) == [
        ("paragraph", "id: 7\nname: Ada\nage: 36"),
        ("paragraph", "Mind this now."),
    ]
    assert made(read_xml(xml, LIMIT)).elements[0].anchor == "list/person"


ARTICLE = """<article><front><journal-meta><journal-title>Journal of Ducks</journal-title></journal-meta><article-meta>
<article-id pub-id-type="doi">10.1/x</article-id><title-group><article-title>On <italic>ducks</italic></article-title>
</title-group><contrib-group><contrib contrib-type="author"><name><surname>Example</surname>
<given-names>Ada</given-names></name></contrib></contrib-group><pub-date><day>6</day><month>5</month><year>2024</year></pub-date>
<abstract><p>Short.</p></abstract></article-meta></front><body><sec id="s1"><title>Results</title>
<p>They swim<xref>1</xref>.<table-wrap id="t1"><label>Table 1</label><caption><p>Counts.</p></caption><table><thead><tr>
<th>Year</th><th colspan="2">Ducks</th></tr></thead><tbody><tr><td rowspan="2">2024</td><td>1</td><td>2</td></tr><tr>
<td>3</td><td>4</td></tr></tbody></table></table-wrap></p><sec><title>More</title><list list-type="order"><list-item>
<p>one</p></list-item></list></sec></sec></body><back><ref-list><title>References</title><ref id="r1"><label>1</label>
<element-citation><name><surname>Bo</surname><given-names>B</given-names></name><year>2020</year><source>Ponds</source>
</element-citation></ref></ref-list></back></article>"""


def test_an_article_is_read_as_one() -> None:
    draft = read_xml(ARTICLE.encode(), LIMIT)
    assert told(draft) == [
        ("title", "On ducks"),
        ("paragraph", "Ada Example"),
        ("heading", "Abstract"),
        ("paragraph", "Short."),
        ("heading", "Results"),
        ("paragraph", "They swim1."),
        ("caption", "Table 1 Counts."),
        ("table", "| Year | Ducks | Ducks |\n| --- | --- | --- |\n| 2024 | 1 | 2 |\n| 2024 | 3 | 4 |"),
        ("heading", "More"),
        ("list_item", "1. one"),
        ("heading", "References"),
        ("footnote", "1. Bo B 2020 Ponds"),
    ]
    document = made(draft)
    assert document.metadata == {
        "author": "Ada Example",
        "created": "2024-05-06",
        "journal": "Journal of Ducks",
        "doi": "10.1/x",
    }
    assert [element.anchor for element in document.elements][5:9] == ["s1", "t1", "t1", "s1"]
    assert document.elements[9].headings == ("Results", "More")


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;&x;&x;">]>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
    ],
)
@pytest.mark.parametrize("kind", ["xml", "odt", "epub"])
def test_entities_are_refused(doctype: str, kind: str) -> None:
    started = time.monotonic()
    xml = f"<?xml version='1.0'?>{doctype}<a><b>before</b></a>".encode()
    data = {
        "xml": xml,
        "odt": with_part(open_document("text", ""), "content.xml", xml),
        "epub": with_part(book("<p>x</p>"), "OPS/book.opf", xml),
    }[kind]
    with pytest.raises(ReadFailure, match=r"entities|damaged XML"):
        read_bytes(data, name=f"a.{kind}", source="s", settings=Read())
    assert time.monotonic() - started < 60


def test_an_entity_of_html_in_xml_is_the_character_that_it_names() -> None:
    xml = b"<!DOCTYPE a PUBLIC '-//X' 'x.dtd'><a>caf&eacute; &amp; more</a>"
    assert told(read_xml(xml, LIMIT)) == [("paragraph", "café & more")]


def test_deep_xml_is_refused_at_once() -> None:
    with pytest.raises(ReadFailure, match="damaged XML"):
        read_xml(b"<?xml version='1.0'?>" + b"<a>" * 100_000, LIMIT)
