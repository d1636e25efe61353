"""How far work is that goes on, as a piece of a page that asks for itself again. Enters: a job. Leaves: HTML."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from scoville.serve.refused import Refused
from scoville.serve.service import Writer, service_of
from scoville.serve.studio.page import show

router = APIRouter(include_in_schema=False)


@router.get("/jobs/{id}")
async def job(id: str, request: Request, caller: Writer) -> HTMLResponse:
    """Say how far a job of the caller is, and what came of it."""
    found = next((one for one in service_of(request).jobs.of(caller) if one.id == id), None)
    if found is None:
        raise Refused(404, "there is no such job, or it is not yours")
    return show(request, "job.html", {"job": found})
