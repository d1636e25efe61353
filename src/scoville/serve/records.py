"""/api/traces, runs, cases, feedback and audit: what is on record. Enters: ids, cases, judgements. Leaves: the same.

Who asked may see what they asked. What others asked, and runs, may rest on any document: so they are for who may read
all of them and has the scope ``admin``.
"""

import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from scoville.bot import Bot
from scoville.cases.files import case_json, case_of, cases_of
from scoville.cases.review import rewrite
from scoville.errors import ScovilleError, UsageError
from scoville.serve.callers import Caller
from scoville.serve.refused import Refused
from scoville.serve.sent import Sent
from scoville.serve.service import Asker, Overseer, Service, Writer, note, service_of
from scoville.serve.work import Stop
from scoville.track.spans import CALLER, REFUSED
from scoville.track.traces import Branch, StoredSpan
from scoville.types import Case

router = APIRouter(prefix="/api", tags=["Records"])
FEEDBACK_CASES = "feedback.jsonl"


class Feedback(Sent, extra="forbid"):
    """What somebody thinks of an answer."""

    trace: str = Field(pattern="^[0-9a-f]{32}$", description="The `trace` of the answer.")
    rating: Literal["up", "down"]
    reason: str = Field("", max_length=10_000)
    answer: str = Field("", max_length=10_000, description="The right answer, where this was not it.")
    answerable: bool = Field(True, description="False where no document answers the question: refusing is right.")


class EvidenceGiven(BaseModel, extra="forbid"):
    """Where an answer stands."""

    document: str
    page: int | None = None
    quote: str = ""


class CaseGiven(Sent, extra="forbid"):
    """A question with what is known of its answer."""

    question: str = Field(min_length=1, examples=["How long is parental leave?"])
    expected: list[str] = []
    evidence: list[EvidenceGiven] = []
    answerable: bool = True
    tags: list[str] = []


@router.get("/traces")
async def traces(request: Request, caller: Asker, limit: int = 20) -> dict[str, Any]:
    """List the newest traces: of the caller's questions, or for who sees all of everything."""
    service = service_of(request)
    most, whose = max(1, min(limit, 1000)), None if caller.sees_all else caller.name

    def find(_: Stop) -> dict[str, Any]:
        return {"traces": [_trace(span) for span in service.first.traces(most, whose)]}

    return await service.work.do(request, find)


@router.get("/traces/{id}")
async def trace(id: str, request: Request, caller: Asker) -> dict[str, Any]:
    """Give the spans of a trace as a waterfall shows them."""
    service = service_of(request)
    branches = await service.work.do(request, lambda _: branches_of(service.first, id, caller))
    return {"spans": [asdict(one.span) | {"depth": one.depth, "seconds": one.span.seconds} for one in branches]}


@router.post("/feedback", status_code=201)
async def judge(body: Feedback, request: Request, caller: Asker) -> dict[str, str]:
    """Keep what somebody thinks of an answer of theirs."""
    service = service_of(request)

    def keep(_: Stop) -> None:
        asked = branches_of(service.first, body.trace, caller)[0].span
        refused_rightly = body.rating == "up" and asked.outcome == "refused"
        redact = service.first.redact
        row = (time.time(), caller.name, body.trace, body.rating, redact(body.reason), redact(body.answer),
               body.answerable and not refused_rightly)  # fmt: skip
        columns = "time, caller, trace_id, rating, reason, answer, answerable"
        service.store.write(f"INSERT INTO feedback ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", [row])  # noqa: S608

    await service.work.do(request, keep)
    service.metrics.judged(body.rating)
    note(request, body.trace)
    return {"trace": body.trace}


@router.get("/feedback")
async def feedback(request: Request, caller: Asker) -> dict[str, Any]:
    """List what the caller, or for who sees all anybody, thought of answers; the newest first."""
    return {"feedback": feedback_of(service_of(request), caller)}


@router.get("/cases")
async def cases(request: Request, caller: Asker) -> dict[str, Any]:
    """List the cases in the folder `cases`: those whose evidence the caller may read, or for who sees all every one."""
    service = service_of(request)

    def find(_: Stop) -> list[dict[str, Any]]:
        folder = service.first.workspace.root / "cases"
        files = sorted(folder.glob("*.jsonl"))
        may = readable(service.first, caller)
        return [
            case_json(case) | {"file": file.name} for file in files for case in cases_of(file) if may(case)
        ]  # fmt: skip

    return {"cases": await service.work.do(request, find)}


