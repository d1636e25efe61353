"""The synchronous bot behind asynchronous edges: some threads, and a queue with a bound.

Enters: functions. Leaves: what they give; ``Refused`` when the queue is full or the time is over. A function is handed
a ``Stop``: when its client goes or its time is over, what checks it ends, and what waits in the queue never begins. A
thread counts as busy until its function has ended, whatever its client does.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from fastapi import Request

from scoville.serve.refused import Refused

R = TypeVar("R")


class Gone(Exception):
    """Nobody waits for the result any more."""


class Stop(threading.Event):
    """Set when nobody waits any more."""

    def check(self, _: str = "") -> None:
        """Raise Gone when it is set: given to a bot as ``on_text``, it ends what a model writes."""
        if self.is_set():
            raise Gone


class Job(Generic[R]):
    """One function under way."""

    def __init__(self, future: "Future[R]", stop: Stop, timeout_seconds: float) -> None:
        self._future = future
        self._stop = stop
        self._ends = time.monotonic() + timeout_seconds

    async def result(self, request: Request | None = None) -> R:
        """Wait for what it gives; with a request, not longer than its client does."""
        waited = asyncio.wrap_future(self._future)
        waited.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio says it was not read
        gone = asyncio.ensure_future(_left(request)) if request else None
        try:
            tasks: set[Any] = {waited, gone} if gone else {waited}
            left = max(self._ends - time.monotonic(), 0)
            await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if waited.done():
                return waited.result()
            if gone and gone.done():
                raise Refused(499, "the client has gone")
            raise Refused(504, "this took too long and was given up: try again, or ask less at once", code="timeout")
        finally:
            if gone:
                gone.cancel()
            self.give_up()

    def give_up(self) -> None:
        """Let it end: nobody waits any more."""
        if not self._future.done():
            self._stop.set()
            self._future.cancel()


class Work:
    """Threads that work for requests."""

    def __init__(self, *, workers: int, queue: int, timeout_seconds: float) -> None:
        """``queue`` is how many may wait beside those that the ``workers`` have in hand."""
        self.workers = workers
        self._room = workers + queue
        self._timeout_seconds = timeout_seconds
        self._threads = ThreadPoolExecutor(workers, "scoville-work")
        self._lock = threading.Lock()
        self._seconds = 0.5
        self.under_way = 0
        """How many are in hand or wait."""

    def submit(self, function: Callable[[Stop], R]) -> Job[R]:
        """Begin a function, or let it wait; Refused (429) when too many do."""
        with self._lock:
            if self.under_way >= self._room:
                wait = math.ceil(self._seconds * self.under_way / self.workers)
                raise Refused(
                    429, f"{self.under_way} requests are under way: try again in {wait} s", code="queue_full",
                    headers={"Retry-After": str(wait)},
                )  # fmt: skip
            self.under_way += 1
        stop = Stop()
        future = self._threads.submit(self._timed, function, stop)
        future.add_done_callback(self._ended)
        return Job(future, stop, self._timeout_seconds)

    async def do(self, request: Request, function: Callable[[Stop], R]) -> R:
        """Do a function for a request, and give what it gives."""
        return await self.submit(function).result(request)

    def close(self) -> None:
        """Begin nothing new, and wait for what is in hand."""
        self._threads.shutdown(cancel_futures=True)

    def _timed(self, function: Callable[[Stop], R], stop: Stop) -> R:
        started = time.monotonic()
        try:
            return function(stop)
        finally:
            self._seconds += (time.monotonic() - started - self._seconds) / 10

    def _ended(self, _: "Future[Any]") -> None:
        with self._lock:
            self.under_way -= 1


async def _left(request: Request) -> None:
    """Wait until the client goes; its body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
