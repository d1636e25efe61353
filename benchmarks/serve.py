"""What the service takes beside a call in the process, and what comes of many clients.

    nice python benchmarks/serve.py FOLDER [--questions N] [--seconds S]

FOLDER is a workspace with an index (`scoville demo FOLDER`). Prints JSON: milliseconds of a question here and over
HTTP, by turns; the same of a stream's first text; then for 1, 8 and 32 clients requests a second, percentiles, statuses
and how many replies differ from what the bot says here. Last, 32 clients of a queue of 4: what is not served must be a 429.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx

import scoville as sc
from scoville.demo import demo_cases

CLIENTS = (1, 8, 32)


@contextmanager
def served(folder: str, *options: str) -> Iterator[str]:
    """Run `scoville serve` in a process of its own; give its address when it is ready."""
    command = [sys.executable, "-m", "scoville", "serve", "--port", "0", "--json", "-w", folder, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        url = json.loads(process.stdout.readline())["url"]
        while httpx.get(f"{url}/readyz", timeout=60).status_code != 200:
            time.sleep(0.1)
        yield url
        process.terminate()


def milliseconds(call: Callable[[str], Any], question: str) -> float:
    started = time.perf_counter()
    call(question)
    return (time.perf_counter() - started) * 1000


def overhead(bot: sc.Bot, url: str, questions: list[str]) -> dict[str, float]:
    """Ask here and there by turns, so that other work on the machine falls on both."""
    with httpx.Client(base_url=url, timeout=60) as client:

        def first_text(question: str) -> None:
            body = {"question": question, "stream": True}
            with client.stream("POST", "/api/ask", json=body) as reply:
                next(reply.iter_bytes())

        calls: dict[str, Callable[[str], Any]] = {
            "ask here": bot.ask, "ask http": lambda question: client.post("/api/ask", json={"question": question}),
            "stream": first_text, "search here": bot.search,
            "search http": lambda question: client.post("/api/search", json={"question": question}),
        }  # fmt: skip
        times: dict[str, list[float]] = {name: [] for name in calls}
        for question in [questions[0], *questions]:
            for name, call in calls.items():
                times[name].append(milliseconds(call, question))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    paired = {
        f"{name}: http - here, median of pairs": statistics.median(
            there - here for here, there in list(zip(times[f"{name} here"], times[f"{name} http"], strict=True))[1:]
        )
        for name in ("ask", "search")
    }
    return {name: round(value, 2) for name, value in (medians | paired).items()}


async def load(url: str, path: str, expected: dict[str, str], clients: int, seconds: float) -> dict[str, Any]:
    """Let clients ask one question after another, and compare each reply."""
    statuses: Counter[int] = Counter()
    times: list[float] = []
    wrong = 0
    end = time.perf_counter() + seconds

    async def one(client: httpx.AsyncClient, number: int) -> None:
        nonlocal wrong
        questions = list(expected)
        while time.perf_counter() < end:
            question = questions[number % len(questions)]
            number += 1
            started = time.perf_counter()
            reply = await client.post(path, json={"question": question})
            statuses[reply.status_code] += 1
            if reply.status_code == 200:
                times.append((time.perf_counter() - started) * 1000)
                wrong += said(reply.json()) != expected[question]
            else:
                await asyncio.sleep(0.05)

    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:
        await asyncio.gather(*(one(client, number * 7) for number in range(clients)))
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return {
        "clients": clients, "path": path, "per_second": round(len(times) / seconds, 1), "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1), "p99_ms": round(cuts[98], 1), "wrong": wrong, "statuses": dict(statuses),
    }  # fmt: skip


def said(reply: dict[str, Any]) -> str:
    return reply["answer"] if "answer" in reply else " ".join(hit["id"] for hit in reply["hits"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=8)
    given = parser.parse_args()
    questions = [case.case.question for case in demo_cases()][: given.questions]
    with sc.open(given.folder) as bot, served(given.folder) as url:
        print(json.dumps(overhead(bot, url, questions)), flush=True)
        answers = {question: bot.ask(question).text for question in questions}
        hits = {question: " ".join(hit.passage.id for hit in bot.search(question)) for question in questions}
        for path, expected in (("/api/search", hits), ("/api/ask", answers)):
            for clients in CLIENTS:
                print(json.dumps(asyncio.run(load(url, path, expected, clients, given.seconds))), flush=True)
    with served(given.folder, "--queue", "4") as url:
        print(json.dumps({"queue": 4} | asyncio.run(load(url, "/api/ask", answers, 32, given.seconds))))


if __name__ == "__main__":
    main()
