"""The pages on which a document is forgotten: what would go, and the receipt of what went. Enters: a service, ids.
Leaves: HTML.
"""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from scoville.bot import Bot
from scoville.serve.callers import Caller
from scoville.serve.refused import Refused
from scoville.serve.service import Overseer, note, service_of
from scoville.serve.studio.documents import Id, passages_of
from scoville.serve.studio.page import go, show
from scoville.serve.work import Stop

router = APIRouter(include_in_schema=False, prefix="/documents")


@router.get("/receipts")
async def receipts(request: Request, caller: Overseer) -> HTMLResponse:
    """List what was forgotten, the newest first."""
    service = service_of(request)
    return show(request, "receipts.html", {"receipts": service.first.receipts()}, page="documents")


@router.get("/receipts/{number}")
async def receipt(number: int, request: Request, caller: Overseer) -> HTMLResponse:
    """Show one receipt, and whether its signature is right."""
    service = service_of(request)
    found = await service.work.do(request, lambda _: service.first.receipts().get(number))
    if found is None:
        raise Refused(404, f"there is no receipt {number}")
    return _shown(request, found, number=number)


@router.get("/{document}/forget")
async def ask(document: Id, request: Request, caller: Overseer) -> HTMLResponse:
    """Show what forgetting a document would take out, and what would hold it still."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any]:
        return asdict(service.first.forget(_item(service.first, caller, document)))

    return _shown(request, await service.work.do(request, look), document=document)


@router.post("/{document}/forget")
async def forget(document: Id, request: Request, caller: Overseer) -> RedirectResponse:
    """Forget a document, as a job."""
    service = service_of(request)
    item = await service.work.do(request, lambda _: _item(service.first, caller, document))

    def forgotten() -> dict[str, Any]:
        done = service.first.forget(item, yes=True)
        return {"receipt": done.number, "left": len(done.left)}

    note(request, f"forget {document}")  # its name would be one more place that keeps it
    service.jobs.begin(caller, "Forget a document", forgotten)
    return go("/documents")


def _shown(request: Request, erasure: dict[str, Any], **about: Any) -> HTMLResponse:
    tables = {
        "Taken out" if erasure["done"] else "Would be taken out":
            [(one["place"], f"{one['times']:,}") for one in erasure["found"]],
        "Made with it, and to be made again": [(one["what"], one["why"]) for one in erasure["saw"]],
        "Holds it still": [(one["what"], one["why"]) for one in erasure["held"]],
    }  # fmt: skip
    return show(request, "erasure.html", {"erasure": erasure, "tables": tables, **about}, page="documents")


def _item(bot: Bot, caller: Caller, document: str) -> str:
    """Name what a document lies in: its own file, or the mail or archive that it is part of."""
    return bot.documents()[passages_of(bot, caller, document)[0].source].item
