"""Releases as a service answers from them: an alias is a model's name, and what it stands for may change at any time.

Enters: the file that says what is served, questions. Leaves: a bot for each, held open until the question is answered.
A switch is followed once all that it takes is loaded: until then, and where it cannot be loaded, what was served before
answers. Who is asked by a canary is decided by the conversation, so that none changes its mind half way.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from scoville.bot import Bot
from scoville.errors import DamagedRelease, ScovilleError
from scoville.evaluate.metrics.text import token_f1
from scoville.release import State, Target, is_release, read_state, releases_of
from scoville.release.state import state_path
from scoville.track.background import Background
from scoville.track.spans import AGREES, LIKENESS, ROUTE, SHADOWED
from scoville.types import Answer, Message

logger = logging.getLogger("scoville")
LOOK_SECONDS = 0.5
IDLE_SECONDS = 600.0
"""A release that was asked for by its own name stays open for so long after the last question."""
SHADOWS = 100
"""So many questions may wait for the shadow; more are not asked of it."""


@dataclass(frozen=True, kw_only=True)
class Routed:
    """What answers a question."""

    bot: Bot
    about: Mapping[str, Any]
    """What the trace says of it."""
    shadow: str = ""
    """The release that is asked as well."""


class Shadowed(NamedTuple):
    """A question that was answered, for a shadow to answer, too."""

    release: str
    route: str
    question: str
    history: Sequence[Message]
    how: Mapping[str, Any]
    answer: Answer
    trace_id: str


class _Open:
    """A release that is open, or is being opened by the first who needs it."""

    def __init__(self, open_: Callable[[], Bot]) -> None:
        self.users = 0
        self.used = time.monotonic()
        self._open = open_
        self._opening = threading.Lock()

    @cached_property
    def bot(self) -> Bot:
        bot = self._open()
        try:
            bot.answerer()
        except BaseException:
            bot.close()
            raise
        return bot

    def ready(self) -> Bot:
        with self._opening:
            return self.bot


class Released:
    """The releases of one workspace, as they are asked."""

    def __init__(self, first: Callable[[], Bot]) -> None:
        """``first`` gives the bot of the workspace, which may be opened anew."""
        self._first = first
        self._opened: dict[str, _Open] = {}
        self._lock = threading.Lock()
        self._state = State()
        self._seen: object = None
        self._closing = threading.Event()
        self._following = threading.Lock()
        self._shadows: Background[Shadowed] = Background(self._ask_shadows, "questions to a shadow", queue=SHADOWS)

    def names(self) -> list[str]:
        """Name what can be asked: aliases, then releases."""
        workspace = self._first().workspace
        return [*self._current().targets, *(one.name for one in releases_of(workspace))]

    def knows(self, name: str) -> bool:
        """Say whether an alias or a release has a name."""
        return name in self._current().targets or is_release(self._first().workspace, name)

    def bots(self) -> list[Bot]:
        """Give the bots of the releases that are open, for what their answers cite."""
        with self._lock:
            return [one.bot for one in self._opened.values() if "bot" in vars(one)]

    def start(self) -> None:
        """Load what is served, and follow every switch in a thread."""
        threading.Thread(target=self._watch, name="scoville-releases", daemon=True).start()

    def follow(self) -> None:
        """Take over what is served now, once it is loaded; what cannot be loaded changes nothing."""
        with self._following:
            look = _look(self._first().workspace)
            if look != self._seen:
                self._seen = look
                try:
                    state = read_state(self._first().workspace)
                    for name in {name for target in state.targets.values() for name in target.names}:
                        with self.opened(name):
                            pass
                    with self._lock:
                        self._state = state
                except ScovilleError as error:
                    logger.error("what was served before is served on: %s", error)
            self._close_unused()

    @contextmanager
    def asked(self, name: str, key: str) -> Generator[Routed]:
        """Give what answers under an alias, or a release by its own name; ``key`` names the conversation."""
        target = self._current().targets.get(name)
        release, route = routed(target, name, key) if target else (name, name)
        with self.opened(release) as bot:
            yield Routed(bot=bot, about={ROUTE: route}, shadow=target.shadow if target else "")

    @contextmanager
    def opened(self, release: str) -> Generator[Bot]:
        """Give the bot of a release, and keep it open for as long as it is used."""
        with self._lock:
            one = self._opened.setdefault(release, _Open(lambda: self._open(release)))
            one.users += 1
        try:
            yield one.ready()
        finally:
            with self._lock:
                one.users -= 1
                one.used = time.monotonic()
                if "bot" not in vars(one) and not one.users:  # it could not be opened: the next one tries again
                    self._opened.pop(release, None)

    def shadow(self, one: Shadowed) -> None:
        """Have a release answer a question that was answered; its answer goes into the trace and to nobody."""
        self._shadows.put(one)

    def close(self) -> None:
        """Close all bots."""
        self._closing.set()
        self._shadows.close()
        with self._lock, ExitStack() as closing:
            for one in self._opened.values():
                if "bot" in vars(one):
                    closing.callback(one.bot.close)
            self._opened.clear()

    def _current(self) -> State:
        """Give what is followed; what the file says where nothing is yet, as before everything is loaded."""
        if not self._state.aliases:
            return read_state(self._first().workspace)
        return self._state

    def _open(self, release: str) -> Bot:
        first = self._first()
        bot = first.open_release(release)
        bot.bars = first.bars
        return bot

    def _watch(self) -> None:
        while True:
            try:
                self.follow()
            except Exception as error:  # of a disk that is gone for a moment: the next look may find it again
                logger.error("releases cannot be looked at: %s", error)
            if self._closing.wait(LOOK_SECONDS):
                return

    def _close_unused(self) -> None:
        """Close what nobody uses and no alias stands for, or stood for before: a rollback finds that open."""
        now = time.monotonic()
        kept = {name for stack in self._state.aliases.values() for target in stack[-2:] for name in target.names}
        with self._lock:
            idle = [
                name for name, one in self._opened.items()
                if name not in kept and not one.users and now - one.used > IDLE_SECONDS
            ]  # fmt: skip
            closed = [self._opened.pop(name) for name in idle]
        for one in closed:
            one.bot.close()

    def _ask_shadows(self, rows: Sequence[Shadowed]) -> None:
        for one in rows:
            if self._closing.is_set():
                return
            try:
                with self.opened(one.release) as bot:
                    bot.asked(one.question, one.history, more=lambda answer, one=one: compared(one, answer), **one.how)
            except Exception as error:  # else those before it in the batch would be asked again
                logger.warning("the shadow %s did not answer: %s", one.release, error)


def routed(target: Target, alias: str, key: str) -> tuple[str, str]:
    """Say which release answers a conversation, and why: always the same for the same canary."""
    if target.canary:
        mark = hashlib.sha256(f"{target.canary}\0{key}".encode(errors="replace")).digest()
        if int.from_bytes(mark[:8]) / 2**64 * 100 < target.percent:
            return target.canary, f"{alias} canary"
    return target.release, alias


def compared(one: Shadowed, answer: Answer) -> dict[str, Any]:
    """Say for the trace how a shadow's answer differs from the one that was shown."""
    sides = [{citation.document for citation in said.citations} for said in (one.answer, answer)]
    return {
        ROUTE: f"{one.route} shadow", SHADOWED: one.trace_id,
        AGREES: one.answer.refused == answer.refused and sides[0] == sides[1],
        LIKENESS: round(token_f1(answer.text, one.answer.text), 4),
    }  # fmt: skip


def _look(workspace: Any) -> object:
    try:
        known = state_path(workspace).stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedRelease(f"{state_path(workspace)} cannot be read: {error}") from None
    return known.st_ino, known.st_mtime_ns, known.st_size
