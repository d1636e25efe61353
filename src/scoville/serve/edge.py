"""What every request passes before its route: who asks, from where, how much is sent; and after it: log and counts.

It is ASGI and no route's business, so that no route can forget it. A client that is silent in the middle of its request
is let go. A browser is known by the cookie that it was given for a key; with it, only pages of this service may change
anything. Without keys only requests to this machine by its own name are served, and none that a web page of another
origin sends: else any page in the browser could ask (DNS rebinding, cross-site requests). Headers of proxies are read
only of those that the recipe names.
"""

import asyncio
import time
from urllib.parse import parse_qs, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scoville.recipe.serve import LOOPBACK
from scoville.serve.callers import EVERYTHING, SESSION_PATH, Caller
from scoville.serve.keys import PREFIX
from scoville.serve.login import BACK
from scoville.serve.refused import Refused
from scoville.serve.service import Service
from scoville.serve.studio.page import COOKIE, refusal

OPEN = ("/sign-in", "/sign-in/begin", BACK, "/healthz", "/readyz", "/openapi.json")
OPEN_FOLDER = "/studio/"
"""What needs no key: it tells nothing of documents or callers."""
TOOLS = "/mcp"
LINKED = ("/api/pages/", "/api/passages/")
"""What a link of a citation leads to."""
TOO_LARGE = 413
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}  # fmt: skip


class Edge:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, too_large = time.monotonic(), 500, False
        state = scope.setdefault("state", {})
        body = _Body(receive, self._service.limits.body_seconds)

        async def sending(message: Message) -> None:
            nonlocal status, too_large
            if body.is_late or too_large:
                return  # what the route makes of a body that was cut off, and what Starlette says of a large one
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                if too_large := status == TOO_LARGE and "json" not in headers.get("content-type", ""):
                    return
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            state["caller"] = await self._admit(scope)
            await self._app(scope, body.receive, sending)
            if body.is_late:
                raise Refused(408, "the request did not come in time", headers={"Connection": "close"})
            if too_large:
                raise Refused(TOO_LARGE, "the body is larger than may be sent here")
        except Refused as refused:
            body.is_late = too_large = False
            await refusal(Request(scope), refused)(scope, receive, sending)
        finally:
            self._note(scope, status, time.monotonic() - started)

    async def _admit(self, scope: Scope) -> Caller | None:
        """Say who asks; Refused where nobody who may."""
        headers = Headers(scope=scope)
        knows_callers = self._service.knows_callers
        if not knows_callers:
            self._check_host(headers)
            self._check_origin(headers)
        elif scope["path"] == TOOLS or (_is_open(scope["path"]) and scope["method"] not in SAFE_METHODS):
            self._check_origin(headers)  # of tools the protocol asks for it, whoever calls; and nobody signs others in
        if _is_open(scope["path"]):
            return None
        caller = await self._caller(scope, headers) if knows_callers else EVERYTHING
        if wait := self._service.rates.wait_seconds(caller):
            raise Refused(
                429, f"{caller.per_minute} requests a minute are allowed to this key", code="rate_limit_exceeded",
                headers={"Retry-After": str(int(wait) + 1)},
            )  # fmt: skip
        return caller

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "")
        name = _name(host)
        if name is None or name not in (*LOOPBACK, _name(self._service.host)):
            raise Refused(403, f"host {host!r:.100} is not this machine: open it as http://127.0.0.1, or make a key")

    def _check_origin(self, headers: Headers) -> None:
        """Refuse what a page of another origin has a browser send."""
        origin = headers.get("origin")
        hosts = filter(None, (headers.get("host"), self._service.host))
        if origin and origin not in [f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")]:
            raise Refused(403, f"pages of {origin!r:.100} may not use this service")

    async def _caller(self, scope: Scope, headers: Headers) -> Caller:
        kind, _, key = headers.get("authorization", "").partition(" ")
        bearer, users = key.strip() if kind.lower() == "bearer" else "", self._service.users
        if bearer and (caller := self._service.keys.caller(bearer)):
            return caller
        if caller := users.of_proxy((scope.get("client") or ("",))[0], headers):
            if scope["method"] not in SAFE_METHODS:
                self._check_origin(headers)  # who logged in at the proxy is known to it whatever page sends this
            return caller
        if bearer and not bearer.startswith(PREFIX) and (caller := await users.of_token(bearer)):
            return caller
        if scope["path"].startswith(LINKED) and (caller := self._signed(scope["query_string"], scope["path"])):
            return caller
        cookie = Request(scope).cookies.get(COOKIE, "")
        if cookie and (caller := self._signed(unquote(cookie).encode(), SESSION_PATH)):
            if scope["method"] not in SAFE_METHODS:
                self._check_origin(headers)
            return caller
        raise Refused(
            401, "expected a valid key as Authorization: Bearer KEY; `scoville keys add NAME` makes one",
            code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip

    def _signed(self, query: bytes, path: str) -> Caller | None:
        """Find who signed a path, as the link of a citation or a cookie."""
        given = {name: values[0] for name, values in parse_qs(query.decode("latin-1")).items()}
        name = given.get("key", "")
        caller = self._service.keys.caller_of_id(name) or self._service.users.of_link(name)
        if caller and caller.signed(path, given.get("until", ""), given.get("signature", "")):
            return caller
        return None

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "")
        self._service.metrics.served(scope["method"] if route else "", route, status, seconds)
        if _is_open(scope["path"]):
            return
        state, client = scope["state"], scope.get("client") or ("", 0)
        caller: Caller | None = state.get("caller")
        self._service.audit.put(
            (time.time(), caller.name if caller else "", client[0], scope["method"], scope["path"][:500], status,
             state.get("about", ""))
        )  # fmt: skip


def _name(host: str) -> str | None:
    """Give the name of a host without its port; None where it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_FOLDER)


class _Body:
    """The body of a request, from a client that is never silent for long."""

    def __init__(self, receive: Receive, silence_seconds: float) -> None:
        self._receive = receive
        self._silence = silence_seconds
        self._complete = False
        self.is_late = False

    async def receive(self) -> Message:
        """Receive the next part; that the client has gone, where it is silent."""
        if self._complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._silence)
        except TimeoutError:
            self.is_late = True
            return {"type": "http.disconnect"}
        self._complete = not message.get("more_body", False)
        return message
