"""Office 97-2003, RTF and what LibreOffice writes as OpenDocument, with and without LibreOffice.

LibreOffice 7.4.7 wrote ``data/handbook.doc``, ``handbook.rtf`` and ``leave.ppt`` from OpenDocument files made for
these tests; of ``leave.ppt``, only the streams with text were kept. Tests that need LibreOffice itself are skipped
where it is not installed.
"""

import http.server
import os
import shutil
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import docx
import olefile
import pytest

from scoville.errors import ReadFailure
from scoville.read.legacy import convert as legacy
from scoville.read.legacy.cell_edges import EdgedCell, edged_table
from scoville.read.legacy.doc import read_doc
from scoville.read.legacy.ppt import read_ppt
from scoville.read.legacy.rtf import read_rtf
from scoville.read.reader import read_bytes
from scoville.recipe import Read
from scoville.types import Document
from tiny_office import ole2

CLEAR, LOCKED = 0xE391C05F, 0xF3D1C4DF
DATA = Path(__file__).parents[1] / "data"
PROGRAMS = legacy._PROGRAMS  # pyright: ignore[reportPrivateUsage]


def read(data: bytes, name: str) -> Document:
    return read_bytes(data, name=name, source=name, settings=Read()).documents[0]


# -- DOC ---------------------------------------------------------------------------------------------------------------


