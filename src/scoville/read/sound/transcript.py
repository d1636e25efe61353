"""What is said in a sound file: segments with their times, and the protocol of what transcribes."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Segment(NamedTuple):
    """Some words that were said."""

    start: float
    """Seconds from the beginning."""
    end: float
    text: str


class Transcript(NamedTuple):
    """What is said in a file, in order."""

    segments: Sequence[Segment]
    language: str = ""
    """ISO 639-1 code; empty where it was not told."""
    warnings: tuple[str, ...] = ()


class Transcriber(Protocol):
    """Writes down what is said."""

    def transcribe(self, data: bytes, name: str) -> Transcript:
        """Give what is said. Raises ReadFailure when the sound cannot be read."""
        ...


def clock(seconds: float) -> str:
    """Write a time as ``0:03:20``."""
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}"
