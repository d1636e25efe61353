"""Office 97-2003 and RTF, with and without LibreOffice."""

import os
import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import docx
import pytest

from scoville.errors import ReadFailure
from scoville.read import legacy
from scoville.read.doc import read_doc
from scoville.read.ppt import read_ppt
from scoville.read.reader import read_bytes
from scoville.read.rtf import read_rtf
from scoville.recipe import Read
from scoville.types import Document
from tiny_office import ole2

CLEAR, LOCKED = 0xE391C05F, 0xF3D1C4DF


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
    assert time.monotonic() - started < 10
    for _ in range(50):
        if not Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/cmdline").exists():
            break
        if not Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/cmdline").read_bytes():  # a zombie
            break
        time.sleep(0.1)
    else:
        pytest.fail("a process outlived it")


def test_without_libreoffice_a_warning_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy, "_PROGRAMS", ())
    assert "LibreOffice" in read(ppt(), "a.ppt").warnings[0]
