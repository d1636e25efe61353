"""A queue that one thread empties in batches, so that whoever fills it does not wait.

Enters: anything. Leaves: lists of it, given to a function. The queue is bounded: what does not fit is dropped and
counted. A write that fails costs its batch, one that refuses a value (ValueError, TypeError, OverflowError) the items
that have it; either is said once. Knows nothing of what it carries.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")

QUEUE = 10_000
BATCH = 1000
DELAY_SECONDS = 0.2
CLOSE_SECONDS = 2.0
THREAD_NAME = "scoville-track"

logger = logging.getLogger("scoville")


class Background(Generic[Item]):
    """Writes items in a thread, which starts with the first of them."""

    def __init__(self, write: Callable[[Sequence[Item]], None], what: str, *, queue: int = QUEUE) -> None:
        self.dropped = 0
        """How many items were lost: because the queue was full, or because they could not be written."""
        self._write = write
        self._what = what
        self._room = queue
        self._items: deque[Item] = deque()
        self._awake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._in_hand = 0
        self._flushing = False
        self._said = False

    def put(self, item: Item) -> None:
        """Queue an item, or drop it when the queue is full; never waits and never raises."""
        with self._awake:
            if self._closed or len(self._items) >= self._room:
                self._lose(1, "they come faster than they are written")
                return
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # the system has no thread left
                    self._lose(1, str(error))
                    return
                self._thread = thread
            self._items.append(item)
            if len(self._items) == BATCH:  # fewer wait for company
                self._awake.notify_all()

    def flush(self, timeout_seconds: float = CLOSE_SECONDS) -> bool:
        """Wait until everything that was queued is written, or the time is over; say which."""
        with self._awake:
            self._flushing = True
            self._awake.notify_all()
            return self._awake.wait_for(lambda: not self._items and not self._in_hand, timeout_seconds)

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> bool:
        """Write what is left, for at most so long, and say whether that was enough; what comes later is dropped."""
        with self._awake:
            self._closed = True
            self._awake.notify_all()
        if self._thread is None:
            return True
        self._thread.join(timeout_seconds)
        with self._awake:
            self._lose(len(self._items) + self._in_hand, f"not written within {timeout_seconds:g} s")
            self._items.clear()
            self._in_hand = 0
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._awake:
                self._awake.wait_for(lambda: bool(self._items) or self._closed)
                if not self._items:
                    return
                self._awake.wait_for(
                    lambda: self._closed or self._flushing or len(self._items) >= BATCH, timeout=DELAY_SECONDS
                )
                batch = [self._items.popleft() for _ in range(min(BATCH, len(self._items)))]
                self._in_hand = len(batch)
            self._write_what_can_be(batch)
            with self._awake:
                self._in_hand = 0
                if not self._items:
                    self._flushing = False
                self._awake.notify_all()

    def _write_what_can_be(self, items: Sequence[Item]) -> None:
        try:
            self._write(items)
        except Exception as error:  # whatever a disk or an endpoint does: what is told of the work is not the work
            if len(items) > 1 and isinstance(error, ValueError | TypeError | OverflowError):
                half = len(items) // 2
                self._write_what_can_be(items[:half])
                self._write_what_can_be(items[half:])
                return
            with self._awake:
                lost = min(len(items), self._in_hand)  # none, where `close` has given them up
                self._in_hand -= lost
                self._lose(lost, str(error))

    def _lose(self, count: int, reason: str) -> None:
        self.dropped += count
        if count and not self._said:
            self._said = True
            logger.warning("%s are lost: %s", self._what, reason)
