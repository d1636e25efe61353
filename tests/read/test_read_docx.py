"""Word documents."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from scoville.errors import ReadFailure
from scoville.read.archive import check_archive
from scoville.read.assemble import assemble
from scoville.read.office.docx import read_docx
from scoville.types import Document, Merged

FOOTNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"


def saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def read(document: Any) -> Document:
    data = document if isinstance(document, bytes) else saved(document)
    return assemble(read_docx(data), id="0", source="s", name="file", max_characters=10**7)


def shown(document: Any) -> list[tuple[str, str]]:
    result = read(document)
    return [(element.kind, result.text[element.start : element.end]) for element in result.elements]


def element(xml: str) -> Any:
    return parse_xml(re.sub(r"<[\w:]+", rf"\g<0> {nsdecls('w')}", xml, count=1))


def rewritten(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return stream.getvalue()


def test_a_body_is_read_in_order_with_anchors_and_heading_paths() -> None:
    document = docx.Document()
    document.add_heading("Handbook", 0)
    document.add_heading("Leave", 1)
    document.add_paragraph("Before the table.")
    table = document.add_table(rows=1, cols=1)
    table.cell(0, 0).text = "Framed note"
    document.add_paragraph("")
    document.add_heading("Parents", 2)
    document.add_paragraph("After.")
    result = read(document)
    assert [(e.kind, e.level, e.anchor, e.headings) for e in result.elements] == [
        ("title", None, "paragraph 1", ()),
        ("heading", 1, "paragraph 2", ()),
        ("paragraph", None, "paragraph 3", ("Leave",)),
        ("paragraph", None, "paragraph 4", ("Leave",)),
        ("heading", 2, "paragraph 5", ("Leave",)),
        ("paragraph", None, "paragraph 6", ("Leave", "Parents")),
    ]
    assert "Framed note" in result.text
    assert result.media_type.endswith("wordprocessingml.document")
    assert result.title == "Handbook"


def test_properties_become_title_and_metadata() -> None:
    document = docx.Document()
    document.add_paragraph("Text")
    properties = document.core_properties
    properties.title, properties.author = "Own title", "Ada Example"
    properties.created = properties.modified = datetime(2024, 5, 1, tzinfo=UTC)
    result = read(document)
    assert result.title == "Own title"
    date = "2024-05-01T00:00:00Z"
    assert result.metadata == {"author": "Ada Example", "created": date, "modified": date}


def test_headings_are_known_by_base_style_and_by_outline_level() -> None:
    document = docx.Document()
    based = document.styles.add_style("Kapitel", 1)
    based.base_style = document.styles["Heading 2"]
    outlined = document.styles.add_style("Abschnitt", 1)
    outlined.element.get_or_add_pPr().append(element('<w:outlineLvl w:val="2"/>'))
    document.add_paragraph("A", style="Kapitel")
    document.add_paragraph("B", style="Abschnitt")
    direct = document.add_paragraph("C")
    direct._p.get_or_add_pPr().append(element('<w:outlineLvl w:val="0"/>'))
    assert [(e.kind, e.level) for e in read(document).elements] == [("heading", 2), ("heading", 3), ("heading", 1)]


def test_lists_carry_the_numbers_that_word_shows() -> None:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    abstract = element(
        '<w:abstractNum w:abstractNumId="77">'
        '<w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
        '<w:lvl w:ilvl="2"><w:numFmt w:val="upperRoman"/><w:lvlText w:val="(%3)"/></w:lvl>'
        "</w:abstractNum>"
    )
    numbering.insert(0, abstract)
    numbering.append(element('<w:num w:numId="88"><w:abstractNumId w:val="77"/></w:num>'))
    for text, level in [("a", 0), ("b", 1), ("c", 1), ("d", 2), ("e", 0), ("f", 1)]:
        xml = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="88"/></w:numPr>'
        document.add_paragraph(text)._p.get_or_add_pPr().append(element(xml))
    document.add_paragraph("bullet", style="List Bullet")
    result = read(document)
    assert result.text.split("\n\n") == ["3. a", "3.a) b", "3.b) c", "(I) d", "4. e", "4.a) f", "- bullet"]
    assert [e.level for e in result.elements] == [1, 2, 2, 3, 1, 2, 1]


def test_tables_keep_merged_cells_nested_text_and_header() -> None:
    document = docx.Document()
    table = document.add_table(rows=4, cols=3)
    for number, text in enumerate(["Plan", "Self", "Family"]):
        table.cell(0, number).text = text
    table.cell(1, 0).merge(table.cell(2, 0)).text = "Basic"
    table.cell(1, 1).merge(table.cell(1, 2)).text = "free"
    table.cell(2, 1).text = "1"
    table.cell(2, 2).add_table(rows=1, cols=1).cell(0, 0).text = "nested"
    table.cell(3, 0).text = "Plus"
    (result,) = read(document).elements
    assert result.rows == (
        ("Plan", "Self", "Family"),
        ("Basic", "free", ""),
        ("Basic", "1", "nested"),
        ("Plus", "", ""),
    )
    assert (result.header_rows, result.anchor) == (1, "table 1")
    assert result.merged == (Merged(1, 0, 2, 1), Merged(1, 1, 1, 2))


def test_marked_header_rows_beat_the_tables_look() -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = str(number)
    for row in list(table.rows)[:2]:
        row._tr.get_or_add_trPr().append(element("<w:tblHeader/>"))
    assert read(document).elements[0].header_rows == 2


def test_insertions_controls_and_text_boxes_are_read_and_deletions_are_not() -> None:
    document = docx.Document()
    body = document.element.body
    run = "<w:r><w:t>{}</w:t></w:r>"
    xml = (
        "<w:p><w:r><w:t>kept </w:t></w:r>"
        f"<w:ins>{run.format('inserted')}</w:ins>"
        "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
        f"<w:r><w:br/></w:r><w:hyperlink>{run.format('linked')}</w:hyperlink>"
        f"<w:r><w:pict><w:txbxContent><w:p>{run.format('boxed')}</w:p></w:txbxContent></w:pict></w:r></w:p>"
    )
    body.insert(0, element(xml))
    body.insert(1, element(f"<w:sdt><w:sdtContent><w:p>{run.format('controlled')}</w:p></w:sdtContent></w:sdt>"))
    assert read(document).text.split("\n\n") == ["kept inserted\nlinked", "boxed", "controlled"]


def test_footnotes_follow_the_paragraph_that_names_them() -> None:
    document = docx.Document()
    first = document.add_paragraph("Claim")
    document.add_paragraph("Next")
    first._p.append(element('<w:r><w:footnoteReference w:id="2"/></w:r>'))
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    notes = (
        f'<w:footnotes {nsdecls("w")}><w:footnote w:id="0"><w:p/></w:footnote>'
        '<w:footnote w:id="2"><w:p><w:r><w:t>The source.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, notes.encode(), document.part.package)
    document.part.relate_to(part, FOOTNOTES)
    assert shown(document) == [("paragraph", "Claim"), ("footnote", "The source."), ("paragraph", "Next")]


def test_an_empty_document_has_no_text() -> None:
    with pytest.raises(ReadFailure, match="has no text"):
        read(docx.Document())


def test_a_document_with_macros_is_read_without_them() -> None:
    def change(name: str, content: bytes) -> bytes:
        wanted = b"application/vnd.ms-word.document.macroEnabled.main+xml"
        plain = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        return content.replace(plain, wanted) if name == "[Content_Types].xml" else content

    document = docx.Document()
    document.add_paragraph("Text")
    assert read(rewritten(saved(document), change)).text == "Text"


def test_strict_open_xml_is_read() -> None:
    strict = b"http://purl.oclc.org/ooxml/"
    usual = re.compile(rb"http://schemas.openxmlformats.org/(wordprocessingml|officeDocument)/2006/")
    document = docx.Document()
    document.add_heading("Strict", 1)
    data = rewritten(saved(document), lambda _, content: usual.sub(strict + rb"\1/", content))
    assert shown(data) == [("heading", "Strict")]


def test_formulas_are_written_in_a_line() -> None:
    m = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    run = "<m:r><m:t>{}</m:t></m:r>"
    root = f"<m:rad><m:radPr/><m:deg/><m:e>{run.format('b')}</m:e></m:rad>"
    power = f"<m:sSup><m:e>{run.format('x+1')}</m:e><m:sup>{run.format('2')}</m:sup></m:sSup>"
    fraction = f"<m:f><m:num>{power}</m:num><m:den>{root}</m:den></m:f>"
    total = (
        '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
        f"<m:sub>{run.format('i=1')}</m:sub><m:sup>{run.format('n')}</m:sup><m:e>{run.format('i')}</m:e></m:nary>"
    )
    choose = (
        '<m:d><m:e><m:f><m:fPr><m:type m:val="noBar"/></m:fPr>'
        f"<m:num>{run.format('n')}</m:num><m:den>{run.format('k')}</m:den></m:f></m:e></m:d>"
    )
    document = docx.Document()
    formulas = f"<m:oMath>{fraction}</m:oMath><m:oMath>{total}</m:oMath><m:oMath>{choose}</m:oMath>"
    document.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')} {m}>{formulas}</w:p>"))
    assert read(document).text == "((x+1)^2)/(√(b)); ∑_(i=1)^n i; (n choose k)"


def test_headers_comments_code_and_descriptions_are_read() -> None:
    document = docx.Document()
    section = document.sections[0]
    section.header.paragraphs[0].text = "Example Ltd"
    section.footer.paragraphs[0].text = "7"
    paragraph = document.add_paragraph("Claim")
    document.add_comment(paragraph.runs, "Really?", author="Ada")
    for line in ("def f(x):", "  return x"):
        document.add_paragraph().add_run(line).font.name = "Courier New"
    picture = '<wp:docPr id="1" name="x" descr="A duck on a pond"/>'
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    inline = f'<w:r {nsdecls("w")} xmlns:wp="{drawing}"><w:drawing><wp:inline>{picture}</wp:inline></w:drawing></w:r>'
    document.add_paragraph("Seen")._p.append(parse_xml(inline))
    assert shown(document) == [
        ("paragraph", "Claim"),
        ("footnote", "Ada: Really?"),
        ("code", "def f(x):\n  return x"),
        ("paragraph", "Seen"),
        ("figure", "A duck on a pond"),
        ("header", "Example Ltd"),
    ]


def test_entities_that_would_grow_are_refused() -> None:
    document = docx.Document()
    document.add_paragraph("MARK")
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    doctype = f'<!DOCTYPE w:document [<!ENTITY e0 "{"x" * 1000}">{entities}]>'

    def change(name: str, content: bytes) -> bytes:
        if name != "word/document.xml":
            return content
        text = content.decode().replace("MARK", "before &e9; after")
        return text.replace("<w:document ", f"{doctype}<w:document ", 1).encode()

    with pytest.raises(ReadFailure, match="entit"):
        read(rewritten(saved(document), change))


def deflated(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("word/document.xml", bytes(30_000_000))], "ZIP bomb"),
        ([(f"{number}.xml", b"") for number in range(10_001)], "holds 10,001 files"),
        ([("../evil.xml", b"x")], "unsafe name"),
        ([("word/../../evil.xml", b"x")], "unsafe name"),
        ([("/etc/evil", b"x")], "unsafe name"),
        ([("C:\\evil", b"x")], "unsafe name"),
    ],
    ids=["bomb", "many", "up", "up-within", "absolute", "drive"],
)
def test_an_unsafe_archive_is_not_opened(members: list[tuple[str, bytes]], reason: str) -> None:
    with pytest.raises(ReadFailure, match=reason):
        check_archive(deflated(*members))


def test_an_archive_that_is_cut_off_is_not_opened() -> None:
    with pytest.raises(ReadFailure, match="damaged ZIP"):
        check_archive(deflated(("a.xml", b"x" * 10_000))[:-60])


def test_the_real_bytes_count_and_not_the_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoville.read.archive.MAX_BYTES", 50_000)
    lying = bytearray(deflated(("a.xml", bytes(100_000))))
    at = lying.index(b"PK\x01\x02") + 24  # the uncompressed size in the directory
    lying[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(ReadFailure, match=r"damaged ZIP|ZIP bomb"):
        check_archive(bytes(lying))


def test_an_encrypted_member_is_named() -> None:
    locked = bytearray(deflated(("word/document.xml", b"x")))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ReadFailure, match="is encrypted"):
        check_archive(bytes(locked))


def test_a_document_cut_off_or_without_its_parts_is_a_failure(tmp_path: Any) -> None:
    from scoville.read import read_document
    from scoville.recipe import Read

    document = docx.Document()
    document.add_paragraph("Text")
    whole = saved(document)
    bodiless = rewritten(whole, lambda name, content: None if name == "word/document.xml" else content)
    broken = rewritten(whole, lambda name, content: content[:200] if name == "word/document.xml" else content)
    for number, data in enumerate((whole[: len(whole) // 2], bodiless, broken)):
        path = tmp_path / f"{number}.docx"
        path.write_bytes(data)
        with pytest.raises(ReadFailure):
            read_document(path, source="s", settings=Read())
