"""The guards against instructions: of a question, and in a document."""

import re
from collections.abc import Iterator, Sequence

from scoville.embed import Embedder
from scoville.guards.guard import Span, apart
from scoville.guards.instructions import ATTACKS, KINDS, orders
from scoville.sentences import sentences

_PARAGRAPH = re.compile(r"\n\s*\n")


class Jailbreak:
    """Finds attacks in questions."""

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give the words that attack."""
        return [apart(list(orders(text, ATTACKS))) for text in texts]


class Injection:
    """Finds instructions to a model in documents, by whole sentences."""

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give the sentences that instruct."""
        return [apart(list(self._of(text))) for text in texts]

    def _of(self, text: str) -> Iterator[Span]:
        found = list(orders(text))
        if not found:
            return
        spans = [(one.start, one.end) for one in sentences(text)]
        for order in found:
            start = max((start for start, _ in spans if start <= order.start), default=order.start)
            end = next((end for _, end in spans if end >= order.end), order.end)
            if order.what == KINDS["override"]:  # whatever follows is meant to be obeyed in its place
                break_ = _PARAGRAPH.search(text, end)
                end = break_.start() if break_ else len(text)
            yield Span(start, end, order.what)


def open_jailbreak(name: str, embedder: Embedder) -> Jailbreak:
    """Open ``guards.question: [jailbreak]``."""
    return Jailbreak()


def open_injection(name: str, embedder: Embedder) -> Injection:
    """Open ``guards.passages: [injection]``."""
    return Injection()