def doc(
    text: str,
    *,
    styles: Mapping[int, bytes] = MappingProxyType({}),
    wide: bool = False,
    flags: int = 0x200,
    notes: int = 0,
    lead: bytes = b"",
) -> bytes:
    """A Word document of one piece; ``styles`` gives the properties of the paragraph that begins at a character.

    Its stream of tables begins with ``lead``.
    """
    coded = text.encode("utf-16-le" if wide else "cp1252")
    width = 2 if wide else 1
    characters = len(coded) // width
    start = 0x600
    stream = bytearray(start)
    struct.pack_into("<HH", stream, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", stream, 0x0A, flags)
    struct.pack_into("<II", stream, 0x4C, characters - notes, notes)
    pieces = struct.pack("<II", 0, characters) + struct.pack("<HIH", 0, start if wide else 2 * start | 0x40000000, 0)
    table = lead + b"\x02" + struct.pack("<I", len(pieces)) + pieces
    struct.pack_into("<II", stream, 0x1A2, len(lead), len(table) - len(lead))
    places = sorted({0, *styles})
    page = bytearray(512)
    struct.pack_into(f"<{len(places) + 1}I", page, 0, *(start + width * place for place in places), start + len(coded))
    at = 500
    for number, place in enumerate(places):
        properties = styles.get(place, b"\0\0")
        properties += bytes(len(properties) % 2)
        at -= len(properties) + 2
        page[at + 1] = len(properties) // 2
        page[at + 2 : at + 2 + len(properties)] = properties
        page[4 * (len(places) + 1) + 13 * number] = at // 2
    page[511] = len(places)
    struct.pack_into("<II", stream, 0x102, len(table), 12)
    table += struct.pack("<III", start, start + len(coded), 2)
    stream[0x400:0x600] = page
    return ole2({"WordDocument": bytes(stream) + coded, "1Table": table})


def style(number: int, *settings: bytes) -> bytes:
    return struct.pack("<H", number) + b"".join(settings)


IN_TABLE, ENDS_ROW, LISTED = b"\x16\x24\x01", b"\x17\x24\x01", b"\x0b\x46\x01\x00"


@pytest.mark.parametrize("wide", [False, True])
def test_a_doc_gives_headings_lists_tables_and_notes(wide: bool) -> None:
    text = "Leave\rThirty \x13 HYPERLINK x \x14days\x15.\ritem\ra\x07b\x07\x07end\rnote\r"
    styles = {
        0: style(1),
        6: style(0),
        text.index("item"): style(0, LISTED),
        text.index("a\x07"): style(0, IN_TABLE),
        text.index("\x07\x07") + 1: style(0, IN_TABLE, ENDS_ROW),
        text.index("end"): style(0),
    }
    pieces = read_doc(doc(text, styles=styles, wide=wide, notes=5)).pieces
    assert [(piece.kind, piece.text or piece.rows) for piece in pieces] == [
        ("heading", "Leave"),
        ("paragraph", "Thirty days."),
        ("list_item", "- item"),
        ("table", (("a", "b"),)),
        ("paragraph", "end"),
        ("footnote", "note"),
    ]


def test_an_encrypted_or_old_doc_is_named() -> None:
    with pytest.raises(ReadFailure, match="is encrypted"):
        read(doc("x\r", flags=0x300), "a.doc")
    old = ole2({"WordDocument": struct.pack("<HH", 0xA5DC, 0x65) + bytes(600), "1Table": b""})
    with pytest.raises(ReadFailure, match="older than Word 97"):
        read(old, "a.doc")


HANDBOOK = [
    ("title", "Holiday rules"),
    ("heading", "Leave and rest"),
    ("paragraph", "Everyone has thirty days of leave. Ünïcode: Grüße, Привет, 日本語, 😀 and “quotes” – dash… €5."),
    ("paragraph", "Tab here\nnew line, two spaces, a link text, visible. Inserted words."),
    ("heading", "How to ask"),
    ("list_item", "1. first step"),
    ("list_item", "a) inner a"),
    ("list_item", "b) inner b"),
    ("list_item", "2. second step"),
    ("list_item", "- bullet one"),
    ("list_item", "- bullet deep"),
    ("list_item", "- bullet two"),
    ("paragraph", "Before the table."),
    ("paragraph", "After the table."),
    ("paragraph", "The end."),
    ("heading", "Last chapter"),
    ("paragraph", "The end."),
]
"""What its author changed out and hid, "DELETED WORDS" and "HIDDEN", is not among it."""
APART = {
    ("footnote", "Part-time staff: in proportion."),
    ("footnote", "A comment on this."),
    ("footnote", "An endnote at the end."),
    ("paragraph", "Words in a box."),
    ("header", "Brackwater header"),
    ("footer", "Page footer"),
}


@pytest.mark.parametrize("name", ["handbook.doc", "handbook.rtf"])
def test_a_file_of_libreoffice_gives_all_that_its_author_sees(name: str) -> None:
    document = read((DATA / name).read_bytes(), name)
    found = [
        (
            element.kind,
            "\n".join(" ".join(line.split()) for line in document.text[element.start : element.end].split("\n")),
        )
        for element in document.elements
        if element.kind != "table"
    ]
    assert [one for one in found if one not in APART] == HANDBOOK
    assert {one for one in found if one in APART} == APART
    assert [element.level for element in document.elements if element.kind == "list_item"] == [1, 2, 2, 1, 1, 2, 1]
    assert (document.title, document.metadata["author"]) == ("Holiday rules of Brackwater Ltd", "Ada Quill")
    rows = next(element.rows for element in document.elements if element.kind == "table")
    assert [row[0] for row in rows] == ["Grade", "Junior", "Junior", "Senior", "x1", "y1"]
    assert rows[3][-1] == "- in cell nested1 | nested2 after nested"
    assert rows[2][1:] == ("merged across", "", "")


def test_a_frame_around_text_in_a_doc_is_no_table() -> None:
    text = "a\x07\x07end\r"
    styles = {0: style(0, IN_TABLE), 2: style(0, IN_TABLE, ENDS_ROW), 3: style(0)}
    pieces = read_doc(doc(text, styles=styles)).pieces
    assert [(piece.kind, piece.text) for piece in pieces] == [("paragraph", "a"), ("paragraph", "end")]


def test_cells_reach_across_the_edges_of_others_and_down() -> None:
    rows = [
        [EdgedCell("a", 100), EdgedCell("b", 205), EdgedCell("c", 300)],
        [EdgedCell("d", 202), EdgedCell("e", 300)],
        [EdgedCell("", 200, goes_on=True), EdgedCell("f", 250), EdgedCell("g", 300, joins=True)],
    ]
    (piece,) = edged_table(rows, 0)
    assert piece.rows == (("a", "b", "c", ""), ("d", "", "e", ""), ("d", "", "f g", ""))
    assert edged_table([], 0) == []


@pytest.mark.parametrize("name", ["handbook.doc", "leave.ppt"])
def test_wrong_numbers_among_the_properties_keep_nothing_busy(name: str) -> None:
    endless = bytes(44) + struct.pack("<IIIIIII", 48, 40, 1, 2, 16, 0x1000, 0x7FFFFFFF)  # two thousand million nothings
    names = ("WordDocument", "1Table") if name.endswith("doc") else ("PowerPoint Document", "Current User")
    with olefile.OleFileIO(str(DATA / name)) as file:
        streams = {one: file.openstream(one).read() for one in names}
    started = time.monotonic()
    document = read(ole2({**streams, "\x05SummaryInformation": endless}), name)
    assert (time.monotonic() - started < 60, document.metadata) == (True, {})


@pytest.mark.parametrize("place", range(0x40, 0x3000, 0x1F7))
def test_a_doc_with_wrong_bytes_is_read_or_refused(place: int) -> None:
    data = bytearray((DATA / "handbook.doc").read_bytes())
    data[place : place + 24] = b"\xff" * 24
    try:
        assert read(bytes(data), "a.doc").text
    except ReadFailure as failure:
        assert str(failure)


# -- PPT ---------------------------------------------------------------------------------------------------------------


def record(kind: int, data: bytes, instance: int = 0, version: int = 0) -> bytes:
    return struct.pack("<HHI", instance << 4 | version, kind, len(data)) + data


def ppt(token: int = CLEAR) -> bytes:
    """Two slides; the first with a title, a drawn text and notes."""

    def text(kind: int, text: str) -> bytes:
        return record(3999, struct.pack("<I", kind)) + record(4000, text.encode("utf-16-le"))

    def persist(number: int, id: int) -> bytes:
        return record(1011, struct.pack("<IIiII", number, 0, 0, id, 0))

    slides = persist(2, 256) + text(0, "Leave") + text(1, "Thirty\rdays") + persist(3, 257) + text(0, "Ünd")
    document = record(1000, record(4080, slides, 0, 15) + record(4080, persist(4, 256), 2, 15), 0, 15)
    drawn = record(1006, record(0xF00D, text(4, "drawn"), 0, 15), 0, 15)
    empty = record(1006, b"", 0, 15)
    notes = record(1008, record(1009, struct.pack("<II", 256, 0)) + record(0xF00D, text(2, "slowly"), 0, 15), 0, 15)
    stream, places = b"", []
    for part in (document, drawn, empty, notes):
        places.append(len(stream))
        stream += part
    directory = len(stream)
    stream += record(6002, struct.pack("<I4I", 4 << 20 | 1, *places))
    edit = len(stream)
    stream += record(4085, struct.pack("<IIIIIII", 256, 0, 0, directory, 1, 5, 0))
    user = struct.pack("<HHIIII", 0, 0xFF6, 20, 20, token, edit)
    return ole2({"PowerPoint Document": stream, "Current User": user})


def test_a_ppt_gives_titles_texts_and_notes_of_each_slide() -> None:
    draft = read_ppt(ppt())
    assert [(piece.page, piece.kind, piece.text) for piece in draft.pieces] == [
        (1, "heading", "Leave"),
        (1, "paragraph", "Thirty"),
        (1, "paragraph", "days"),
        (1, "paragraph", "drawn"),
        (1, "callout", "slowly"),
        (2, "heading", "Ünd"),
    ]
    assert draft.pages == 2


def test_an_encrypted_ppt_is_named() -> None:
    with pytest.raises(ReadFailure, match="is encrypted"):
        read(ppt(LOCKED), "a.ppt")


def test_a_table_of_a_ppt_keeps_its_cells() -> None:
    document = read((DATA / "leave.ppt").read_bytes(), "leave.ppt")
    assert document.elements[0].kind == "paragraph"
    assert document.elements[1].rows == (
        ("Grade", "Days", "Notes"),
        ("Junior", "25", "in proportion"),
        ("Junior", "merged across", ""),
    )


# -- RTF ---------------------------------------------------------------------------------------------------------------

RTF = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Helvetica;}{\f1\fcharset204 Arial;}}"
    rb"{\stylesheet{\s0 Normal;}{\s1 heading 2;}}{\*\generator Something;}"
    rb"\pard\s1 Leave\par\pard Gr\'fc\'dfe \u8364? {\f1\'cf\'f0} {\v hidden}end"
    rb"{\footnote A note.}\par{\listtext\bullet\tab}item\par{\listtext 2.\tab}second\par\trowd\intbl a\cell b\cell"
    rb"\row\intbl c\cell d\cell\row\pard last\line line{\pict 010203}{\header Top}\par}"
)


