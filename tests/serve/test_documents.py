"""Documents over HTTP: sent, listed, removed, and what is wrong with them."""

import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from serving import Served, forget_callers, make_key, office, wait_until

from printed import pdf
from scoville.errors import StorageError
from scoville.serve import documents
from scoville.serve.service import Limits

LIMITS = Limits(upload_bytes=100_000, body_bytes=20_000, body_seconds=0.5)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("work"), LIMITS) as one:
        yield one


@pytest.fixture
def served(running: Served) -> Iterator[Served]:
    yield running
    forget_callers(running)


def send(client: httpx.Client, *files: tuple[str, bytes]) -> dict[str, Any]:
    """Send files, and give the job when it has ended."""
    reply = client.post("/api/documents", files=[("file", (name, data)) for name, data in files])
    assert reply.status_code == 202, reply.text
    return ended(client, reply)


def ended(client: httpx.Client, reply: httpx.Response) -> dict[str, Any]:
    place = f"/api/jobs/{reply.json()['id']}"
    wait_until(lambda: client.get(place).json()["status"] in ("done", "failed"), 60)
    return client.get(place).json()


def names(client: httpx.Client) -> dict[str, str]:
    return {one["document"]: one["id"] for one in client.get("/api/documents").json()["documents"]}


def test_what_is_sent_is_found_and_gone_when_it_is_removed(served: Served):
    root = served.bot.workspace.root
    with served.client() as client:
        job = send(
            client, ("boats.md", b"# Boats\n\nThe ferry sails at nine."), ("<img src=x onerror=1>.md", b"Odd name.")
        )
        assert (job["status"], job["result"]["added"], job["result"]["failed"]) == ("done", 2, [])
        assert (job["done"], job["total"]) == (2, 2)
        found = client.post("/api/search", json={"question": "ferry sails"}).json()["hits"]
        assert "uploads/local/boats.md" in {hit["document"] for hit in found}
        assert "uploads/local/<img src=x onerror=1>.md" in names(client)
        gone = client.delete(f"/api/documents/{names(client)['uploads/local/boats.md']}")
        assert gone.status_code == 202 and ended(client, gone)["result"]["removed"] == ["uploads/local/boats.md"]
        assert "uploads/local/boats.md" not in names(client)
        assert not (root / "uploads/local/boats.md").exists()
        assert client.delete("/api/documents/" + "0" * 16).status_code == 404


def test_removing_a_source_document_leaves_its_file(served: Served):
    file = served.bot.workspace.root / "docs" / "extra.md"
    file.write_text("Extra words.")
    served.bot.add(file)
    with served.client() as client:
        ended(client, client.delete(f"/api/documents/{names(client)['docs/extra.md']}"))
        assert "docs/extra.md" not in names(client)
    assert file.exists()


def test_a_name_that_is_a_pattern_removes_itself_alone(served: Served):
    with served.client() as client:
        send(client, ("a.md", b"First."), ("[a-b].md", b"Second."), ("*.md", b"Third."))
        for name in ("uploads/local/[a-b].md", "uploads/local/*.md"):
            removed = ended(client, client.delete(f"/api/documents/{names(client)[name]}"))["result"]["removed"]
            assert removed == [name]
        assert "uploads/local/a.md" in names(client)


def test_what_a_key_sends_is_for_its_groups(served: Served):
    root = served.bot.workspace.root
    board = make_key(root, "bea", scopes=["ask", "write"], groups=["board"])
    staff = make_key(root, "sid", scopes=["ask", "write"], groups=["staff"])
    with served.client(board) as bea, served.client(staff) as sid:
        send(bea, ("merger.md", b"The merger is planned."))
        id = names(bea)["uploads/bea/merger.md"]
        assert "uploads/bea/merger.md" not in names(sid)
        assert "merger" not in sid.post("/api/search", json={"question": "merger planned"}).text
        assert sid.delete(f"/api/documents/{id}").status_code == 404
        send(sid, ("merger.md", b"A file of the same name."))
        assert {"uploads/bea/merger.md", "uploads/sid/merger.md"} & names(bea).keys() == {"uploads/bea/merger.md"}
        assert (root / "uploads/bea/merger.md").read_bytes() == b"The merger is planned."
        jobs = sid.get("/api/jobs").json()["jobs"]
        assert [job["what"] for job in jobs] == ["add merger.md"]
        (theirs,) = bea.get("/api/jobs").json()["jobs"]
        assert sid.get(f"/api/jobs/{theirs['id']}").status_code == 404


