"""Server-sent events. Enters: events as they come. Leaves: a response that streams them."""

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

from scoville.serve.refused import refused_by
from scoville.serve.work import Job

STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}
"""What a route may reply with besides JSON, for the OpenAPI."""


def event(value: Any, name: str = "", id: str = "") -> str:
    """Write an event: a line of JSON, which holds no line ends. A browser that comes again says the last ``id``."""
    head = (f"event: {name}\n" if name else "") + (f"id: {id}\n" if id else "")
    return f"{head}data: {json.dumps(value, ensure_ascii=False)}\n\n"


def stream(events: AsyncIterator[str], job: Job[Any]) -> StreamingResponse:
    """Stream the events of a job, which ends when the client goes; what goes wrong from here on is the last of them."""

    async def guarded() -> AsyncIterator[bytes]:
        try:
            async for one in events:
                yield one.encode()
        except Exception as error:
            yield event(refused_by(error).json, "error").encode()
        finally:
            job.give_up()

    return reply_of(guarded())


def reply_of(events: AsyncIterator[str | bytes]) -> StreamingResponse:
    """Give the response that streams events."""
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
