"""What a guard is. Knows no place that it guards, no question and no document."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Span(NamedTuple):
    """Characters ``[start, end)`` of a text that are to be acted upon, and what they are."""

    start: int
    end: int
    what: str
    """In words that end a sentence such as "the question holds …"."""


class Guard(Protocol):
    """Looks for one kind of thing in texts; several threads may ask it at once."""

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give for each text what is found in it, in order and without overlap; nothing for most."""
        ...


def apart(spans: Sequence[Span]) -> list[Span]:
    """Put spans in order, and join those that overlap under the name of the first."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start < joined[-1].end:
            joined[-1] = joined[-1]._replace(end=max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined
