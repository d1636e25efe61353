"""What every request passes before its route: who asks, from where, how much is sent; and after it: log and counts.

It is ASGI and no route's business, so that no route can forget it. A client that is silent in the middle of its request
is let go. Without keys only requests to this machine by its own name are served, and none that a web page of another
origin sends: else any page in the browser could ask (DNS rebinding, cross-site requests). Headers of proxies are not
read.
"""

import asyncio
import time
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scoville.serve.callers import EVERYTHING, Caller
from scoville.serve.refused import Refused
from scoville.serve.service import Service

OPEN = ("/", "/documents", "/healthz", "/readyz", "/openapi.json")
OPEN_FOLDER = "/studio/"
"""What needs no key: it tells nothing of documents or callers."""
LINKED = ("/api/pages/", "/api/passages/")
"""What a link of a citation leads to."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
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
        started, status = time.monotonic(), 500
        state = scope.setdefault("state", {})
        body = _Body(receive, self._service.limits.body_seconds)

        async def sending(message: Message) -> None:
            nonlocal status
            if body.is_late:
                return  # what the route makes of a body that was cut off
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            state["caller"] = self._admit(scope)
            await self._app(scope, body.receive, sending)
            if body.is_late:
                raise Refused(408, "the request did not come in time", headers={"Connection": "close"})
        except Refused as refused:
            body.is_late = False
            await refused.response(scope, receive, sending)
        finally:
            self._note(scope, status, time.monotonic() - started)

    def _admit(self, scope: Scope) -> Caller | None:
        """Say who asks; Refused where nobody who may."""
        headers = Headers(scope=scope)
        keyed = self._service.keys.any()
        if not keyed:
            self._check_host(headers)
        if _is_open(scope["path"]):
            return None
        caller = self._caller(scope, headers) if keyed else EVERYTHING
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
        origin = headers.get("origin")
        if origin not in (None, f"http://{host}", f"https://{host}"):
            raise Refused(403, f"pages of {origin!r:.100} may not use this service")

    def _caller(self, scope: Scope, headers: Headers) -> Caller:
        kind, _, key = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and (caller := self._service.keys.caller(key.strip())):
            return caller
        if scope["path"].startswith(LINKED) and (caller := self._linked(scope)):
            return caller
        raise Refused(
            401, "expected a valid key as Authorization: Bearer KEY; `scoville keys add NAME` makes one",
            code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip

    def _linked(self, scope: Scope) -> Caller | None:
        """Find whose link was opened."""
        given = {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        caller = self._service.keys.caller_of_id(given.get("key", ""))
        if caller and caller.signed(scope["path"], given.get("until", ""), given.get("signature", "")):
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
