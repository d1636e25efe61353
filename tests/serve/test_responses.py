"""/v1/responses as OpenAI's own client sees it."""

from collections.abc import Iterator

import openai
import pytest
from serving import LEAVE, Served, office


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("work")) as one:
        yield one


def test_a_response_cites_by_annotations_that_span_its_links(served: Served):
    with served.openai() as client:
        reply = client.responses.create(model="my-bot", input=LEAVE)
    (annotation,) = reply.output[0].content[0].annotations
    text = reply.output_text
    assert text.startswith("Parental leave takes 16 weeks.")
    assert text[annotation.start_index : annotation.end_index] == f"[1]({annotation.url})"
    assert (reply.status, reply.store, reply.model) == ("completed", False, "my-bot")
    assert reply.usage and reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens > 0
    assert reply.to_dict()["scoville"]["citations"][0]["verified"]
    assert list(reply.to_dict())[-1] == "scoville"


def test_its_events_come_in_the_order_of_the_api(served: Served):
    with served.openai() as client:
        whole = client.responses.create(model="my-bot", input=LEAVE).output_text
        events = list(client.responses.create(model="my-bot", input=[{"role": "user", "content": LEAVE}], stream=True))
    assert [event.type.removeprefix("response.") for event in events] == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
        "output_text.annotation.added", "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    done = events[-1].response
    assert deltas == done.output_text == whole
    assert events[6].to_dict()["annotation"] == done.to_dict()["output"][0]["content"][0]["annotations"][0]
    assert {event.item_id for event in events if hasattr(event, "item_id")} == {done.output[0].id}


def test_what_needs_a_memory_or_tools_is_refused(served: Served):
    with served.openai() as client:
        for more in ({"previous_response_id": "resp_1"}, {"tools": [{"type": "web_search"}]}, {"background": True},
                     {"text": {"format": {"type": "json_object"}}}, {"input": []}, {"conversation": "c"}):  # fmt: skip
            with pytest.raises(openai.BadRequestError):
                client.responses.create(**{"model": "my-bot", "input": LEAVE} | more)
        with pytest.raises(openai.NotFoundError):
            client.responses.create(model="gpt-9", input=LEAVE)


def test_what_fails_in_a_stream_is_raised_by_the_client(served: Served):
    with served.openai() as client, pytest.raises(openai.APIError, match="question"):
        list(client.responses.create(model="my-bot", input="x" * 200_000, stream=True))
