"""What a search did, step by step: for `--explain` and for measuring. Knows no index."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from scoville.types import Leg, Message, Reply

AskReply = Callable[[Sequence[Message]], Reply]
"""Asks a model: messages → its reply. Several threads may call it at once."""


class Step(NamedTuple):
    """One step of a search, and what it left."""

    name: str
    """``filter``, ``rewrite``, ``spelling``, a leg, ``fuse``, ``names``, ``rerank``, ``distinct``, ``min_score``,
    ``mmr`` or ``widen``."""
    seconds: float
    ranking: Mapping[str, Leg]
    """Passage id → rank and score after the step; empty for steps that rank nothing."""
    note: str = ""
    """What else is to be said: why a leg found nothing, what was asked in place of the question."""
    started: float = 0.0
    """By ``time.perf_counter``."""


class Asked(NamedTuple):
    """A reply that a model gave on behalf of a search."""

    reply: Reply
    started: float
    """By ``time.perf_counter``."""
    seconds: float


class Trace:
    """Collects the steps of one search in their order, and what a model was asked for it."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.asked: list[Asked] = []

    def listen(self, ask: AskReply) -> Callable[[Sequence[Message]], str]:
        """Give a function that asks a model, notes its reply, and gives its text."""

        def asking(messages: Sequence[Message]) -> str:
            started = time.perf_counter()
            reply = ask(messages)
            self.asked.append(Asked(reply, started, time.perf_counter() - started))
            return reply.text

        return asking

    @contextmanager
    def step(self, name: str) -> "Generator[Made]":
        """Time a step; what it made is told to the value that this gives."""
        made = Made()
        started = time.perf_counter()
        yield made
        ranking = {name: Leg(rank, score) for rank, (name, score) in enumerate(made.ranking, start=1)}
        self.steps.append(Step(name, time.perf_counter() - started, ranking, made.note, started))


class Made:
    """What a step makes while it is timed."""

    def __init__(self) -> None:
        self.ranking: Iterable[tuple[str, float]] = ()
        self.note = ""