def test_broken_files_are_in_the_job_with_their_reasons(served: Served):
    with served.client() as client:
        job = send(
            client, ("torn.pdf", b"%PDF-1.7 torn"), ("zip.docx", b"PK\x03\x04nothing"), ("good.md", b"Good words.")
        )
        assert (job["status"], job["result"]["added"]) == ("done", 1)
        assert {one["file"] for one in job["result"]["failed"]} == {"torn.pdf", "zip.docx"}
        assert all(one["reason"] for one in job["result"]["failed"])


def test_a_folder_keeps_its_paths_so_that_files_of_one_name_stay_apart(served: Served):
    sent = {"hr/readme.md": b"Leave is granted.", "it/readme.md": b"Passwords are long.", "it/old/torn.pdf": b"%PDF-"}
    with served.client() as client:
        job = send(client, *sent.items())
        assert job["result"]["added"] == 2
        assert [one["file"] for one in job["result"]["failed"]] == ["it/old/torn.pdf"]
        known = names(client)
        assert {"uploads/local/hr/readme.md", "uploads/local/it/readme.md"} <= known.keys()
        ended(client, client.delete(f"/api/documents/{known['uploads/local/it/readme.md']}"))
        assert "uploads/local/hr/readme.md" in names(client)
        for wrong, status, words in (
            ([("twice.md", b"1"), ("twice.md", b"2")], 400, "two files are named 'twice.md'"),
            ([("new.md", b"1"), ("hr", b"2")], 409, "'hr' is there"),
            ([("new.md", b"1"), ("hr/readme.md/x.md", b"2")], 409, "'readme.md' is there"),
            ([("new.md", b"1"), ("x/" * 30 + "x.md", b"2")], 400, "at most 20 folders"),
        ):
            refused = client.post("/api/documents", files=[("file", one) for one in wrong])
            assert refused.status_code == status and words in refused.json()["error"]["message"]
    folder = served.bot.workspace.root / "uploads" / "local"
    assert (folder / "hr" / "readme.md").read_bytes() == sent["hr/readme.md"]
    assert not (folder / "twice.md").exists() and not (folder / "new.md").exists() and not list(folder.rglob(".*"))


def test_two_who_send_the_same_name_at_once_leave_one_whole_file(served: Served, monkeypatch: pytest.MonkeyPatch):
    both, copy = threading.Barrier(2, timeout=30), shutil.copyfileobj

    def together(source: Any, out: Any) -> None:
        copy(source, out)
        both.wait()

    monkeypatch.setattr("shutil.copyfileobj", together)
    sent = [b"First. " * 500, b"Second. " * 900]

    def post(data: bytes) -> int:
        with served.client() as client:
            return client.post("/api/documents", files={"file": ("same.md", data)}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(post, sent)] == [202, 202]
    assert (served.bot.workspace.root / "uploads" / "local" / "same.md").read_bytes() in sent


@pytest.mark.parametrize(
    "given", ["../../etc/passwd.md", "/etc/passwd.md", "..\\..\\passwd.md", "C:\\x\\passwd.md", "a/../passwd.md"]
)
def test_a_path_in_a_name_is_left_out(given: str):
    assert documents.file_name(given) == "passwd.md"


@pytest.mark.parametrize(
    "given", ["", "..", ".", ".env", "a/", "a\0b", "a\nb", "a/.git/b", "x\u202egnp.md", "é" * 101, " "]
)
def test_a_name_that_no_file_may_have_is_refused(given: str):
    from scoville.serve.refused import Refused

    with pytest.raises(Refused, match="file name"):
        documents.file_name(given)


def test_no_path_of_a_request_reaches_the_disk(served: Served):
    secret = served.bot.workspace.root / "secret.txt"
    secret.write_text("SECRET WORDS")
    with served.client() as client:
        for path in (
            "../secret.txt",
            "..%2f..%2fsecret.txt",
            "%2e%2e/secret.txt",
            "....//secret.txt",
            "docs%2fhandbook.pdf",
        ):
            for place in (f"/api/pages/{path}/1.png", f"/api/passages/{path}", f"/api/documents/{path}"):
                reply = client.get(place)
                assert reply.status_code in (400, 404, 405) and "SECRET" not in reply.text


