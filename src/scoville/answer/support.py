"""How likely the passages answer a question: one probability, whatever model writes the answer.

Enters: a question, what the search found, and a reader's spans in it. Leaves: signals, and of them a probability by a
logistic. Its weights are shipped, or fitted on a workspace's own cases (``scoville calibrate``). Knows no threshold.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self

from scoville.extract import Span
from scoville.types import Hit

LEAST_LIKELY = 0.0025  # log odds of six
DEFAULT_EMBEDDER = "all-minilm-l6-v2"
READ_LANGUAGES = ("en", "")
"""Of passages that the reader was trained to read; of others it says nothing about support."""


class Reads(Protocol):
    """A reader, as the answer stage sees it."""

    def read(self, question: str, texts: Sequence[str]) -> Sequence[Span]:
        """Give the spans of texts that may answer, the likeliest first."""
        ...


class Signals(NamedTuple):
    """What tells whether passages answer a question."""

    reader: float
    """Log odds of the likeliest span of any passage, as the reader holds it."""
    similarity: float
    """The best cosine of any passage to the question; 0 where it is not known."""


class Weights(NamedTuple):
    """Of the logistic: a weight for each signal, and the constant."""

    reader: float
    similarity: float
    constant: float

    def probability(self, signals: Signals) -> float:
        """Give the probability that the passages answer the question."""
        logit = sum(weight * value for weight, value in zip(self, signals, strict=False)) + self.constant
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, logit))))


@dataclass(frozen=True, kw_only=True)
class Support:
    """What is known of whether passages answer a question."""

    spans: tuple[Span, ...]
    """Places of the passages' texts, the likeliest first."""
    signals: Signals
    probability: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How a workspace reads the signals, and from which probability on it answers."""

    weights: Weights
    threshold: float
    own: bool = False
    """Whether it was fitted on the workspace's own cases: those say what signals are worth in their language."""

    @classmethod
    def shipped(cls, embedder: str, threshold: float) -> Self:
        """Give the weights that hold for most documents in English."""
        return cls(weights=SHIPPED if is_default(embedder) else SHIPPED_WITHOUT_COSINE, threshold=threshold)


SHIPPED = Weights(reader=0.82, similarity=3.26, constant=-1.47)
"""With the cosines of the default embedder: fitted on halves of three sets of questions, and measured on the others
(benchmarks/results/refusal.md). That the best passage holds the question's words, or that several answer, adds nothing.
"""
SHIPPED_WITHOUT_COSINE = Weights(reader=0.97, similarity=0.0, constant=0.36)
"""With those of others, whose scales differ."""


def is_default(embedder: str) -> bool:
    """Say whether an embedder is that whose cosines the shipped weights are for."""
    return embedder.startswith(f"{DEFAULT_EMBEDDER}@")


def read_hits(question: str, hits: Sequence[Hit], reader: Reads) -> list[Span]:
    """Give a reader's spans, as places of the passages' texts: it reads their headings too, and points at none."""
    prefixes = [len(hit.passage.content) - len(hit.passage.text) for hit in hits]
    return [
        replace(span, start=start, end=span.end - prefixes[span.text])
        for span in reader.read(question, [hit.passage.content for hit in hits])
        if (start := span.start - prefixes[span.text]) >= 0
    ]


def support_of(
    question: str, hits: Sequence[Hit], similarity: float | None, reader: Reads, calibration: Calibration
) -> Support:
    """Read the passages, and say how likely they answer."""
    spans = tuple(read_hits(question, hits, reader))
    signals = signals_of(spans, similarity)
    return Support(spans=spans, signals=signals, probability=calibration.weights.probability(signals))


def is_readable(hits: Sequence[Hit]) -> bool:
    """Say whether the passages are in a language of which the reader's probabilities hold."""
    return all(hit.passage.language in READ_LANGUAGES for hit in hits)


def signals_of(spans: Sequence[Span], similarity: float | None) -> Signals:
    """Measure what tells whether the hits answer."""
    best = max((span.probability for span in spans), default=0.0)
    clipped = min(max(best, LEAST_LIKELY), 1 - LEAST_LIKELY)
    return Signals(reader=math.log(clipped / (1 - clipped)), similarity=similarity or 0.0)
