"""Text becomes passages by its tokens or its sentences, whatever its elements are.

Enters: a document, its tokens, and how many a passage may have. Leaves: drafts in reading order. Page headers and
footers, which stand behind the body, are left out.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scoville.embed import Embedder
from scoville.split.draft import FURNITURE, DraftPassage
from scoville.split.tokens import Span, TokenMap
from scoville.types import Document, Element

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def fixed_windows(document: Document, tokens: TokenMap, size: int, overlap: int) -> list[DraftPassage]:
    """Cut windows of ``size`` tokens that repeat ``overlap`` of the one before."""
    body = _body(document)
    if not body:
        return []
    return _drafts(body, tokens, tokens.windows(Span(body[0].start, body[-1].end), size, overlap))


def sentence_windows(document: Document, tokens: TokenMap, size: int, overlap: int) -> list[DraftPassage]:
    """Fill passages with whole sentences; each repeats up to ``overlap`` sentences of the one before."""
    spans: list[Span] = []
    window: list[Span] = []
    for sentence in _sentences(document, tokens, size):
        if window and tokens.count(Span(window[0].start, sentence.end)) > size:
            spans.append(Span(window[0].start, window[-1].end))
            window = window[len(window) - overlap :] if overlap < len(window) else window[1:]
            while window and tokens.count(Span(window[0].start, sentence.end)) > size:
                window = window[1:]
        window.append(sentence)
    if window:
        spans.append(Span(window[0].start, window[-1].end))
    return _drafts(_body(document), tokens, tokens.trimmed(spans))


def semantic_windows(
    document: Document, tokens: TokenMap, embedder: Embedder, size: int, buffer: int, percentile: float
) -> list[DraftPassage]:
    """End a passage where a sentence, read with ``buffer`` neighbours on either side, is least like the next.

    A place counts where the cosine distance is above the document's percentile; what is longer than ``size`` is cut
    again, at its sentences.
    """
    sentences = _sentences(document, tokens, size)
    if not sentences:
        return []
    distances = _distances(document.text, sentences, embedder, buffer)
    starts = [0, *_above(distances, percentile), len(sentences)]
    spans: list[Span] = []
    for first, last in zip(starts, starts[1:], strict=False):
        spans += tokens.cut(Span(sentences[first].start, sentences[last - 1].end), size)
    return _drafts(_body(document), tokens, spans)


def _distances(text: str, sentences: Sequence[Span], embedder: Embedder, buffer: int) -> "NDArray[np.float32]":
    windows = [
        text[sentences[max(number - buffer, 0)].start : sentences[min(number + buffer, len(sentences) - 1)].end].strip()
        for number in range(len(sentences))
    ]
    vectors = embedder.embed(windows)
    return 1 - (vectors[:-1] * vectors[1:]).sum(axis=1)


def _above(distances: "NDArray[np.float32]", percentile: float) -> list[int]:
    """Give the sentences before which a passage ends."""
    import numpy as np

    if not len(distances):
        return []
    places = np.flatnonzero(distances > np.percentile(distances, percentile))
    return [int(place) + 1 for place in places]


def _sentences(document: Document, tokens: TokenMap, size: int) -> list[Span]:
    """Cut the body into sentences, and longer ones into pieces of at most ``size`` tokens."""
    elements = [Span(element.start, element.end) for element in _body(document)]
    return [
        piece for element in elements for sentence in tokens.sentences(element) for piece in tokens.cut(sentence, size)
    ]


def _body(document: Document) -> list[Element]:
    return [element for element in document.elements if element.kind not in FURNITURE and element.start < element.end]


def _drafts(body: Sequence[Element], tokens: TokenMap, spans: Sequence[Span]) -> list[DraftPassage]:
    """Give each span the headings above its first element."""
    ends = [element.end for element in body]
    return [
        DraftPassage(span=span, tokens=tokens.count(span), headings=body[bisect_left(ends, span.start + 1)].headings)
        for span in spans
    ]
