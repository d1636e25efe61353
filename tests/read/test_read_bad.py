"""Bad files of every format but PDF, pictures and sound: each is a document or a failure with its reason, soon."""

import io
import random
import re
import time
import zipfile
from collections.abc import Callable

import docx
import pptx
import pytest
from test_read_legacy import doc, ppt
from test_read_mail import mail, msg
from test_read_sheets import xls

from scoville.errors import ReadFailure
from scoville.read.reader import read_bytes
from scoville.recipe import Read
from tiny_office import book, ole2, open_document, rows_of, with_part, without, workbook, zipped

SECONDS = 20


def word() -> bytes:
    stream = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("MARK of the text")
    document.save(stream)
    return stream.getvalue()


def slides() -> bytes:
    stream = io.BytesIO()
    presentation = pptx.Presentation()
    presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.title.text = "MARK of the text"
    presentation.save(stream)
    return stream.getvalue()


def open_sheet() -> bytes:
    row = "<table:table-row><table:table-cell><text:p>MARK of the text</text:p></table:table-cell></table:table-row>"
    return open_document("spreadsheet", f"<table:table>{row}</table:table>")


def open_slides() -> bytes:
    box = "<draw:text-box><text:p>MARK of the text</text:p></draw:text-box>"
    return open_document("presentation", f"<draw:page><draw:frame>{box}</draw:frame></draw:page>")


MAKERS: dict[str, Callable[[], bytes]] = {
    "docx": word,
    "pptx": slides,
    "xlsx": lambda: workbook(("Sheet1", rows_of(("MARK of the text", "b"), ("c", 1)))),
    "odt": lambda: open_document("text", "<text:p>MARK of the text</text:p>"),
    "ods": open_sheet,
    "odp": open_slides,
    "epub": lambda: book("<p>MARK of the text</p>"),
    "doc": lambda: doc("MARK of the text\r"),
    "ppt": ppt,
    "xls": xls,
    "rtf": lambda: rb"{\rtf1\ansi MARK of the text\par}",
    "eml": lambda: mail("MARK of the text").as_bytes(),
    "mbox": lambda: b"From ada Mon May  6 10:00:00 2024\n" + mail("MARK of the text").as_bytes(),
    "msg": lambda: msg({"0037": "MARK of the text", "1000": "Text"}),
    "html": lambda: b"<html><body><p>MARK of the text</p></body></html>",
    "xml": lambda: b"<?xml version='1.0'?><a><b>MARK of the text</b></a>",
    "csv": lambda: b"Name,Note\nMARK of the text,1\n",
    "md": lambda: b"# MARK of the text\n\nMore",
    "txt": lambda: b"MARK of the text",
}
MAIN_PART = {
    "docx": "word/document.xml",
    "pptx": "ppt/slides/slide1.xml",
    "xlsx": "xl/worksheets/sheet1.xml",
    "odt": "content.xml",
    "ods": "content.xml",
    "odp": "content.xml",
    "epub": "OPS/book.opf",
}
OLE2 = ("doc", "ppt", "xls", "msg")
every_format = pytest.mark.parametrize("suffix", MAKERS)
every_package = pytest.mark.parametrize("suffix", MAIN_PART)


def outcome(data: bytes, name: str) -> str:
    """Read a file: its text, or the reason why there is none."""
    started = time.monotonic()
    try:
        reading = read_bytes(data, name=name, source="s", settings=Read())
    except ReadFailure as failure:
        text = str(failure)
        assert text
        assert "\n" not in text
        assert not re.search(r"\w(Error|Exception)\b", text), text
    else:
        text = "\n".join(document.text for document in reading.documents)
    assert time.monotonic() - started < SECONDS
    return text


@every_format
def test_a_whole_file_is_read_whatever_its_name(suffix: str) -> None:
    data = MAKERS[suffix]()
    wanted = "Leave" if suffix == "ppt" else "Plan" if suffix == "xls" else "MARK of the text"
    assert wanted in outcome(data, f"a.{suffix}")
    if suffix not in {"csv", "md"}:  # whose content leaves it open
        assert wanted in outcome(data, "a.pdf")
        assert wanted in outcome(data, "a")


@every_format
def test_an_empty_file_is_named(suffix: str) -> None:
    assert outcome(b"", f"a.{suffix}") == "is empty"


