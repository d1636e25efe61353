"""Too many, too long, gone: what a service does under pressure and at its end. The model is slow on purpose."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from serving import LEAVE, Served, office, wait_until

from scoville.llm import FakeLlm
from scoville.serve.run import listen
from scoville.serve.service import Limits, service_in


class Slow:
    """Writes words until it is let go; counts what began and what ended before its time."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun = 0
        self.broken_off = 0

    def generate(self, llm: FakeLlm, messages: Any, generation: Any, on_text: Any = None) -> Any:
        self.begun += 1
        try:
            while not self.go_on.wait(0.01):
                on_text("word ")
        except BaseException:
            self.broken_off += 1
            raise
        return WRITE(llm, messages, generation, on_text)


WRITE = FakeLlm.generate
LIMITS = Limits(queue=2, timeout_seconds=60)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("work"), LIMITS) as one:
        yield one


@pytest.fixture
def slow(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    one = Slow()
    monkeypatch.setattr(FakeLlm, "generate", lambda *given, **more: one.generate(*given, **more))
    yield one
    one.go_on.set()
    wait_until(lambda: service_in(served.app).work.under_way == 0)


def ask(served: Served, timeout: float = 30) -> httpx.Response:
    with served.client() as client:
        return client.post("/api/ask", json={"question": LEAVE}, timeout=timeout)


def test_no_reply_is_held_back_by_the_system():
    """Without it each reply on a connection that is kept waits for the client's receipt of its head: 40 ms."""
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_what_the_queue_has_no_room_for_is_told_when_to_come_back(served: Served, slow: Slow):
    work = service_in(served.app).work
    room = work.workers + LIMITS.queue
    with ThreadPoolExecutor(room) as clients:
        waiting = [clients.submit(ask, served) for _ in range(room)]
        wait_until(lambda: work.under_way == room)
        refused = ask(served)
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["code"] == "queue_full"
        wait_until(lambda: slow.begun == work.workers)
        slow.go_on.set()
        assert {one.result().status_code for one in waiting} == {200}
    assert ask(served).status_code == 200


def test_a_question_ends_when_its_client_goes(served: Served, slow: Slow):
    work = service_in(served.app).work
    body = json.dumps({"question": LEAVE}).encode()
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), 10) as client:
        head = f"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        client.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
        wait_until(lambda: slow.begun == 1)
    wait_until(lambda: slow.broken_off == 1 and work.under_way == 0)


def test_a_stream_ends_when_its_client_goes(served: Served, slow: Slow):
    work = service_in(served.app).work
    for path, body in (
        ("/api/ask", {"question": LEAVE, "stream": True}),
        ("/v1/responses", {"model": "my-bot", "input": LEAVE, "stream": True}),
        ("/v1/chat/completions", {"model": "my-bot", "messages": [{"role": "user", "content": LEAVE}], "stream": True}),
    ):
        begun, broken_off = slow.begun, slow.broken_off
        with served.client() as client, client.stream("POST", path, json=body) as reply:
            assert reply.status_code == 200
            assert next(reply.iter_bytes())  # the first event is there while the model still writes
            wait_until(lambda: slow.begun == begun + 1)  # noqa: B023
        wait_until(lambda: slow.broken_off == broken_off + 1 and work.under_way == 0)  # noqa: B023


def test_what_takes_too_long_is_given_up(served: Served, slow: Slow, monkeypatch: pytest.MonkeyPatch):
    work = service_in(served.app).work
    monkeypatch.setattr(work, "_timeout_seconds", 0.3)
    reply = ask(served)
    assert reply.status_code == 504 and reply.json()["error"]["code"] == "timeout"
    wait_until(lambda: slow.broken_off == 1 and work.under_way == 0)


def test_text_streams_before_it_is_checked_under_its_own_name(served: Served):
    events = served.events("/api/ask", {"question": LEAVE, "stream": True})
    assert {name for name, _ in events[:-1]} == {"text"} and events[-1][0] == "answer"
    assert "Parental leave" in "".join(json.loads(data)["text"] for _, data in events[:-1])


def test_an_error_of_the_server_tells_nothing_of_it(served: Served, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise OSError(5, "broken", str(served.bot.workspace.root))

    monkeypatch.setattr(served.bot, "asked", broken)
    reply = ask(served)
    assert reply.status_code == 500
    assert str(served.bot.workspace.root) not in reply.text and "its log says why" in reply.text


def test_metrics_count_what_was_served(served: Served):
    with served.client() as client:
        before = client.get("/metrics").text
        ask(served)
        after = client.get("/metrics").text

    def count(text: str, name: str) -> float:
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    asked = 'scoville_requests_total{method="POST",route="/api/ask",status="200"}'
    assert count(after, asked) == count(before, asked) + 1
    assert count(after, "scoville_answers_total{") == count(before, "scoville_answers_total{") + 1
    assert count(after, "scoville_under_way") == 0
    assert count(after, "scoville_answer_seconds_count{") == count(before, "scoville_answer_seconds_count{") + 1
    assert count(after, "scoville_citations_total{") > count(before, "scoville_citations_total{")


def test_the_dashboard_asks_for_what_there_is(served: Served):
    with served.client() as client:
        text = client.get("/metrics").text
    dashboard = (Path(__file__).parents[2] / "deploy" / "grafana.json").read_text()
    asked = {re.sub("_(sum|count|bucket)$", "", name) for name in re.findall("scoville_[a-z_]+", dashboard)}
    assert len(asked) > 8 and asked <= set(re.findall("^# TYPE (scoville_[a-z_]+)", text, re.MULTILINE))


def test_at_its_end_it_finishes_what_is_in_hand(tmp_path_factory: pytest.TempPathFactory, slow: Slow):
    with office(tmp_path_factory.mktemp("ending")) as one, ThreadPoolExecutor(1) as clients:
        asked = clients.submit(ask, one)
        wait_until(lambda: slow.begun == 1)
        threading.Timer(0.5, slow.go_on.set).start()
    assert asked.result().status_code == 200  # the server was told to stop half a second before
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", int(one.url.rpartition(":")[2])), 1)


def test_a_service_without_documents_says_so(tmp_path_factory: pytest.TempPathFactory, fakes: None):
    from serving import serving

    import scoville as sc

    with sc.open(tmp_path_factory.mktemp("empty")) as bot, serving(bot, ready=False) as one, one.client() as client:
        time.sleep(0.1)
        assert client.get("/readyz").status_code == 503
        reply = client.post("/api/ask", json={"question": LEAVE})
        assert reply.status_code == 503 and "/api/documents" in reply.json()["error"]["message"]
        job = client.post("/api/documents", files={"file": ("a.md", b"Parental leave takes 16 weeks.")}).json()
        wait_until(lambda: client.get(f"/api/jobs/{job['id']}").json()["status"] == "done", 60)
        assert client.post("/api/ask", json={"question": LEAVE}).status_code == 200
        assert client.get("/readyz").status_code == 200