def test_an_rtf_gives_headings_lists_tables_and_notes() -> None:
    pieces = read_rtf(RTF, 10**6).pieces
    assert [(piece.kind, piece.text or piece.rows) for piece in pieces] == [
        ("heading", "Leave"),
        ("paragraph", "Grüße € Пр end"),
        ("footnote", "A note."),
        ("list_item", "- item"),
        ("list_item", "2. second"),
        ("table", (("a", "b"), ("c", "d"))),
        ("paragraph", "last\nline"),
        ("header", "Top"),
    ]
    assert pieces[0].level == 2


def test_an_rtf_of_braces_alone_is_refused_or_empty() -> None:
    with pytest.raises(ReadFailure, match="deep"):
        read_rtf(b"{\\rtf1" + b"{" * 100_000, 10**6)
    with pytest.raises(ReadFailure, match="no text"):
        read(b"{\\rtf1" + b"}" * 100_000, "a.rtf")


def pieces_of(body: bytes) -> list[tuple[str, object]]:
    data = rb"{\rtf1\ansi{\stylesheet{\s1 heading 1;}{\s2 Title;}{\s3 caption;}}" + body + b"}"
    return [(piece.kind, piece.text or piece.rows) for piece in read_rtf(data, 1_000).pieces]


@pytest.mark.parametrize(
    ("body", "pieces"),
    [
        (rb"a{\*\bin7 {}}\x\\}b\par", [("paragraph", "ab")]),
        (rb"a{\pict " + b"00" * 2_000 + rb"}\par", [("paragraph", "a")]),  # counts for no limit
        (rb"\pard\s1 Head{\*\footnote\pard\plain\s9 Note.}\par", [("heading", "Head"), ("footnote", "Note.")]),
        (rb"a{\deleted b}{\v c}{\v d\plain e}\par", [("paragraph", "ae")]),
        (
            rb"see {\shp{\*\shpinst{\sp{\sn x}}{\shptxt box\par}}}here\par",
            [("paragraph", "box"), ("paragraph", "see here")],
        ),
        (rb"{\footer {\field{\*\fldinst { PAGE }}{\fldrslt 7}} of us}{\footer of us}\par", [("footer", "of us")]),
        (rb"\pard\s2 T\par\pard\s3 C\par", [("title", "T"), ("caption", "C")]),
        (rb"{\listtext o\tab}\ilvl1 item\par", [("list_item", "- item")]),
        (rb"\trowd\cellx90\intbl framed\par text\cell\row\pard", [("paragraph", "framed"), ("paragraph", "text")]),
        (
            rb"\trowd\clvmgf\cellx90\cellx200\intbl a\cell b\cell\row"
            rb"\trowd\clvmrg\cellx90\cellx200\intbl\cell c\cell\row",
            [("table", (("a", "b"), ("a", "c")))],
        ),
    ],
)
def test_rtf_as_programs_write_it(body: bytes, pieces: list[tuple[str, object]]) -> None:
    assert pieces_of(body) == pieces


