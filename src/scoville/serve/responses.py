"""/v1/responses: the stateless text subset. Enters: input. Leaves: a response, whole or in its events.

Nothing is stored: a conversation is sent whole each time. As in chat, text comes when it has been checked, cut at the
citations; after each link its annotation.
"""

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from scoville.serve.cited import Linker, Piece, asked_json, joined, pieces
from scoville.serve.events import STREAMED, event, stream
from scoville.serve.formats import Format
from scoville.serve.messages import Turn, asking
from scoville.serve.metrics import usage_of
from scoville.serve.sent import Sent
from scoville.serve.service import Asked, Asker, ask, service_of
from scoville.serve.work import Job

_NAMES = {"output_text": "text", "refusal": "refusal"}
_LOGPROBS: dict[str, dict[str, Any]] = {"output_text": {"logprobs": []}, "refusal": {}}
router = APIRouter(tags=["OpenAI"])


class Text(BaseModel):
    """How a reply is written."""

    format: Format = Format()


class ResponsesRequest(Sent):
    """A question, or a conversation that ends with one. What is not listed, the recipe decides."""

    model: str = Field(examples=["my-bot"])
    input: str | list[Turn] = Field(examples=["How long is parental leave?"])
    instructions: str | None = None
    stream: bool = False
    previous_response_id: None = None
    conversation: None = None
    background: Literal[False] | None = None
    tools: list[Any] | None = Field(None, max_length=0)
    text: Text = Text()
    metadata: dict[str, str] | None = None


@router.post("/v1/responses", responses=STREAMED)
async def respond(body: ResponsesRequest, request: Request, caller: Asker) -> Response:
    """Answer the input from the documents, with links to the pages that it rests on."""
    shape = body.text.format.shape("text.format")
    turns = [Turn(role="user", content=body.input)] if isinstance(body.input, str) else body.input
    question, history = asking(turns)
    job = ask(request, caller, question, history, model=body.model, shape=shape)
    linker, settings = Linker.of(request, caller), service_of(request).bot(body.model)[1].recipe.llm
    begun: dict[str, Any] = {
        "id": f"resp_{secrets.token_hex(16)}", "object": "response", "created_at": int(time.time()),
        "status": "in_progress", "background": False, "error": None, "incomplete_details": None,
        "instructions": body.instructions, "max_output_tokens": settings.max_tokens, "max_tool_calls": None,
        "model": body.model, "output": [], "parallel_tool_calls": False, "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None}, "store": False, "temperature": settings.temperature,
        "text": {"format": body.text.format.model_dump(by_alias=True, exclude_none=True)},
        "tool_choice": "auto", "tools": [], "top_p": settings.top_p,
        "truncation": "disabled", "usage": None, "user": None, "metadata": body.metadata or {},
        "presence_penalty": 0, "frequency_penalty": 0, "top_logprobs": 0, "service_tier": "default",
        "safety_identifier": None, "prompt_cache_key": None, "completed_at": None,
    }  # fmt: skip
    if body.stream:
        return stream(_events(job, begun, linker), job)
    asked = await job.result(request)
    return JSONResponse(_completed(begun, asked, pieces(asked.answer, linker), f"msg_{asked.trace_id}", linker))


async def _events(job: Job[Asked], begun: dict[str, Any], linker: Linker) -> AsyncIterator[str]:
    number = -1

    def told(kind: str, **more: Any) -> str:
        nonlocal number
        number += 1
        return event({"type": kind, "sequence_number": number, **more}, kind)

    yield told("response.created", response=begun)
    yield told("response.in_progress", response=begun)
    asked = await job.result()
    cut, message, kind = pieces(asked.answer, linker), f"msg_{asked.trace_id}", _kind(asked, begun)
    item = {"output_index": 0}
    part = item | {"item_id": message, "content_index": 0}
    yield told("response.output_item.added", **item, item=_message(message, [], "in_progress", kind))
    yield told("response.content_part.added", **part, part=_content([], kind))
    annotations = 0
    for piece in cut:
        yield told(f"response.{kind}.delta", **part, delta=piece.text, **_LOGPROBS[kind])
        if piece.annotation:
            yield told(
                "response.output_text.annotation.added", **part, annotation_index=annotations,
                annotation=piece.annotation,
            )  # fmt: skip
            annotations += 1
    content = _content(cut, kind)
    named = _NAMES[kind]
    yield told(f"response.{kind}.done", **part, **{named: content[named]}, **_LOGPROBS[kind])
    yield told("response.content_part.done", **part, part=content)
    yield told("response.output_item.done", **item, item=_message(message, cut, "completed", kind))
    yield told("response.completed", response=_completed(begun, asked, cut, message, linker))


def _completed(
    begun: dict[str, Any], asked: Asked, cut: list[Piece], message: str, linker: Linker
) -> dict[str, Any]:  # fmt: skip
    prompt, completion = usage_of(asked.answer)
    usage = {
        "input_tokens": prompt, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": prompt + completion,
    }  # fmt: skip
    return begun | {
        "status": "completed", "completed_at": int(time.time()),
        "output": [_message(message, cut, "completed", _kind(asked, begun))],
        "usage": usage, "scoville": asked_json(asked, linker),
    }  # fmt: skip


def _kind(asked: Asked, begun: dict[str, Any]) -> str:
    """Say what is written: what is no JSON of a schema that was asked for is a refusal."""
    return "refusal" if asked.answer.refused and begun["text"]["format"]["type"] != "text" else "output_text"


def _message(id: str, cut: list[Piece], status: str, kind: str) -> dict[str, Any]:
    content = [_content(cut, kind)] if cut else []
    return {"id": id, "type": "message", "status": status, "role": "assistant", "content": content}


def _content(cut: list[Piece], kind: str) -> dict[str, Any]:
    text, annotations = joined(cut)
    if kind == "refusal":
        return {"type": kind, kind: text}
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
