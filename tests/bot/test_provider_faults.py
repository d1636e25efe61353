"""What people see when the endpoint of a model fails them: an error that says so, or an honest answer."""

import threading
import time
from collections.abc import Iterator

import pytest
from test_llm_openai import Action, Endpoint, Handler, chunk, refuse, stream

from conftest import Bench, Command
from scoville.answer import open_answerer
from scoville.llm import FakeLlm

FACT = "The excess is 500 pounds for each claim."
QUESTION = "What is the excess for each claim?"


@pytest.fixture
def endpoint(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    bench.write("policy.txt", FACT)
    bench.add()
    monkeypatch.chdir(bench.workspace.root)
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(command: Command, endpoint: Endpoint, *words: str):
    settings = {
        "llm.model": "openai:tester", "llm.base_url": endpoint.url, "llm.max_retries": 0, "llm.timeout_seconds": 1,
        "answer.min_similarity": -1,
    }  # fmt: skip
    flags = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    return command("ask", QUESTION, *flags, *words)


def hang(handler: Handler) -> None:
    handler.answer(200, chunk("The ex"), Content_Type="text/event-stream")
    handler.wfile.flush()
    time.sleep(1.5)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (hang, "llm.timeout_seconds"),
        (stream("The excess is", cut=True), "broke off after 13 characters"),
        (refuse(429, "slow down", Retry_After="30"), "it asks to wait 30 s"),
        (lambda handler: handler.answer(200, b"<html>", Content_Type="text/html"), "sent no reply"),
    ],
)
def test_a_provider_that_fails_is_one_line_and_no_answer(
    command: Command, endpoint: Endpoint, said: Action, told: str
):  # fmt: skip
    endpoint.script = [said]
    done = ask(command, endpoint)
    assert done.code == 1 and told in done.err and "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert "openai:tester" in done.err or "tester" in done.err


@pytest.mark.parametrize("reply", ["", " \n ", "\ufffd\x00\u200b", "[9] [1,2] 【3】", "%%%% ;;;; ####"])
def test_a_reply_that_says_nothing_is_a_refusal(command: Command, endpoint: Endpoint, reply: str):
    endpoint.script = [stream(reply)]
    said = ask(command, endpoint, "--json").json
    assert said["refused"] and not said["citations"]


def test_what_is_said_again_and_again_is_said_once(command: Command, endpoint: Endpoint):
    endpoint.script = [stream(*[f"{FACT} [1] "] * 40, finish="length")]
    said = ask(command, endpoint, "--json").json
    assert not said["refused"]
    assert said["answer"].count("500 pounds") == 1 and len(said["citations"]) == 1


def test_a_process_that_ends_while_its_model_loads_says_nothing_of_that(bench: Bench):
    bench.write("policy.txt", FACT)
    bench.add()
    tried = threading.Event()

    class Unfinished(FakeLlm):
        def load(self) -> None:
            tried.set()
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    open_answerer(bench.workspace, bench.recipe, llm=Unfinished())
    assert tried.wait(60)  # what a thread raises fails the test