@router.post("/cases", status_code=201)
async def add_case(body: CaseGiven, request: Request, caller: Writer) -> dict[str, Any]:
    """Add a case, such as the right answer to a question that was answered wrongly, to `cases/feedback.jsonl`."""
    service = service_of(request)
    note(request, service.first.redact(body.question))

    def add(_: Stop) -> dict[str, Any]:
        case = case_of(body.model_dump())
        if case.evidence and not readable(service.first, caller)(case):
            raise Refused(404, "there is no such document as the evidence names, or it is not for you")
        file = service.first.workspace.root / "cases" / FEEDBACK_CASES

        def added(known: list[Case]) -> list[Case]:
            if any(one.id == case.id for one in known):
                raise Refused(409, f"{file.name} has a case for this question")
            return [*known, case]

        rewrite(file, added)
        return case_json(case) | {"file": file.name}

    return await service.work.do(request, add)


@router.get("/runs")
async def runs(request: Request, _caller: Overseer) -> dict[str, Any]:
    """List the runs, the oldest first."""
    service = service_of(request)

    def find(_: Stop) -> list[dict[str, Any]]:
        return [{"id": run.id} | run.header for run in service.first.runs()]

    return {"runs": await service.work.do(request, find)}


@router.get("/runs/{id}")
async def run(id: str, request: Request, _caller: Overseer) -> dict[str, Any]:
    """Give a run: what ran, what it came to, and its answers."""
    service = service_of(request)

    def find(_: Stop) -> dict[str, Any]:
        try:
            found = service.first.run(id)
        except UsageError as error:
            raise Refused(404, str(error)) from None
        return {
            "id": found.id,
            "header": found.header,
            "summary": found.summary(),
            "answers": [*found.saved().values()],
        }

    return await service.work.do(request, find)


@router.get("/audit")
async def audit(request: Request, _caller: Overseer, limit: int = 100) -> dict[str, Any]:
    """List who did what, the newest first."""
    service = service_of(request)
    columns = ("time", "caller", "address", "method", "path", "status", "about")

    def find(_: Stop) -> list[dict[str, Any]]:
        service.audit.flush()
        rows = service.store.query(
            f"SELECT {', '.join(columns)} FROM audit ORDER BY id DESC LIMIT ?", (max(1, min(limit, 10_000)),)  # noqa: S608
        )  # fmt: skip
        return [dict(zip(columns, row, strict=True)) for row in rows]

    return {"audit": await service.work.do(request, find)}


def feedback_of(service: Service, caller: Caller) -> list[dict[str, Any]]:
    """List what a caller, or for who sees all anybody, thought of answers; the newest first."""
    columns = ("time", "caller", "trace", "rating", "reason", "answer", "answerable")
    which, values = ("1", ()) if caller.sees_all else ("caller = ?", (caller.name,))
    rows = service.store.query(
        f"SELECT time, caller, trace_id, rating, reason, answer, answerable FROM feedback WHERE {which} "  # noqa: S608
        "ORDER BY id DESC LIMIT 1000", values,
    )  # fmt: skip
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    return [one | {"answerable": bool(one["answerable"])} for one in found]


def branches_of(bot: Bot, id: str, caller: Caller) -> list[Branch]:
    """Find a trace that the caller may see."""
    with suppress(ScovilleError):
        branches = bot.trace(id)
        if caller.sees_all or branches[0].span.attributes.get(CALLER) == caller.name:
            return branches
    raise Refused(404, f"trace {id!r:.40}: there is none, or it is not yours")


def _trace(span: StoredSpan) -> dict[str, Any]:
    return {
        "id": span.trace_id, "name": span.name, "question": span.question, "started": span.started / 1e9,
        "seconds": span.seconds, "status": span.status, "refused": bool(span.attributes.get(REFUSED)),
        "caller": span.attributes.get(CALLER, ""),
    }  # fmt: skip


def readable(bot: Bot, caller: Caller) -> Any:
    """Give what says whether a caller may read all that the evidence of a case could mean."""
    if caller.sees_all:
        return lambda _: True
    groups = {source: state.groups for source, state in bot.documents().items()}
    by_name: dict[str, list[str]] = {}
    for source in groups:
        by_name.setdefault(_last(source), []).append(source)

    def may(case: Case) -> bool:
        meant = [
            [source for source in by_name.get(_last(one.document), ()) if one.is_in(source)] for one in case.evidence
        ]
        return bool(meant) and all(found and all(caller.reads(groups[one]) for one in found) for found in meant)

    return may


def _last(document: str) -> str:
    """Give the last part of a name, in which documents agree whenever evidence is in one: else each is compared."""
    return document.replace("\\", "/").rpartition("/")[2].casefold()
