"""What the service takes beside a call in the process, what comes of many clients, and the same search by the usual stack.

    nice python benchmarks/serve.py FOLDER QUESTIONS [--seconds S]
    nice python benchmarks/serve.py FOLDER QUESTIONS --peers PYTHON --documents PDFS
    nice python benchmarks/serve.py FOLDER QUESTIONS --soak 600

FOLDER is a workspace with an index, QUESTIONS a file of JSON lines with ``question``. Prints JSON lines: milliseconds of
a question here and over HTTP, by turns, and to the first text of a stream; then for 1, 8, 32 and 128 clients requests
a second, percentiles, statuses and how many replies differ from what the bot says here, for search, answers of the
reader and of the fake model. The queue has 64 places, so of 128 clients some must be told 429. ``--peers`` runs both
services at once and asks them by turns, questions that neither has seen. ``--soak`` asks for so long, what was
asked before and what was not, while a document comes and goes each minute, and says what memory the server has.
"""

import argparse
import asyncio
import json
import re
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2 as httpx

import scoville as sc
from scoville.models import locate_model

CLIENTS = (1, 8, 32, 128)
SEARCH, ASK = "/api/search", "/api/ask"
STACK = Path(__file__).parent / "peers" / "langchain_serve.py"
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
HITS = 5
ROUNDS = 3


class Server(NamedTuple):
    """A service in a process of its own."""

    url: str
    pid: int

    @property
    def megabytes(self) -> float:
        """Its memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


@contextmanager
def served(folder: str, *options: str) -> Generator[Server]:
    """Run `scoville serve`; give it when it is ready."""
    command = [sys.executable, "-m", "scoville", "serve", "--port", "0", "--json", "-w", folder, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            url = json.loads(process.stdout.readline())["url"]
            while httpx.get(f"{url}/readyz", timeout=600).status_code != 200:
                time.sleep(0.1)
            yield Server(url, process.pid)
        finally:
            process.terminate()


@contextmanager
def stack(python: str, documents: str) -> Generator[Server]:
    """Run the usual stack; give it when it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    model = locate_model("all-minilm-l6-v2", kind="embedder").folder
    command = [python, STACK, "--documents", documents, "--model", model, "--port", str(port)]
    with subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            while True:
                try:
                    httpx.post(f"{url}/search", json={"question": "warm up"}, timeout=600)
                    break
                except httpx.ConnectError:
                    assert process.poll() is None
                    time.sleep(0.5)
            yield Server(url, process.pid)
        finally:
            process.terminate()