@every_format
def test_a_file_cut_off_anywhere_is_a_document_or_a_failure(suffix: str) -> None:
    data = MAKERS[suffix]()
    for part in (0.1, 0.5, 0.9, 0.99):
        outcome(data[: int(len(data) * part)], f"a.{suffix}")


@every_format
def test_a_file_with_wrong_bytes_is_a_document_or_a_failure(suffix: str) -> None:
    chance = random.Random(7)
    for _ in range(12):
        data = bytearray(MAKERS[suffix]())
        for _ in range(max(len(data) // 200, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        outcome(bytes(data), f"a.{suffix}")


@every_package
def test_wrong_bytes_inside_a_package_are_a_document_or_a_failure(suffix: str) -> None:
    chance = random.Random(11)
    whole = MAKERS[suffix]()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        part = archive.read(MAIN_PART[suffix])
    for _ in range(12):
        data = bytearray(part)
        place = chance.randrange(len(data))
        data[place : place + chance.randrange(9)] = chance.choice([b"", b"<", b"99999999", b"\0", b"-1", b'"'])
        outcome(with_part(whole, MAIN_PART[suffix], bytes(data)), f"a.{suffix}")


@every_format
def test_garbage_under_a_good_name_is_a_document_or_a_failure(suffix: str) -> None:
    data = random.Random(3).randbytes(20_000)
    assert "binary data" in outcome(data, f"a.{suffix}")
    head = MAKERS[suffix]()[:8]
    outcome(head + data, f"a.{suffix}")


@every_package
def test_a_package_without_its_main_part_is_a_failure(suffix: str) -> None:
    data = without(MAKERS[suffix](), MAIN_PART[suffix])
    with pytest.raises(ReadFailure):
        read_bytes(data, name=f"a.{suffix}", source="s", settings=Read())


@every_package
def test_a_bomb_in_a_package_is_not_unpacked(suffix: str) -> None:
    data = with_part(MAKERS[suffix](), "media/bomb.bin", bytes(60_000_000))
    assert "ZIP bomb" in outcome(data, f"a.{suffix}")


@every_package
def test_a_part_of_a_package_that_leads_out_of_it_is_refused(suffix: str) -> None:
    assert "unsafe name" in outcome(with_part(MAKERS[suffix](), "../../evil.xml", b"x"), f"a.{suffix}")


@every_package
def test_entities_in_a_package_neither_grow_nor_fetch(suffix: str) -> None:
    whole = MAKERS[suffix]()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        part = archive.read(MAIN_PART[suffix]).decode()
    grown = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    declared = f'<!DOCTYPE a [<!ENTITY e0 "{"x" * 1000}">{grown}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    for reference in ("&e9;", "&f;"):
        text = part[part.index("?>") + 2 :] if part.startswith("<?xml") else part
        changed = declared + text.replace("MARK", reference).replace("text/c1.xhtml", f"text/c1.xhtml{reference}")
        found = outcome(with_part(whole, MAIN_PART[suffix], changed), f"a.{suffix}")
        assert "xxxx" not in found
        assert "root:" not in found


@pytest.mark.parametrize("information", [b"\4\0\4\0", b"\4\0\3\0", b"\4\0\4\0<a>", b""])
def test_a_damaged_or_unknown_encryption_is_named(information: bytes) -> None:
    data = ole2({"EncryptionInfo": information, "EncryptedPackage": bytes(5000)})
    assert outcome(data, "a.docx").startswith("is encrypted in a way that is not known (")


def test_an_ole2_file_of_another_program_is_named() -> None:
    assert "neither DOC, PPT, XLS nor MSG" in outcome(ole2({"Something": b"x"}), "a.msi")


def test_a_zip_of_files_is_named() -> None:
    assert "ZIP archive; unpack it" in outcome(zipped({"a.txt": "x"}), "a.docx")


def test_a_word_file_in_a_mail_about_words_is_told_from_the_mail() -> None:
    """A DOC inside an MSG names streams of its own; the root folder decides."""
    data = msg({"0037": "See the file"}, {"__attach_version1.0_#0/__substg1.0_37010102": doc("Inner\r")})
    reading = read_bytes(data, name="a.msg", source="s", settings=Read())
    assert [document.media_type for document in reading.documents] == [
        "application/vnd.ms-outlook",
        "application/msword",
    ]


LINES = {"html": b"<p>word word word</p>\n", "xml": b"<b>word word word</b>\n", "csv": b"word,word,word\n"}
HEADS = {
    "eml": b"From: a@example.com\nTo: b@example.com\nMIME-Version: 1.0\n\n",
    "rtf": b"{\\rtf1 ",
    "html": b"<html>",
    "xml": b"<?xml version='1.0'?><a>",
}


@pytest.mark.parametrize("suffix", ["txt", "csv", "md", "html", "eml", "rtf", "xml"])
def test_more_text_than_allowed_is_refused_in_time(suffix: str) -> None:
    line = LINES.get(suffix, b"word word word word\n")
    data = HEADS.get(suffix, b"") + line * (5_000_000 // len(line))
    started = time.monotonic()
    with pytest.raises(ReadFailure, match="over read.max_characters" if suffix != "xml" else "damaged XML"):
        read_bytes(data, name=f"a.{suffix}", source="s", settings=Read(max_characters=1_000_000))
    assert time.monotonic() - started < SECONDS


def test_scripts_frames_and_hidden_text_of_a_page_are_left_out() -> None:
    hidden = (
        "<style>.h{display:none} #i,.k{ visibility : hidden }/* p{display:none} */ @media print{p{display:none}}"
        "</style>"
        "<script>EVIL</script><iframe srcdoc='<p>EVIL'>EVIL</iframe><object>EVIL</object><template>EVIL</template>"
        "<div style='DISPLAY: none !important'>EVIL</div><div hidden>EVIL</div><p class=h>EVIL</p><p id=i>EVIL</p>"
        "<b style='font-size:0px'>EVIL</b><i style='opacity:0'>EVIL</i>"
        "<u style='position:absolute;left:-9999px'>EVIL</u><noscript>EVIL</noscript><!-- EVIL -->"
        "<svg><text>EVIL</text></svg><input value=EVIL>"
        "<div aria-hidden=true>EVIL</div>"
        "<table><tr><th>A<th>B<tr><td>1<td style='visibility:hidden'>EVIL</table><b style='opacity:0.5'>half</b>"
    )
    text = outcome(f"<html><body><p>Good.</p>{hidden}</body></html>".encode(), "a.html")
    assert "EVIL" not in text
    assert "Good." in text
    assert "half" in text


def test_a_table_of_ten_thousand_columns_is_read_in_every_format() -> None:
    cells = 10_000
    html = "<table><tr>" + "<th>1" * cells + "<tr>" + "<td>2" * cells + "</table>"
    row = "<table:table-row>" + "<table:table-cell><text:p>1</text:p></table:table-cell>" * cells + "</table:table-row>"
    for data, name in (
        (html.encode(), "a.html"),
        (open_document("spreadsheet", f"<table:table>{row * 2}</table:table>"), "a.ods"),
        (open_document("text", f"<table:table>{row * 2}</table:table>"), "a.odt"),
        ((b"1," * cells + b"\n") * 2, "a.csv"),
        (("|1" * cells + "|\n" + "|-" * cells + "|\n" + "|1" * cells + "|\n").encode(), "a.md"),
        (rb"{\rtf1\trowd " + rb"\intbl 1\cell" * cells + rb"\row}", "a.rtf"),
    ):
        assert outcome(data, name).count("1") >= cells, name


UNICODE = "Ünïcödé שלום 你好 👩‍👩‍👧 e\u0301"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (workbook((UNICODE, rows_of((UNICODE, "b")))), "a.xlsx"),
        (open_document("text", f"<text:p>{UNICODE}</text:p>"), "a.odt"),
        (book(f"<p>{UNICODE}</p>"), "a.epub"),
        (doc(UNICODE + "\r", wide=True), "a.doc"),
        (mail(UNICODE, subject=UNICODE).as_bytes(), "a.eml"),
        (msg({"0037": UNICODE, "1000": UNICODE}), "a.msg"),
        (f"a,b\n{UNICODE},1\n".encode("utf-16"), "a.csv"),
        (f"<?xml version='1.0' encoding='utf-16'?><a>{UNICODE}</a>".encode("utf-16"), "a.xml"),
    ],
)
def test_unicode_stays(data: bytes, name: str) -> None:
    assert "Ünïcödé שלום 你好 👩‍👩‍👧 é" in outcome(data, name)
