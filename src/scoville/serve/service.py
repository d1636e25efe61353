"""What all routes share: bots, threads, keys, records. Enters: bots by name. Leaves: the service of an application."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request

from scoville.bot import Bot
from scoville.errors import ScovilleError
from scoville.serve.callers import Caller, Rates
from scoville.serve.jobs import Jobs
from scoville.serve.keys import Keys
from scoville.serve.metrics import Metrics
from scoville.serve.refused import Refused
from scoville.serve.work import Job, Stop, Work
from scoville.track.background import Background
from scoville.track.store import FILE_NAME, Store
from scoville.types import Answer, Message

logger = logging.getLogger("scoville")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a service takes on."""

    queue: int = 64
    """How many requests may wait; one more is told 429."""
    timeout_seconds: float = 120.0
    """How long a request may wait and work."""
    body_bytes: int = 1 << 20
    upload_bytes: int = 200 << 20
    """Of all files of one upload."""
    body_seconds: float = 30.0
    """The longest silence of a client that sends its request."""


class Service:
    """Bots, and what serves them. Keys, audit and feedback are in the workspace of the first bot."""

    def __init__(self, bots: Mapping[str, Bot], limits: Limits, url: str = "") -> None:
        self.bots = dict(bots)
        self.limits = limits
        self.url = url.rstrip("/")
        """The address that callers know the service by; empty: what they call it."""
        self.first = next(iter(self.bots.values()))
        self.store = Store(self.first.workspace.folder / FILE_NAME)
        self._key_store = Store(self.store.path)  # its own connection, so that no key waits for a write of the log
        self.keys = Keys(self._key_store)
        self.rates = Rates()
        self.metrics = Metrics()
        workers = max(2, *(bot.recipe.llm.at_once for bot in self.bots.values()))
        self.work = Work(workers=workers, queue=limits.queue, timeout_seconds=limits.timeout_seconds)
        self.jobs = Jobs()
        for bot in self.bots.values():
            bot.bars = self.jobs.bars
        self.audit: Background[Sequence[Any]] = Background(self._write_audit, "entries of the audit log")
        self.not_ready = "the models are being loaded"
        """Why no question can be answered yet; empty when one can."""

    def bot(self, name: str | None) -> tuple[str, Bot]:
        """Find the bot of a name, or give the first; Refused (404) for an unknown one."""
        if name is None:
            name = next(iter(self.bots))
        if name not in self.bots:
            known = ", ".join(map(repr, self.bots))
            raise Refused(404, f"there is no model {name!r:.200}; there are {known}", code="model_not_found")
        return name, self.bots[name]

    def base(self, request: Request) -> str:
        """Give the address that links begin with."""
        return self.url or str(request.base_url).rstrip("/")

    @property
    def host(self) -> str:
        """The host of the address that callers know the service by; empty where that was not said."""
        return urlsplit(self.url).netloc

    def warm(self) -> None:
        """Load what answers in a thread, so that the first question need not wait for it."""
        threading.Thread(target=self.load, daemon=True).start()

    def load(self) -> None:
        """Load what answers, where it is not loaded, and say whether questions can be answered."""
        try:
            for bot in self.bots.values():
                bot.answerer()
            self.not_ready = ""
        except ScovilleError as error:
            self.not_ready = str(error)
            logger.warning("not ready: %s", error)

    def close(self) -> None:
        """Finish what is in hand, and write down what is left to write."""
        self.not_ready = "the server is shutting down"
        self.jobs.close()
        self.work.close()
        self.audit.close()
        self.store.close()
        self._key_store.close()

    def _write_audit(self, rows: Sequence[Sequence[Any]]) -> None:
        columns = "time, caller, address, method, path, status, about"
        self.store.write(f"INSERT INTO audit ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An answer, the id of its trace, and the name of the bot that gave it."""

    answer: Answer
    trace_id: str
    model: str


def service_in(app: FastAPI) -> Service:
    """Give the service of an application."""
    return app.state.service


def service_of(request: Request) -> Service:
    """Give the service of a request."""
    return service_in(request.app)


def note(request: Request, about: str) -> None:
    """Say for the audit log what a request was about."""
    request.state.about = about


def needs(scope: str) -> Callable[[Request], Any]:
    """Give a dependency that lets callers with a scope in; who they are was found out before their body was read."""

    async def caller(request: Request) -> Caller:
        found: Caller = request.state.caller
        if scope not in found.scopes:
            raise Refused(403, f"the key {found.name!r} may not do this: it lacks the scope {scope!r}")
        return found

    return caller


Asker = Annotated[Caller, Depends(needs("ask"))]
Writer = Annotated[Caller, Depends(needs("write"))]
Admin = Annotated[Caller, Depends(needs("admin"))]


def ask(
    request: Request,
    caller: Caller,
    question: str,
    history: Sequence[Message] = (),
    *,
    model: str | None = None,
    where: str = "",
    on_text: Callable[[str], None] | None = None,
) -> Job[Asked]:
    """Have a bot answer as this caller, traced, counted and noted; it stops writing when nobody waits any more."""
    service = service_of(request)
    name, bot = service.bot(model)
    note(request, bot.redact(question))

    def answered(stop: Stop) -> Asked:
        def told(text: str) -> None:
            stop.check()
            if on_text:
                on_text(text)

        started = time.time()
        try:
            answer, trace_id = bot.asked(
                question, history, where=where or (), groups=caller.groups, on_text=told, caller=caller.name
            )
        except ScovilleError as error:
            bot.tracker().failed(question, error, started, caller=caller.name)
            raise
        service.metrics.answered(name, answer)
        return Asked(answer=answer, trace_id=trace_id, model=name)

    return service.work.submit(answered)
