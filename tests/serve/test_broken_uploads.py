"""Broken and odd files of every format over HTTP: each is a document or a failure with its reason, and is kept."""

import random
import re
from collections.abc import Iterator
from typing import Any
from unicodedata import normalize

import httpx2 as httpx
import pytest
from reportlab.lib import pdfencrypt
from serving import LEAVE, Served, office, wait_until
from test_read_bad import MAIN_PART, MAKERS
from test_read_image import png_header, tiff_header
from test_read_locked import DATA, locked, word

from pictures import encoded as picture
from pictures import page_picture, pdf_of, printed
from tiny_office import ole2, with_part, without, zipped

READS = "read: {max_characters: 20000, max_megabytes: 1}\n"
WHOLE = pdf_of(printed)
GARBAGE = random.Random(3).randbytes(20_000)
LATIN = "Größe und Übergabe".encode("latin-1")
BROKEN: dict[str, tuple[bytes, str]] = {
    **{f"empty.{one}": (b"", "is empty") for one in (*MAKERS, "pdf", "png", "wav", "zip")},
    **{f"garbage.{one}": (GARBAGE, "binary data") for one in (*MAKERS, "zip")},
    **{f"half.{one}": (make()[: len(make()) // 2], ".*") for one, make in MAKERS.items()},
    **{f"hollow.{one}": (without(MAKERS[one](), MAIN_PART[one]), ".+") for one in MAIN_PART},
    "bomb.docx": (with_part(word(), "media/bomb.bin", bytes(60_000_000)), "ZIP bomb"),
    "climbing.docx": (with_part(word(), "../../evil.xml", b"x"), "unsafe name"),
    "locked.docx": (locked(word(), "secret", spins=10), "is encrypted; set SCOVILLE_PASSWORD"),
    "locked.odt": ((DATA / "locked_blowfish.odt").read_bytes(), "is encrypted; set SCOVILLE_PASSWORD"),
    "locked.xls": ((DATA / "locked_rc4.xls").read_bytes(), "is encrypted; set SCOVILLE_PASSWORD"),
    "locked.pdf": (pdf_of(printed, encrypt=pdfencrypt.StandardEncryption("secret")), "is encrypted; set"),
    "odd.docx": (ole2({"EncryptionInfo": b"\4\0\4\0", "EncryptedPackage": bytes(5000)}), "encrypted in a way that"),
    "program.msi": (ole2({"Something": b"x"}), "neither DOC, PPT, XLS nor MSG"),
    "files.zip": (zipped({"a.txt": "x"}), "ZIP archive; unpack it"),
    "half.pdf": (WHOLE[: len(WHOLE) // 2], "damaged|no pages|no text"),
    "head.pdf": (b"%PDF-", "damaged|no pages|no text"),
    "scrambled.pdf": (b"%PDF-1.7\n" + bytes(range(256)) * 50, "damaged|no pages|no text"),
    "bomb.png": (png_header(60_000, 60_000), "pixels, over"),
    "bomb.tiff": (tiff_header(200_000, 200_000), "pixels, over"),
    "half.png": (picture(page_picture(), "PNG")[:500], "damaged picture|no text"),
    "half.wav": (b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16), ".+"),
    "long.txt": (b"word word word word\n" * 5_000, "over read.max_characters"),
    "large.txt": (b"word word word word\n" * 60_000, "over read.max_megabytes|1 MB"),
    "spaces.txt": (b" \n" * 1_000, "no text"),
}
"""By its name: a file, and what is said of it; ``.*``: anything, or a document is made of what is left."""
ODD = {
    "word.pdf": word(), "page.docx": WHOLE, "words.png": b"Words under the name of a picture.", "latin.txt": LATIN,
    "no suffix": b"Words of a file without a suffix.", "bom.csv": "a,b\nc,d\n".encode("utf-16"),
    "👩‍🚀 می\u200cخواهم e\u0301 %2e%2e &amp; $(id).md": b"Words under an odd name.", "-rf.md": b"Words of an option.",
}  # fmt: skip
ODD = {normalize("NFC", name): data for name, data in ODD.items()}
"""What is read, whatever it is called."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("work"), more=READS) as one:
        yield one


def send(client: httpx.Client, files: dict[str, bytes]) -> dict[str, Any]:
    """Send files at once, and give the job when it has ended."""
    reply = client.post("/api/documents", files=[("file", (name, data)) for name, data in files.items()])
    assert reply.status_code == 202, reply.text
    place = f"/api/jobs/{reply.json()['id']}"
    wait_until(lambda: client.get(place).json()["status"] in ("done", "failed"), 120)
    return client.get(place).json()


@pytest.fixture(scope="module")
def job(served: Served) -> dict[str, Any]:
    with served.client() as client:
        return send(client, {name: data for name, (data, _) in BROKEN.items()} | ODD)


def sources(served: Served) -> set[str]:
    """Name the files under `uploads` that documents are of; an attachment is of its mail."""
    names = [name.removeprefix("uploads/local/") for name in served.bot.documents() if name.startswith("uploads/")]
    return {name if name in ODD else name.partition("/")[0] for name in names}


def test_each_is_a_document_or_a_failure_with_its_reason(served: Served, job: dict[str, Any]):
    assert job["status"] == "done"
    failed = {one["file"]: one["reason"] for one in job["result"]["failed"]}
    made = sources(served)
    assert not failed.keys() & made and failed.keys() | made == BROKEN.keys() | ODD.keys()
    assert made >= ODD.keys()
    for name, (_, said) in BROKEN.items():
        assert said == ".*" or re.search(said, failed.get(name, "")), (name, failed.get(name))
    for reason in failed.values():
        assert reason and "\n" not in reason and str(served.bot.workspace.root) not in reason
        assert not re.search(r"\w(Error|Exception)\b|Traceback", reason), reason


def test_nothing_that_was_sent_is_lost_and_what_was_there_still_answers(served: Served, job: dict[str, Any]):
    folder = served.bot.workspace.root / "uploads" / "local"
    kept = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert kept == {name: data for name, (data, _) in BROKEN.items()} | ODD
    with served.client() as client:
        assert client.post("/api/ask", json={"question": LEAVE}).json()["answer"].startswith("Parental leave takes 16")
        listed = client.get("/api/documents").json()
    told = {one["file"].removeprefix("uploads/local/"): one["reason"] for one in listed["failed"]}
    assert told.items() >= {one["file"]: one["reason"] for one in job["result"]["failed"]}.items()
    assert {"docs/handbook.pdf", "docs/board/pay.md"} <= {one["document"] for one in listed["documents"]}
    assert max(status for _, _, _, status, _ in served.audit) < 500


def test_a_whole_file_takes_the_place_of_a_broken_one_and_the_other_way_round(served: Served, job: dict[str, Any]):
    with served.client() as client:
        assert send(client, {"half.pdf": WHOLE})["result"]["added"] == 1
        assert "half.pdf" in sources(served)
        assert "half.pdf" not in str(client.get("/api/documents").json()["failed"])
        broken = send(client, {"half.pdf": WHOLE[: len(WHOLE) // 2]})["result"]
        assert "damaged" in broken["failed"][0]["reason"] and "half.pdf" not in sources(served)
        assert "half.pdf" in str(client.get("/api/documents").json()["failed"])
