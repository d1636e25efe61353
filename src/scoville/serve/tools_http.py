"""The tools over HTTP, at `/mcp` of a service. Enters: a service. Leaves: what answers the requests of MCP's clients.

Who calls is known from the request, by the same keys, groups, limits and log as on every other route; each request
stands alone, so that no session can be another's.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from scoville.serve.callers import Caller
from scoville.serve.edge import TOOLS
from scoville.serve.refused import Refused
from scoville.serve.service import Service, ask, note
from scoville.serve.tools import Groups, build_server
from scoville.types import Answer

R = TypeVar("R")


class OverHttp:
    """The host of whoever has a key."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def do(self, context: Context, function: Callable[[Groups], R]) -> R:
        """Do it where the work of all requests is done."""
        request, caller = _asker(context)
        note(request, self._service.first.redact(str(context.request_context.params or ""))[:500])
        return await self._service.work.submit(lambda _: function(caller.groups)).result()

    async def ask(self, context: Context, question: str, **told: Any) -> Answer:
        """Answer as `/api/ask` does."""
        request, caller = _asker(context)
        return (await ask(request, caller, question, **told).result()).answer


@asynccontextmanager
async def tools_of(app: FastAPI, service: Service) -> AsyncGenerator[None]:
    """Have an application answer MCP's clients; ``Edge`` checks hosts and origins, as for all."""
    server = build_server(service.first, OverHttp(service))
    server.streamable_http_app(
        stateless_http=True, max_request_body_size=service.limits.body_bytes,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )  # fmt: skip
    manager = server.session_manager
    async with manager.run():
        app.router.routes.append(Route(TOOLS, _Endpoint(manager.handle_request)))
        yield


class _Endpoint:
    """An application of its own, which a route with a class leaves every method to."""

    def __init__(self, handle: Callable[[Scope, Receive, Send], Any]) -> None:
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._handle(scope, receive, send)


def _asker(context: Context) -> tuple[Request, Caller]:
    request = context.request_context.request
    assert isinstance(request, Request)  # of Starlette, whose application this is within
    caller: Caller = request.state.caller
    if "ask" not in caller.scopes:
        raise Refused(403, f"{caller.name!r} may not do this: it lacks the scope 'ask'")
    return request, caller
