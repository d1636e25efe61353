"""Where the tokens of a text begin and end, and where it may be cut.

Enters: a text and an embedder. Leaves: a :class:`TokenMap` that counts the tokens of any span by bisection. Knows no
documents.
"""

import re
from array import array
from bisect import bisect_left
from typing import NamedTuple

from scoville.embed import Embedder

SEGMENT_CHARACTERS = 50_000  # bounds the memory of one call to the tokenizer
SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+|\n+|(?<=[。！？])")


class Span(NamedTuple):
    """The characters ``[start, end)`` of a text."""

    start: int
    end: int


class TokenMap:
    """The token boundaries of one text, as two arrays of offsets."""

    def __init__(self, text: str, embedder: Embedder) -> None:
        self.text = text
        self.starts = array("q")
        self.ends = array("q")
        for start, end in _segments(text):
            for token in embedder.token_spans([text[start:end]])[0]:
                if token.end > token.start:
                    self.starts.append(start + token.start)
                    self.ends.append(start + token.end)

    def count(self, span: Span) -> int:
        """Count the tokens that begin in a span."""
        return bisect_left(self.starts, span.end) - bisect_left(self.starts, span.start)

    def cut(self, span: Span, limit: int) -> list[Span]:
        """Cut a span into pieces of at most ``limit`` tokens, at sentence ends where possible, else between words."""
        if self.count(span) <= limit:
            return [span]
        pieces: list[Span] = []
        for sentence in self._sentences(span):
            if pieces and self.count(Span(pieces[-1].start, sentence.end)) <= limit:
                pieces[-1] = Span(pieces[-1].start, sentence.end)
            else:
                pieces += self._windows(sentence, limit)
        return pieces

    def windows(self, first: int, last: int, size: int, overlap: int) -> list[Span]:
        """Cut the tokens ``[first, last)`` into spans of ``size`` tokens that repeat ``overlap`` of the one before."""
        spans: list[Span] = []
        for start in range(first, last, size - overlap):
            end = min(start + size, last)
            spans.append(Span(self.starts[start], self.ends[end - 1]))
            if end == last:
                break
        return spans

    def _windows(self, span: Span, limit: int) -> list[Span]:
        first, last = bisect_left(self.starts, span.start), bisect_left(self.starts, span.end)
        pieces: list[Span] = []
        while last - first > limit:
            end = self._word_end(first, first + limit)
            pieces.append(Span(self.starts[first], self.ends[end - 1]))
            first = end
        if last > first:
            pieces.append(Span(self.starts[first], self.ends[last - 1]))
        return pieces

    def _word_end(self, first: int, end: int) -> int:
        """Step back from ``end`` to a token that begins a word, but not by more than half the piece."""
        for candidate in range(end, first + (end - first) // 2, -1):
            if self.starts[candidate] > self.ends[candidate - 1]:
                return candidate
        return end

    def _sentences(self, span: Span) -> list[Span]:
        sentences: list[Span] = []
        start = span.start
        for gap in SENTENCE_END.finditer(self.text, span.start, span.end):
            if gap.start() > start:
                sentences.append(Span(start, gap.start()))
            start = gap.end()
        if start < span.end:
            sentences.append(Span(start, span.end))
        return sentences


def _segments(text: str) -> list[Span]:
    """Cut a text into stretches that can be tokenized apart: after white space, if there is any."""
    segments: list[Span] = []
    start = 0
    while start < len(text):
        end = min(start + SEGMENT_CHARACTERS, len(text))
        if end < len(text):
            blank = max(text.rfind("\n", start, end), text.rfind(" ", start, end))
            end = blank + 1 if blank > start else end
        segments.append(Span(start, end))
        start = end
    return segments
