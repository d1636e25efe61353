"""The page of releases: what is served, what could be, what two of them do otherwise, and who switched.

Enters: releases, names of them. Leaves: HTML; what is made or switched is what `scoville release`, `promote` and
`rollback` do. For who reads every document.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from scoville.bot import Bot
from scoville.errors import ScovilleError
from scoville.release import PRODUCTION, facts_of, read_state
from scoville.serve.refused import Refused
from scoville.serve.service import Overseer, note, service_of
from scoville.serve.studio.page import go, show
from scoville.serve.work import Stop

router = APIRouter(include_in_schema=False, prefix="/releases")
MAKE = "Make release"
MOST_LOGGED = 50


@router.get("")
async def releases(request: Request, caller: Overseer) -> HTMLResponse:
    """Show what is served under which name, every release, and the log."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any]:
        bot = service.first
        return {
            "releases": [facts_of(one) for one in reversed(bot.releases())], "production": PRODUCTION,
            "targets": read_state(bot.workspace).targets, "log": bot.release_log()[:-MOST_LOGGED:-1], "day": _day,
            "jobs": [job for job in service.jobs.of(caller) if job.what.startswith(MAKE)][:3],
        }  # fmt: skip

    return show(request, "releases.html", await service.work.do(request, look), page="releases")


@router.post("")
async def make(request: Request, caller: Overseer, name: Annotated[str, Form()]) -> RedirectResponse:
    """Make a release of what the workspace holds, as a job."""
    service = service_of(request)

    def made() -> dict[str, Any]:
        return {"release": service.first.release(name.strip(), by=caller.name).name}

    note(request, name)
    service.jobs.begin(caller, f"{MAKE} {name.strip()}", made)
    return go("/releases")


@router.post("/promote")
async def promote(
    request: Request, caller: Overseer, name: Annotated[str, Form()], alias: Annotated[str, Form()] = PRODUCTION,
    how: Annotated[str, Form()] = "all", percent: Annotated[str, Form()] = "", force: Annotated[str, Form()] = "",
) -> RedirectResponse:  # fmt: skip
    """Serve a release, or say why not."""
    try:
        canary = float(percent or "nan") if how == "canary" else None
    except ValueError:
        canary = float("nan")
    return await _switched(
        request, name,
        lambda bot: bot.promote(
            name, alias.strip(), canary=canary, shadow=how == "shadow", force=force.strip(), by=caller.name
        ),
    )  # fmt: skip


@router.post("/rollback")
async def rollback(
    request: Request, caller: Overseer, alias: Annotated[str, Form()] = PRODUCTION
) -> RedirectResponse:  # fmt: skip
    """Serve what was served before."""
    return await _switched(request, alias, lambda bot: bot.rollback(alias, by=caller.name))


@router.get("/diff")
async def diff(request: Request, _: Overseer, first: str, second: str) -> HTMLResponse:
    """Show what the second release does otherwise than the first."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any]:
        try:
            return {"found": service.first.diff(first, second)}
        except ScovilleError as error:
            raise Refused(400, str(error)) from None

    return show(request, "release_diff.html", await service.work.do(request, look), page="releases")


async def _switched(request: Request, about: str, change: Callable[[Bot], object]) -> RedirectResponse:
    service = service_of(request)

    def switch(_: Stop) -> None:
        try:
            change(service.first)
        except ScovilleError as error:
            raise Refused(409, f"nothing was switched: {error}") from None

    note(request, about)
    await service.work.do(request, switch)
    return go("/releases")


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"
