"""Opening and recognising files, and the laws that every Document keeps."""

import errno
import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoville.errors import ReadFailure
from scoville.read import READER_VERSION, read_document
from scoville.read.assemble import ParsedFile, Piece, assemble
from scoville.read.clean import clean, clean_line
from scoville.read.decode import decode
from scoville.recipe import Read
from scoville.types import Box, Document, Region

TEXT = st.text(st.characters(), max_size=60)
BOX = Box(1, 0.0, 0.0, 10.0, 10.0)


def read(path: Path, **settings: int) -> Document:
    return read_document(path, source="docs/file", settings=Read(**settings))


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def failure(path: Path, **settings: int) -> str:
    with pytest.raises(ReadFailure) as caught:
        read(path, **settings)
    return str(caught.value)


def zipped(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return stream.getvalue()


# -- the laws of a document --------------------------------------------------------------------------------------------


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    kind = draw(st.sampled_from(["title", "heading", "paragraph", "list_item", "code", "table", "footer"]))
    if kind == "table":
        rows = draw(st.lists(st.lists(TEXT, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4))
        boxes = tuple(tuple(BOX for _ in row) for row in rows) if draw(st.booleans()) else ()
        return Piece(kind="table", rows=tuple(rows), header_rows=draw(st.integers(0, 5)), cell_boxes=boxes)
    text = draw(TEXT)
    if draw(st.booleans()) and clean_line(text):
        text = clean_line(text)
        middle = draw(st.integers(0, len(text)))
        spans = [(start, end) for start, end in ((0, middle), (middle, len(text))) if end > start]
        return Piece(kind=kind, text=text, regions=tuple(Region(start, end, BOX) for start, end in spans), page=1)
    return Piece(kind=kind, text=text, level=draw(st.none() | st.integers(1, 6)))


def check_laws(document: Document) -> None:
    assert document.text == "\n\n".join(document.text[e.start : e.end] for e in document.elements)
    end_before = -2
    for element in document.elements:
        assert element.start == end_before + 2
        assert element.end > element.start
        end_before = element.end
        for region in element.regions:
            assert element.start <= region.start < region.end <= element.end
        assert len(element.row_spans) == len(element.rows)
        assert element.header_rows <= len(element.rows)
        for (start, end), row in zip(element.row_spans, element.rows, strict=True):
            assert element.start <= start <= end <= element.end
            assert document.text[start:end] == f"| {' | '.join(row)} |"
    assert end_before == len(document.text)
    document.text.encode()  # no lone surrogates


@given(st.lists(pieces(), max_size=8))
def test_spans_regions_and_rows_slice_back_to_their_text(drawn: list[Piece]) -> None:
    draft = ParsedFile(media_type="text/plain", pieces=drawn)
    try:
        document = assemble(draft, id="0", source="s", name="n", max_characters=10_000)
    except ReadFailure as error:
        assert str(error) == "has no text"
    else:
        check_laws(document)


def test_a_heading_path_follows_the_levels() -> None:
    headings = [("Pay", 1), ("Leave", 2), ("Parents", 4), ("Illness", 2), ("Travel", 1)]
    drawn = [piece for text, level in headings for piece in (Piece(kind="heading", text=text, level=level), PARAGRAPH)]
    document = assembled(*drawn)
    paths = [element.headings for element in document.elements if element.kind == "paragraph"]
    assert paths == [("Pay",), ("Pay", "Leave"), ("Pay", "Leave", "Parents"), ("Pay", "Illness"), ("Travel",)]
    assert [e.headings for e in document.elements if e.kind == "heading"][2] == ("Pay", "Leave")


PARAGRAPH = Piece(kind="paragraph", text="text")


def assembled(*drawn: Piece, title: str | None = None) -> Document:
    return assemble(
        ParsedFile(media_type="text/plain", pieces=drawn, title=title),
        id="0",
        source="s",
        name="file",
        max_characters=1000,
    )


def test_the_title_is_the_files_own_else_the_first_heading_else_the_name() -> None:
    heading = Piece(kind="heading", text="First\theading", level=2)
    assert assembled(PARAGRAPH, heading, title="Own").title == "Own"
    assert assembled(PARAGRAPH, heading).title == "First heading"
    assert assembled(PARAGRAPH).title == "file"


def test_a_table_is_written_with_pipes_and_a_region_per_cell() -> None:
    other = Box(1, 5.0, 5.0, 6.0, 6.0)
    table = Piece(
        kind="table", rows=(("Plan", "Cost"), ("Basic", "10")), header_rows=1, cell_boxes=((BOX, None), (None, other))
    )
    document = assembled(PARAGRAPH, table)
    element = document.elements[1]
    assert document.text[element.start : element.end] == "| Plan | Cost |\n| --- | --- |\n| Basic | 10 |"
    assert [(document.text[r.start : r.end], r.box) for r in element.regions] == [("Plan", BOX), ("10", other)]


# -- clean characters --------------------------------------------------------------------------------------------------


@given(TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert clean_line(clean_line(text)) == clean_line(text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\rc\x0bd\te", "a\nb\nc\nd\te"),
        ("bene\u00adfits \x00\x07\u200b", "benefits "),
        ("e\u0301", "é"),
        ("\ud83d\ude00 \ud83d", "😀 \ufffd"),
        ("شكرا 👩‍👩‍👧 שלום", "شكرا 👩‍👩‍👧 שלום"),
        ("\uf0b7 item", "• item"),
    ],
)
def test_cleaning_keeps_what_people_read(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_a_tower_of_combining_marks_costs_no_time() -> None:
    assert len(clean("a" + "\u0301\u0316" * 100_000)) > 200_000


# -- opening files -----------------------------------------------------------------------------------------------------


def test_a_document_carries_source_hash_and_media_type(tmp_path: Path) -> None:
    path = written(tmp_path, "note.txt", "Hello.\n\nSecond.")
    document = read(path)
    assert (document.source, document.media_type, document.title) == ("docs/file", "text/plain", "note")
    assert document.id == hashlib.sha256(path.read_bytes()).hexdigest()
    assert document == read(path)
    assert READER_VERSION


def test_a_text_that_is_called_pdf_is_read_and_said(tmp_path: Path) -> None:
    document = read(written(tmp_path, "rota.PDF", "Doors open at nine."))
    assert document.text == "Doors open at nine."
    assert document.warnings == ("is called .PDF and is text: it was read as that",)
    assert read(written(tmp_path, "rota.txt", "Doors open at nine.")).warnings == ()


def test_an_empty_file_is_a_failure(tmp_path: Path) -> None:
    assert failure(written(tmp_path, "a.pdf", b"")) == "is empty"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_a_file_of_white_space_is_a_failure(tmp_path: Path, name: str) -> None:
    assert failure(written(tmp_path, name, " \n\t\n ")) == "has no text"


def test_a_missing_file_is_a_failure(tmp_path: Path) -> None:
    assert "does not exist" in failure(tmp_path / "gone.txt")


def test_a_folder_is_a_failure(tmp_path: Path) -> None:
    assert failure(tmp_path) == "is a folder, not a file"


def test_a_pipe_is_a_failure_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert failure(tmp_path / "pipe.txt") == "is not a regular file"


def test_a_device_is_a_failure() -> None:
    assert failure(Path("/dev/null")) == "is not a regular file"


def test_a_nul_in_the_path_is_a_failure() -> None:
    assert "cannot be opened" in failure(Path("a\0b.txt"))


def test_a_link_is_followed_and_a_broken_or_circular_one_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to(written(tmp_path, "real.txt", "Hello."))
    (tmp_path / "broken.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle.txt").symlink_to(tmp_path / "circle.txt")
    assert read(tmp_path / "link.txt").text == "Hello."
    assert "does not exist" in failure(tmp_path / "broken.txt")
    assert "leads back to itself" in failure(tmp_path / "circle.txt")


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EACCES, "permission denied"), (errno.EIO, "Input/output error"), (errno.ENOENT, "does not exist")],
)
def test_what_the_system_refuses_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    path = written(tmp_path, "a.txt", "Hello.")

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("scoville.read.reader._open_without_waiting", refuse)
    assert reason in failure(path)


