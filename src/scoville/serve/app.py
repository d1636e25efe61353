"""Bots as one HTTP application. Enters: bots by name. Leaves: FastAPI; whoever makes it closes the bots."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib.metadata import version

from fastapi import FastAPI

from scoville.bot import Bot
from scoville.serve import ask, chat, documents, health, models, pages, records, responses, studio
from scoville.serve.edge import Edge
from scoville.serve.refused import Explaining, explain_errors
from scoville.serve.service import Limits, Service

ABOUT = """Answers from documents, each with the page that it rests on. `/v1` is for the clients of OpenAI; `/api` says
more. A request needs `Authorization: Bearer KEY` once a key was made (`scoville keys add NAME`)."""


def build_app(bots: Mapping[str, Bot], limits: Limits | None = None, *, url: str = "") -> FastAPI:
    """Serve bots under their names: each is a model of `/v1`; without a name the first is asked.

    ``url`` is the address that callers know the service by, where that is another than they call it, as behind a proxy.
    """
    limits = limits or Limits()
    service = Service(bots, limits, url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        service.warm()
        documents.resume(service)
        async with _tools(app, service):
            yield
        service.close()

    app = Explaining(
        title="Scoville", version=version("scoville"), description=ABOUT, lifespan=lifespan, docs_url=None,
        redoc_url=None,
    )  # fmt: skip
    app.state.service = service
    app.add_middleware(Edge, service=service)
    explain_errors(app, studio.refusal)
    for router in (*(one.router for one in (chat, responses, models, ask, pages, records, health)), *studio.ROUTERS):
        app.include_router(router, max_body_size=limits.body_bytes)
    app.include_router(documents.router, max_body_size=limits.upload_bytes)
    return app


def _tools(app: FastAPI, service: Service) -> AbstractAsyncContextManager[None]:
    """Have it answer MCP's clients, where their SDK is installed."""
    try:
        from scoville.serve.tools_http import tools_of
    except ModuleNotFoundError:
        return nullcontext()
    return tools_of(app, service)
