"""Many pages side by side: the same document however many children read it, and bad pages that cost only themselves."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reportlab.lib import pdfencrypt
from reportlab.pdfgen.canvas import Canvas

from pictures import pdf_of, printed
from scoville.errors import ReadFailure
from scoville.read import read_document
from scoville.read.pdf import paged
from scoville.read.sandbox import children
from scoville.read.sandbox.children import CHILDREN
from scoville.recipe import Read, Recipe
from scoville.storage import TEMPORARY
from scoville.types import Document

ReadBytes = Callable[..., Document]


def page(number: int) -> Callable[[Canvas], None]:
    return lambda canvas: printed(canvas, (f"Clause {number} holds for all of the tenants.", "Rent is due monthly."))


def numbers(document: Document) -> list[int]:
    words = document.text.split()
    return [int(words[place + 1]) for place, word in enumerate(words) if word == "Clause"]


@pytest.fixture
def read(tmp_path: Path) -> Iterator[ReadBytes]:
    def read_bytes(data: bytes, *, password: str | None = None, **settings: Any) -> Document:
        path = tmp_path / "file.pdf"
        path.write_bytes(data)
        return read_document(path, source="s", settings=Read(**settings), password=password)

    yield read_bytes


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged, "BATCH_PAGES", 8)


@pytest.fixture
def own_children() -> Iterator[None]:
    """Have children that die with the test, whatever it made of them."""
    CHILDREN.stop()
    yield
    CHILDREN.stop()


@pytest.mark.usefixtures("small_batches")
def test_two_processes_read_the_same_document_as_one(read: ReadBytes) -> None:
    data = pdf_of(*map(page, range(1, 31)))
    one, two = read(data, processes=1), read(data, processes=2)
    assert one == two
    assert numbers(one) == list(range(1, 31))
    assert [element.page for element in one.elements] == sorted(element.page or 0 for element in one.elements)


def test_pages_beyond_the_thousandth_are_read(read: ReadBytes) -> None:
    document = read(pdf_of(*map(page, range(1, 1_051))), processes=2)
    assert document.pages == 1_050
    assert numbers(document) == list(range(1, 1_051))


def exploding(pages: int, bad: int, levels: int = 8) -> bytes:
    """Make a PDF of which one page draws a form that draws a form, ten times each: 10^8 texts."""
    objects: dict[int, bytes] = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        4: stream(b"BT /F 9 Tf 72 700 Td (A page in order.) Tj ET"),
        5: stream(b"/X Do"),
        10: stream(b"BT /F 9 Tf 72 700 Td (again) Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]"),
    }
    for level in range(1, levels + 1):
        form = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X %d 0 R>>>>" % (9 + level)
        objects[10 + level] = stream(b"/X Do " * 10, form)
    for number in range(1, pages + 1):
        resources = b"<</Font<</F 3 0 R>>/XObject<</X %d 0 R>>>>" % (10 + levels)
        content = 5 if number == bad else 4
        objects[100 + number] = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources %b>>" % (
            content,
            resources,
        )
    kids = b" ".join(b"%d 0 R" % (100 + number) for number in range(1, pages + 1))
    objects[2] = b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, pages)
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj%b\nendobj\n" % item for item in sorted(objects.items()))
    return body + b"trailer<</Root 1 0 R>>\n%%EOF"  # without a table PDFium looks for the objects itself


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(content), content)


@pytest.mark.usefixtures("own_children")
def test_a_page_that_explodes_is_left_out_with_a_warning(read: ReadBytes) -> None:
    started = time.monotonic()
    document = read(exploding(4, bad=3), page_timeout_seconds=1, processes=2)
    assert document.warnings == ("page 3: left out, it takes longer than 1 s",)
    assert [element.page for element in document.elements] == [1, 2, 4]
    assert time.monotonic() - started < 60


@pytest.mark.usefixtures("own_children")
def test_a_file_that_takes_too_long_as_a_whole_is_a_failure(read: ReadBytes) -> None:
    with pytest.raises(ReadFailure, match=r"took longer than read\.timeout_seconds 1"):
        read(exploding(2, bad=1), timeout_seconds=1)


SABOTAGE = """
import os, sys
from scoville.read.sandbox import child as pdf_child
from scoville.read.pdf import tasks as pdf_tasks
lay_out = pdf_tasks.lay_out
def crash(path, password, first, last, **options):
    if first <= {bad} <= last:
        {action}
    return lay_out(path, password, first, last, **options)
