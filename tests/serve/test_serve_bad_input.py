"""What goes wrong around a service: slow clients, a killed server, an index that changes, addresses in documents."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from serving import LEAVE, Served, office, wait_until, write_office

import scoville as sc
from scoville.serve import documents, run
from scoville.serve.service import service_in

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import fault_trials  # noqa: E402 - a script beside the package

HALF = (
    b"POST /api/documents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500000\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="half.md"\r\n\r\n' + b"half " * 50_000
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("work")) as one:
        yield one


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), 20)


def done(client: httpx.Client, job: Any) -> dict[str, Any]:
    place = f"/api/jobs/{job['id']}"
    wait_until(lambda: client.get(place).json()["status"] in ("done", "failed"), 60)
    return client.get(place).json()


def test_clients_that_never_finish_their_headers_are_let_go(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "HEAD_SECONDS", 0.4)
    slow = [connect(served.url) for _ in range(50)]
    for one in slow:
        one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ")
    with served.client() as client:
        assert client.get("/healthz").status_code == 200
    begun = time.monotonic()
    for one in slow:
        with suppress(ConnectionError):  # it was closed before this came, and so the system says
            one.sendall(b"x")
            assert one.recv(1000) == b""
        one.close()
    assert time.monotonic() - begun < 10


def test_a_document_that_is_removed_while_it_is_cited_on_screen_is_said_to_be_gone(served: Served):
    with served.client() as client:
        file = {"file": ("ferry.md", b"# Ferry\n\nThe ferry to Larkspur sails at nine.")}
        done(client, client.post("/api/documents", files=file).json())
        answer = client.post("/api/ask", json={"question": "When does the ferry to Larkspur sail?"}).json()
        cited = next(one for one in answer["citations"] if "ferry" in one["document"])
        assert client.get(cited["url"]).status_code == 200
        listed = client.get("/api/documents").json()["documents"]
        id = next(one["id"] for one in listed if "ferry" in one["document"])
        done(client, client.delete(f"/api/documents/{id}").json())
        gone = client.get(cited["url"])
        assert gone.status_code == 404 and "was changed or removed" in gone.json()["error"]["message"]
        assert client.post("/api/feedback", json={"trace": answer["trace"], "rating": "up"}).status_code == 201


def test_an_index_is_rebuilt_while_questions_are_answered(served: Served):
    replies: list[tuple[int, str]] = []
    ends = threading.Event()

    def ask() -> None:
        with served.client() as client:
            while not ends.is_set():
                reply = client.post("/api/ask", json={"question": LEAVE})
                replies.append((reply.status_code, reply.json().get("answer", reply.text)))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    with sc.open(served.bot.workspace.root) as other:  # as a command beside the service
        for _ in range(3):
            other.add(rebuild=True)
    wait_until(lambda: len(replies) > 20, 60)
    ends.set()
    for thread in threads:
        thread.join()
    assert {status for status, _ in replies} == {200}
    assert all(text.startswith("Parental leave takes 16 weeks.") for _, text in replies)


HALF_AN_EMOJI = "\\ud83d"
BODIES = {
    "/api/ask": '{"question": "leave %s", "history": [{"role": "user", "content": "%s"}]}',
    "/api/search": '{"question": "leave %s"}',
    "/v1/chat/completions": '{"model": "my-bot", "messages": [{"role": "user", "content": "leave %s"}]}',
    "/v1/responses": '{"model": "my-bot", "input": "leave", "instructions": "%s", "metadata": {"%s": "%s"}}',
    "/v1/embeddings": '{"model": "my-bot", "input": "leave %s"}',
    "/api/cases": '{"question": "leave %s", "expected": ["%s"]}',
}


def test_half_a_character_is_marked_and_nothing_is_lost_for_it(served: Served):
    head = {"Content-Type": "application/json"}
    with served.client() as client:
        for path, body in BODIES.items():
            sent = body.replace("%s", HALF_AN_EMOJI)
            assert client.post(path, content=sent, headers=head).status_code < 300, path
        unknown = client.post("/api/ask", content=f'{{"{HALF_AN_EMOJI}": 1}}', headers=head)
        assert unknown.status_code == 400 and unknown.json()["error"]["message"]
        assert client.get("/api/traces").status_code == client.get("/api/cases").status_code == 200
    noted = {path: about for _, _, path, status, about in served.audit if status < 300}
    assert noted.keys() >= BODIES.keys() and "\ufffd" in noted["/v1/chat/completions"]


@pytest.mark.parametrize("body", [
    b'{"question": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", b'{"question": "x", "limit": ' + b"9" * 5_000 + b"}",
    b'{"question": "x", "limit": NaN}', b'{"question": "\xff"}', b'{"question": "x"', b"[]", b"null", b"",
])  # fmt: skip
def test_json_that_is_none_or_not_meant_is_refused(served: Served, body: bytes):
    with served.client() as client:
        reply = client.post("/api/search", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400 and reply.json()["error"]["message"]


def test_nothing_that_a_document_or_a_schema_names_is_fetched(served: Served):
    asked: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        xml = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]><a>&x; words</a>'
        files = {
            "a.html": f'<link rel=stylesheet href="{url}"><iframe src="{url}"></iframe><img src="{url}"><p>Words.</p>',
            "b.xml": xml, "c.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>',
            "d.md": f"![x]({url}) Words.", "e.url": f"[InternetShortcut]\nURL={url}",
        }  # fmt: skip
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": url}}}
        body = {"model": "my-bot", "messages": [{"role": "user", "content": LEAVE}], "response_format": form}
        with served.client() as client:
            parts = [("file", (name, text.encode())) for name, text in files.items()]
            done(client, client.post("/api/documents", files=parts).json())
            assert client.post("/v1/chat/completions", json=body).status_code in (400, 502)
        with pytest.raises(TimeoutError):
            asked.append(listener.accept())
    assert asked == []


def test_what_was_received_before_a_kill_is_added_and_what_was_half_there_is_gone(
    tmp_path: Path, fakes: None, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    write_office(tmp_path)
    with sc.open(tmp_path) as bot:
        bot.sync()
    command = [sys.executable, "-m", "scoville", "serve", "--port", "0", "--json", "-w", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        url = json.loads(process.stdout.readline())["url"]
        with connect(url) as half:
            half.sendall(HALF)
            time.sleep(0.3)
            os.kill(process.pid, signal.SIGKILL)
    folder = tmp_path / documents.UPLOADS / "bea"
    folder.mkdir(parents=True)
    (folder / "ferry.md").write_text("The ferry sails at nine.")
    (folder / ".other.md.part").write_text("The fer")
    (folder / f".1{documents.PENDING}").write_text('{"files": ["ferry.md", "gone.md"], "groups": ["board"]}')
    (folder / f".2{documents.PENDING}").write_text('{"files": ["gone.md"], "groups": ["board"]}')
    with office_again(tmp_path) as again, again.client() as client:
        wait_until(lambda: not [*folder.glob(".*")], 60)
        (job,) = client.get("/api/jobs").json()["jobs"]
        assert done(client, job)["result"]["added"] == 1
        assert again.bot.documents()["uploads/bea/ferry.md"].groups == ("board",)
        assert not [*tmp_path.rglob("*half*")]
        assert service_in(again.app).first is again.bot


def test_a_start_leaves_for_the_next_what_it_has_no_room_for(
    tmp_path: Path, fakes: None, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    write_office(tmp_path)
    with sc.open(tmp_path) as bot:
        bot.sync()
    note = tmp_path / documents.UPLOADS / "bea" / f".1{documents.PENDING}"
    note.parent.mkdir(parents=True)
    note.with_name("ferry.md").write_text("The ferry sails at nine.")
    note.write_text('{"files": ["ferry.md"], "groups": ["board"]}')
    monkeypatch.setattr("scoville.serve.jobs.WAITING", 0)
    with office_again(tmp_path) as again, again.client() as client:
        assert client.get("/api/jobs").json() == {"jobs": []}
    assert note.exists()


@pytest.mark.skipif(not shutil.which("cc") or sys.platform != "linux", reason="needs Linux and a C compiler")
def test_a_full_disk_while_documents_are_added_is_said_and_they_come_when_there_is_room(tmp_path: Path, fakes: None):
    """The disk of the index is full from when the counter of file-system calls is put there (benchmarks/faults.c)."""
    library = fault_trials.build_library(tmp_path)
    root, counter, full = tmp_path / "work", tmp_path / "calls", 1 << 40
    write_office(root)
    counter.write_bytes(bytes(8))
    with sc.open(root) as bot:
        bot.sync()
    faults = {"FAULTS_KIND": "full", "FAULTS_AT": f"{full}", "FAULTS_COUNTER": f"{counter}",
              "FAULTS_ROOT": f"{root / '.scoville'}", "LD_PRELOAD": f"{library}"}  # fmt: skip
    command = [sys.executable, "-m", "scoville", "serve", "--port", "0", "--json", "-w", f"{root}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | faults
    ) as one:
        assert one.stdout and one.stderr
        url = json.loads(one.stdout.readline())["url"]
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            wait_until(lambda: client.get("/readyz").status_code == 200, 60)
            counter.write_bytes(full.to_bytes(8, "little"))
            job = done(client, client.post("/api/documents", files={"file": ("ferry.md", b"It sails at nine.")}).json())
            answer = client.post("/api/ask", json={"question": LEAVE})
            listed = client.get("/api/documents").json()["documents"]
            one.terminate()
        assert "full" in one.stderr.read()
    assert job["status"] == "failed" and "room" in job["result"]["error"]["message"]
    assert answer.status_code == 200 and answer.json()["answer"].startswith("Parental leave takes 16 weeks.")
    assert [entry["document"] for entry in listed] == ["docs/board/pay.md", "docs/handbook.pdf"]
    with office_again(root) as again, again.client() as client:
        wait_until(lambda: client.get("/api/jobs").json()["jobs"][0]["status"] == "done", 60)
        assert "uploads/local/ferry.md" in again.bot.documents()


def office_again(root: Path) -> Any:
    from contextlib import contextmanager

    from serving import serving

    @contextmanager
    def opened() -> Iterator[Served]:
        with sc.open(root) as bot, serving(bot) as one:
            yield one

    return opened()
