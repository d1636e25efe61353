"""The guards against instructions: of a question, and in a document. Patterns first, then the classifier.

A pattern says what it found and where; the classifier says only that a text is like those that it was shown.
"""

import re
from collections.abc import Iterator, Sequence

from scoville.embed import Embedder
from scoville.guards.classifier import LONG, Classifier, windows
from scoville.guards.fold import plain
from scoville.guards.guard import Span, apart
from scoville.guards.instructions import ATTACKS, KINDS, is_told, orders
from scoville.sentences import Sentence, sentences

_PARAGRAPH = re.compile(r"\n\s*\n")
_SHORTEST = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]+[\W\d_]+){2}[^\W\d_]")
"""Three words: of fewer the classifier knows too little, and took "Message 0" for an order."""


class Jailbreak:
    """Finds attacks in questions."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give the words that attack; all of a text that only resembles one."""
        found = [apart(list(orders(text, ATTACKS))) for text in texts]
        long = (place for place, text in enumerate(texts) if len(text) >= LONG and not found[place])
        parts = {place: windows(plain(texts[place])) for place in long}
        for place in self._classifier.places(parts):
            found[place] = [Span(0, len(texts[place]), "what resembles known attacks")]
        return found


class Injection:
    """Finds instructions to a model in documents, by whole sentences."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give the sentences that instruct."""
        written = [list(sentences(text)) for text in texts]
        found = [list(_ordered(text, spans)) for text, spans in zip(texts, written, strict=True)]
        parts = {
            (place, one.start, one.end): [plain(one.text)]
            for place, spans in enumerate(written)
            for one in spans
            if is_told(one.text)
            and _SHORTEST.search(one.text)
            and not any(span.start < one.end and one.start < span.end for span in found[place])
        }
        for place, start, end in self._classifier.places(parts):
            found[place].append(Span(start, end, "what resembles orders to a language model"))
        return [apart(spans) for spans in found]


def _ordered(text: str, spans: Sequence[Sentence]) -> Iterator[Span]:
    for order in orders(text):
        start = max((one.start for one in spans if one.start <= order.start), default=order.start)
        end = next((one.end for one in spans if one.end >= order.end), order.end)
        if order.what == KINDS["override"]:  # whatever follows is meant to be obeyed in its place
            paragraph = _PARAGRAPH.search(text, end)
            end = paragraph.start() if paragraph else len(text)
        yield Span(start, end, order.what)


def open_jailbreak(name: str, embedder: Embedder) -> Jailbreak:
    """Open ``guards.question: [jailbreak]``."""
    return Jailbreak(Classifier("jailbreak", embedder))


def open_injection(name: str, embedder: Embedder) -> Injection:
    """Open ``guards.passages: [injection]``."""
    return Injection(Classifier("injection", embedder))
