"""What all pages of the studio share: the shell, the policy, sign-in, refusals, style and scripts.

Enters: a request, a template and its values. Leaves: HTML for who asks. All that documents and people wrote is escaped
by the templates or becomes text nodes in a script; a policy lets only what stands in this folder run, and only what
this page itself was given ask for more (htmx with its nonces).
"""

import gzip
import secrets
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from scoville.comparison.render import PAGE, environment
from scoville.serve.callers import SESSION_PATH, Caller
from scoville.serve.keys import PREFIX
from scoville.serve.login import BACK
from scoville.serve.login import COOKIE as LOGIN_COOKIE
from scoville.serve.refused import Refused
from scoville.serve.service import service_of

router = APIRouter(include_in_schema=False)
FOLDER = Path(str(files("scoville.serve.studio")))
SCRIPTS = ("shared.js", "ask.js", "documents.js", "training.js", "htmx.js", "hx-csp.js", "uplot.js")
STATIC = (
    {"tokens.css": (PAGE / "tokens.css", "text/css"), "page.css": (PAGE / "page.css", "text/css"),
     "studio.css": (FOLDER / "static" / "studio.css", "text/css"),
     "uplot.css": (FOLDER / "static" / "uplot.css", "text/css")}
    | {name: (FOLDER / "static" / name, "text/javascript") for name in SCRIPTS}
)  # fmt: skip
"""What pages load; the first two are those of the page of runs. htmx 4.0.1 and its CSP extension (0BSD), and
uPlot 1.6.32 (MIT), are as published."""
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{}'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types htmx"
)
A_YEAR = "max-age=31536000, immutable"
COOKIE = "scoville"


class Entry(NamedTuple):
    """A page in the navigation."""

    name: str
    address: str
    label: str
    everything: bool = False
    """Whether it is only for who reads every document and has the scope `admin`."""


ENTRIES = (
    Entry("ask", "/", "Ask"),
    Entry("documents", "/documents", "Documents"),
    Entry("cases", "/cases", "Cases"),
    Entry("runs", "/runs", "Runs", True),
    Entry("traces", "/traces", "Traces"),
    Entry("monitor", "/monitor", "Monitor", True),
    Entry("releases", "/releases", "Releases", True),
    Entry("training", "/training", "Training", True),
    Entry("settings", "/settings", "Settings", True),
)


def show(request: Request, template: str, values: dict[str, Any], *, page: str = "", status: int = 200) -> HTMLResponse:
    """Fill a template for who asks; ``page`` is the entry of the navigation that it belongs to."""
    caller: Caller | None = getattr(request.state, "caller", None)
    service, nonce = service_of(request), secrets.token_urlsafe(16)
    entries = [one for one in ENTRIES if caller and (caller.sees_all or not one.everything)]
    common = {
        "page": page, "entries": entries, "bot": next(iter(service.bots)), "version": _version(), "nonce": nonce,
        "caller": caller, "signed_in": COOKIE in request.cookies,
    }  # fmt: skip
    text = _templates().get_template(template).render(common | values)
    headers = {"Content-Security-Policy": POLICY.format(nonce), "Referrer-Policy": "same-origin"}
    return HTMLResponse(text, status, headers)  # without a referrer a form would be sent with the origin `null`


def refusal(request: Request, refused: Refused) -> Response:
    """Say what is not done, and why: to people on a page, by which they may sign in, and to programs as JSON."""
    if "text/html" not in request.headers.get("accept", ""):
        return refused.response
    if "hx-request" in request.headers:
        return show(request, "refused.html", {"refused": refused}, status=refused.status)
    place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    template = "sign_in.html" if refused.status == 401 else "refused_page.html"
    values = {"refused": refused} | _sign_in_values(request, place)
    return show(request, template, values, status=refused.status)


def go(address: str) -> RedirectResponse:
    """Lead a browser to a page after a form was sent."""
    return RedirectResponse(address, 303)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Take a key or a token, and let this browser come in with what it may for a month, or until it signs out."""
    form = await request.form()
    place = local(str(form.get("next") or "/"))
    service, key = service_of(request), str(form.get("key") or "").strip()
    try:
        caller = service.keys.caller(key) or (None if key.startswith(PREFIX) else await service.users.of_token(key))
    except Refused:
        caller = None
    if caller is None:
        said = "No such key is valid: it may be mistyped, or was revoked."
        return show(request, "sign_in.html", _sign_in_values(request, place, said), status=401)
    return _let_in(request, caller, place)


@router.get("/sign-in/begin")
async def begin(request: Request, next: str = "/") -> Response:
    """Send a browser to the issuer of tokens."""
    service = service_of(request)
    if not service.users.sign_in:
        raise Refused(404, "nobody signs in here with a browser alone")
    cookie, address = await service.logins.begin(local(next), service.base(request) + BACK)
    reply = go(address)
    _set_cookie(request, reply, LOGIN_COOKIE, cookie)
    return reply


@router.get(BACK)
async def back(request: Request) -> Response:
    """Let a browser in that comes back from there."""
    service = service_of(request)
    cookie = request.cookies.get(LOGIN_COOKIE, "")
    try:
        caller, place = await service.logins.end(cookie, request.query_params, service.base(request) + BACK)
        reply = _let_in(request, caller, place)
    except Refused as refused:
        said = f"Nobody was signed in: {refused}."
        reply = show(request, "sign_in.html", _sign_in_values(request, "/", said), status=refused.status)
    reply.delete_cookie(LOGIN_COOKIE)
    return reply


def _let_in(request: Request, caller: Caller, place: str) -> Response:
    reply = go(place)
    _set_cookie(request, reply, COOKIE, quote(caller.sign(SESSION_PATH)))
    return reply


def _set_cookie(request: Request, reply: Response, name: str, value: str) -> None:
    secure = service_of(request).base(request).startswith("https:")
    reply.set_cookie(name, value, httponly=True, samesite="lax", secure=secure)


def _sign_in_values(request: Request, place: str, wrong: str = "") -> dict[str, Any]:
    users = service_of(request).users
    return {"next": place, "wrong": wrong, "issuer": users.issuer.host if users.sign_in else ""}


@router.post("/sign-out")
async def sign_out() -> Response:
    """Let this browser in no longer."""
    reply = go("/")
    reply.delete_cookie(COOKIE)
    return reply


@router.get("/studio/{name}")
async def static(name: str, request: Request, v: str = "") -> Response:
    """Give a style or a script; an address with the hash of all never needs to be asked for again."""
    if name not in STATIC:
        raise Refused(404, f"there is no {name!r:.60}")
    headers = {"Cache-Control": A_YEAR if v == _version() else "no-cache", "Vary": "Accept-Encoding"}
    content = STATIC[name][0].read_bytes()
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = _packed(content)
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=STATIC[name][1], headers=headers)


def local(address: str) -> str:
    """Give an address of these pages; the first of them for any other."""
    parts = urlsplit(address)
    mean = parts.scheme or parts.netloc or not address.startswith("/") or address.startswith("//") or "\\" in address
    return "/" if mean else address


@lru_cache
def _packed(content: bytes) -> bytes:
    return gzip.compress(content)


@lru_cache
def _version() -> str:
    return sha256(b"".join(file.read_bytes() for file, _ in STATIC.values())).hexdigest()[:12]


@lru_cache
def _templates() -> Any:
    return environment(FOLDER / "templates")
