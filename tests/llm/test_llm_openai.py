import gzip
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from scoville import recipe
from scoville.endpoint import endpoint_url, is_loopback, place
from scoville.errors import (
    ContextTooLong,
    ProviderAuth,
    ProviderError,
    ProviderNotFound,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)
from scoville.llm import Generation
from scoville.llm.openai import OpenAILlm
from scoville.types import Message

KEY = "sk-made-up-for-this-test"
HELLO = [Message(role="system", content="Be brief."), Message(role="user", content="Hello")]
USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}

Action = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    server: "Endpoint"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "key": self.headers["Authorization"], **body,
                                     "encoding": self.headers["Accept-Encoding"]})  # fmt: skip
        script = self.server.script
        (script.pop(0) if len(script) > 1 else script[0])(self)

    def do_GET(self) -> None:
        models = self.server.models
        body = (
            b"no"
            if models is None
            else json.dumps({"object": "list", "data": [{"id": one} for one in models]}).encode()
        )
        self.answer(404 if models is None else 200, body, Content_Type="application/json")

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Endpoint(ThreadingHTTPServer):
    """Plays its script, one action a request; the last one again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Action] = [stream()]
        self.requests: list[dict[str, Any]] = []
        self.models: list[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hung up


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    event = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}
    return f"data: {json.dumps(event)}\n\n".encode()


def stream(*pieces: str, finish: str = "stop", usage: bool = True, pause: float = 0, cut: bool = False) -> Action:
    def act(handler: Handler) -> None:
        handler.answer(200, b"", Content_Type="text/event-stream")
        for piece in pieces or ("Hel", "lo", "!"):
            handler.wfile.write(chunk(piece))
            handler.wfile.flush()
            time.sleep(pause)
        if cut:
            return
        handler.wfile.write(chunk(finish=finish))
        if usage:
            handler.wfile.write(chunk(choices=[], usage=USAGE))
        handler.wfile.write(b"data: [DONE]\n\n")

    return act


def refuse(status: int, message: str = "no", **more: str) -> Action:
    headers = {name: more.pop(name) for name in list(more) if name[0].isupper()}
    body = json.dumps({"error": {"message": message, "type": "t", **more}}).encode()
    return lambda handler: handler.answer(status, body, Content_Type="application/json", **headers)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client would wait before it asks again, without the waiting."""
    import openai._base_client

    import scoville.endpoint

    waited: list[float] = []
    clock = SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic)
    monkeypatch.setattr(scoville.endpoint, "time", clock)
    monkeypatch.setattr(openai._base_client, "time", SimpleNamespace(sleep=waited.append, time=time.time))
    return waited


@pytest.fixture
def llm(endpoint: Endpoint, pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAILlm]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    opened = OpenAILlm(recipe.Llm(model="openai:tester", base_url=endpoint.url))
    yield opened
    opened.close()


def ask(llm: OpenAILlm, **options: Any) -> Any:
    return llm.generate(HELLO, Generation(max_tokens=20, **options))


