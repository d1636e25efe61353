"""The pages of cases: made out of the documents or of what people said of answers, looked through, divided.

Enters: files of the folder ``cases``, decisions. Leaves: HTML, and the files as decided. A caller sees the cases whose
evidence they may read.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from scoville.bot import Bot
from scoville.cases.files import SPLITS, case_of, cases_of
from scoville.cases.parts import divide
from scoville.cases.review import Changed, accepted, decide, is_waiting, rewrite, version_of
from scoville.comparison.marked import blocks
from scoville.errors import EmptyIndex, UsageError
from scoville.serve.callers import Caller
from scoville.serve.records import FEEDBACK_CASES, feedback_of, readable
from scoville.serve.refused import Refused
from scoville.serve.service import Asker, Overseer, Service, Writer, note, service_of
from scoville.serve.studio.page import go, show
from scoville.serve.work import Stop
from scoville.types import Case

router = APIRouter(include_in_schema=False, prefix="/cases")
PAGE = 100
SHARES = {"train": 0.6, "dev": 0.2, "test": 0.2}
GENERATE = "Generate cases"


class Opened(NamedTuple):
    """A file of cases, and those of them that a caller may see."""

    file: Path
    cases: Sequence[Case]


@router.get("")
async def listed(
    request: Request, caller: Asker, file: str = "", find: str = "", split: str = "", state: str = "", page: int = 1
) -> HTMLResponse:
    """List the cases of a file."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any]:
        files = {one.file.name: one for one in _opened(service.first, caller)}
        chosen = files.get(file) or next(iter(files.values()), None)
        every = chosen.cases if chosen else ()
        rows = [one for one in every if _wanted(one, find, split, state)]
        return {
            "files": files, "file": chosen.file.name if chosen else "", "rows": rows[(page - 1) * PAGE : page * PAGE],
            "found": len(rows), "all": len(every), "waiting": sum(map(is_waiting, every)), "is_waiting": is_waiting,
            "splits": Counter(one.split for one in every), "find": find, "split": split, "state": state, "at": page,
            "pages": -(-len(rows) // PAGE), "writes": "write" in caller.scopes, "names": SPLITS,
            "feedback": _feedback(service, caller, files), "has_documents": bool(_documents(service.first)),
            "jobs": [job for job in service.jobs.of(caller) if job.what == GENERATE][:2],
        }  # fmt: skip

    return show(request, "cases.html", await service.work.do(request, look), page="cases")


@router.post("/generate")
async def generate(
    request: Request, caller: Overseer, count: Annotated[int, Form(ge=1, le=1000)] = 40,
    name: Annotated[str, Form(pattern=r"[\w-]{1,60}")] = "generated",
) -> RedirectResponse:  # fmt: skip
    """Make cases out of the documents, as a job."""
    service = service_of(request)
    out = service.first.workspace.root / "cases" / f"{name}.jsonl"
    note(request, f"{count} cases: {out.name}")

    def made() -> dict[str, Any]:
        found = service.first.generate_cases(out, count=count)
        return {"cases": len(found.cases), "file": out.name}

    service.jobs.begin(caller, GENERATE, made)
    return go("/cases")


@router.post("/split")
async def split(request: Request, caller: Writer, file: Annotated[str, Form()]) -> RedirectResponse:
    """Give the cases of a file that belong to no part one: train, dev or test, without leaks."""
    service = service_of(request)

    def divided(_: Stop) -> None:
        opened = _file(service.first, caller, file)
        if len(opened.cases) != len(cases_of(opened.file)):
            raise Refused(403, "this file has cases that you may not see, and is divided by who may")
        rewrite(opened.file, lambda cases: divide(cases, SHARES))

    await service.work.do(request, divided)
    note(request, file)
    return go(f"/cases?{urlencode({'file': file})}")


@router.post("/feedback")
async def from_feedback(request: Request, caller: Writer, trace: Annotated[str, Form()]) -> RedirectResponse:
    """Make a case of what somebody said is the right answer, or of a question that has none."""
    service = service_of(request)

    def add(_: Stop) -> None:
        files = {one.file.name: one for one in _opened(service.first, caller)}
        given = next((one for one in _feedback(service, caller, files) if one["trace"] == trace), None)
        if given is None:
            raise Refused(404, "there is no such feedback, it is not yours, or a case was made of it")
        known = {"expected": [given["answer"]]} if given["answerable"] else {"answerable": False}
        case = case_of({"question": given["question"], "tags": ["feedback"]} | known)
        rewrite(service.first.workspace.root / "cases" / FEEDBACK_CASES, lambda cases: [*cases, case])

    await service.work.do(request, add)
    note(request, trace)
    return go(f"/cases?{urlencode({'file': FEEDBACK_CASES})}")


@router.get("/review")
async def review(request: Request, caller: Writer, file: str, id: str = "", told: str = "") -> Response:
    """Show a case with the passage that it rests on beside it; without an id the first that waits."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any] | None:
        opened = _file(service.first, caller, file)
        case = _case(opened, id) if id else next(filter(is_waiting, opened.cases), None)
        return case and _shown(service.first, caller, opened, case) | {"told": told}

    values = await service.work.do(request, look)
    return show(request, "review.html", values, page="cases") if values else go(f"/cases?{urlencode({'file': file})}")


@router.post("/review")
async def decided(
    request: Request, caller: Writer, file: Annotated[str, Form()], id: Annotated[str, Form()],
    version: Annotated[str, Form()], action: Annotated[str, Form(pattern="accept|drop")],
    question: Annotated[str, Form()] = "", expected: Annotated[str, Form()] = "",
    answerable: Annotated[str, Form()] = "", split: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Accept a case as it was edited, or drop it, and go on with the next one that waits."""
    service = service_of(request)

    def edited(case: Case) -> Case:
        lines = tuple(line.strip() for line in expected.splitlines() if line.strip())
        new = replace(case, question=question.strip(), answerable=bool(answerable), split=split,
                      expected=lines if answerable else ())  # fmt: skip
        return accepted(_checked(new))

    def keep(_: Stop) -> str | dict[str, Any]:
        opened = _file(service.first, caller, file)
        ids = [case.id for case in opened.cases]
        try:
            change: Callable[[Case], Case | None] = edited if action == "accept" else (lambda _: None)
            decide(opened.file, _case(opened, id).id, version, change)
        except Changed as error:
            now = _file(service.first, caller, file)
            yours = {"question": question, "expected": expected, "action": action}
            return _shown(service.first, caller, now, _case(now, id)) | {"told": str(error), "yours": yours}
        behind = [*ids[ids.index(id) + 1 :], *ids[: ids.index(id)]]
        now = {case.id: case for case in _file(service.first, caller, file).cases}
        following = next((one for one in behind if one in now and is_waiting(now[one])), "")
        return f"/cases/review?{urlencode({'file': file, 'id': following})}" if following else ""

    note(request, f"{action} {file} {id}")
    said = await service.work.do(request, keep)
    if isinstance(said, dict):
        return show(request, "review.html", said, page="cases", status=409)
    return go(said or f"/cases?{urlencode({'file': file})}")


def _checked(case: Case) -> Case:
    """Give a case as a file would give it; Refused for one that no file may hold."""
    from scoville.cases.files import checked

    try:
        return checked([case])[0]
    except UsageError as error:
        raise Refused(400, str(error)) from None


def _opened(bot: Bot, caller: Caller) -> list[Opened]:
    may = readable(bot, caller)
    found: list[Opened] = []
    for file in sorted((bot.workspace.root / "cases").glob("*.jsonl")):
        try:
            found.append(Opened(file, [case for case in cases_of(file) if may(case)]))
        except UsageError:
            continue  # an empty or a broken file: `scoville cases check` says what is wrong with it
    return [one for one in found if one.cases]


def _file(bot: Bot, caller: Caller, name: str) -> Opened:
    for one in _opened(bot, caller):
        if one.file.name == name:
            return one
    raise Refused(404, f"there is no file of cases {name!r:.80}, or it is not for you")


def _case(opened: Opened, id: str) -> Case:
    for case in opened.cases:
        if case.id == id:
            return case
    raise Refused(404, "there is no such case any more, or it is not for you")


def _wanted(case: Case, find: str, split: str, state: str) -> bool:
    text = "\n".join([case.question, *case.expected, *case.tags, *(one.document for one in case.evidence)]).casefold()
    return (
        all(word in text for word in find.casefold().split())
        and (not split or case.split == split)
        and (not state or (state == "waiting") == is_waiting(case))
    )


def _documents(bot: Bot) -> Sequence[str]:
    try:
        return list(bot.documents())
    except EmptyIndex:
        return ()


def _shown(bot: Bot, caller: Caller, opened: Opened, case: Case) -> dict[str, Any]:
    at = opened.cases.index(case)
    ids = [one.id for one in opened.cases]
    return {
        "file": opened.file.name, "case": case, "version": version_of(case), "waiting": is_waiting(case), "at": at + 1,
        "all": len(ids), "left": sum(map(is_waiting, opened.cases)), "before": ids[at - 1] if at else "",
        "after": ids[at + 1] if at + 1 < len(ids) else "", "splits": SPLITS, "passages": _passages(bot, caller, case),
        "yours": None,
    }  # fmt: skip


def _passages(bot: Bot, caller: Caller, case: Case) -> list[dict[str, Any]]:
    """Give what the evidence of a case rests on, with its words marked: the passage that holds most of them."""
    found: list[dict[str, Any]] = []
    sources = _documents(bot)
    for evidence in case.evidence:
        words = set(" ".join([evidence.quote, *case.expected]).casefold().split())
        passages = [
            passage for source in sources if evidence.is_in(source)
            for passage in bot.open_index().neighbours(source, 0, 2**31 - 1, groups=caller.groups)
            if evidence.page is None or passage.page in (None, evidence.page)
        ]  # fmt: skip
        best = sorted(passages, key=lambda one: -sum(word in one.text.casefold() for word in words))[:1]
        found += [
            {"document": one.source, "page": one.page, "blocks": blocks(one.text, [evidence.quote, *case.expected])}
            for one in best
        ]
    return found


def _feedback(service: Service, caller: Caller, files: dict[str, Opened]) -> list[dict[str, Any]]:
    """Give what people said is right, an answer or none, of what no case was made yet."""
    known = {case.question for one in files.values() for case in one.cases}
    given = [one for one in feedback_of(service, caller) if one["answer"] or not one["answerable"]]
    asked = {span.trace_id: span.question for span in service.first.traces(2000)} if given else {}
    rows = [one | {"question": asked.get(one["trace"], "")} for one in given]
    return [one for one in rows if one["question"] and one["question"] not in known]
