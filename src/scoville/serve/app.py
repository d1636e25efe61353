"""Bots as one HTTP application. Enters: bots by name. Leaves: FastAPI; whoever makes it closes the bots."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from scoville.bot import Bot
from scoville.serve import ask, chat, documents, health, models, pages, records, responses, studio
from scoville.serve.edge import Edge
from scoville.serve.refused import explain_errors
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
        yield
        service.close()

    app = FastAPI(
        title="Scoville", version=version("scoville"), description=ABOUT, lifespan=lifespan, docs_url=None,
        redoc_url=None, max_body_size=limits.body_bytes,
    )  # fmt: skip
    app.state.service = service
    app.add_middleware(Edge, service=service)
    explain_errors(app)
    for part in (chat, responses, models, ask, pages, records, health, studio):
        app.include_router(part.router)
    app.include_router(documents.router, max_body_size=limits.upload_bytes)
    return app