def test_rtf_says_what_it_is_called_and_when_it_was_made() -> None:
    info = rb"{\info{\title Leave}{\author Ada}{\creatim\yr2024\mo5\dy6\hr7\min8}{\revtim\yr0\mo0\dy0}}"
    draft = read_rtf(rb"{\rtf1" + info + rb" text\par}", 1_000)
    assert (draft.title, draft.metadata) == ("Leave", {"author": "Ada", "created": "2024-05-06T07:08:00"})


# -- OpenDocument, as LibreOffice writes it ----------------------------------------------------------------------------

NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("chart", "chart"),
        ("svg", "svg-compatible"), ("presentation", "presentation"),
    )
)  # fmt: skip


def flat(kind: str, body: str) -> Document:
    root = (
        f"<office:document {NAMES}><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"
    )
    return read(root.encode(), "a.xml")


def test_the_words_of_a_link_are_text() -> None:
    assert (
        flat("text", "<text:p>Ask <text:a>the <text:span>office</text:span></text:a>.</text:p>").text
        == "Ask the office."
    )
    frame = "<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>"
    assert flat("text", f"<text:p>a<draw:a>{frame}</draw:a></text:p>").text == "a\n\nbox"


def test_deleted_text_that_stays_in_its_place_is_left_out() -> None:
    regions = (
        '<text:tracked-changes><text:changed-region text:id="d"><text:deletion/></text:changed-region>'
        '<text:changed-region text:id="i"><text:insertion/></text:changed-region></text:tracked-changes>'
    )
    marks = '<text:change-start text:change-id="{0}"/>{1}<text:change-end text:change-id="{0}"/>'
    body = f"<text:p>a{marks.format('d', 'b<text:span>c</text:span>')}d{marks.format('i', 'e')}</text:p>"
    across = '<text:p>f<text:change-start text:change-id="d"/>g</text:p>'
    across += '<text:p>h<text:change-end text:change-id="d"/>i</text:p>'
    assert flat("text", regions + body + across).text == "ade\n\nf\n\ni"


