"""Questions asked at once: each gets the answer that it gets alone, from every runtime, and holds nothing of others."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conftest import ANIMALS, Bench, fish_cases
from scoville.answer import Answerer, open_answerer
from scoville.llm.fake import quote_first_passage
from scoville.types import Answer, Message
from tiny_gguf import write_tiny_gguf

THREADS = 8


class Endpoint(BaseHTTPRequestHandler):
    """Replies as the fake does, a little later."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = [Message(role=one["role"], content=one["content"]) for one in request["messages"]]
        time.sleep(0.01)
        choice = {"index": 0, "delta": {"content": quote_first_passage(messages)}, "finish_reason": "stop"}
        event = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n".encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.fixture
def filled(bench: Bench) -> Bench:
    for number, animal in enumerate(ANIMALS):
        sentences = [f"The {animal} of ward {ward} eats {ward + number} fish each day." for ward in range(6)]
        bench.write(f"{animal}.txt", "\n\n".join(sentences))
    bench.set(split={"size": 40}, answer={"min_similarity": -1})
    bench.add()
    return bench


def open_with(bench: Bench, runtime: str, folder: Path, url: str, patch: pytest.MonkeyPatch) -> Answerer:
    """Open a recipe whose search asks the model too: twice for each question."""
    bench.set(rewrite={"phrasings": 1}, search={"rerank": "llm", "rerank_candidates": 3, "passages": 2})
    match runtime:
        case "openvino" | "llamacpp":
            patch.setenv("SCOVILLE_MODELS", str(folder / "cache"))
            tiny = write_tiny_gguf(folder / "tiny.gguf", context=1024)
            bench.set(llm={"model": f"path:{tiny}", "runtime": runtime, "max_tokens": 12})
        case "endpoint":
            bench.set(llm={"model": "openai:stand-in", "base_url": url})
        case _:
            bench.set(llm={"model": runtime})
    return open_answerer(bench.workspace, bench.recipe)


def essence(answer: Answer) -> tuple[Any, ...]:
    """Give all of an answer but its times."""
    reply = answer.reply
    return (
        answer.question, answer.text, answer.refused, answer.reason, answer.citations, answer.hits, answer.similarity,
        reply and (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.finish_reason),
        [(one.text, one.prompt_tokens) for one in answer.search_replies], [one.name for one in answer.stages],
    )  # fmt: skip


@pytest.mark.parametrize("runtime", ["fake", "quote", "openvino", "llamacpp", "endpoint"])
def test_questions_at_once_are_answered_as_one_after_the_other(
    filled: Bench, runtime: str, tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
):
    answerer = open_with(filled, runtime, tmp_path, endpoint, monkeypatch)
    questions = [case.question for case in fish_cases(18)]
    alone = [essence(answerer.ask(question)) for question in questions]
    assert len({repr(one) for one in alone}) == len(questions)
    with ThreadPoolExecutor(THREADS) as threads:
        together = [essence(one) for one in threads.map(answerer.ask, questions)]
    answerer.llm.close()
    assert together == alone
