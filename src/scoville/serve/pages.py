"""/api/pages and /api/passages: what a citation leads to. Enters: an id. Leaves: a picture, or text.

Documents are named by what they hold, not by where they lie: no path of a request reaches the disk. Whether the caller
may read it the index decides, as for a search.
"""

from math import isfinite
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response

from scoville.bot import Bot
from scoville.bot.images import PageOpener, boxed
from scoville.errors import UsageError
from scoville.serve.callers import Caller
from scoville.serve.cited import ID_LENGTH
from scoville.serve.refused import Refused
from scoville.serve.service import Asker, note, service_of
from scoville.serve.work import Stop
from scoville.types import Box, Passage

router = APIRouter(prefix="/api", tags=["Documents"])
MOST_BOXES = 500
MOST_POINTS = 1_000_000


class Picture(Response):
    """A picture of a page."""

    media_type = "image/png"


@router.get("/pages/{document}/{page}.png", response_class=Picture)
async def page(
    document: Annotated[str, Path(pattern=f"^[0-9a-f]{{{ID_LENGTH},64}}$")],
    page: Annotated[int, Path(ge=1, le=1_000_000)],
    request: Request,
    caller: Asker,
    boxes: Annotated[str, Query(examples=["72.0,100.5,300.0,112.0"])] = "",
) -> Response:
    """Draw a page of a document, with boxes (left, top, right, bottom in points) around words.

    The header Page-Size says how large it is in points.
    """
    drawn = _boxes(page, boxes)

    def draw(_: Stop) -> tuple[bytes, str]:
        bot, passage = _passage_of(request, caller, document)
        opener = PageOpener(
            workspace=bot.workspace, source=passage.source, document_id=passage.document_id,
            media_type=passage.media_type,
        )  # fmt: skip
        note(request, passage.source)
        try:
            picture = opener.picture(page)
        except UsageError as error:
            raise Refused(404, str(error)) from None
        return boxed(picture, drawn), f"{picture.width:g} {picture.height:g}"

    png, size = await service_of(request).work.do(request, draw)
    return Picture(png, headers={"Page-Size": size})


@router.get("/passages/{id}", response_class=PlainTextResponse)
async def passage(id: str, request: Request, caller: Asker) -> PlainTextResponse:
    """Show a passage of a document as text."""
    service = service_of(request)

    def find(_: Stop) -> Passage:
        for bot in service.searched:
            if found := bot.open_index().passages([id], caller.groups):
                return found[0]
        raise Refused(404, "there is no such passage: its document was changed or removed, or it is not for you")

    found = await service.work.do(request, find)
    note(request, found.source)
    place = found.anchor or (f"page {found.page}" if found.page else "")
    head = "\n".join(filter(None, (found.title, found.source, place, " > ".join(found.headings))))
    return PlainTextResponse(f"{head}\n\n{found.text}\n")


def _boxes(page: int, written: str) -> tuple[Box, ...]:
    """Read boxes: four numbers each, with ``;`` between them."""
    try:
        boxes = [Box(page, *map(float, one.split(","))) for one in written.split(";") if one]
    except (TypeError, ValueError):
        boxes = [Box(page, -1, -1, -1, -1)]
    edges = [edge for box in boxes for edge in box[1:]]
    if len(boxes) > MOST_BOXES or not all(isfinite(edge) and 0 <= edge < MOST_POINTS for edge in edges):
        raise Refused(
            400, f"boxes: expected left,top,right,bottom;... in points, at most {MOST_BOXES}, got {written!r:.80}"
        )
    return tuple(Box(page, min(b.x0, b.x1), min(b.y0, b.y1), max(b.x0, b.x1), max(b.y0, b.y1)) for b in boxes)


def _passage_of(request: Request, caller: Caller, document: str) -> tuple[Bot, Passage]:
    """Find a passage of a document that the caller may read, for what it says of its document."""
    for bot in service_of(request).searched:
        index = bot.open_index()
        source = index.source_of(document, caller.groups)
        if source and (found := index.neighbours(source, 0, 0, groups=caller.groups)):
            return bot, found[0]
    raise Refused(404, "there is no such document: it was changed or removed, or it is not for you")
