"""Anthropic's Messages API, against a server of this machine that plays it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import test_llm_openai
from test_llm_openai import HELLO, Action, Endpoint, Handler, refuse

from scoville import recipe
from scoville.endpoint import Endpoint as Asked
from scoville.endpoint import endpoint_url
from scoville.errors import (
    ContextTooLong,
    ProviderAuth,
    ProviderError,
    ProviderNotFound,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
    UnknownModel,
)
from scoville.llm import Generation, open_llm
from scoville.llm.anthropic import AnthropicLlm

endpoint, pauses = test_llm_openai.endpoint, test_llm_openai.pauses  # fixtures
KEY = "sk-ant-made-up-for-this-test"


def event(kind: str, **more: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()


def start(kind: str = "text") -> bytes:
    usage = {"input_tokens": 12, "cache_creation_input_tokens": None, "cache_read_input_tokens": 5, "output_tokens": 1}
    return event("message_start", message={"id": "m", "role": "assistant", "content": [], "usage": usage}) + event(
        "content_block_start", index=0, content_block={"type": kind}
    )


def delta(text: str) -> bytes:
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def end(stop_reason: str = "end_turn") -> bytes:
    stopped = event("content_block_stop", index=0)
    counted = event("message_delta", delta={"stop_reason": stop_reason}, usage={"output_tokens": 3})
    return stopped + counted + event("message_stop")


def say(*said: bytes) -> Action:
    return lambda handler: handler.answer(200, b"".join(said), Content_Type="text/event-stream")


FINE = say(start(), event("ping"), delta("Hel"), delta("lo"), delta("!"), end())


@pytest.fixture
def llm(endpoint: Endpoint, pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[AnthropicLlm]:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    endpoint.script = [FINE]
    opened = open_llm(recipe.Llm(model="anthropic:claude-haiku-4-5", base_url=endpoint.url))
    assert isinstance(opened, AnthropicLlm)
    yield opened
    opened.close()


def ask(llm: AnthropicLlm, **options: Any) -> Any:
    return llm.generate(HELLO, Generation(max_tokens=20, **options))


class TestReply:
    def test_a_stream_becomes_a_reply_with_its_price(self, llm: AnthropicLlm, endpoint: Endpoint):
        pieces: list[str] = []
        reply = llm.generate(HELLO, Generation(max_tokens=20), pieces.append)
        assert pieces == ["Hel", "lo", "!"]
        assert (reply.text, reply.finish_reason, reply.runtime) == ("Hello!", "stop", "anthropic")
        assert (reply.model, reply.prompt_tokens, reply.completion_tokens) == ("anthropic:claude-haiku-4-5", 17, 3)
        assert reply.cost_usd == pytest.approx((17 * 1 + 3 * 5) / 1e6)
        assert 0 < reply.first_token_seconds <= reply.total_seconds

    def test_the_request_is_in_its_words(self, llm: AnthropicLlm, endpoint: Endpoint):
        schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
        ask(llm, temperature=0.5, stop=("END", "\n\n"), json_schema=schema)
        (sent,) = endpoint.requests
        assert (sent["path"], sent["model"], sent["stream"]) == ("/v1/messages", "claude-haiku-4-5", True)
        assert (sent["system"], sent["messages"]) == ("Be brief.", [{"role": "user", "content": "Hello"}])
        assert (sent["max_tokens"], sent["temperature"], sent["stop_sequences"]) == (20, 0.5, ["END"])
        closed = {**schema, "additionalProperties": False}
        assert sent["output_config"] == {"format": {"type": "json_schema", "schema": closed}}
        assert not sent.keys() & {"seed", "stop", "stream_options", "top_p", "thinking"}

    def test_a_schema_is_sent_without_what_is_refused(self, llm: AnthropicLlm, endpoint: Endpoint):
        count = {"type": ["integer", "null"], "minimum": 0}
        inner = {"type": "object", "properties": {"minimum": count}, "required": []}
        ask(llm, json_schema={"type": "array", "items": inner, "maxItems": 9})
        assert endpoint.requests[0]["output_config"]["format"]["schema"] == {
            "type": "array",
            "items": {
                "type": "object", "properties": {"minimum": {"type": ["integer", "null"]}}, "required": [],
                "additionalProperties": False,
            },
        }  # fmt: skip

    def test_the_key_stands_in_its_own_header(self, llm: AnthropicLlm, endpoint: Endpoint):
        seen: dict[str, Any] = {}

        def look(handler: Handler) -> None:
            seen.update({name.lower(): value for name, value in handler.headers.items()})
            FINE(handler)

        endpoint.script = [look]
        ask(llm)
        assert (seen["x-api-key"], seen["anthropic-version"]) == (KEY, "2023-06-01")
        assert "authorization" not in seen

    @pytest.mark.parametrize(
        ("stop_reason", "reason"),
        [("max_tokens", "length"), ("refusal", "content_filter"), ("stop_sequence", "stop"), ("new", "stop")],
    )
    def test_the_reason_to_finish_is_kept(
        self, llm: AnthropicLlm, endpoint: Endpoint, stop_reason: str, reason: str
    ):  # fmt: skip
        endpoint.script = [say(start(), delta("Hello"), end(stop_reason))]
        assert ask(llm).finish_reason == reason

    def test_a_blank_line_ends_a_reply_although_it_cannot_be_sent(self, llm: AnthropicLlm, endpoint: Endpoint):
        endpoint.script = [say(start(), delta("One.\n"), delta("\nTwo."), end())]
        assert ask(llm, stop=("\n\n",)).text == "One."

    def test_thoughts_are_no_part_of_a_reply_and_get_room(self, endpoint: Endpoint):
        thought = event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Nine?"})
        text = event("content_block_start", index=1, content_block={"type": "text"}) + delta("Nine.")
        endpoint.script = [say(start("thinking"), thought, text, end())]
        llm = AnthropicLlm(recipe.Llm(model="anthropic:tester", base_url=endpoint.url, thinking=True))
        assert ask(llm).text == "Nine."
        (sent,) = endpoint.requests
        assert (sent["max_tokens"], sent["thinking"]) == (20 + 2048, {"type": "adaptive"})
        assert "temperature" not in sent  # it is refused beside thinking
        llm.close()

    def test_an_option_that_is_refused_is_left_out_from_then_on(self, llm: AnthropicLlm, endpoint: Endpoint):
        endpoint.script = [refuse(400, "`temperature` is deprecated for this model."), FINE]
        assert [ask(llm).text, ask(llm).text] == ["Hello!"] * 2
        assert ["temperature" in sent for sent in endpoint.requests] == [True, False, False]

    def test_what_the_recipe_adds_is_sent(self, endpoint: Endpoint):
        endpoint.script = [FINE]
        thinking = {"type": "enabled", "budget_tokens": 1024}
        llm = AnthropicLlm(
            recipe.Llm(model="anthropic:tester", base_url=endpoint.url, extra_body={"thinking": thinking})
        )
        ask(llm)
        assert endpoint.requests[0]["thinking"] == thinking
        llm.close()


class TestFaults:
    def test_a_busy_endpoint_is_asked_again_when_it_says(
        self, llm: AnthropicLlm, endpoint: Endpoint, pauses: list[float]
    ):  # fmt: skip
        endpoint.script = [refuse(429, "rate_limit_error", Retry_After="7"), refuse(529, "Overloaded"), FINE]
        assert ask(llm).text == "Hello!"
        assert pauses[0] == 7 and len(pauses) == 2
        endpoint.script = [refuse(429, "rate_limit_error", Retry_After="3600")]
        with pytest.raises(ProviderRateLimited, match="3600 s"):
            ask(llm)
        endpoint.script = [refuse(529, "Overloaded")]
        with pytest.raises(ProviderUnavailable, match="Overloaded"):
            ask(llm)

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            (say(start(), delta("Hel")), "broke off after 3 characters"),
            (say(start(), delta("Hel"), event("error", error={"type": "e", "message": "Overloaded"})), "Overloaded"),
            (say(), "sent no reply"),
            (say(b"data: {oh\n\n"), "sent what is no reply"),
            (say(b'data: ["a"]\n\n'), "sent what is no reply"),
            (say(event("content_block_delta", delta=None)), "sent what is no reply"),
            (say(b"data: <html>hello</html>\n\n"), "sent what is no reply"),
        ],
    )
    def test_what_is_no_whole_reply_is_a_clear_error(
        self, llm: AnthropicLlm, endpoint: Endpoint, said: Action, told: str
    ):  # fmt: skip
        endpoint.script = [said]
        with pytest.raises(ProviderError, match=told):
            ask(llm)
        assert len(endpoint.requests) == 1

    def test_a_model_without_words_gives_an_empty_reply(self, llm: AnthropicLlm, endpoint: Endpoint):
        endpoint.script = [say(start(), end())]
        assert (ask(llm).text, ask(llm).finish_reason) == ("", "stop")

    def test_an_endless_reply_ends_in_time(self, endpoint: Endpoint):
        def babble(handler: Handler) -> None:
            handler.answer(200, start(), Content_Type="text/event-stream")
            while True:
                handler.wfile.write(delta("again and "))

        endpoint.script = [babble]
        llm = AnthropicLlm(recipe.Llm(model="anthropic:tester", base_url=endpoint.url, timeout_seconds=1))
        with pytest.raises(ProviderTimeout, match=r"llm\.timeout_seconds"):
            ask(llm)
        llm.close()

    def test_a_refused_key_names_the_variable_and_never_the_key(self, llm: AnthropicLlm, endpoint: Endpoint):
        endpoint.script = [refuse(401, f"invalid x-api-key {KEY}")]
        with pytest.raises(ProviderAuth, match="ANTHROPIC_API_KEY") as raised:
            ask(llm)
        assert KEY not in str(raised.value)

    def test_a_prompt_that_is_too_long_says_what_to_lower(self, llm: AnthropicLlm, endpoint: Endpoint):
        endpoint.script = [refuse(400, "prompt is too long: 208310 tokens > 200000 maximum")]
        with pytest.raises(ContextTooLong, match=r"search\.passages"):
            ask(llm)


class TestAddress:
    @pytest.mark.parametrize("url", ["https://llm.example", "https://llm.example/", "https://llm.example/v1"])
    def test_its_own_variable_says_where_it_is(self, url: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        assert endpoint_url("anthropic:claude", None) == "https://llm.example/v1"
        monkeypatch.delenv("ANTHROPIC_BASE_URL")
        assert endpoint_url("anthropic:claude", None) == "https://api.anthropic.com/v1"

    def test_a_name_alone_is_no_model_and_it_has_no_embedders(self):
        with pytest.raises(UnknownModel, match="anthropic:NAME"):
            open_llm(recipe.Llm(model="anthropic:"))

    def test_a_check_asks_for_the_one_model(self, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch):
        asked = Asked(recipe.Llm(model="anthropic:claude-haiku-4-5", base_url=endpoint.url))
        with pytest.raises(ProviderNotFound, match="claude-haiku-4-5"):
            asked.check()

        def one(handler: Handler) -> None:
            body = json.dumps({"type": "model", "id": f"{handler.path.rpartition('/')[2]}-20251001"})
            handler.answer(200, body.encode(), Content_Type="application/json")

        monkeypatch.setattr(Handler, "do_GET", one)
        assert asked.check() == f"{asked.where} has it: claude-haiku-4-5-20251001"
        asked.close()