def test_a_file_over_the_size_limit_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "x" * 1_200_000)
    reason = "is 1.2 MB, over read.max_megabytes 1; raise it in the recipe or split the file"
    assert failure(path, max_megabytes=1) == reason


@pytest.mark.parametrize("name", ["a.txt", "a.html"])
def test_a_text_over_the_character_limit_is_a_failure(tmp_path: Path, name: str) -> None:
    reason = failure(written(tmp_path, name, "<p>" + "x" * 2_000), max_characters=1000)
    assert "over read.max_characters 1,000; raise it" in reason


# -- recognising content -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.txt", "<!DOCTYPE html><p>Hi", "text/html"),
        ("a.md", "<?xml version='1.0'?>\n<!-- x -->\n<html><p>Hi</p></html>", "text/html"),
        ("a.html", "plain", "text/html"),
        ("a", "<p>Hi</p>", "text/html"),
        ("a.md", "<h1 align=center>Name</h1>\n\n# Title", "text/markdown"),
        ("a.txt", "# not a title\n[x](y)", "text/plain"),
        ("README", "# Title\n\nsee [x](y)", "text/markdown"),
        ("notes", "One # of them", "text/plain"),
        ("BMW.txt", "BMW and MZ build vehicles", "text/plain"),
    ],
)
def test_text_formats_are_told_apart_by_content_then_by_name(
    tmp_path: Path, name: str, content: str, media_type: str
) -> None:
    assert read(written(tmp_path, name, content)).media_type == media_type


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (zipped(("a.txt", b"x")), "ZIP archive; unpack it"),
        (b"PK\x03\x04 not really", "damaged ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "damaged Office 97-2003"),
        (bytes(range(256)) * 20, "binary data"),
        (b"MZ\x90\0\3", "not readable yet: a program"),
    ],
)
@pytest.mark.parametrize("name", ["a.docx", "a.txt"])
def test_unreadable_formats_are_named(tmp_path: Path, content: bytes, named: str, name: str) -> None:
    assert named in failure(written(tmp_path, name, content))


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        ("Grüße".encode("utf-8-sig"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("Grüße, world".encode("utf-16-le"), "Grüße, world"),
        ("Grüße, world".encode("utf-16-be"), "Grüße, world"),
        ("Grüße 😀".encode("utf-32"), "Grüße 😀"),
        ("Grüße – €".encode("cp1252"), "Grüße – €"),
        (b"\x81 caf\xe9 and tea are served until eleven", "\ufffd caf\xe9 and tea are served until eleven"),
        ("Grüße an alle. ".encode() * 20 + b"\xe9 \xc3\xa9", "Grüße an alle. " * 20 + "\ufffd é"),
        ("休暇は三十日です。".encode("iso2022_jp"), "休暇は三十日です。"),
        (b"<meta charset=iso-8859-1><p>It\x92s", "<meta charset=iso-8859-1><p>It’s"),
        ("שלום 👍 ok".encode(), "שלום 👍 ok"),
        (b"one \0two", "one two"),
    ],
)
def test_texts_are_decoded(tmp_path: Path, encoded: bytes, text: str) -> None:
    assert read(written(tmp_path, "a.txt", encoded)).text == text


