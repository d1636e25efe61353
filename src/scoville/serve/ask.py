"""/api/ask and /api/search: all that an answer holds, in the JSON of `scoville ask --json`.

Enters: a question. Leaves: an answer or hits. While it streams, text comes as the model writes it, before it is
checked, for clients that show it as such; the event ``answer`` at the end is what counts.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from scoville.answer.contract import hit_json
from scoville.memory import Conversations, Listed
from scoville.serve.callers import Caller
from scoville.serve.cited import Linker, asked_json
from scoville.serve.events import STREAMED, event, stream
from scoville.serve.messages import Turn, asking
from scoville.serve.sent import Sent
from scoville.serve.service import Asked, Asker, ask, note, service_of
from scoville.serve.work import Job, Stop

router = APIRouter(prefix="/api", tags=["Ask"])


class Question(Sent, extra="forbid"):
    """What is asked."""

    question: str = Field(examples=["How long is parental leave?"])
    where: str = Field("", description="A filter by metadata.", examples=["year >= 2023"])
    bot: str | None = Field(None, description="One of /v1/models; by default the first.")


class AskRequest(Question):
    """A question with the turns before it."""

    history: list[Turn] = []
    stream: bool = False
    conversation: str = Field(
        "", pattern="^([0-9a-f]{16})?$", description="Keeps the turn under this id, for the studio's list."
    )


class SearchRequest(Question):
    """What is looked for."""

    limit: int | None = Field(None, ge=1, le=100)


@router.post("/ask", responses=STREAMED)
async def answer(body: AskRequest, request: Request, caller: Asker) -> Response:
    """Answer a question with citations, or refuse with the reason."""
    question, history = asking([*body.history, Turn(role="user", content=body.question)])
    texts: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def told(text: str) -> None:
        loop.call_soon_threadsafe(texts.put_nowait, text)

    job = ask(
        request, caller, question, history, model=body.bot, where=body.where, on_text=told if body.stream else None,
        conversation=conversation_id(caller, body.conversation) if body.conversation else "",
    )  # fmt: skip
    linker = Linker.of(request, caller)
    if body.stream:
        return stream(_events(job, texts, linker), job)
    return JSONResponse(asked_json(await job.result(request), linker))


@router.post("/search")
async def search(body: SearchRequest, request: Request, caller: Asker) -> dict[str, Any]:
    """Find passages, best first."""
    service = service_of(request)
    name, bot = service.bot(body.bot)
    note(request, bot.redact(body.question))

    def find(_: Stop) -> list[dict[str, Any]]:
        with service.answers_as(name, body.question) as routed:
            hits = routed.bot.search(body.question, where=body.where or (), groups=caller.groups, limit=body.limit)
        return [hit_json(hit) for hit in hits]

    return {"hits": await service.work.do(request, find)}


def conversation_id(caller: Caller, id: str) -> str:
    """Name a conversation of a caller among those of the workspace."""
    return f"{hashlib.sha256(caller.name.encode()).hexdigest()[:12]}.{id}"


def talks_of(stored: Conversations, caller: Caller) -> list[tuple[str, Listed]]:
    """List the conversations of a caller with their ids, the one that was asked last first."""
    begin = conversation_id(caller, "")
    return [(one.id.removeprefix(begin), one) for one in stored.all() if one.id.startswith(begin)]


async def _events(job: Job[Asked], texts: "asyncio.Queue[str | None]", linker: Linker) -> AsyncIterator[str]:
    result = asyncio.ensure_future(job.result())
    result.add_done_callback(lambda _: texts.put_nowait(None))
    try:
        while (text := await texts.get()) is not None:
            yield event({"text": text}, "text")
        yield event(asked_json(await result, linker), "answer")
    finally:
        result.cancel()
