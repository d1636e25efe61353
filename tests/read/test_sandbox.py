"""What keeps a strange file from taking the machine: time, memory, and results that are nothing but values."""

import io
import os
import pickle
import subprocess
import sys
import time
import wave
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pictures import encoded, page_picture
from scoville.errors import MachineFault, ReadFailure
from scoville.read import read_bytes
from scoville.read.assemble import ParsedFile, Piece
from scoville.read.sandbox import children
from scoville.read.sandbox.children import CHILDREN, MODELS
from scoville.read.sandbox.frames import HEADER, MAKE, Result, receive_result, send_result
from scoville.recipe import Read
from scoville.types import Box, Document, Region


@pytest.fixture(autouse=True)
def own_children() -> Iterator[None]:
    CHILDREN.stop()
    yield
    CHILDREN.stop()
    MODELS.stop()


def read(data: bytes, name: str, **settings: Any) -> Document:
    return read_bytes(data, name=name, source="s", settings=Read(**settings)).documents[0]


ATTRIBUTES = b" ".join(b'x%d="%d"' % (number, number) for number in range(200_000))


def test_an_xml_file_of_200000_attributes_ends_with_its_time() -> None:
    started = time.monotonic()
    with pytest.raises(ReadFailure, match=r"took longer than read\.timeout_seconds 1; raise it"):
        read(b"<?xml version='1.0'?><a " + ATTRIBUTES + b">text</a>", "a.xml", timeout_seconds=1)
    assert time.monotonic() - started < 30
    assert read(b"<?xml version='1.0'?><a>text</a>", "a.xml", timeout_seconds=5).text == "text"


def packed_twice(operators: bytes) -> bytes:
    """Make a PDF of a few kilobytes whose page is drawn by many operators."""
    content = zlib.compress(zlib.compress(operators, 9), 9)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n%b\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body = b"".join(b"%d 0 obj%b\nendobj\n" % item for item in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R>>\n%%EOF"


def test_a_small_pdf_that_unpacks_to_gigabytes_is_ended_by_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "MEMORY_BYTES", 300 << 20)
    bomb = packed_twice(b"BT /F 9 Tf 72 700 Td (again) Tj ET\n" * 4_000_000)
    assert len(bomb) < 4_000
    with pytest.raises(ReadFailure, match="page 1: left out, it needs more than 300 MB of memory"):
        read(bomb, "a.pdf", processes=1)


def test_a_child_is_used_again_for_small_files() -> None:
    read(b"One.", "a.txt", processes=1)
    (first,) = CHILDREN.processes()
    for name, data in (("b.txt", b"Two."), ("c.html", b"<p>Three.</p>"), ("d.csv", b"a,b\n1,2\n")):
        read(data, name, processes=1)
    assert CHILDREN.processes() == [first]


