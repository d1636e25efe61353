"""The pages of traces: what was asked, and each step that an answer went through. Enters: ids. Leaves: HTML.

Who asked sees what they asked; who may see all sees all.
"""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse

from scoville.bot import Bot
from scoville.bot.records import dollars
from scoville.bot.route import is_disliked, routed_lines
from scoville.evaluate.shown import written
from scoville.html import REASONS
from scoville.serve.callers import Caller
from scoville.serve.records import branches_of
from scoville.serve.service import Asker, Overseer, note, service_of
from scoville.serve.studio.page import show
from scoville.serve.work import Stop
from scoville.track import spans
from scoville.track.traces import OUTCOMES, Outcome, StoredSpan, bars

router = APIRouter(include_in_schema=False, prefix="/traces")
MOST = 50
NAMES = {
    spans.REQUEST_MODEL: "model", spans.PROVIDER: "runtime", spans.CALLER: "asked by", spans.FINISH_REASONS: "ended",
    spans.FIRST_CHUNK: "seconds to the first token", spans.ERROR_TYPE: "error", spans.NOTE: "note",
}  # fmt: skip
"""What of a span is told, in words."""


@router.get("")
async def listed(
    request: Request, caller: Asker, find: str = "", outcome: str = "",
    limit: Annotated[int, Query(ge=1, le=2000)] = MOST,
) -> HTMLResponse:  # fmt: skip
    """List the newest traces."""
    service = service_of(request)
    wanted: Outcome | None = next((one for one in OUTCOMES if one == outcome), None)

    def look(_: Stop) -> dict[str, Any]:
        whose = None if caller.sees_all else caller.name
        found = service.first.traces(limit + 1, whose, text=find.strip(), outcome=wanted)
        return {
            "rows": [_row(span) for span in found[:limit]], "more": len(found) > limit, "limit": limit, "step": MOST,
            "find": find, "outcome": wanted or "", "outcomes": tuple(OUTCOMES),
        }  # fmt: skip

    return show(request, "traces.html", await service.work.do(request, look), page="traces")


@router.get("/{id}")
async def one(id: str, request: Request, caller: Asker) -> HTMLResponse:
    """Show a trace as a waterfall."""
    service = service_of(request)
    values = await service.work.do(request, lambda _: _trace(service.first, id, caller))
    return show(request, "trace.html", values, page="traces")


@router.post("/{id}/mend")
async def mend(
    id: str, request: Request, _: Overseer, then: Annotated[Literal["look", "case", "golden"], Form()] = "look"
) -> HTMLResponse:
    """Say what would mend an answer that was called wrong; with ``then`` make a case or a golden answer of it."""
    service = service_of(request)
    note(request, f"{then}: {id}")

    def look(_: Stop) -> dict[str, Any]:
        bot, said = service.first, ""
        if then == "golden":
            said = f"From now on the answer is: {bot.accept_feedback(id).expected[0]}"
        found = bot.route_feedback(trace=id, write=then == "case")
        if then == "case":
            said = "The case is in feedback.jsonl."
        lines = [(one, routed_lines(one)) for one in found]
        return {"id": id, "found": lines, "said": said}

    return show(request, "mend.html", await service.work.do(request, look), page="traces")


def _trace(bot: Bot, id: str, caller: Caller) -> dict[str, Any]:
    branches = branches_of(bot, id, caller)
    root = branches[0].span
    about = root.attributes
    steps = [
        {**_row(span), "depth": depth, "start": bar.start, "length": bar.length, "facts": _facts(span),
         "prompt": span.messages if depth else []}
        for (depth, span), bar in zip(branches, bars(branches), strict=True)
    ]  # fmt: skip
    return {
        "trace": _row(root), "steps": steps, "because": REASONS.get(str(about.get(spans.REASON, "")), ""),
        "withheld": about.get(spans.WITHHELD, ""), "documents": json.loads(about.get(spans.DOCUMENTS, "[]")),
        "run": about.get(spans.RUN, ""), "disliked": caller.sees_all and is_disliked(bot, id),
    }  # fmt: skip


def _row(span: StoredSpan) -> dict[str, Any]:
    about = span.attributes
    when = datetime.fromtimestamp(span.started / spans.NANOSECONDS)
    fee, machine = about.get(spans.FEE), about.get(spans.HARDWARE)
    return {
        "id": span.trace_id, "name": span.name, "question": span.question, "answer": span.answer,
        "outcome": span.outcome, "when": f"{when:%Y-%m-%d %H:%M:%S}",
        "seconds": written(span.seconds, "seconds"), "caller": about.get(spans.CALLER, ""),
        "tokens_in": about.get(spans.INPUT_TOKENS), "tokens_out": about.get(spans.OUTPUT_TOKENS),
        "fee": "" if fee is None else dollars(fee), "machine": "" if machine is None else dollars(machine),
    }  # fmt: skip


def _facts(span: StoredSpan) -> list[tuple[str, str]]:
    """Give what else is known of a step, and what a model wrote in it."""
    found = [(label, span.attributes[name]) for name, label in NAMES.items() if span.attributes.get(name)]
    wrote = [("wrote", span.answer)] if span.answer and span.name != spans.ROOT else []
    return [(label, _told(value)) for label, value in (*found, *wrote)]


def _told(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    return f"{value:.3f}" if isinstance(value, float) else str(value)
