"""/v1 as OpenAI's own client sees it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel
from serving import LEAVE, Served, office

from scoville.serve.service import service_in

LINK = re.compile(r"\[1\]\((http://127\.0\.0\.1:\d+/api/pages/[0-9a-f]{16}/1\.png\?boxes=[\d.,;]+)\)")


def in_form(schema: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("work")) as one:
        yield one


def test_an_answer_has_links_to_its_pages_and_annotations_that_span_them(served: Served):
    with served.openai() as client:
        reply = client.chat.completions.create(model="my-bot", messages=[{"role": "user", "content": LEAVE}])
    message = reply.choices[0].message
    text = message.content or ""
    found = LINK.search(text)
    assert found and text.startswith("Parental leave takes 16 weeks.")
    (annotation,) = message.annotations or []
    cited = annotation.url_citation
    assert (text[cited.start_index : cited.end_index], cited.url) == (found[0], found[1])
    assert "page 1" in cited.title
    assert reply.usage and reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0
    with served.client() as browser:
        page = browser.get(cited.url)
    assert page.status_code == 200 and page.headers["content-type"] == "image/png"
    assert page.content.startswith(b"\x89PNG")


def test_a_stream_says_the_same_in_pieces_that_cut_no_link(served: Served):
    asked = {"model": "my-bot", "messages": [{"role": "user", "content": LEAVE}]}
    with served.openai() as client:
        whole = client.chat.completions.create(**asked).choices[0].message.content
        chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert "".join(texts) == whole
    assert [bool(LINK.fullmatch(text)) for text in texts] == [False, True]
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage and not chunks[-1].choices
    names = served.events("/v1/chat/completions", asked | {"stream": True})
    assert names[-1] == ("", "[DONE]")
    assert json.loads(names[-2][1])["scoville"]["citations"][0]["quote"]  # our own field comes last


def test_a_refusal_says_so_and_cites_nothing(served: Served, monkeypatch: pytest.MonkeyPatch):
    body = {"model": "my-bot", "messages": [{"role": "user", "content": "zzz"}]}
    strict = served.bot.variant({"answer.min_similarity": 1.0})
    monkeypatch.setitem(service_in(served.app).bots, "strict", strict)
    with served.client() as client:
        said = client.post("/v1/chat/completions", json=body | {"model": "strict"}).json()
    assert said["scoville"]["refused"] and said["scoville"]["reason"] == "weak_evidence"
    assert said["choices"][0]["message"]["annotations"] == []
    assert said["choices"][0]["message"]["content"] == strict.recipe.answer.refusal


def test_earlier_turns_come_without_the_links_that_we_gave(served: Served, monkeypatch: pytest.MonkeyPatch):
    seen: list[list[str]] = []
    asked = served.bot.asked

    def spy(question: str, history: list, **how: object):  # pyright: ignore
        seen.append([turn.content for turn in history])
        return asked(question, history, **how)

    monkeypatch.setattr(served.bot, "asked", spy)
    with served.openai() as client:
        first = client.chat.completions.create(model="my-bot", messages=[{"role": "user", "content": LEAVE}])
        said = first.choices[0].message.content or ""
        client.chat.completions.create(model="my-bot", messages=[
            {"role": "system", "content": "Talk like a pirate."}, {"role": "user", "content": LEAVE},
            {"role": "assistant", "content": said}, {"role": "user", "content": [{"type": "text", "text": "Then?"}]},
        ])  # fmt: skip
    assert "](http" in said
    assert seen == [[], [LEAVE, "Parental leave takes 16 weeks."]]


def test_what_cannot_be_done_is_said_in_the_form_of_the_api(served: Served):
    body = {"model": "my-bot", "messages": [{"role": "user", "content": LEAVE}]}
    with served.client() as client:
        for change, status, words in (
            ({"model": "gpt-9"}, 404, "there are 'my-bot'"),
            ({"messages": []}, 400, "the last message"),
            ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "the last message"),
            ({"messages": [{"role": "user", "content": ""}]}, 400, "question"),
            ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "image_url"),
            ({"messages": [{"role": "king", "content": "x"}]}, 400, "messages.0.role"),
            ({"n": 2}, 400, "n:"),
            ({"tools": [{"type": "function"}]}, 400, "tools"),
            ({"response_format": {"type": "json_object"}}, 400, "response_format"),
            ({"response_format": {"type": "json_schema"}}, 400, "with a schema"),
            (in_form({"type": "king"}), 400, "no JSON schema"),
            (in_form({"type": "object", "properties": {"a": True}}), 400, "properties"),
            (in_form({"type": "object", "properties": {str(n): {} for n in range(101)}}), 400, "100 fields"),
        ):
            reply = client.post("/v1/chat/completions", json=body | change)
            assert reply.status_code == status
            assert words in reply.json()["error"]["message"]
            assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
        broken = client.post("/v1/chat/completions", content=b"{", headers={"Content-Type": "application/json"})
        assert broken.status_code == 400
        untyped = client.post("/v1/chat/completions", content=b'{"model": "my-bot"}')
        assert "Content-Type: application/json" in untyped.json()["error"]["message"]
        assert client.get("/v1/nothing").json()["error"]["type"] == "not_found_error"


def test_models_are_the_bots(served: Served):
    with served.openai() as client:
        assert [one.id for one in client.models.list()] == ["my-bot"]
        assert client.models.retrieve("my-bot").owned_by == "scoville"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-9")


def test_embeddings_are_those_of_the_index(served: Served):
    with served.openai() as client:
        reply = client.embeddings.create(model="my-bot", input=["Parental leave", "Pay"])
        plain = client.embeddings.create(model="fake", input="Pay", encoding_format="float")
    expected = served.bot.searcher().embedder.embed(["Parental leave", "Pay"])
    assert reply.data[0].embedding == pytest.approx(expected[0].tolist(), abs=1e-6)
    assert plain.data[0].embedding == pytest.approx(expected[1].tolist(), abs=1e-6)
    assert reply.usage.prompt_tokens == 3
    with served.client() as client:
        for wrong in ({"input": []}, {"input": ["a", ""]}, {"input": "a", "dimensions": 3}, {"input": [[1, 2]]}):
            assert client.post("/v1/embeddings", json={"model": "my-bot"} | wrong).status_code == 400


class Leave(BaseModel):
    weeks: int
    pages: list[int]


def test_a_reply_is_json_of_the_schema_that_was_asked_for(served: Served, monkeypatch: pytest.MonkeyPatch):
    for name, least in (("form", 0.0), ("strict", 1.0)):
        values = {"llm.model": 'fake:{"weeks": 16, "pages": [1]}', "answer.min_similarity": least}
        monkeypatch.setitem(service_in(served.app).bots, name, served.bot.variant(values))
    with served.openai() as client:
        for name in ("form", "strict"):
            chat = client.chat.completions.parse(
                model=name, messages=[{"role": "user", "content": LEAVE}], response_format=Leave
            )
            with client.responses.stream(model=name, input=LEAVE, text_format=Leave) as stream:
                kinds = {event.type for event in stream}
                answered = stream.get_final_response()
            message, content = chat.choices[0].message, answered.output[0].content[0]  # pyright: ignore
            if name == "form":
                assert message.parsed == answered.output_parsed == Leave(weeks=16, pages=[1])
                assert (chat.model_extra or {})["scoville"]["citations"][0]["pointer"] == "/weeks"
            else:
                assert message.refusal == content.refusal == served.bot.recipe.answer.refusal  # pyright: ignore
                assert message.parsed is message.content is answered.output_parsed is None
                assert "response.refusal.done" in kinds


def test_a_reply_that_is_no_such_json_is_the_fault_of_the_model(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(service_in(served.app).bots, "bad", served.bot.variant({"llm.model": "fake:no JSON"}))
    body = {"model": "bad", "messages": [{"role": "user", "content": LEAVE}]}
    with served.client() as client:
        reply = client.post("/v1/chat/completions", json=body | in_form(Leave.model_json_schema()))
        assert reply.status_code == 502 and "asked twice" in reply.json()["error"]["message"]
