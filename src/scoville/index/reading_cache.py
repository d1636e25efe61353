"""What was read, kept for the next index over the same files.

Enters: a name for a file as it is and is read. Leaves: its reading, made at most once. Stays in memory and knows no
index.
"""

import threading
from collections.abc import Callable

from scoville.read.reader import Reading

MOST_CHARACTERS = 50_000_000
"""What does not fit is read again: with its places on the pages a text takes about ten bytes for each character."""


class ReadingCache:
    """Readings, for several builds of one folder."""

    def __init__(self, most_characters: int = MOST_CHARACTERS) -> None:
        self.read = 0
        """Files that were really read."""
        self._room = most_characters
        self._readings: dict[str, Reading] = {}
        self._lock = threading.Lock()

    def reading(self, key: str, read: Callable[[], Reading]) -> Reading:
        """Give a reading, made now if it is not kept; a file that cannot be read is tried each time."""
        with self._lock:
            if key in self._readings:
                return self._readings[key]
        reading = read()
        characters = sum(len(document.text) for document in reading.documents)
        with self._lock:
            self.read += 1
            if characters <= self._room:
                self._room -= characters
                self._readings[key] = reading
        return reading
