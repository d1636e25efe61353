"""Where items are read, split and embedded: processes of this machine, or actors of a Ray cluster.

Enters: an item's bytes and a recipe. Leaves: what was made of it. Workers have no workspace and write nothing: the one
writer is whoever runs `add`. A worker that dies is replaced and its item tried again; one that kills every worker it
is given to is a failure of its own and ends nothing. Workers of another version are refused.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

from scoville.errors import MachineFault, ReadFailure
from scoville.index.making import Made
from scoville.read.reader import load
from scoville.recipe import Recipe
from scoville.sources import Content

TRIES = 3
"""So many workers may die of an item."""


class Order(NamedTuple):
    """An item to make; it holds the item's bytes, since a worker may not see its path."""

    name: str
    content: Content
    metadata: Mapping[str, Any]


class WorkerLost(Exception):
    """A worker died, or cannot be reached."""


class Worker(Protocol):
    """One process somewhere; does one order at a time."""

    def ask(self, order: Order | None) -> Any:
        """Give what was made, or the error it met; without an order its versions. Raises WorkerLost."""
        ...

    def stop(self) -> None:
        """End the process."""
        ...


class Executor:
    """Up to ``width`` workers, each started when it is first needed."""

    def __init__(self, recipe: Recipe, build: str, width: int, start: Callable[[Recipe], Worker]) -> None:
        self.width = width
        self._recipe = recipe
        self._build = build
        self._start = start
        self._free: SimpleQueue[Worker | None] = SimpleQueue()
        for _ in range(width):
            self._free.put(None)
        self._lock = threading.Lock()
        self._all: set[Worker] = set()
        self._closed = False

    def make(self, name: str, content: Content, metadata: Mapping[str, Any]) -> Made:
        """Have an item made, waiting for a free worker. Raises ReadFailure, or MachineFault where no worker starts."""
        if isinstance(content.data, Path):
            data = load(content.data, self._recipe.read)
            content = replace(content, data=data, file_name=content.data.name, metadata={})
        worker = self._free.get()
        try:
            for _ in range(TRIES):
                worker = worker or self._started()
                try:
                    made = worker.ask(Order(name, content, metadata))
                except WorkerLost:
                    self._drop(worker)
                    worker = None
                    continue
                if isinstance(made, Exception):
                    raise made
                return made
            raise ReadFailure(f"ended each of the {TRIES} workers that it was given to; it is damaged or malicious")
        finally:
            self._free.put(worker)

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._closed = True
            workers = list(self._all)
        for worker in workers:
            self._drop(worker)

    def _started(self) -> Worker:
        worker: Worker | None = None
        try:
            worker = self._start(self._recipe)
            with self._lock:
                self._all.add(worker)
                closed = self._closed
            theirs = worker.ask(None)
        except WorkerLost as error:
            if worker:
                self._drop(worker)
            raise MachineFault(f"the machine failed, not a document: no worker can be started ({error})") from error
        if theirs != (ours := versions(self._recipe, self._build)) or closed:
            self._drop(worker)
            raise MachineFault(f"a worker runs {theirs!r} and this process {ours!r}: install the same version on both")
        return worker

    def _drop(self, worker: Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.stop()


def versions(recipe: Recipe, build: str | None = None) -> str:
    """Name what decides what a worker makes: the version of the package, and the hash of what is built."""
    from importlib.metadata import version

    from scoville.index.build import build_hash

    return f"scoville {version('scoville')}, build {build or build_hash(recipe)}"


class ProcessWorker:
    """A process of this machine, asked through its pipes."""

    def __init__(self, recipe: Recipe) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "scoville.index.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._recipe: Recipe | None = recipe

    def ask(self, order: Order | None) -> Any:
        """Send an order, and the recipe before the first; give what comes back."""
        assert self.process.stdin and self.process.stdout
        try:
            if self._recipe:
                pickle.dump(self._recipe, self.process.stdin)
                self._recipe = None
            pickle.dump(order, self.process.stdin)
            self.process.stdin.flush()
            return pickle.load(self.process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise WorkerLost(f"{type(error).__name__} {error}") from error

    def stop(self) -> None:
        """End the process; its children end with their input."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with suppress(OSError):  # what was still to be written has no reader any more
                    stream.close()