pdf_tasks.lay_out = crash
pdf_child.serve()
"""


def sabotage(monkeypatch: pytest.MonkeyPatch, bad: int, action: str) -> None:
    code = SABOTAGE.format(bad=bad, action=action)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    monkeypatch.setattr(children, "start_child", lambda **_: subprocess.Popen([sys.executable, "-c", code], **pipes))


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("os.abort()", "it made the reader end with signal 6"),
        ("raise MemoryError", "it needs more memory than it may take"),
        ("raise KeyError('x')", "it cannot be read: KeyError: 'x'"),
    ],
)
@pytest.mark.usefixtures("small_batches", "own_children")
def test_a_page_that_kills_its_child_costs_only_itself(
    read: ReadBytes, monkeypatch: pytest.MonkeyPatch, processes: int, action: str, reason: str
) -> None:
    sabotage(monkeypatch, 13, action)
    document = read(pdf_of(*map(page, range(1, 21))), processes=processes)
    (warning,) = document.warnings
    assert warning.startswith(f"page 13: left out, {reason}")
    assert numbers(document) == [number for number in range(1, 21) if number != 13]


@pytest.mark.usefixtures("own_children")
def test_a_child_that_dies_after_layout_costs_nothing(read: ReadBytes, monkeypatch: pytest.MonkeyPatch) -> None:
    recognise_pages = paged.recognise_pages

    def kill(file: paged.PagedFile) -> None:
        recognise_pages(file)
        for process in CHILDREN.processes():
            process.kill()
            process.wait()

    monkeypatch.setattr(paged, "recognise_pages", kill)
    assert numbers(read(pdf_of(*map(page, range(1, 6))))) == [1, 2, 3, 4, 5]


def test_the_file_for_the_children_is_private_and_gone_afterwards(
    read: ReadBytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    TEMPORARY.remove()
    folder = TEMPORARY.path()
    modes: list[int] = []
    join_pages = paged.join_pages

    def watch(*arguments: Any) -> Any:
        modes.extend(path.stat().st_mode & 0o777 for path in folder.iterdir())
        return join_pages(*arguments)

    monkeypatch.setattr(paged, "join_pages", watch)
    read(pdf_of(page(1)))
    assert (modes, folder.stat().st_mode & 0o777) == ([0o600], 0o700)
    assert not list(folder.iterdir())
    TEMPORARY.remove()


# Passwords


def locked() -> bytes:
    return pdf_of(page(1), encrypt=pdfencrypt.StandardEncryption("open sesame", "owner"))


def test_a_password_of_the_environment_opens_a_pdf(read: ReadBytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOVILLE_PASSWORD", "open sesame")
    assert numbers(read(locked())) == [1]


def test_a_given_password_beats_that_of_the_environment(read: ReadBytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOVILLE_PASSWORD", "wrong")
    assert numbers(read(locked(), password="open sesame")) == [1]


def test_a_missing_or_wrong_password_is_a_failure_that_does_not_tell_it(
    read: ReadBytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SCOVILLE_PASSWORD", raising=False)
    with pytest.raises(ReadFailure, match="is encrypted; set SCOVILLE_PASSWORD to its password"):
        read(locked())
    monkeypatch.setenv("SCOVILLE_PASSWORD", "swordfish")
    with pytest.raises(ReadFailure, match="is encrypted; the password is wrong") as failure:
        read(locked())
    captured = capfd.readouterr()
    assert "swordfish" not in f"{failure.value}{captured.out}{captured.err}"
    assert numbers(read(pdf_of(page(1)))) == [1]  # a password that is not needed does no harm


# The recipe


def test_how_many_processes_read_does_not_make_an_index_stale() -> None:
    usual = Recipe()
    faster = Recipe(read=Read(processes=os.cpu_count() or 1, page_timeout_seconds=5, timeout_seconds=10))
    assert faster.build_hash == usual.build_hash
    assert Recipe(read=Read(ocr="never")).build_hash != usual.build_hash