def test_what_is_too_large_is_not_received(served: Served):
    def parts() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 1000

    head = {"Content-Type": "multipart/form-data; boundary=b"}
    begin = b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.md"\r\n\r\n'
    with served.client() as client:
        declared = client.post("/api/documents", files={"file": ("big.md", b"x" * 200_000)})
        counted = client.post("/api/documents", content=(part for part in [begin, *parts()]), headers=head)
        asked = client.post("/api/ask", content=parts(), headers={"Content-Type": "application/json"})
        for reply in (declared, counted, asked):
            assert reply.status_code == 413 and "arge" in reply.json()["error"]["message"]
    assert not (served.bot.workspace.root / "uploads/local/big.md").exists()


def test_a_client_that_stops_sending_is_let_go(served: Served):
    import socket

    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as one:
        one.sendall(b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                    b'Content-Length: 100\r\n\r\n{"question": ')  # fmt: skip
        assert one.recv(1000).startswith(b"HTTP/1.1 408")


def test_an_upload_that_is_cut_off_leaves_nothing(served: Served):
    import socket

    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as one:
        one.sendall(b"POST /api/documents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n"
                    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
                    b'--b\r\nContent-Disposition: form-data; name="file"; filename="half.md"\r\n\r\nhalf')  # fmt: skip
    with served.client() as client:
        wait_until(lambda: any(row[3] == 499 for row in served.audit))
        assert client.get("/healthz").status_code == 200
    assert not list(served.bot.workspace.root.glob("uploads/*/*half*"))


def test_no_file_at_all_is_said(served: Served):
    with served.client() as client:
        junk = {"content": b"junk", "headers": {"Content-Type": "multipart/form-data"}}
        for sent in ({}, {"data": {"file": "text"}}, junk):
            reply = client.post("/api/documents", **sent)
            assert reply.status_code == 400


def test_a_full_disk_is_said_and_leaves_no_part(served: Served, monkeypatch: pytest.MonkeyPatch):
    def full(_: Any, out: Any) -> None:
        out.write(b"part")
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("shutil.copyfileobj", full)
    with served.client() as client:
        reply = client.post("/api/documents", files={"file": ("late.md", b"x")})
    assert reply.status_code == 507 and str(served.bot.workspace.root) not in reply.text
    assert not list(Path(served.bot.workspace.root).glob("uploads/*/*late*"))
    assert StorageError


def test_pages_are_drawn_for_good_numbers_only(served: Served):
    with served.client() as client:
        id = names(client)["docs/handbook.pdf"]
        assert client.get(f"/api/pages/{id}/1.png").headers["content-type"] == "image/png"
        plain = client.get(f"/api/pages/{id}/1.png").content
        assert client.get(f"/api/pages/{id}/1.png?boxes=72,90,300,105").content != plain
        assert client.get(f"/api/pages/{id}/2.png").status_code == 404
        assert client.get(f"/api/pages/{id}/1000000.png?boxes=1,1,2,2").status_code == 404  # the boxes are well
        for wrong in ("0.png", "x.png", "1.png?boxes=1,2,3", "1.png?boxes=nan,1,2,3", "1.png?boxes=1e9,1,2,3",
                      "1.png?boxes=" + "1,1,2,2;" * 501, "-1.png"):  # fmt: skip
            assert client.get(f"/api/pages/{id}/{wrong}").status_code == 400
        text = client.get(f"/api/pages/{names(client)['docs/board/pay.md']}/1.png")
        assert text.status_code == 404 and "no pages" in text.json()["error"]["message"]


def test_a_page_of_a_file_that_was_changed_or_removed_is_not_shown(served: Served):
    file = served.bot.workspace.root / "docs" / "late.pdf"
    file.write_bytes(pdf(lambda paper: paper.text(72, 100, "First words.")))
    served.bot.add(file)
    with served.client() as client:
        place = f"/api/pages/{names(client)['docs/late.pdf']}/1.png"
        assert client.get(place).status_code == 200
        file.write_bytes(pdf(lambda paper: paper.text(72, 100, "Other words.")))
        assert "has changed" in client.get(place).json()["error"]["message"]
        file.unlink()
        assert client.get(place).status_code == 404
        served.bot.remove("docs/late.pdf")
        assert "it is not for you" in client.get(place).json()["error"]["message"]
