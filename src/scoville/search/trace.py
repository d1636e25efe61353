"""What a search did, step by step: for `--explain` and for measuring. Knows no index."""

import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from scoville.types import Leg


class Step(NamedTuple):
    """One step of a search, and what it left."""

    name: str
    """``rewrite``, a leg, ``fuse``, ``rerank``, ``distinct``, ``min_score``, ``mmr`` or ``widen``."""
    seconds: float
    ranking: Mapping[str, Leg]
    """Passage id → rank and score after the step; empty for steps that rank nothing."""
    note: str = ""
    """What else is to be said: why a leg found nothing, what was asked in place of the question."""
    started: float = 0.0
    """By ``time.perf_counter``."""


class Trace:
    """Collects the steps of one search in their order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

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