LEAVE = {
    "Сотрудники имеют право на тридцать дней отпуска в год.": ("cp1251", "koi8-r", "cp866", "iso-8859-5"),
    "Οι εργαζόμενοι δικαιούνται τριάντα ημέρες άδειας το χρόνο.": ("cp1253", "iso-8859-7"),
    "לעובדים מגיעים שלושים ימי חופשה בשנה. בקשות מוגשות בכתב.": ("cp1255",),
    "يحق للموظفين ثلاثون يوما من الإجازة في السنة.": ("cp1256", "iso-8859-6"),
    "従業員は年に三十日の休暇を取る権利があります。申請は書面で行ってください。": ("shift_jis", "euc_jp"),
    "员工每年有三十天的假期。例外情况由管理层决定；申请必须以书面形式提交。": ("gb18030",),
    "員工每年有三十天的假期。例外情況由管理層決定；申請必須以書面形式提交。": ("big5",),
    "직원은 매년 삼십일의 휴가를 받을 권리가 있습니다.": ("euc_kr",),
    "พนักงานมีสิทธิ์ลาพักร้อนสามสิบวันต่อปี": ("cp874",),
}


@pytest.mark.parametrize(("text", "encoding"), [(text, name) for text, names in LEAVE.items() for name in names])
def test_old_encodings_of_other_letters_than_latin_are_recognised(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text
    long = f"{text}\n" * 2_000  # only its beginning is looked at
    assert decode(long.encode(encoding)) == long


@pytest.mark.parametrize(
    "text", ["Café", "£20 fee", "It’s fine", "“quoted”", "Ærøskøbing 7", "¿Qué?", "Bern\nGenève\n", "1;5 €\n" * 50]
)
def test_short_western_texts_are_taken_for_nothing_else(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


EXPORTED = {
    "cp1251": ("Петров Иван", "Сергеева Ольга", "Кузнецов Андрей"),
    "koi8-r": ("Петров Иван", "Сергеева Ольга", "Кузнецов Андрей"),
    "cp932": ("佐藤 一郎", "鈴木 花子", "カスタマーサポート"),
    "cp1250": ("Wójcik Paweł", "Kamińska Żaneta", "Święcicki Łukasz"),
    "iso-8859-2": ("Nováková Šárka", "Dvořák Jiří", "Růžička Tomáš"),
    "iso-8859-7": ("Παπαδόπουλος Γιώργος", "Αγγελική Δημητρίου"),
    "cp1254": ("Yılmaz Ayşe", "Güneş Çağrı", "Işık Doğan"),
}


@pytest.mark.parametrize("encoding", EXPORTED)
def test_a_table_of_mostly_figures_is_decoded_by_the_words_that_are_not_ascii(tmp_path: Path, encoding: str) -> None:
    rows = [f"{n},{name},{n}4{n}.80,2024-03-1{n},AB{n}07" for n, name in enumerate(EXPORTED[encoding], 1)]
    table = "id,name,amount,date,code\n" + "\n".join(rows)
    document = read(written(tmp_path, "a.csv", table.encode(encoding)))
    assert all(name in document.text for name in EXPORTED[encoding])
    assert len(document.warnings) == 1 and "no encoding declared" in document.warnings[0]


def test_a_guess_of_an_encoding_is_called_one(tmp_path: Path) -> None:
    (remark,) = read(written(tmp_path, "a.txt", "Перу".encode("cp1251"))).warnings
    assert "that is a guess" in remark
    (remark,) = read(written(tmp_path, "a.txt", next(iter(LEAVE)).encode("koi8-r"))).warnings
    assert "koi8_r (Russian" in remark and "guess" not in remark
    assert not read(written(tmp_path, "a.txt", "Für fünf Gäste überall schöne Grüße".encode("cp1252"))).warnings


def test_a_declared_charset_is_used(tmp_path: Path) -> None:
    page = '<html><meta charset="windows-1251"><p>Привет</p></html>'.encode("cp1251")
    assert read(written(tmp_path, "a.html", page)).text == "Привет"


@settings(deadline=None)  # the first PDF starts a process
@given(st.binary(max_size=300), st.sampled_from([b"", b"%PDF-1.7\n", b"PK\x03\x04", b"<html>", b"---\n", b"\xff\xfe"]))
def test_any_bytes_are_a_document_or_a_failure(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.md"
    path.write_bytes(head + data)
    try:
        check_laws(read(path))
    except ReadFailure:
        pass
