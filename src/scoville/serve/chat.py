"""/v1/chat/completions, as OpenAI's clients know it. Enters: messages. Leaves: a completion, whole or in events.

A stream begins when the answer has been checked: text that no passage supports cannot be taken back from a client that
has shown it. So its pieces are cut at the citations, which come as links. What is our own stands in ``scoville``, last.
"""

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from scoville.answer.structured import Shape
from scoville.serve.cited import Linker, asked_json, joined, pieces
from scoville.serve.events import STREAMED, event, stream
from scoville.serve.formats import Format
from scoville.serve.messages import Turn, asking
from scoville.serve.metrics import usage_of
from scoville.serve.sent import Sent
from scoville.serve.service import Asked, Asker, ask
from scoville.serve.work import Job

router = APIRouter(tags=["OpenAI"])


class StreamOptions(BaseModel):
    """What a stream holds besides."""

    include_usage: bool = False


class ChatRequest(Sent):
    """A conversation that ends with a question. What is not listed, such as ``temperature``, the recipe decides."""

    model: str = Field(examples=["my-bot"])
    messages: list[Turn] = Field(examples=[[{"role": "user", "content": "How long is parental leave?"}]])
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    tools: list[Any] | None = Field(None, max_length=0)
    functions: list[Any] | None = Field(None, max_length=0)
    response_format: Format | None = None
    logprobs: Literal[False] | None = None


@router.post("/v1/chat/completions", responses=STREAMED)
async def complete(body: ChatRequest, request: Request, caller: Asker) -> Response:
    """Answer the last message from the documents, with links to the pages that it rests on."""
    shape = body.response_format.shape("response_format") if body.response_format else None
    question, history = asking(body.messages)
    job = ask(request, caller, question, history, model=body.model, shape=shape)
    linker = Linker.of(request, caller)
    if body.stream:
        usage = body.stream_options is not None and body.stream_options.include_usage
        return stream(_chunks(job, body.model, linker, usage, shape), job)
    asked = await job.result(request)
    text, annotations = joined(pieces(asked.answer, linker))
    message = {
        "role": "assistant", "content": None, "refusal": None, "annotations": [*map(_annotation, annotations)],
        _part(asked, shape): text,
    }  # fmt: skip
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    head = _head(body.model, "chat.completion")
    return JSONResponse(
        {**head, "choices": [choice], "usage": _usage(asked), "scoville": asked_json(asked, linker)}
    )  # fmt: skip


async def _chunks(
    job: Job[Asked], model: str, linker: Linker, with_usage: bool, shape: Shape | None
) -> AsyncIterator[str]:
    head = _head(model, "chat.completion.chunk")
    more: dict[str, Any] = {"usage": None} if with_usage else {}

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**head, "choices": [choice], **more}

    yield event(chunk({"role": "assistant", "content": "", "refusal": None}))
    asked = await job.result()
    for piece in pieces(asked.answer, linker):
        delta: dict[str, Any] = {_part(asked, shape): piece.text}
        if piece.annotation:
            delta["annotations"] = [_annotation(piece.annotation)]
        yield event(chunk(delta))
    yield event({**chunk({}, "stop"), "scoville": asked_json(asked, linker)})
    if with_usage:
        yield event({**head, "choices": [], "usage": _usage(asked)})
    yield "data: [DONE]\n\n"


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{secrets.token_hex(16)}", "object": kind, "created": int(time.time()), "model": model}


def _part(asked: Asked, shape: Shape | None) -> str:
    """Say where its text stands: what is no JSON of a schema that was asked for is no content."""
    return "refusal" if shape and asked.answer.refused else "content"


def _annotation(annotation: dict[str, Any]) -> dict[str, Any]:
    """Write an annotation as chat completions nest it."""
    return {"type": "url_citation", "url_citation": {key: annotation[key] for key in annotation if key != "type"}}


def _usage(asked: Asked) -> dict[str, int]:
    prompt, completion = usage_of(asked.answer)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
