"""The pages on which documents are asked, come and go. Enters: a service. Leaves: HTML, style and script.

All that documents and people wrote comes to the pages by the routes of ``/api``, with the rights of whoever asks; a
script makes text nodes of it. A policy lets them run and load what stands in this folder alone.
"""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from scoville.errors import EmptyIndex
from scoville.serve.refused import Refused
from scoville.serve.service import Service, service_of

router = APIRouter(include_in_schema=False)
FOLDER = files("scoville.serve.studio")
STATIC = {
    "tokens.css": (files("scoville.comparison") / "page" / "tokens.css", "text/css"),
    "studio.css": (FOLDER / "static" / "studio.css", "text/css"),
} | {name: (FOLDER / "static" / name, "text/javascript") for name in ("shared.js", "ask.js", "documents.js")}
"""What pages load. The tokens are those of the page of runs."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SHELF = 8
"""So many documents are named before something is asked."""
PAGES = (("ask", "/", "Ask"), ("documents", "/documents", "Documents"))
A_YEAR = "max-age=31536000, immutable"


@router.get("/", response_class=HTMLResponse)
async def ask_page(request: Request) -> HTMLResponse:
    """Show the page on which documents are asked; with keys it says nothing of them before one is given."""
    service = service_of(request)
    told = {} if service.keys.any() else await service.work.do(request, lambda _: _about(service))
    return _page("ask", service, {"about": "", "empty": False, "titles": [], "more": 0} | told)


@router.get("/documents", response_class=HTMLResponse)
async def documents_page(request: Request) -> HTMLResponse:
    """Show the page on which documents come and go."""
    service = service_of(request)
    return _page("documents", service, {"about": "", "megabytes": service.limits.upload_bytes >> 20})


@router.get("/studio/{name}")
async def static(name: str, v: str = "") -> Response:
    """Give a style or a script; an address with the hash of all never needs to be asked for again."""
    if name not in STATIC:
        raise Refused(404, f"there is no {name!r:.60}")
    file, media_type = STATIC[name]
    return Response(
        file.read_bytes(), media_type=media_type, headers={"Cache-Control": A_YEAR if v == _version() else "no-cache"}
    )


def _about(service: Service) -> dict[str, Any]:
    bot = service.first
    try:
        sources = sorted(bot.open_index().documents())
    except EmptyIndex:
        sources = []
    noun = "document" if len(sources) == 1 else "documents"
    return {
        "about": f"{len(sources):,} {noun} · {bot.recipe.llm.model}", "empty": not sources,
        "titles": [source.rpartition("/")[2] for source in sources[:SHELF]], "more": max(0, len(sources) - SHELF),
    }  # fmt: skip


def _page(name: str, service: Service, values: dict[str, Any]) -> HTMLResponse:
    common = {"page": name, "pages": PAGES, "bot": next(iter(service.bots)), "version": _version()}
    text = _templates().get_template(f"{name}.html").render(common | values)
    return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})


@lru_cache
def _version() -> str:
    return sha256(b"".join(file.read_bytes() for file, _ in STATIC.values())).hexdigest()[:12]


@lru_cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(loader=PackageLoader("scoville.serve.studio"), autoescape=True, undefined=StrictUndefined)
