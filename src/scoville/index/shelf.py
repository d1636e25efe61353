"""What was read, kept for the next index over the same files.

Enters: a name for a file as it is and is read. Leaves: its reading, made at most once. Stays in memory and knows no
index.
"""

import threading
import time
from collections.abc import Callable

from scoville.read.reader import Reading

MOST_CHARACTERS = 50_000_000
"""What does not fit is read again: with its places on the pages a text takes about ten bytes for each character."""


class Shelf:
    """Readings, for several builds of one folder."""

    def __init__(self, most_characters: int = MOST_CHARACTERS) -> None:
        self.read = 0
        """Files that were really read."""
        self._room = most_characters
        self._readings: dict[str, tuple[Reading, float]] = {}
        self._spared_seconds = 0.0
        self._lock = threading.Lock()

    def reading(self, key: str, read: Callable[[], Reading]) -> Reading:
        """Give a reading, made now if it is not on the shelf; a file that cannot be read is tried each time."""
        with self._lock:
            if key in self._readings:
                reading, seconds = self._readings[key]
                self._spared_seconds += seconds
                return reading
        started = time.perf_counter()
        reading = read()
        seconds = time.perf_counter() - started
        characters = sum(len(document.text) for document in reading.documents)
        with self._lock:
            self.read += 1
            if characters <= self._room:
                self._room -= characters
                self._readings[key] = reading, seconds
        return reading

    def take_spared(self) -> float:
        """Give the seconds that reading would have taken since this was asked last."""
        with self._lock:
            spared, self._spared_seconds = self._spared_seconds, 0.0
        return spared
