"""Questions asked at once: each gets the answer that it gets alone, from every runtime, and holds nothing of others."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conftest import ANIMALS, Bench, Command, fish_cases
from scoville.answer import Answerer, open_answerer
from scoville.cases.files import write_cases
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import create_run, find_run
from scoville.evaluate.system import RecipeSystem
from scoville.llm import FakeLlm
from scoville.llm.fake import quote_first_passage
from scoville.types import Answer, Message
from tiny_gguf import write_tiny_gguf

THREADS = 8


class Endpoint(BaseHTTPRequestHandler):
    """Replies as the fake does, a little later: the sooner, the later it was asked; and not before some are asked."""

    met = threading.Condition()
    asked = now = most = at_once = 0

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = [Message(role=one["role"], content=one["content"]) for one in request["messages"]]
        cls = Endpoint
        with cls.met:
            cls.asked, cls.now = cls.asked + 1, cls.now + 1
            cls.most = max(cls.most, cls.now)
            cls.met.notify_all()
            cls.met.wait_for(lambda: cls.most >= cls.at_once, 20)
            pause = 0.1 / cls.asked
        time.sleep(max(pause, 0.01))
        with cls.met:
            cls.now -= 1
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
    Endpoint.asked = Endpoint.now = Endpoint.most = Endpoint.at_once = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.fixture
def filled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr("scoville.index.lance_version.NAMED_AFTER", 0)  # scores in memory differ in their last bit
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
            bench.set(llm={"model": f"path:{tiny}", "runtime": runtime, "max_tokens": 12, "concurrency": THREADS})
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
    questions = [case.question for case in fish_cases(10)]
    alone = [essence(answerer.ask(question)) for question in questions]
    assert len({repr(one) for one in alone}) == len(questions)
    with ThreadPoolExecutor(THREADS) as threads:
        together = [essence(one) for one in threads.map(answerer.ask, questions)]
    answerer.llm.close()
    assert together == alone


class HangingLlm(FakeLlm):
    """Hangs on one question, until it is told to go on."""

    def __init__(self, hanging: str) -> None:
        self.go_on = threading.Event()
        self.late = threading.Event()

        def reply(messages: Sequence[Message]) -> str:
            if hanging in messages[-1].content:
                self.go_on.wait(20)
                self.late.set()
            return quote_first_passage(messages)

        super().__init__(reply)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_question_that_hangs_leaves_nothing_in_those_after_it(filled: Bench, workers: int):
    filled.set(rewrite={"phrasings": 1})
    cases = fish_cases(4)
    opened = open_answerer(filled.workspace, filled.recipe)
    wanted = [essence(opened.ask(case.question)) for case in cases]
    llm = HangingLlm(cases[0].question)
    seen: list[Answer] = []

    class Watched(RecipeSystem):
        """Lets the late question go on within the next one."""

        def ask(self, case: Any) -> Answer:
            if case is not cases[0] and case.id == cases[1].id:
                llm.go_on.set()
                assert llm.late.wait(20)
            seen.append(super().ask(case))
            return seen[-1]

    run = create_run(filled.workspace.folder / "runs", cases, {"system": "recipe"})
    run_cases(Watched(Answerer(opened.searcher, llm, filled.recipe)), cases, run, timeout_seconds=2, workers=workers)
    saved = run.saved()
    if workers == 1:
        assert saved[cases[0].id]["error"] == "no answer within 2 s"
    assert [list(saved).count(case.id) for case in cases] == [1] * 4
    found = {one.question: essence(one) for one in seen}
    assert [found[case.question] for case in cases[1:]] == wanted[1:]


def test_a_batch_asks_side_by_side_and_keeps_its_order(filled: Bench, command: Command, endpoint: str):
    Endpoint.at_once = 3
    asked = [case.question for case in fish_cases(9)]
    lines = [json.dumps({"id": question, "question": question}) for question in asked] + ['{"question": " "}']
    flags = ("--set", "llm.model=openai:stand-in", "--set", f"llm.base_url={endpoint}", "--set", "llm.concurrency=3")
    floor = ("--set", "answer.min_similarity=-1", "--set", "split.size=40")
    done = command("ask", "--batch", "-", *flags, *floor, stdin="\n".join(lines).encode())
    assert [line["id"] for line in done.lines] == [*asked, 10]
    assert [line["question"] for line in done.lines] == [*asked, " "]
    assert "empty" in done.lines[-1]["error"] and done.code == 1
    assert Endpoint.most == 3


@pytest.mark.parametrize(("flags", "most"), [((), 5), (("--workers", "2"), 2)])
def test_a_hosted_model_is_evaluated_side_by_side(
    filled: Bench, command: Command, endpoint: str, flags: tuple[str, ...], most: int
):
    Endpoint.at_once = most
    write_cases(Path("cases.jsonl"), fish_cases(12))
    chosen = ("--set", "llm.model=openai:stand-in", "--set", f"llm.base_url={endpoint}", "--set", "llm.concurrency=5")
    floor = ("--set", "answer.min_similarity=-1", "--set", "split.size=40")
    done = command("evaluate", "cases.jsonl", *flags, *chosen, *floor, "--json").json
    assert (done["counts"]["errors"], done["counts"]["missing"], done["status"]) == (0, 0, "finished")
    assert Endpoint.most == most


def test_workers_write_side_by_side_where_the_recipe_does_not_say_how_many(filled: Bench, command: Command):
    write_cases(Path("cases.jsonl"), fish_cases(3))
    floor = ("--set", "answer.min_similarity=-1", "--set", "split.size=40")

    def concurrency(*flags: str) -> int:
        run = command("evaluate", "cases.jsonl", *flags, *floor, "--json").json["run"]
        return find_run(filled.workspace.folder / "runs", run).header["recipe"]["llm"]["concurrency"]

    assert concurrency() == 0
    assert concurrency("--workers", "6") == 6
    assert concurrency("--workers", "6", "--set", "llm.concurrency=2") == 2
