"""The page on which documents are asked, its conversations, and two systems side by side.

Enters: a service, questions. Leaves: HTML; answers of the first page come by ``/api/ask``. A conversation is its
caller's alone.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from scoville.bot import Bot
from scoville.bot.records import dollars
from scoville.errors import EmptyIndex, ScovilleError, UsageError
from scoville.evaluate.shown import written
from scoville.html import REASONS, not_bold
from scoville.recipe.model import shown_name
from scoville.recipe.read_yaml import load_yaml
from scoville.serve.ask import conversation_id, talks_of
from scoville.serve.callers import Caller
from scoville.serve.refused import Refused
from scoville.serve.service import Asker, Overseer, Service, note, service_of
from scoville.serve.studio.page import go, show
from scoville.serve.work import Stop
from scoville.types import Answer

router = APIRouter(include_in_schema=False)
SHELF = 8
"""So many documents are named before something is asked."""
MOST_TALKS = 30


@router.get("/")
async def ask_page(request: Request, caller: Asker, talk: str = "") -> HTMLResponse:
    """Show the page on which documents are asked, with a conversation that was had."""
    service = service_of(request)
    return show(
        request, "ask.html", await service.work.do(request, lambda _: _about(service, caller, talk)), page="ask"
    )


@router.post("/forget")
async def forget(request: Request, caller: Asker, talk: Annotated[str, Form()]) -> RedirectResponse:
    """Delete a conversation of the caller, with its traces."""
    service = service_of(request)
    id = conversation_id(caller, talk)
    await service.work.do(request, lambda _: service.first.conversations().forget(id))
    note(request, talk)
    return go("/")


@router.get("/beside")
async def beside(request: Request, _: Overseer, question: str = "", values: str = "") -> HTMLResponse:
    """Ask two systems the same: the recipe as it is, and with other values."""
    service = service_of(request)

    asks = question.strip() and request.headers.get("sec-fetch-site") != "cross-site"  # no other page's link pays

    def look(_: Stop) -> dict[str, Any]:
        empty = {"question": question, "values": values, "trouble": "", "sides": []}
        return empty | (_sides(service.first, question, values) if asks else {})

    note(request, service.first.redact(question))
    return show(request, "beside.html", await service.work.do(request, look), page="ask")


def _about(service: Service, caller: Caller, talk: str) -> dict[str, Any]:
    bot = service.first
    try:
        sources = sorted(name for name, state in bot.documents().items() if caller.reads(state.groups))
    except EmptyIndex:
        sources = []
    noun = "document" if len(sources) == 1 else "documents"
    stored = bot.conversations()
    talks = [
        {"id": id, "question": one.first_question, "when": f"{datetime.fromtimestamp(one.last_time):%-d %b, %H:%M}"}
        for id, one in talks_of(stored, caller)[:MOST_TALKS]
    ]
    turns = stored.turns(conversation_id(caller, talk)) if talk else []
    if talk and not turns:
        raise Refused(404, "there is no such conversation, or it is not yours")
    return {
        "about": f"{len(sources):,} {noun} · {shown_name(bot.recipe.llm.model)}", "empty": not sources, "talks": talks,
        "talk": talk, "turns": turns, "titles": [source.rpartition("/")[2] for source in sources[:SHELF]],
        "more": max(0, len(sources) - SHELF),
    }  # fmt: skip


def _sides(bot: Bot, question: str, values: str) -> dict[str, Any]:
    try:
        given = load_yaml(values, "the second system") if values.strip() else None
        if not isinstance(given, dict) or not given:
            raise UsageError("give the second system at least one other value, such as llm.model: quote")
        systems = {"As it is": bot, values.strip(): bot.variant(given)}  # pyright: ignore[reportUnknownArgumentType]
        with ThreadPoolExecutor(len(systems)) as threads:
            answers = list(threads.map(lambda one: one.ask(question), systems.values()))
    except ScovilleError as error:
        return {"trouble": str(error)}
    return {"sides": [_side(name, answer) for name, answer in zip(systems, answers, strict=True)]}


def _side(name: str, answer: Answer) -> dict[str, Any]:
    reply = answer.reply
    return {
        "name": name, "text": not_bold(answer.text), "outcome": "refused" if answer.refused else "answered",
        "because": REASONS.get(answer.reason or "", ""), "seconds": written(answer.total_seconds, "seconds"),
        "citations": answer.citations, "model": shown_name(reply.model) if reply else "no model asked",
        "tokens": f"{reply.prompt_tokens:,} + {reply.completion_tokens:,} tokens" if reply else "",
        "fee": dollars(reply.cost_usd) if reply and reply.cost_usd else "",
    }  # fmt: skip