CHART = (
    "<draw:object><office:document><office:body><office:chart><chart:chart><chart:title><text:p>Sales</text:p>"
    "</chart:title><table:table><table:table-rows><table:table-row><table:table-cell><text:p>East</text:p>"
    "</table:table-cell><table:table-cell><text:p>7</text:p><draw:g><svg:desc>Sheet2.A1:Sheet2.A9</svg:desc></draw:g>"
    "</table:table-cell></table:table-row></table:table-rows></table:table></chart:chart></office:chart></office:body>"
    "</office:document></draw:object>"
)


def test_a_chart_shows_its_numbers_but_not_where_they_come_from() -> None:
    document = flat("text", f"<text:p>a<draw:frame>{CHART}</draw:frame></text:p>")
    assert document.text == "a\n\nSales\n\n| East | 7 |\n| --- | --- |" or document.elements[-1].rows == (
        ("East", "7"),
    )
    assert "Sheet2" not in document.text


def test_a_chart_on_a_flat_sheet_adds_no_rows() -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    rows = "".join(
        f"<table:table-row>{cell.format(one)}{cell.format(two)}</table:table-row>" for one, two in ("ab", "cd")
    )
    body = (
        f'<table:table table:name="S"><table:shapes><draw:frame>{CHART}</draw:frame></table:shapes>{rows}</table:table>'
    )
    document = flat("spreadsheet", body)
    assert [element.rows for element in document.elements if element.rows] == [(("a", "b"), ("c", "d"))]
    assert "Sales" in document.text


def test_a_slide_keeps_the_lines_of_its_title_apart_and_its_comments() -> None:
    box = "<draw:text-box><text:p>One<text:line-break/>two</text:p></draw:text-box>"
    title = f'<draw:frame presentation:class="title">{box}</draw:frame>'
    comment = "<office:annotation><text:p>Why?</text:p></office:annotation>"
    document = flat("presentation", f"<draw:page>{title}{comment}</draw:page>")
    assert [(element.kind, document.text[element.start : element.end]) for element in document.elements] == [
        ("heading", "One two"),
        ("footnote", "Why?"),
    ]


def test_a_formula_in_a_flat_file_is_read() -> None:
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mi>E</mi><annotation>E=mc^2</annotation></semantics></math>'
    document = flat("text", f"<text:p>So<draw:frame><draw:object>{math}</draw:object></draw:frame>.</text:p>")
    assert document.text == "So E=mc^2 ."


# -- LibreOffice -------------------------------------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a stand-in for LibreOffice where it is looked for."""

    def make(script: str) -> Path:
        path = tmp_path / "bin" / "soffice"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setattr(legacy, "_PROGRAMS", PROGRAMS)
        return path

    return make


