"""Whatever answers: what a system may give, and what becomes of it when it raises, hangs or gives nonsense."""

import json
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scoville.errors import ModelError, UsageError
from scoville.evaluate.result import result_of
from scoville.evaluate.system import FunctionSystem, ServerSystem, answer_of, named_function
from scoville.types import Case, Message

CASE = Case(id="a", question="How long?", expected=("Nine days.",))


def said(function: Callable[..., Any], case: Case = CASE, timeout_seconds: float = 5) -> dict[str, Any]:
    return answer_of(FunctionSystem(function), case, timeout_seconds)


def user(text: str) -> Message:
    return Message(role="user", content=text)


def assistant(text: str) -> Message:
    return Message(role="assistant", content=text)


class TestAnswers:
    def test_a_text_is_an_answer(self):
        answer = said(lambda question: f"To {question}")
        assert (answer["answer"], answer["refused"]) == ("To How long?", False)
        assert 0 <= answer["seconds"]["total"] < 5

    def test_the_json_of_an_answer_is_kept_with_fields_of_its_own(self):
        given = {
            "answer": "Nine days.",
            "citations": [{"document": "a.pdf", "page": 3}],
            "confidence": 0.5,
            "mine": [1],
        }
        answer = said(lambda _: given | {"seconds": {"search": 0.25}})
        assert answer.items() >= given.items()
        result = result_of("a", answer)
        assert (result.citations[0].pages, result.confidence) == ((3,), 0.5)
        assert (result.seconds["search"], set(result.seconds)) == (0.25, {"search", "total"})

    @pytest.mark.parametrize("text", ["", "  ", "I don't know.", "The documents do not say."])
    def test_nothing_and_the_words_of_a_refusal_are_refusals(self, text: str):
        assert said(lambda _: text)["refused"]

    def test_a_system_says_itself_whether_it_refuses(self):
        assert not said(lambda _: {"answer": "I don't know.", "refused": False})["refused"]

    def test_an_answer_in_another_language_is_an_answer(self):
        answer = said(lambda _: "九日です。 Neun Tage, ça va 🙂")
        assert (answer["answer"], answer["refused"]) == ("九日です。 Neun Tage, ça va 🙂", False)

    def test_half_a_character_becomes_a_question_mark(self):
        assert said(lambda _: "half \udce9")["answer"] == "half ?"


class TestFailures:
    @pytest.mark.parametrize(
        ("given", "word"),
        [
            (None, "nothing"), (7, "int"), ([], "list"), ({}, "dict"), ({"answer": None}, "dict"), (b"text", "bytes"),
            ({"answer": "a", "score": math.nan}, "JSON"), ({"answer": "a", "score": math.inf}, "JSON"),
            ({"answer": "a", "when": object()}, "JSON"), ({"answer": "a", "seconds": "fast"}, "mapping"),
            ({"answer": "a", "citations": 5}, "iterable"), ({"answer": "a", "passages": ["text"]}, "str"),
            ({"answer": "a", "usage": {"prompt_tokens": "many"}}, "many"),
            ({"answer": "a", "cost_usd": "free"}, "free"),
            ({"answer": "a", "confidence": True}, "True"), ({"answer": "a", "seconds": {"total": "1 s"}}, "1 s"),
            ({"answer": "a", "citations": [{"boxes": [{}]}]}, "page"),
        ],
    )  # fmt: skip
    def test_what_is_no_answer_is_an_error_that_says_why(self, given: Any, word: str):
        answer = said(lambda _: given)
        assert word in answer["error"]
        assert (answer["answer"], answer["refused"]) == ("", False)
        assert result_of("a", answer).error

    def test_what_a_system_raises_is_the_error(self):
        def broken(_: str) -> str:
            raise ZeroDivisionError("no" * 1000)

        assert said(broken)["error"].startswith("ZeroDivisionError: nono")
        assert len(said(broken)["error"]) == 500

    def test_an_error_of_our_own_is_said_as_it_is(self):
        def broken(_: str) -> str:
            raise ModelError("the model is gone")

        assert said(broken)["error"] == "the model is gone"

    def test_a_system_that_ends_the_program_does_not(self):
        assert said(lambda _: sys.exit(3))["error"] == "SystemExit: 3"

    def test_a_system_that_hangs_is_left_behind(self):
        release = threading.Event()
        started = time.perf_counter()
        answer = said(lambda _: release.wait(20), timeout_seconds=0.1)
        release.set()
        assert time.perf_counter() - started < 5
        assert answer["error"] == "no answer within 0.1 s"