def test_an_interrupted_task_leaves_no_child_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(children, "_watch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read(b"One.", "a.txt", processes=1)
    assert CHILDREN.processes() == []


def test_what_a_task_started_ends_with_its_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Tesseract that hangs, as it would on some page."""
    program = tmp_path / "tesseract"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --list-langs ] && echo eng && exit\necho $$ > {tmp_path}/pid\nexec sleep 60\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    page = encoded(page_picture(), "PNG")
    with pytest.raises(ReadFailure, match="takes longer than 1 s"):
        read(page, "a.png", page_timeout_seconds=1, ocr_engine="tesseract", processes=1)
    left = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/cmdline")
    ends = time.monotonic() + 5
    while left.exists() and left.read_bytes() and time.monotonic() < ends:  # a zombie has no command
        time.sleep(0.05)
    assert not left.exists() or not left.read_bytes()


# -- models ----------------------------------------------------------------------------------------------------------

DOES = {
    "hangs": ("import time; time.sleep(60)", r"took longer than read\.timeout_seconds 1; raise it"),
    "eats": ("kept = [bytearray(50 << 20) for _ in range(99)]", r"needs more .*memory.*; split the file"),
    "crashes": ("import os; os.abort()", "made the reader end with signal 6; it is damaged or malicious"),
}
"""What native code may do with a strange file, and what is said of that file."""


@pytest.fixture
def quick_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "MEMORY_BYTES", 300 << 20)
    monkeypatch.setattr(children, "_GRACE_SECONDS", 0.1)


@pytest.mark.usefixtures("quick_limits")
@pytest.mark.parametrize("does", DOES)
def test_a_model_that_hears_has_its_time_and_memory(does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, said = DOES[does]
    library = tmp_path / "site" / "openvino_genai.py"
    library.parent.mkdir()
    library.write_text(
        f"class WhisperPipeline:\n def __init__(self, *_): pass\n def generate(self, *_, **__): {work}\n"
    )
    monkeypatch.syspath_prepend(str(library.parent))
    (tmp_path / "openvino_encoder_model.xml").touch()
    with pytest.raises(ReadFailure, match=said):
        read(silence(), "call.wav", audio=f"path:{tmp_path}", timeout_seconds=1 if does == "hangs" else 20)


@pytest.mark.usefixtures("quick_limits")
@pytest.mark.parametrize("does", ["hangs", "crashes"])
def test_docling_has_its_time(does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, said = DOES[does]
    package = tmp_path / "docling"
    (package / "datamodel").mkdir(parents=True)
    for name in ("__init__.py", "datamodel/__init__.py"):
        (package / name).touch()
    (package / "datamodel" / "base_models.py").write_text("class DocumentStream:\n def __init__(self, **_): pass\n")
    (package / "document_converter.py").write_text(f"class DocumentConverter:\n def convert(self, *_, **__): {work}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ReadFailure, match=said):
        read(b"%PDF-1.7", "a.pdf", pdf="docling", timeout_seconds=1 if does == "hangs" else 20)


def silence() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(32_000))
    return stream.getvalue()


# -- results -----------------------------------------------------------------------------------------------------------


def sent(result: Result) -> Result | None:
    stream = io.BytesIO()
    send_result(stream, result)
    return receive_result(io.BytesIO(stream.getvalue()))


def test_values_arrive_as_they_were_sent() -> None:
    class Name(str):
        pass

    box = Box(1, 0.0, 1.0, 2.0, 3.0)
    piece = Piece(kind="paragraph", text=Name("Text"), regions=(Region(0, 4, box),), rows=(("a",),))
    draft = ParsedFile(media_type="text/plain", pieces=[piece], metadata={"pages": 3})
    result = sent(Result((draft, {1: b"x"}, None)))
    assert result == Result((draft, {1: b"x"}, None))
    assert result is not None and type(result.value[0].pieces[0].text) is str


class Calls:
    """Pickles to a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, Any]:
        return self.call


@pytest.mark.parametrize(
    "value",
    [
        Calls(os.mkdir, "made"),
        Calls(eval, "1"),
        Calls(MAKE, "os", "stat_result", (0,) * 10),
        Calls(MAKE, "scoville.read.sandbox.children", "start_child"),
        Calls(MAKE, "builtins", "eval", "1"),
        os.mkdir,
        ParsedFile,
    ],
    ids=["mkdir", "eval", "made value", "own function", "made eval", "function", "class"],
)
def test_a_result_can_call_nothing_and_name_nothing_but_values(value: object, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    body = pickle.dumps((value, None, None))
    with pytest.raises(pickle.UnpicklingError, match="is no value of this package"):
        receive_result(io.BytesIO(HEADER.pack(len(body)) + body))
    assert not (tmp_path / "made").exists()


def test_what_makes_values_cannot_be_changed_by_a_pickle() -> None:
    change = b"\x80\x04cscoville.read.sandbox.frames\nMAKE\nN}\x8c\x01xK\x01s\x86b."
    with pytest.raises(AttributeError):
        receive_result(io.BytesIO(HEADER.pack(len(change)) + change))


def test_a_frame_that_claims_a_size_beyond_reason_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match="a frame of"):
        receive_result(io.BytesIO(HEADER.pack(1 << 60)))


# -- whose fault it is -------------------------------------------------------------------------------------------------


def test_a_child_that_cannot_start_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "raise MemoryError"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    monkeypatch.setattr(children, "start_child", lambda **_: subprocess.Popen(command, **pipes))
    with pytest.raises(MachineFault, match="no reader can be started"):
        read(b"One.", "a.txt", processes=1)