def test_libreoffice_converts_where_it_is_installed(program: Callable[[str], Path], tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Converted", 1)
    document.save(str(tmp_path / "result.docx"))
    seen = tmp_path / "seen"
    copy = 'for last; do out="$previous"; previous="$last"; done; mkdir -p "$out"'
    copy += f'; cp {tmp_path}/result.docx "$out/file.docx"'
    program(f'echo "$@" > {seen}; {copy}')
    result = read(doc("Leave\r"), "$(touch evil) & name.doc")
    assert (result.text, result.warnings) == ("Converted", ())
    assert "evil" not in seen.read_text()
    assert "--headless" in seen.read_text()
    assert not Path(seen.read_text().split()[-1]).exists()  # its folder is gone


@pytest.mark.parametrize(("script", "reason"), [("exit 77", "code 77"), ("exit 0", "wrote no file")])
def test_when_libreoffice_fails_our_own_reader_says_so(
    program: Callable[[str], Path], script: str, reason: str
) -> None:
    program(script)
    document = read(doc("Leave\r"), "a.doc")
    assert document.text == "Leave"
    assert reason in document.warnings[0]


def test_libreoffice_is_ended_with_all_it_started(program: Callable[[str], Path], tmp_path: Path) -> None:
    path = program(f"sh -c 'echo $$ > {tmp_path}/child; exec sleep 60' & wait")
    started = time.monotonic()
    with pytest.raises(ReadFailure, match="longer than"):
        legacy.convert(str(path), b"x", "doc", "docx", 1)
    assert time.monotonic() - started < 40
    for _ in range(50):
        if not Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/cmdline").exists():
            break
        if not Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/cmdline").read_bytes():  # a zombie
            break
        time.sleep(0.1)
    else:
        pytest.fail("a process outlived it")


def test_what_cannot_be_read_of_its_work_is_read_by_our_own_reader(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("exit 0")
    monkeypatch.setattr(legacy, "convert", lambda *_: b"PK\x03\x04 no package")  # pyright: ignore[reportUnknownLambdaType]
    document = read(doc("Leave\r"), "a.doc")
    assert document.text == "Leave"
    assert document.warnings[0].startswith("LibreOffice could not convert it (is a damaged ZIP file")


def test_without_libreoffice_a_warning_says_what_is_missing() -> None:
    assert "LibreOffice" in read(ppt(), "a.ppt").warnings[0]


SOFFICE = shutil.which("soffice") or ""
needs_libreoffice = pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed")


@needs_libreoffice
def test_the_real_libreoffice_converts_a_doc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy, "_PROGRAMS", (SOFFICE,))
    document = read((DATA / "handbook.doc").read_bytes(), "-o $(touch x) ü.doc")
    assert (document.warnings, document.media_type) == ((), "application/msword")
    assert "DELETED" not in document.text
    assert "1. first step" in document.text


@needs_libreoffice
def test_the_real_libreoffice_is_ended_and_takes_nothing_damaged_for_text() -> None:
    data = (DATA / "handbook.doc").read_bytes()
    started = time.monotonic()
    with pytest.raises(ReadFailure, match=r"longer than 0\.3 s"):
        legacy.convert(SOFFICE, data, "doc", "docx", 0.3)
    assert time.monotonic() - started < 5
    with pytest.raises(ReadFailure, match="wrote no file"):
        legacy.convert(SOFFICE, b"words that are no document " * 200, "doc", "docx", 60)


@pytest.fixture
def asked() -> Iterator[tuple[int, list[str]]]:
    """A web server: its port, and what it was asked for."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def parse_request(self) -> bool:
            seen.append(str(self.client_address))
            return False

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, seen
        server.shutdown()
        thread.join()


@needs_libreoffice
def test_the_real_libreoffice_fetches_no_linked_picture(asked: tuple[int, list[str]]) -> None:
    port, seen = asked
    link = (
        f'xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="http://127.0.0.1:{port}/a.png" xlink:actuate="onLoad"'
    )
    link += ' xlink:type="simple" xlink:show="embed"'
    frame = f'<draw:frame text:anchor-type="as-char" svg:width="2cm" svg:height="2cm"><draw:image {link}/></draw:frame>'
    kind = 'office:mimetype="application/vnd.oasis.opendocument.text" office:version="1.2"'
    body = f"<office:body><office:text><text:p>a{frame}</text:p></office:text></office:body>"
    page = f'<?xml version="1.0" encoding="UTF-8"?><office:document {NAMES} {kind}>{body}</office:document>'
    assert legacy.convert(SOFFICE, page.encode(), "fodt", "docx", 60)
    assert seen == []
