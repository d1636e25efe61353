"""Where the tokens of a text begin and end, and where it may be cut.

Enters: a text and an embedder. Leaves: a :class:`TokenMap` that counts the tokens of any span by bisection. Knows no
documents.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from scoville.embed import Embedder

SEGMENT_CHARACTERS = 50_000  # bounds the memory of one call to the tokenizer
SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+|\n+|(?<=[。！？])")
LONGEST_TOKEN = 24
CHARACTERS_PER_TOKEN = 4
"""A longer token is a word that the vocabulary lacks, such as a long URL or base64: it counts by its characters, or a
passage of one token would fill the prompt."""


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
            for first, last in embedder.token_spans([text[start:end]])[0]:
                if 0 < last - first <= LONGEST_TOKEN and not text[start + first].isspace():
                    self.starts.append(start + first)
                    self.ends.append(start + last)
                else:
                    self._add_odd(start + first, start + last)

    def _add_odd(self, start: int, end: int) -> None:
        while start < end and self.text[start].isspace():  # some tokenizers count the space before a word in
            start += 1
        if start == end:
            return
        step = end - start if end - start <= LONGEST_TOKEN else CHARACTERS_PER_TOKEN
        for part in range(start, end, step):
            self.starts.append(part)
            self.ends.append(min(part + step, end))

    def count(self, span: Span) -> int:
        """Count the tokens that begin in a span."""
        return bisect_left(self.starts, span.end) - bisect_left(self.starts, span.start)

    def cut(self, span: Span, limit: int) -> list[Span]:
        """Cut a span into pieces of at most ``limit`` tokens, at sentence ends where possible, else between words."""
        if self.count(span) <= limit:
            return self.trimmed([span])
        pieces: list[Span] = []
        for sentence in self.sentences(span):
            if pieces and self.count(Span(pieces[-1].start, sentence.end)) <= limit:
                pieces[-1] = Span(pieces[-1].start, sentence.end)
            else:
                pieces += self.windows(sentence, limit, at_words=True)
        return self.trimmed(pieces)

    def windows(self, span: Span, size: int, overlap: int = 0, *, at_words: bool = False) -> list[Span]:
        """Cut a span into pieces of ``size`` tokens that repeat ``overlap`` of the one before.

        What is no token, such as a sign that the tokenizer drops, stays with the token before it. ``at_words`` ends a
        piece earlier where that keeps a word whole.
        """
        start, last = bisect_left(self.starts, span.start), bisect_left(self.starts, span.end)
        pieces: list[Span] = []
        begin = span.start
        while last - start > size:
            end = self._word_end(start, start + size) if at_words else start + size
            pieces.append(Span(begin, self.starts[end]))
            start = end - overlap
            begin = self.starts[start]
        return self.trimmed([*pieces, Span(begin, span.end)])

    def _word_end(self, first: int, end: int) -> int:
        """Step back from ``end`` to a token that begins a word, but not by more than half the piece."""
        for candidate in range(end, first + (end - first) // 2, -1):
            if self.starts[candidate] > self.ends[candidate - 1]:
                return candidate
        return end

    def sentences(self, span: Span) -> list[Span]:
        """Cut a span after each sentence and each line; white space stays with what it follows."""
        ends = [gap.end() for gap in SENTENCE_END.finditer(self.text, span.start, span.end)]
        starts = [span.start, *ends]
        return [Span(start, end) for start, end in zip(starts, [*ends, span.end], strict=True) if end > start]

    def trimmed(self, spans: Sequence[Span]) -> list[Span]:
        """Leave out the line ends before each span and the white space behind it, and spans of nothing else."""
        kept: list[Span] = []
        for start, end in spans:
            piece = self.text[start:end].rstrip()
            inner = len(piece.lstrip("\r\n"))
            if inner:
                kept.append(Span(start + len(piece) - inner, start + len(piece)))
        return kept


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