class TestHistory:
    def test_the_history_is_given_to_a_function_that_takes_it(self):
        case = Case(id="a", question="And then?", history=(user("Hello"), assistant("Hi")))
        seen: list[Any] = []
        said(lambda question, history: seen.append((question, history)) or "Yes.", case)
        assert seen == [
            ("And then?", [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}])
        ]  # fmt: skip

    def test_a_second_argument_with_a_default_is_no_history_unless_it_is_called_so(self):
        case = Case(id="a", question="And then?", history=(user("Hello"), assistant("Hi")))
        assert said(lambda question, count=3: f"{count}", case)["answer"] == "3"
        assert said(lambda question, history=(): f"{len(history)}", case)["answer"] == "2"
        assert said(lambda *words: f"{len(words)}", case)["answer"] == "2"
        assert said(str)["answer"] == "How long?"

    def test_turns_without_a_reply_are_asked_first(self):
        case = Case(id="a", question="Third?", history=(user("First?"), user("Second?")))
        seen: list[tuple[str, int]] = []

        def answer(question: str, history: list[Any]) -> str:
            seen.append((question, len(history)))
            return f"{question} " + " ".join(turn["content"] for turn in history)

        found = said(answer, case)
        assert seen == [("First?", 0), ("Second?", 2), ("Third?", 4)]
        assert found["answer"] == "Third? First? First?  Second? Second? First? First? "

    def test_an_error_in_an_earlier_turn_is_the_error_of_the_case(self):
        case = Case(id="a", question="Second?", history=(user("First?"),))
        seen: list[str] = []
        answer = said(lambda question: seen.append(question), case)
        assert (seen, "nothing" in answer["error"]) == (["First?"], True)


class TestNamedFunction:
    @pytest.fixture(autouse=True)
    def _restored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "path", [*sys.path])
        monkeypatch.setattr(sys, "modules", {**sys.modules})

    def test_a_function_of_a_file_may_use_its_neighbours_and_hides_no_module(self, tmp_path: Path):
        (tmp_path / "json.py").write_text("import bot_words\ndef answer(question): return bot_words.TEXT + question\n")
        (tmp_path / "bot_words.py").write_text("TEXT = 'To '\n")
        function = named_function(f"{tmp_path / 'json.py'}:answer")
        assert said(function)["answer"] == "To How long?"
        assert sys.modules["json"] is json

    def test_a_function_of_a_module(self):
        assert named_function("json:dumps") is json.dumps

    @pytest.mark.parametrize(
        ("text", "word"),
        [("answer = 7", "int, no function"), ("x = 1", "AttributeError"), ("def (", "SyntaxError"), ("1 / 0", "Zero"),
         ("import nowhere_at_all", "nowhere_at_all")],
    )  # fmt: skip
    def test_what_cannot_be_imported_says_why(self, tmp_path: Path, text: str, word: str):
        path = tmp_path / "bot.py"
        path.write_text(text)
        with pytest.raises(UsageError, match=word):
            named_function(f"{path}:answer")

    @pytest.mark.parametrize("name", ["nowhere.py:answer", "nowhere_at_all:answer", "answer", ":answer", "json:"])
    def test_a_name_of_nothing_says_what_is_expected(self, name: str):
        with pytest.raises(UsageError, match="expected file.py:function"):
            named_function(name)


class Server(ThreadingHTTPServer):
    """Answers every question with what ``reply`` makes of it: status and body."""

    daemon_threads = True

    def __init__(self, reply: Callable[[dict[str, Any]], tuple[int, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply = reply

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ask?key=secret"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hung up


class Handler(BaseHTTPRequestHandler):
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, body = self.server.reply(asked)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(lambda asked: (200, json.dumps({"answer": f"To {asked['question']}"}).encode())) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class TestServer:
    def test_json_and_text_are_answers(self, server: Server):
        system = ServerSystem(server.url)
        assert answer_of(system, CASE, 5)["answer"] == "To How long?"
        server.reply = lambda _: (200, "Neun Tage: ça.".encode())
        assert answer_of(system, CASE, 5)["answer"] == "Neun Tage: ça."
        server.reply = lambda _: (200, b"\xff nine")
        assert answer_of(system, CASE, 5)["answer"] == "\ufffd nine"

    def test_question_and_history_are_posted(self, server: Server):
        server.reply = lambda asked: (200, json.dumps({"answer": json.dumps(asked)}).encode())
        case = Case(id="a", question="Ça?", history=(user("Hello"), assistant("Hi")))
        assert json.loads(answer_of(ServerSystem(server.url), case, 5)["answer"]) == {
            "question": "Ça?",
            "history": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}],
        }  # fmt: skip

    def test_a_failure_of_the_server_is_the_error(self, server: Server):
        server.reply = lambda _: (500, b"down")
        assert answer_of(ServerSystem(server.url), CASE, 5)["error"].endswith(
            "/ask answered 500 Internal Server Error: down"
        )
        server.reply = lambda _: (200, b"[1, 2]")
        assert "list" in answer_of(ServerSystem(server.url), CASE, 5)["error"]

    def test_a_slow_server_counts_as_one_that_hangs(self, server: Server):
        server.reply = lambda _: (time.sleep(1), (200, b"late"))[1]
        assert answer_of(ServerSystem(server.url, timeout_seconds=0.2), CASE, 0.2)["error"] == "no answer within 0.2 s"

    def test_no_server_is_the_error(self):
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as gone:
            url = f"http://127.0.0.1:{gone.server_port}"
        assert "refused" in answer_of(ServerSystem(url), CASE, 5)["error"]

    def test_what_may_be_a_secret_is_in_neither_name_nor_header(self):
        system = ServerSystem("https://ash:secret@bots.example:8443/ask?key=secret#secret")
        assert system.name == "https://bots.example:8443/ask"
        assert "secret" not in json.dumps(dict(system.describe()))
