"""Many questions at once: the default model beside the raw runtime, and a run of cases beside a slow endpoint.

    python benchmarks/concurrency.py --out benchmarks/results/concurrency.md

The raw runtime is OpenVINO GenAI's continuous batching pipeline with the options that Scoville opens it with; it is
given the prompts that `ask` wrote, already tokenised, and made to write as many tokens as `ask` did. It neither
searches nor checks. Each round opens both anew and asks them by turns, so that other work on the machine disturbs
both; shown are medians over the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import scoville as sc
from scoville.answer import Answerer
from scoville.at_once import in_order
from scoville.cases.files import write_cases
from scoville.demo import demo_cases, write_demo_documents
from scoville.llm import Generation
from scoville.llm.openvino import OpenVINOLlm
from scoville.types import Answer, Case, Message, Reply

IN_FLIGHT = (1, 4, 8)
WAYS = ("{}", "Please tell me: {}", "In short: {}")
RULES = [
    f"House rule {number}: an answer is polite, names no person and no price that the documents do not name, keeps to "
    "the words of the documents, and says where a question belongs to another department."
    for number in range(1, 16)
]
SETUPS = {"default recipe": [], "15 instructions more": RULES}
REPLY_SECONDS = 0.5


class Asked(NamedTuple):
    """One setup and number in flight, over the rounds."""

    ask: list[float]
    """Questions per second."""
    raw: list[float]
    same: int
    """Answers with the text of one after the other."""


class NotingLlm:
    """Notes what a model is asked."""

    def __init__(self, llm: OpenVINOLlm) -> None:
        self.llm = llm
        self.asked: list[tuple[Sequence[Message], Generation, Reply]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.llm, name)

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: Any = None) -> Reply:
        reply = self.llm.generate(messages, generation, on_text)
        self.asked.append((messages, generation, reply))
        return reply


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = [*local(Path(folder), given.rounds), "", *hosted(Path(folder), given.rounds)]
    text = "\n".join(lines) + "\n"
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


def local(root: Path, rounds: int) -> list[str]:
    questions = [way.format(case.question) for way in WAYS for case in demo_cases()]
    lines = [
        f"{len(questions)} questions to the demo's documents, {os.cpu_count()} cores, median of {rounds} rounds; in "
        "parentheses the lowest and the highest.", "",
        "| prompts | in flight | ask, questions/s | raw runtime | ask / raw | ask / one after the other | same answers |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, instructions in SETUPS.items():
        asked = {count: Asked([], [], 0) for count in IN_FLIGHT}
        tokens = 0
        for _ in range(rounds):
            alone: list[Answer] = []
            for count in IN_FLIGHT:
                ours, raw, answers, tokens = once(root, instructions, questions, count)
                alone = alone or answers
                same = sum(one.text == other.text for one, other in zip(alone, answers, strict=True))
                asked[count] = Asked([*asked[count].ask, ours], [*asked[count].raw, raw], same)
        for count, found in asked.items():
            lines.append(
                f"| {name}, {tokens} tokens in common | {count} | {shown(found.ask)} | {shown(found.raw)} | "
                f"{shown(ratios(found.ask, found.raw))} | {shown(ratios(found.ask, asked[1].ask))} | "
                f"{found.same} of {len(questions)} |"
            )
    return lines


def once(
    root: Path, instructions: Sequence[str], questions: Sequence[str], count: int
) -> tuple[float, float, list[Answer], int]:
    """Ask all questions, ``count`` at once, then give the raw runtime their prompts; questions per second of both."""
    values = {
        "llm.model": "smollm2-135m-instruct", "llm.concurrency": count, "prompt.instructions": instructions, "answer.min_similarity": -1,
        "track.traces": False,
    }  # fmt: skip
    with sc.open(root / "work", **values) as bot:
        bot.add(*write_demo_documents(root / "documents"))
        opened = bot.answerer()
        assert isinstance(opened.llm, OpenVINOLlm)
        llm = NotingLlm(opened.llm)
        answerer = Answerer(opened.searcher, llm, bot.recipe)
        answerer.ask(questions[-1])  # loads, compiles, and reads what all prompts have in common
        llm.asked.clear()
        started = time.perf_counter()
        answers = list(in_order(answerer.ask, questions, count))
        ours = len(questions) / (time.perf_counter() - started)
        raw = len(questions) / raw_seconds(opened.llm, llm.asked, count)
        prompts = [opened.llm._encode(messages).input_ids.data[0].tolist() for messages, _, _ in llm.asked]  # noqa: SLF001  # pyright: ignore
    return ours, raw, answers, len(os.path.commonprefix(prompts))


def raw_seconds(llm: Any, asked: Sequence[tuple[Sequence[Message], Generation, Reply]], count: int) -> float:
    """Give the prompts to the runtime alone, in a pipeline of its own, ``count`` at once."""
    runtime, folder, tokenizer = llm._runtime, llm._folder(), llm._open_tokenizer()
    scheduling = runtime.SchedulerConfig()
    scheduling.max_num_batched_tokens = 2**31 - 1
    scheduling.enable_prefix_caching = True
    pipeline = runtime.ContinuousBatchingPipeline(folder, tokenizer, scheduling, "CPU", **llm._options())
    waiting = deque(
        (llm._encode(messages).input_ids, llm._configuration(generation, reply.completion_tokens))
        for messages, generation, reply in asked
    )
    last = waiting[-1]
    for number, batch in enumerate(([last], waiting)):
        started = time.perf_counter()
        todo, running, names = deque(batch), [], 1000 * number
        while todo or running:
            while todo and len(running) < count:
                names += 1
                running.append(pipeline.add_request(names, *todo.popleft()))
            pipeline.step()
            running = [handle for handle in running if handle.get_status().name == "RUNNING"]
    return time.perf_counter() - started


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(over, under, strict=True)]


def shown(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


class Endpoint(BaseHTTPRequestHandler):
    """Writes one sentence, half a second after it was asked."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(REPLY_SECONDS)
        choice = {"index": 0, "delta": {"content": "The limit is 750 pounds [1]."}, "finish_reason": "stop"}
        event = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n".encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def hosted(root: Path, rounds: int) -> list[str]:
    """Time `scoville evaluate` of 100 cases, the whole command."""
    cases = root / "cases.jsonl"
    questions = [f"{case.question} ({number})" for number in range(9) for case in demo_cases()][:100]
    write_cases(cases, [Case(id=str(number), question=one, expected=("750",)) for number, one in enumerate(questions)])
    seconds: dict[int, list[float]] = {8: [], 1: []}
    with endpoint() as url:
        for workers, found in seconds.items():
            for _ in range(rounds if workers > 1 else 1):
                command = [
                    sys.executable, "-m", "scoville", "evaluate", str(cases), "--workers", str(workers), "--set",
                    "llm.model=openai:stand-in", "--set", f"llm.base_url={url}", "--set", "answer.min_similarity=-1",
                ]  # fmt: skip
                started = time.perf_counter()
                subprocess.run(command, cwd=root / "work", check=True, capture_output=True)
                found.append(time.perf_counter() - started)
    return [
        f"`scoville evaluate` of 100 cases, the whole command, at an endpoint that takes {REPLY_SECONDS} s for each: "
        f"{shown(seconds[8])} s with `--workers 8`, {shown(seconds[1])} s with `--workers 1`."
    ]


if __name__ == "__main__":
    main()
