"""The pages on which documents come and go, and what is known of one. Enters: a service, ids. Leaves: HTML.

Of a document its passages are drawn over its pages as the index has them, and on request its elements, as its file is
read now.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from scoville.bot import Bot
from scoville.bot.images import PageOpener
from scoville.bot.inspect_page import COLOURS, around
from scoville.comparison.marked import blocks
from scoville.demo import write_demo_documents
from scoville.errors import EmptyIndex, ScovilleError
from scoville.index.protocol import DocumentState
from scoville.read.picture import DRAWN, PagePicture
from scoville.serve import documents
from scoville.serve.callers import Caller
from scoville.serve.cited import ID_LENGTH
from scoville.serve.refused import Refused
from scoville.serve.service import Asker, Overseer, Writer, note, service_of
from scoville.serve.studio.page import go, show
from scoville.serve.work import Stop
from scoville.sources.open import key_of
from scoville.track.spans import NANOSECONDS
from scoville.types import Box, Passage

router = APIRouter(include_in_schema=False, prefix="/documents")
Id = Annotated[str, Path(pattern=f"^[0-9a-f]{{{ID_LENGTH},64}}$")]
PAGE = 100
MOST = 60
"""So many passages are shown at once of a document without pages."""


@router.get("")
async def documents_page(
    request: Request, caller: Asker, find: str = "", page: Annotated[int, Query(ge=1, le=1_000_000)] = 1
) -> HTMLResponse:
    """Show the page on which documents come and go, where they come from, and what is in the index."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any]:
        bot = service.first
        known = [one for one in _listed(bot).items() if caller.reads(one[1].groups)]
        found = sorted(one for one in known if find.strip().casefold() in one[0].casefold())
        entries = bot.recipe.sources.entries if caller.sees_all else ()
        last = bot.traces(1, outcome="added") if entries else []
        return {
            "megabytes": service.limits.upload_bytes >> 20, "sources": [key_of(one).split(" ", 1) for one in entries],
            "last": f"{datetime.fromtimestamp(last[0].started / NANOSECONDS):%-d %B %Y, %H:%M}" if last else "",
            "jobs": [job for job in service.jobs.of(caller) if job.status in ("waiting", "running")],
            "rows": found[(page - 1) * PAGE : page * PAGE], "found": len(found), "all": len(known), "find": find,
            "at": page, "pages": -(-len(found) // PAGE), "failed": bot.failures() if caller.sees_all else [],
            "writes": "write" in caller.scopes, "id_length": ID_LENGTH,
        }  # fmt: skip

    return show(request, "documents.html", await service.work.do(request, look), page="documents")


@router.post("/sync")
async def sync(request: Request, caller: Overseer) -> RedirectResponse:
    """Bring the index in line with the sources of the recipe, as a job."""
    service = service_of(request)

    def synced() -> dict[str, Any]:
        return documents.counted(service.first, service.first.sync(retry=True))

    service.jobs.begin(caller, "Read the sources again", synced)
    return go("/documents")


@router.post("/demo")
async def demo(request: Request, caller: Overseer) -> RedirectResponse:
    """Add the documents of a fictional insurer, to try things with."""
    service = service_of(request)

    def added() -> dict[str, Any]:
        report = service.first.add(*write_demo_documents(service.first.workspace.root / "demo"))
        service.load()
        return documents.counted(service.first, report)

    service.jobs.begin(caller, "Add the documents of the demo", added)
    return go("/documents")


@router.get("/{document}")
async def one(document: Id, request: Request, caller: Asker, page: int = 1, elements: bool = False) -> HTMLResponse:
    """Show what is known of a document, and its pages with what was made of them."""
    service = service_of(request)

    def look(_: Stop) -> dict[str, Any]:
        return _known(service.first, caller, document, page, elements)

    values = await service.work.do(request, look)
    note(request, values["source"])
    return show(request, "document.html", values, page="documents")


@router.post("/{document}/read")
async def read_again(document: Id, request: Request, caller: Overseer) -> RedirectResponse:
    """Look at the file of a document again, and read it where it or how it is read has changed."""
    service = service_of(request)
    source = (await service.work.do(request, lambda _: passages_of(service.first, caller, document)))[0].source

    def added() -> dict[str, Any]:
        return documents.counted(service.first, service.first.add(service.first.workspace.path_of(source)))

    note(request, source)
    service.jobs.begin(caller, f"Read {source} again", added)
    return go("/documents")


@router.post("/{document}/remove")
async def remove(document: Id, request: Request, caller: Writer) -> RedirectResponse:
    """Remove a document."""
    await documents.remove(document, request, caller)
    return go("/documents")


def _listed(bot: Bot) -> Mapping[str, DocumentState]:
    try:
        return bot.documents()
    except EmptyIndex:
        return {}


def passages_of(bot: Bot, caller: Caller, document: str) -> list[Passage]:
    """Give the passages of a document that the caller may read."""
    try:
        index = bot.open_index()
        if source := index.source_of(document, caller.groups):
            return index.neighbours(source, 0, 2**31 - 1, groups=caller.groups)
    except EmptyIndex:
        pass
    raise Refused(404, "there is no such document: it was changed or removed, or it is not for you")


def _known(bot: Bot, caller: Caller, document: str, page: int, elements: bool) -> dict[str, Any]:
    passages = passages_of(bot, caller, document)
    first = passages[0]
    numbers = sorted({region.box.page for one in passages for region in one.regions})
    is_drawn = first.media_type.startswith(DRAWN) and bool(numbers)
    page = page if page in numbers else next(iter(numbers), 1)
    here = [one for one in passages if any(region.box.page == page for region in one.regions)] if is_drawn else passages
    return {
        "id": document, "source": first.source, "title": first.title or first.source.rpartition("/")[2],
        "metadata": {key: value for key, value in first.metadata.items() if value not in (None, "")},
        "groups": first.groups if caller.sees_all else None, "media_type": first.media_type, "page_numbers": numbers,
        "at": page, "all": len(passages), "more": max(0, len(here) - MOST), "writes": "write" in caller.scopes,
        "tokens": sum(one.tokens for one in passages), "is_drawn": is_drawn, "with_elements": elements,
        "passages": [{"passage": one, "blocks": blocks(one.text, ())} for one in here[:MOST]],
        **(_drawn(bot, first, here, page, elements) if is_drawn else {"picture": None, "trouble": ""}),
    }  # fmt: skip


def _drawn(bot: Bot, first: Passage, here: Sequence[Passage], page: int, elements: bool) -> dict[str, Any]:
    """Give a page as a picture with what is drawn over it; or why it cannot be."""
    opener = PageOpener(
        workspace=bot.workspace, source=first.source, document_id=first.document_id, media_type=first.media_type
    )
    try:
        picture: PagePicture = opener.picture(page)
        shown = _elements(bot, first.source, page) if elements else []
    except ScovilleError as error:
        return {"picture": None, "trouble": str(error)}
    cut = [(one.number, box) for one in here if (box := around(one.regions, page))]
    return {
        "picture": base64.b64encode(picture.png).decode(), "width": picture.width, "height": picture.height,
        "cut": cut, "elements": shown, "kinds": [kind for kind in COLOURS if any(kind == one[0] for one in shown)],
        "trouble": "",
    }  # fmt: skip


def _elements(bot: Bot, source: str, page: int) -> list[tuple[str, str, Box]]:
    """Read a page anew, and give each element with its kind, the beginning of its text and its boxes."""
    found = bot.inspect(bot.workspace.path_of(source), page).documents[0]
    return [
        (one.kind, " ".join(found.document.text[one.start : one.end].split())[:200], region.box)
        for one in found.elements for region in one.regions if region.box.page == page
    ]  # fmt: skip