class TestReply:
    def test_a_stream_becomes_a_reply(self, llm: OpenAILlm, endpoint: Endpoint):
        pieces: list[str] = []
        reply = llm.generate(HELLO, Generation(max_tokens=20), pieces.append)
        assert pieces == ["Hel", "lo", "!"]
        assert (reply.text, reply.finish_reason) == ("Hello!", "stop")
        assert (reply.prompt_tokens, reply.completion_tokens) == (12, 3)
        assert (reply.model, reply.runtime) == ("openai:tester", "openai")
        assert 0 < reply.first_token_seconds <= reply.total_seconds
        (request,) = endpoint.requests
        assert request["path"] == "/v1/chat/completions"
        assert request["key"] == f"Bearer {KEY}"
        assert request["model"] == "tester"
        assert request["messages"] == [{"role": m.role, "content": m.content} for m in HELLO]

    def test_the_generation_is_sent(self, llm: OpenAILlm, endpoint: Endpoint):
        schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
        ask(llm, temperature=0.5, seed=7, stop=("END",), json_schema=schema)
        (request,) = endpoint.requests
        assert (request["max_tokens"], request["temperature"], request["seed"]) == (20, 0.5, 7)
        assert request["stop"] == ["END"]
        assert request["response_format"]["json_schema"]["schema"] == schema
        assert request["stream_options"] == {"include_usage": True}

    def test_without_usage_tokens_are_estimated(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [stream(usage=False)]
        reply = ask(llm)
        assert reply.prompt_tokens == llm.count_tokens(HELLO) == 3 + 4 + 2 + 4
        assert reply.completion_tokens == 2

    @pytest.mark.parametrize(
        ("finish", "reason"), [("length", "length"), ("content_filter", "content_filter"), ("x", "stop")]
    )
    def test_the_reason_to_finish_is_kept(self, llm: OpenAILlm, endpoint: Endpoint, finish: str, reason: str):
        endpoint.script = [stream(finish=finish)]
        assert ask(llm).finish_reason == reason

    def test_an_empty_reply_is_a_reply(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [stream("")]
        assert ask(llm).text == ""

    def test_a_known_model_on_this_machine_has_its_price_and_an_unknown_one_is_free(self, endpoint: Endpoint):
        for model, free in (("openai:gpt-4o", False), ("openai:own-model", True)):
            llm = OpenAILlm(recipe.Llm(model=model, base_url=endpoint.url))
            cost = ask(llm).cost_usd
            assert cost is not None and (cost == 0) is free
            llm.close()

    def test_an_exception_of_the_listener_is_passed_on(self, llm: OpenAILlm, endpoint: Endpoint):
        def stop(_: str) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            llm.generate(HELLO, Generation(max_tokens=20), stop)
        assert len(endpoint.requests) == 1


def deltas(*pieces: dict[str, Any], finish: str = "stop", reasoning_tokens: int = 0) -> Action:
    """Stream pieces as they are, e.g. `{"reasoning_content": "hm"}`."""

    def act(handler: Handler) -> None:
        handler.answer(200, b"", Content_Type="text/event-stream")
        for piece in pieces:
            handler.wfile.write(chunk(choices=[{"index": 0, "delta": piece, "finish_reason": None}]))
        handler.wfile.write(chunk(finish=finish))
        details = {"completion_tokens_details": {"reasoning_tokens": reasoning_tokens}}
        handler.wfile.write(chunk(choices=[], usage=USAGE | details))
        handler.wfile.write(b"data: [DONE]\n\n")

    return act


class TestThinking:
    @pytest.mark.parametrize(
        "said",
        [
            stream("<think>Nine", " or ten?</think>\n\nNine days."),
            stream(*"\n<think>Nine < ten?</think>\n\nNine days."),
            stream("[THINK]Nine?[/THINK]", "Nine days."),
            deltas({"reasoning_content": "Nine?"}, {"content": "Nine days."}),
            deltas({"reasoning": "Nine?"}, {"content": "Nine"}, {"content": " days."}),
            deltas({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Nine?"}]}]},
                   {"content": [{"type": "text", "text": "Nine days."}]}),
        ],
    )  # fmt: skip
    def test_thoughts_are_no_part_of_a_reply(self, llm: OpenAILlm, endpoint: Endpoint, said: Action):
        endpoint.script = [said]
        pieces: list[str] = []
        reply = llm.generate(HELLO, Generation(max_tokens=20), pieces.append)
        assert reply.text == "".join(pieces) == "Nine days."

    def test_thoughts_that_are_only_closed_are_no_part_of_a_reply(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [stream("Nine or ten?\n", "</think>\n\nNine days.")]
        assert ask(llm).text == "Nine days."

    @pytest.mark.parametrize("text", ["Write <think> first.", "<b>Nine</b>", "<thi", "[", "Use <think>x</think> here."])
    def test_what_only_looks_like_a_thought_is_kept(self, llm: OpenAILlm, endpoint: Endpoint, text: str):
        endpoint.script = [stream(*text)]
        assert ask(llm).text == text

    @pytest.mark.parametrize(
        "cut",
        [
            stream("<think>Let me", " see", finish="length"),
            deltas({"reasoning_content": "Let me see"}, finish="length"),
            deltas({"content": ""}, finish="length", reasoning_tokens=20),
        ],
    )
    def test_thoughts_that_take_all_the_room_get_room_of_their_own(
        self, llm: OpenAILlm, endpoint: Endpoint, cut: Action
    ):
        endpoint.script = [cut, stream("<think>Nine?</think>Nine days.")]
        reply = ask(llm)
        assert (reply.text, reply.finish_reason) == ("Nine days.", "stop")
        assert (reply.prompt_tokens, reply.completion_tokens) == (24, 6)  # both requests are paid for
        assert ask(llm).text == "Nine days."
        assert [request["max_tokens"] for request in endpoint.requests] == [20, 20 + 2048, 20 + 2048]

    def test_the_answer_behind_the_thoughts_is_as_long_as_it_may_be(self, endpoint: Endpoint):
        endpoint.script = [stream("<think>", "a", "b", "c", "</think>", *["x "] * 30)]
        llm = OpenAILlm(recipe.Llm(model="openai:tester", base_url=endpoint.url, thinking=True))
        reply = ask(llm)
        assert (reply.text, reply.finish_reason) == ("x " * 20, "length")
        llm.close()

    def test_a_model_that_only_thinks_gives_an_empty_reply_that_is_cut_off(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [stream("<think>hm", finish="length")]
        reply = ask(llm)
        assert (reply.text, reply.finish_reason, len(endpoint.requests)) == ("", "length", 2)

    @pytest.mark.parametrize(
        ("model", "sent"),
        [
            ("ollama:tester", {"reasoning_effort": "none"}),
            ("openai:tester", {"chat_template_kwargs": {"enable_thinking": False}}),
        ],
    )
    def test_thinking_is_switched_off_as_the_endpoint_wants_it(
        self, endpoint: Endpoint, model: str, sent: dict[str, Any]
    ):
        llm = OpenAILlm(recipe.Llm(model=model, base_url=endpoint.url, thinking=False))
        ask(llm)
        assert endpoint.requests[0].items() >= sent.items()
        endpoint.script = [refuse(400, f"Unrecognized request argument: {next(iter(sent))}"), stream()]
        assert ask(llm).text == "Hello!"
        assert not endpoint.requests[-1].keys() & sent.keys()
        llm.close()


class TestOptions:
    def test_what_the_recipe_adds_is_sent(self, endpoint: Endpoint):
        settings = recipe.Llm(model="openai:tester", base_url=endpoint.url, extra_body={"top_k": 20, "seed": 9})
        llm = OpenAILlm(settings)
        ask(llm, top_p=0.5)
        (request,) = endpoint.requests
        assert (request["top_k"], request["seed"], request["top_p"]) == (20, 9, 0.5)
        llm.close()

    @pytest.mark.parametrize(
        ("option", "said"),
        [
            ("stream_options", {"message": "Unknown field: stream_options"}),
            ("seed", {"message": "Extra inputs are not permitted", "param": "seed"}),
            ("temperature", {"message": "Unsupported value: temperature does not support 0.0", "param": "temperature"}),
        ],
    )
    def test_an_option_that_is_refused_is_left_out_from_then_on(
        self, llm: OpenAILlm, endpoint: Endpoint, pauses: list[float], option: str, said: dict[str, str]
    ):
        endpoint.script = [refuse(400, **said), stream()]
        assert ask(llm).text == "Hello!"
        assert ask(llm).text == "Hello!"
        assert [option in request for request in endpoint.requests] == [True, False, False]
        assert not pauses

    def test_leaving_out_the_temperature_is_said(
        self, llm: OpenAILlm, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
    ):
        endpoint.script = [refuse(400, "temperature is not supported"), stream()]
        ask(llm)
        ask(llm)
        assert [record.levelno for record in caplog.records if record.name == "scoville"] == [logging.WARNING]

    def test_newer_models_get_max_completion_tokens(self, llm: OpenAILlm, endpoint: Endpoint):
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        endpoint.script = [refuse(400, message, param="max_tokens"), stream()]
        ask(llm)
        assert endpoint.requests[1]["max_completion_tokens"] == 20
        assert "max_tokens" not in endpoint.requests[1]

    def test_an_endpoint_that_refuses_everything_is_given_up(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [refuse(400, "unsupported", param="seed")]
        with pytest.raises(ProviderError, match="unsupported"):
            ask(llm)
        assert len(endpoint.requests) == 2

    def test_a_schema_is_left_out_where_it_is_not_taken(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [refuse(400, "response_format of type json_schema is not supported"), stream()]
        ask(llm, json_schema={"type": "object"})
        assert "response_format" in endpoint.requests[0] and "response_format" not in endpoint.requests[1]

    @pytest.mark.parametrize(("closed", "strict"), [({"additionalProperties": False}, True), ({}, False)])
    def test_a_schema_is_strict_where_endpoints_take_it_so(
        self, llm: OpenAILlm, endpoint: Endpoint, closed: dict[str, Any], strict: bool
    ):
        inner = {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"], **closed}
        outer = {"type": "object", "properties": {"a": {"type": "array", "items": inner}}, "required": ["a"]}
        ask(llm, json_schema={**outer, "additionalProperties": False})
        assert endpoint.requests[0]["response_format"]["json_schema"]["strict"] is strict

    def test_a_stop_string_is_never_left_out(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [refuse(400, "stop is not supported", param="stop"), stream()]
        with pytest.raises(ProviderError, match="stop"):
            ask(llm, stop=("x",))


class TestRetries:
    def test_a_busy_endpoint_is_asked_again_when_it_says(self, llm: OpenAILlm, endpoint: Endpoint, pauses: list[float]):
        endpoint.script = [refuse(429, "slow down", Retry_After="7"), stream()]
        assert ask(llm).text == "Hello!"
        assert pauses == [7]

    def test_who_asks_while_the_endpoint_wants_a_pause_waits_for_its_end_too(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ):
        came: list[float] = []
        refused = threading.Event()

        def note(handler: Handler) -> None:
            came.append(time.monotonic())
            stream()(handler)

        def slow_down(handler: Handler) -> None:
            came.append(time.monotonic())
            refuse(429, "slow down", Retry_After="0.4")(handler)
            refused.set()

        endpoint.script = [slow_down, note]
        llm = OpenAILlm(recipe.Llm(model="openai:tester", base_url=endpoint.url))
        with ThreadPoolExecutor(5) as threads:
            first = threads.submit(ask, llm)
            assert refused.wait(60)
            time.sleep(0.05)
            others = [threads.submit(ask, llm) for _ in range(4)]
            assert [one.result().text for one in (first, *others)] == ["Hello!"] * 5
        llm.close()
        assert min(came[1:]) - came[0] > 0.35
        assert max(came[1:]) - came[0] < 30

    def test_retry_after_may_be_a_date(self, llm: OpenAILlm, endpoint: Endpoint, pauses: list[float]):
        endpoint.script = [refuse(503, Retry_After=formatdate(time.time() + 30, usegmt=True)), stream()]
        ask(llm)
        assert 25 < pauses[0] < 31

    def test_a_busy_endpoint_is_given_up_in_the_end(self, llm: OpenAILlm, endpoint: Endpoint, pauses: list[float]):
        endpoint.script = [refuse(429, "slow down")]
        with pytest.raises(ProviderRateLimited, match="slow down") as raised:
            ask(llm)
        assert raised.value.retryable
        assert len(endpoint.requests) == 4
        assert len(pauses) == 3
        assert pauses[0] < pauses[1] < pauses[2]

    def test_an_endpoint_that_asks_for_an_hour_is_given_up_at_once(
        self, llm: OpenAILlm, endpoint: Endpoint, pauses: list[float]
    ):
        endpoint.script = [refuse(429, Retry_After="3600"), stream()]
        with pytest.raises(ProviderRateLimited, match="3600 s"):
            ask(llm)
        assert not pauses

    def test_a_spent_budget_is_not_asked_again(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [refuse(429, "quota", code="insufficient_quota", X_Should_Retry="false"), stream()]
        with pytest.raises(ProviderRateLimited):
            ask(llm)
        assert len(endpoint.requests) == 1

    @pytest.mark.parametrize("status", [500, 502, 503])
    def test_a_failing_endpoint_is_asked_again(self, llm: OpenAILlm, endpoint: Endpoint, status: int):
        endpoint.script = [refuse(status), refuse(status), stream()]
        assert ask(llm).text == "Hello!"
        endpoint.script = [refuse(status)]
        with pytest.raises(ProviderUnavailable, match=str(status)):
            ask(llm)

    def test_a_reply_that_breaks_off_is_not_begun_again(self, llm: OpenAILlm, endpoint: Endpoint):
        pieces: list[str] = []
        error = f"data: {json.dumps({'error': {'message': 'overloaded'}})}\n\n".encode()

        def break_off(handler: Handler) -> None:
            handler.answer(200, chunk("Hel") + error, Content_Type="text/event-stream")

        endpoint.script = [break_off, stream()]
        with pytest.raises(ProviderError, match="overloaded"):
            llm.generate(HELLO, Generation(max_tokens=20), pieces.append)
        assert pieces == ["Hel"]
        assert len(endpoint.requests) == 1

    def test_a_reply_that_is_cut_off_is_no_reply(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [stream(cut=True)]
        with pytest.raises(ProviderError, match="broke off after 6 characters"):
            ask(llm)

    @pytest.mark.parametrize(("model", "advice"), [("openai:tester", "check"), ("ollama:tester", "start Ollama")])
    def test_nobody_at_the_address_is_a_clear_error(self, pauses: list[float], model: str, advice: str):
        with Endpoint() as server:
            url = server.url
        llm = OpenAILlm(recipe.Llm(model=model, base_url=url, max_retries=2))
        with pytest.raises(
            ProviderUnavailable, match=rf"no connection to http://127\.0\.0\.1.*{advice}.*llm\.base_url"
        ):
            ask(llm)
        assert len(pauses) == 2
        llm.close()


class TestTimeouts:
    def test_a_silent_endpoint_is_a_timeout(self, endpoint: Endpoint, pauses: list[float]):
        endpoint.script = [lambda _: time.sleep(1.5)]
        llm = OpenAILlm(
            recipe.Llm(model="openai:tester", base_url=endpoint.url, timeout_seconds=1, max_retries=0),
        )
        with pytest.raises(ProviderTimeout, match=r"llm\.timeout_seconds"):
            ask(llm)
        llm.close()

    def test_an_endpoint_that_trickles_is_a_timeout(self, endpoint: Endpoint):
        endpoint.script = [stream(*["x"] * 300, pause=0.1)]
        llm = OpenAILlm(recipe.Llm(model="openai:tester", base_url=endpoint.url, timeout_seconds=1))
        started = time.perf_counter()
        with pytest.raises(ProviderTimeout, match="did not finish"):
            ask(llm)
        assert time.perf_counter() - started < 20
        llm.close()

    @pytest.mark.parametrize("what", ["headers", "body", "comments", "thoughts"])
    def test_every_request_has_an_end_whatever_trickles(self, endpoint: Endpoint, what: str):
        def trickle(handler: Handler) -> None:
            if what != "headers":
                handler.answer(200, b"", Content_Type="text/html" if what == "body" else "text/event-stream")
            piece = {"headers": b"X", "body": b" ", "comments": b": still here\n\n", "thoughts": chunk("<think>")}[what]
            for _ in range(600):
                handler.wfile.write(piece)
                handler.wfile.flush()
                time.sleep(0.05)

        endpoint.script = [trickle]
        llm = OpenAILlm(recipe.Llm(model="openai:tester", base_url=endpoint.url, timeout_seconds=1, max_retries=0))
        started = time.perf_counter()
        with pytest.raises(ProviderTimeout, match=r"did not finish in 1 s; raise llm\.timeout_seconds"):
            ask(llm)
        assert time.perf_counter() - started < 20
        llm.close()


class TestSize:
    @pytest.mark.parametrize("status", [200, 500])
    def test_a_reply_without_end_is_given_up(
        self, endpoint: Endpoint, status: int, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
    ):
        monkeypatch.setattr("scoville.endpoint.LARGEST_REPLY_BYTES", 2_000_000)
        sent = 0

        def flood(handler: Handler) -> None:
            nonlocal sent
            handler.answer(status, b"", Content_Type="text/event-stream")
            for _ in range(400):
                handler.wfile.write(b"x" * 100_000)
                sent += 100_000

        endpoint.script = [flood]
        llm = OpenAILlm(recipe.Llm(model="openai:tester", base_url=endpoint.url, max_retries=0 if status > 200 else 3))
        with pytest.raises(ProviderError, match="sent more than 2 MB"):
            ask(llm)
        assert sent < 20_000_000 and len(endpoint.requests) == 1 and not pauses
        llm.close()

    def test_a_reply_that_is_packed_is_refused(self, llm: OpenAILlm, endpoint: Endpoint):
        body = gzip.compress(b"x" * 1_000_000)
        endpoint.script = [lambda handler: handler.answer(200, body, Content_Encoding="gzip")]
        with pytest.raises(ProviderError, match="compressed"):
            ask(llm)
        assert endpoint.requests[0]["encoding"] == "identity"


class TestErrors:
    @pytest.mark.parametrize(
        "said",
        [
            f"Bad header 'Authorization: Bearer {KEY}'", "Authorization: Basic c2VjcmV0OnNlY3JldA==",
            '{"authorization": "Bearer c2VjcmV0OnNlY3JldA"}', "no such key: sk-c2VjcmV0OnNlY3JldA",
            "api_key=c2VjcmV0OnNlY3JldA is wrong", "X-Api-Key: c2VjcmV0OnNlY3JldA", "token: c2VjcmV0OnNlY3JldA",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("status", [400, 401, 404, 500])
    def test_keys_that_an_endpoint_echoes_are_not_repeated(
        self, llm: OpenAILlm, endpoint: Endpoint, pauses: list[float], status: int, said: str
    ):
        for script in ([refuse(status, said)], [refuse(status, json.dumps({"headers": said}))]):
            endpoint.script = script
            with pytest.raises(ProviderError) as raised:
                ask(llm)
            assert KEY not in str(raised.value) and "c2VjcmV0" not in str(raised.value)
            assert "***" in str(raised.value)

    def test_words_that_are_no_keys_are_kept(self, llm: OpenAILlm, endpoint: Endpoint):
        said = "max_tokens: 5 is above the 4 tokens of this basic plan; the key word is tokenizer"
        endpoint.script = [refuse(400, said)]
        with pytest.raises(ProviderError, match=said):
            ask(llm)

    def test_the_key_is_in_the_variable_that_the_recipe_names(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("GROQ_API_KEY", "gk-of-another-place")
        llm = OpenAILlm(recipe.Llm(model="openai:tester", base_url=endpoint.url, api_key_env="GROQ_API_KEY"))
        ask(llm)
        assert endpoint.requests[0]["key"] == "Bearer gk-of-another-place"
        endpoint.script = [refuse(401)]
        with pytest.raises(ProviderAuth, match="GROQ_API_KEY"):
            ask(llm)
        llm.close()

    @pytest.mark.parametrize("model", ["ollama:tester", "vllm:tester"])
    def test_servers_of_this_machine_are_not_sent_the_key_of_openai(
        self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, model: str
    ):
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        llm = OpenAILlm(recipe.Llm(model=model, base_url=endpoint.url))
        reply = ask(llm)
        assert (reply.model, endpoint.requests[0]["model"]) == (model, "tester")
        assert endpoint.requests[0]["key"] == "Bearer unused"
        endpoint.script = [refuse(401)]
        with pytest.raises(ProviderAuth, match=r"llm\.api_key_env"):
            ask(llm)
        llm.close()

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refused_key_names_the_variable_and_never_the_key(self, llm: OpenAILlm, endpoint: Endpoint, status: int):
        endpoint.script = [refuse(status, f"Incorrect API key provided: {KEY}.")]
        with pytest.raises(ProviderAuth, match="OPENAI_API_KEY") as raised:
            ask(llm)
        assert KEY not in str(raised.value)
        assert raised.value.__cause__ is None
        assert len(endpoint.requests) == 1

    def test_an_unknown_model_of_this_machine_is_told_with_those_there_are(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script, endpoint.models = [refuse(404, "model not found")], ["qwen3:0.6b", "llama3:latest"]
        with pytest.raises(ProviderNotFound, match=r"has no tester .*; it has llama3:latest, qwen3:0\.6b"):
            ask(llm)

    def test_an_unknown_model_is_not_found(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [refuse(404, "The model does not exist")]
        with pytest.raises(ProviderNotFound, match=r"tester.*llm\.model"):
            ask(llm)
        assert len(endpoint.requests) == 1

    @pytest.mark.parametrize(
        "said",
        [
            {"message": "too long", "code": "context_length_exceeded"},
            {"message": "This model's maximum context length is 10 tokens; max_tokens is not allowed to be more."},
            {"message": "request (9 tokens) exceeds the available context size (8 tokens)"},
        ],
    )
    def test_a_prompt_that_is_too_long_says_what_to_lower(
        self, llm: OpenAILlm, endpoint: Endpoint, said: dict[str, str]
    ):
        endpoint.script = [refuse(400, **said)]
        with pytest.raises(ContextTooLong, match=r"search\.passages"):
            ask(llm)

    def test_another_refusal_says_what_the_endpoint_said(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [refuse(400, "messages: " + "x" * 1000)]
        with pytest.raises(ProviderError, match="messages: x") as raised:
            ask(llm)
        assert type(raised.value) is ProviderError
        assert len(str(raised.value)) < 500

    @pytest.mark.parametrize("body", [b"", b"<html>hello</html>", b'{"choices": []}', b"data: [DONE]\n\n"])
    def test_what_is_no_stream_is_no_reply(self, llm: OpenAILlm, endpoint: Endpoint, body: bytes):
        endpoint.script = [lambda handler: handler.answer(200, body, Content_Type="text/html")]
        with pytest.raises(ProviderError, match="no reply"):
            ask(llm)

    def test_a_stream_of_garbage_is_no_reply(self, llm: OpenAILlm, endpoint: Endpoint):
        endpoint.script = [lambda handler: handler.answer(200, b"data: {oh\n\n", Content_Type="text/event-stream")]
        with pytest.raises(ProviderError, match="no reply"):
            ask(llm)


class TestAddressAndKey:
    def test_this_machine_needs_no_key(self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        llm = OpenAILlm(recipe.Llm(model="openai:tester"))
        assert ask(llm).text == "Hello!"
        assert endpoint.requests[0]["key"] == "Bearer unused"
        llm.close()

    @pytest.mark.parametrize("url", [None, "https://llm.example/v1", "http://127.0.0.1.example/v1"])
    def test_another_machine_needs_a_key(self, url: str | None, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("OPENAI_API_KEY", " ")
        monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
        with pytest.raises(ProviderAuth, match="OPENAI_API_KEY is not set"):
            ask(OpenAILlm(recipe.Llm(model="openai:tester", base_url=url)))

    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("", "http://127.0.0.1:11434/v1"), ("0.0.0.0", "http://127.0.0.1:11434/v1"),
            (":8080", "http://127.0.0.1:8080/v1"), ("box.example", "http://box.example:11434/v1"),
            ("box.example:80", "http://box.example:80/v1"), ("https://box.example", "https://box.example:443/v1"),
            ("http://box.example:8080/", "http://box.example:8080/v1"), ("[::1]", "http://[::1]:11434/v1"),
            ("[::1]:9", "http://[::1]:9/v1"),
        ],
    )  # fmt: skip
    def test_ollama_is_where_its_own_variable_says(self, host: str, url: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("OLLAMA_HOST", host)
        assert endpoint_url("ollama:qwen3", None) == url
        assert endpoint_url("ollama:qwen3", "http://other.example/v1") == "http://other.example/v1"

    def test_addresses_of_this_machine_are_known(self):
        own = ["http://localhost:1/v1", "http://127.0.0.1/v1", "http://127.9.9.9:80", "http://[::1]:8000/v1"]
        others = ["http://localhost.example/v1", "https://10.0.0.1/v1", "http://127.0.0.1@llm.example/v1"]
        assert [is_loopback(url) for url in own] == [True] * 4
        assert [is_loopback(url) for url in others] == [False] * 3

    def test_credentials_in_an_address_are_not_shown(self):
        assert place("https://me:secret@llm.example:8/v1?key=secret") == "https://llm.example:8/v1"
