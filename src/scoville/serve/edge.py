"""What every request passes before its route: who asks, from where, how much is sent; and after it: log and counts.

It is ASGI and no route's business, so that no route can forget it. Bodies are counted as they come, whatever their
headers say. Without keys only requests to this machine by its own name are served, and none that a web page of
another origin sends: else any page in the browser could ask (DNS rebinding, cross-site requests). Headers of proxies
are not read.
"""

import asyncio
import time
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scoville.serve.callers import EVERYTHING, Caller
from scoville.serve.refused import Refused
from scoville.serve.service import Service

OPEN = ("/", "/healthz", "/readyz", "/openapi.json")
OPEN_FOLDER = "/studio/"
"""What needs no key: it tells nothing of documents or callers."""
LINKED = ("/api/pages/", "/api/passages/")
"""What a link of a citation leads to."""
UPLOADS = "/api/documents"
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

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            state["caller"] = self._admit(scope)
            limit = self._service.limits.upload_bytes if scope["path"] == UPLOADS else self._service.limits.body_bytes
            await self._app(scope, self._limited(scope, receive, limit), sending)
        except Refused as refused:
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
        if (_name(host) or "none") not in (*LOOPBACK, _name(self._service.host)):
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

    def _limited(self, scope: Scope, receive: Receive, limit: int) -> Receive:
        """Receive a body of so many bytes at most, from a client that is never silent for long."""
        declared = Headers(scope=scope).get("content-length", "")
        too_large = Refused(413, f"expected at most {limit:,} bytes", code="too_large", headers={"Connection": "close"})
        if declared.isdigit() and int(declared) > limit:
            raise too_large
        count, complete = 0, False

        async def receiving() -> Message:
            nonlocal count, complete
            if complete:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._service.limits.body_seconds)
            except TimeoutError:
                raise Refused(408, "the request did not come in time", headers={"Connection": "close"}) from None
            complete = not message.get("more_body", False)
            count += len(message.get("body", b""))
            if count > limit:
                raise too_large
            return message

        return receiving

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "")
        self._service.metrics.served(scope["method"], route, status, seconds)
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
