"""What all routes share: bots, threads, keys, records. Enters: bots by name. Leaves: the service of an application."""

import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request

from scoville.bot import Bot
from scoville.bot import open as open_bot
from scoville.bot.automations import Automatic
from scoville.errors import ScovilleError
from scoville.memory import turn_of
from scoville.models.trained import FOLDER, answering
from scoville.serve.callers import Caller, Rates
from scoville.serve.jobs import Jobs
from scoville.serve.keys import Keys
from scoville.serve.login import Logins
from scoville.serve.metrics import Metrics
from scoville.serve.refused import Refused
from scoville.serve.releases import Released, Routed, Shadowed
from scoville.serve.users import Users
from scoville.serve.work import Job, Stop, Work
from scoville.track.background import Background
from scoville.track.store import FILE_NAME, Store
from scoville.types import Answer, Message

logger = logging.getLogger("scoville")
DAY_SECONDS, EXPIRY_SECONDS = 86_400, 3600


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
        self._replaced: list[Bot] = []
        self.store = Store(self.first.workspace.folder / FILE_NAME)
        self._key_store = Store(self.store.path)  # its own connection, so that no key waits for a write of the log
        self.keys = Keys(self._key_store)
        self.users = Users(self.first.recipe.serve.users)
        self.logins = Logins(self.users)
        self.rates = Rates()
        self.metrics = Metrics()
        workers = max(2, *(bot.recipe.llm.at_once for bot in self.bots.values()))
        self.work = Work(workers=workers, queue=limits.queue, timeout_seconds=limits.timeout_seconds)
        self.jobs = Jobs()
        for bot in self.bots.values():
            bot.bars = self.jobs.bars
        self.released = Released(lambda: self.first)
        self.automatic = Automatic(lambda: self.first)
        self.audit: Background[Sequence[Any]] = Background(self._write_audit, "entries of the audit log")
        self.expires = 0.0
        """When old entries are deleted next."""
        self.not_ready = "the models are being loaded"
        """Why no question can be answered yet; empty when one can."""

    @property
    def first(self) -> Bot:
        """The bot that is asked where none is named."""
        return next(iter(self.bots.values()))

    @contextmanager
    def opened_anew(self) -> Generator[Bot]:
        """Give the first bot as its recipe's file says now; in its place when the block is done.

        The one before is closed with the service: requests in hand may still use it.
        """
        old = self.first
        bot = open_bot(old.workspace.root, **old.given_values())
        bot.bars = self.jobs.bars
        try:
            yield bot
        except BaseException:
            bot.close()
            raise
        self.bots[next(iter(self.bots))] = bot
        self._replaced += [old, bot]
        self.warm()

    def reopen(self) -> None:
        """Have the first bot take what its recipe's file says now."""
        with self.opened_anew():
            pass

    def bot(self, name: str | None) -> tuple[str, Bot]:
        """Find the bot of a name, or whose workspace has a trained model of it, or give the first; Refused (404)."""
        if name is None:
            name = next(iter(self.bots))
        if name in self.bots:
            return name, self.bots[name]
        if self.released.knows(name):
            return name, self.first
        trained = self.trained()
        if name not in trained:
            known = ", ".join(map(repr, [*self.bots, *trained, *self.released.names()]))
            raise Refused(404, f"there is no model {name!r:.200}; there are {known}", code="model_not_found")
        return name, trained[name][0]

    def trained(self) -> dict[str, tuple[Bot, str]]:
        """Give the trained models that can answer: the bot of each, and what a recipe calls it; by the name to ask."""
        return {
            name: (bot, reference)
            for bot in self.bots.values()
            for name, reference in answering(bot.workspace.folder / FOLDER).items()
            if name not in self.bots
        }

    @contextmanager
    def answers_as(self, name: str, key: str) -> Generator[Routed]:
        """Give what answers under a name: a bot, one that is it but for a trained model, a release. It may wait.

        ``key`` names the conversation: by it a canary decides.
        """
        _, bot = self.bot(name)
        if name in self.bots:
            yield Routed(bot=bot, about={})
        elif self.released.knows(name):
            with self.released.asked(name, key) as routed:
                yield routed
        else:
            yield Routed(bot=bot.variant({"llm.model": self.trained()[name][1]}), about={})

    @property
    def searched(self) -> list[Bot]:
        """Give what an answer may cite from: the bots, and the releases that are open."""
        return [*self.bots.values(), *self.released.bots()]

    @property
    def knows_callers(self) -> bool:
        """Whether who asks must be known: from the first key on, or when the recipe names an issuer or a proxy."""
        return self.users.any() or self.keys.any()

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
        self.released.start()
        self.automatic.start()

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
        self.automatic.stop()
        self.jobs.close()
        self.work.close()
        self.released.close()
        self.audit.close()
        self.store.close()
        self._key_store.close()
        for bot in self._replaced:
            bot.close()

    def _write_audit(self, rows: Sequence[Sequence[Any]]) -> None:
        self._expire()
        columns = "time, caller, address, method, path, status, about"
        self.store.write(f"INSERT INTO audit ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608

    def _expire(self) -> None:
        """Delete what is older than the recipe says, once an hour."""
        days, now = self.first.recipe.serve.retention_days, time.time()
        if days is None or now < self.expires:
            return
        self.expires = now + EXPIRY_SECONDS
        for table in ("audit", "feedback"):
            self.store.write(f"DELETE FROM {table} WHERE time < ?", [(now - days * DAY_SECONDS,)])  # noqa: S608


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
            raise Refused(403, f"{found.name!r} may not do this: it lacks the scope {scope!r}")
        return found

    return caller


Asker = Annotated[Caller, Depends(needs("ask"))]
Writer = Annotated[Caller, Depends(needs("write"))]
Admin = Annotated[Caller, Depends(needs("admin"))]


async def _sees_all(caller: Admin) -> Caller:
    if not caller.sees_all:
        raise Refused(403, f"{caller.name!r} may not see this: they do not read every document")
    return caller


Overseer = Annotated[Caller, Depends(_sees_all)]
"""Who may see what rests on any document."""


def ask(
    request: Request,
    caller: Caller,
    question: str,
    history: Sequence[Message] = (),
    *,
    model: str | None = None,
    where: str = "",
    on_text: Callable[[str], None] | None = None,
    conversation: str = "",
    **how: Any,
) -> Job[Asked]:
    """Have a bot answer as this caller, traced, counted and noted; it stops writing when nobody waits any more.

    With a ``conversation`` the turn is kept under that name.
    """
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
            with service.answers_as(name, conversation or (history[0].content if history else question)) as routed:
                answer, trace_id = routed.bot.asked(
                    question, history, where=where or (), groups=caller.groups, on_text=told, caller=caller.name,
                    more=lambda _: routed.about, **how,
                )  # fmt: skip
        except ScovilleError as error:
            bot.tracker().failed(question, error, started, caller=caller.name)
            raise
        service.metrics.answered(name, answer)
        if routed.shadow:
            rest = {"where": where or (), "groups": caller.groups, **how}
            service.released.shadow(Shadowed(routed.shadow, name, question, history, rest, answer, trace_id))
        if conversation:
            bot.conversations().add(conversation, turn_of(answer), trace_id)
        return Asked(answer=answer, trace_id=trace_id, model=name)

    return service.work.submit(answered)