def overhead(bot: sc.Bot, url: str, questions: list[str]) -> dict[str, float]:
    """Ask here and there by turns, so that other work on the machine falls on both."""
    with httpx.Client(base_url=url, timeout=60) as client:

        def first_there(question: str) -> float:
            started = time.perf_counter()
            with client.stream("POST", ASK, json={"question": question, "stream": True}) as reply:
                pieces = reply.iter_bytes()
                next(pieces)
                seconds = time.perf_counter() - started
                list(pieces)
            return seconds * 1000

        def first_here(question: str) -> float:
            started, texts = time.perf_counter(), list[float]()
            bot.ask(question, on_text=lambda _: texts.append(time.perf_counter()))
            return ((texts or [time.perf_counter()])[0] - started) * 1000

        calls: dict[str, tuple[Callable[[str], float], Callable[[str], float]]] = {
            "ask": (timed(bot.ask), timed(lambda question: client.post(ASK, json={"question": question}))),
            "search": (timed(bot.search), timed(lambda question: client.post(SEARCH, json={"question": question}))),
            "first text": (first_here, first_there),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
        for question in [*questions, *questions]:  # once so that both know the vectors of all that is asked and found
            for name, (here, there) in calls.items():
                times[name].append((here(question), there(question)))
    figures: dict[str, float] = {}
    for name, pairs in times.items():
        here, there = zip(*pairs[len(questions) :], strict=True)
        figures |= {f"{name} here": statistics.median(here), f"{name} http": statistics.median(there)}
        figures[f"{name}: http - here, median of pairs"] = statistics.median(b - a for a, b in pairs[len(questions) :])
    return {name: round(value, 2) for name, value in figures.items()}


def timed(call: Callable[[str], Any]) -> Callable[[str], float]:
    """Give the milliseconds of a call."""

    def timing(question: str) -> float:
        started = time.perf_counter()
        call(question)
        return (time.perf_counter() - started) * 1000

    return timing


class Load:
    """What clients were told."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.times: list[float] = []
        self.wrong = 0

    def json(self, seconds: float) -> dict[str, Any]:
        """Sum it up."""
        cuts = statistics.quantiles(self.times, n=100) if len(self.times) > 1 else [0.0] * 99
        return {
            "per_second": round(len(self.times) / seconds, 1), "p50_ms": round(cuts[49], 1),
            "p95_ms": round(cuts[94], 1), "p99_ms": round(cuts[98], 1), "wrong": self.wrong,
            "statuses": dict(self.statuses),
        }  # fmt: skip


async def load(url: str, path: str, clients: int, seconds: float, ask: "Asking") -> dict[str, Any]:
    """Let clients ask one question after another, each on its own connection, written by hand: httpx takes 1 ms."""
    found, end = Load(), time.perf_counter() + seconds
    address = urlsplit(url)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while time.perf_counter() < end:
            question, expected = ask()
            body = json.dumps({"question": question} | ({"limit": HITS} if "search" in path else {})).encode()
            head = f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
            started = time.perf_counter()
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            told = await reader.readuntil(b"\r\n\r\n")
            length, status = LENGTH.search(told), int(told.split()[1])
            assert length
            reply = await reader.readexactly(int(length[1]))
            found.statuses[status] += 1
            if status == 200:
                found.times.append((time.perf_counter() - started) * 1000)
                found.wrong += expected is not None and said(json.loads(reply)) != expected
            else:
                await asyncio.sleep(0.05)
        writer.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return {"clients": clients, "path": path} | found.json(seconds)


Asking = Callable[[], tuple[str, str | None]]
"""Gives a question, and what is said to it; None where that is not known."""


def known(expected: dict[str, str]) -> Asking:
    """Ask the same questions again and again."""
    pairs, number = list(expected.items()), count()
    return lambda: pairs[next(number) % len(pairs)]


def fresh(questions: list[str]) -> Asking:
    """Ask no question twice."""
    number = count()
    return lambda: (f"{questions[(n := next(number)) % len(questions)]} ({n})", None)


def said(reply: dict[str, Any]) -> str:
    """Give what counts of a reply."""
    return reply["answer"] if "answer" in reply else " ".join(hit["id"] for hit in reply["hits"])


def say(**figures: Any) -> None:
    """Print a line."""
    print(json.dumps(figures), flush=True)


def compare(ours: Server, theirs: Server, questions: list[str], seconds: float) -> None:
    """Ask both services by turns."""
    rates: dict[str, list[float]] = {}
    unseen = {name: fresh(questions) for name in ("scoville", "langchain")}
    for clients in CLIENTS:
        for _ in range(ROUNDS):
            for name, server, path in (("scoville", ours, SEARCH), ("langchain", theirs, "/search")):
                told = asyncio.run(load(server.url, path, clients, seconds, unseen[name]))
                rates.setdefault(f"{name} {clients}", []).append(told["per_second"])
                say(stack=name, **told)
        mine, other = (statistics.median(rates[f"{name} {clients}"]) for name in ("scoville", "langchain"))
        say(clients=clients, scoville=mine, langchain=other, times=round(mine / other, 2))


def soak(server: Server, expected: dict[str, str], seconds: float) -> None:
    """Ask for long, what was asked before and what was not; a document comes and goes between."""
    fresh_ones = fresh(list(expected))
    for minute in range(max(1, round(seconds / 60))):
        for path, asking in ((ASK, known(expected)), (ASK, fresh_ones), (SEARCH, fresh_ones)):
            told = asyncio.run(load(server.url, path, 32, min(seconds, 60) / 3, asking))
            say(minute=minute + 1, megabytes=round(server.megabytes, 1), **told)
        come_and_go(server, minute)


def come_and_go(server: Server, number: int) -> None:
    """Add a document and remove it again, each as a job."""
    with httpx.Client(base_url=server.url, timeout=60) as client:

        def ended(reply: httpx.Response) -> None:
            while client.get(f"/api/jobs/{reply.json()['id']}").json()["status"] in ("waiting", "running"):
                time.sleep(0.2)

        name = f"soak-{number}.md"
        ended(client.post("/api/documents", files={"file": (name, f"# Soak\n\nMinute {number}.".encode())}))
        listed = client.get("/api/documents").json()["documents"]
        (id,) = [one["id"] for one in listed if one["document"].endswith(name)]
        ended(client.delete(f"/api/documents/{id}"))


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("questions", type=Path)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--soak", type=float, default=0)
    parser.add_argument("--peers")
    parser.add_argument("--documents")
    given = parser.parse_args()
    questions = [json.loads(line)["question"] for line in given.questions.read_text("utf-8").splitlines()][:30]
    if given.peers:
        with served(given.folder) as ours, stack(given.peers, given.documents) as theirs:
            compare(ours, theirs, questions, given.seconds)
        return
    for model in ("reader", "fake"):
        options = ("--set", f"llm.model={model}")
        with sc.open(given.folder, llm=model) as bot, served(given.folder, *options) as server:
            answers = {question: bot.ask(question).text for question in questions}
            if given.soak:
                soak(server, answers, given.soak)
                return
            if model == "reader":
                say(**overhead(bot, server.url, questions))
                hits = {question: " ".join(hit.passage.id for hit in bot.search(question, limit=HITS))
                        for question in questions}  # fmt: skip
                for clients in CLIENTS:
                    say(**asyncio.run(load(server.url, SEARCH, clients, given.seconds, known(hits))))
            for clients in CLIENTS:
                say(model=model, **asyncio.run(load(server.url, ASK, clients, given.seconds, known(answers))))


if __name__ == "__main__":
    main()
