"""How likely the passages answer a question: one probability, whatever model writes the answer.

Enters: a question, what the search found, and a reader's spans in it. Leaves: signals, and of them a probability by a
logistic. Its weights are shipped, or fitted on a workspace's own cases (``scoville calibrate``). Knows no threshold.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self

from scoville.answer.kinds import address_told, label_told
from scoville.answer.yes_no import VERB, decide
from scoville.extract import Span
from scoville.language import detect_language
from scoville.models.languages import knows
from scoville.types import Hit

LEAST_LIKELY = 0.0025  # log odds of six
ASKS = re.compile(rf"\b(?:who|whom|whose|what|when|where|which|why|how)\b|^\s*{VERB}", re.IGNORECASE)
NOT_ASKED = 0.9
"""What the reader's log odds gain where nothing is asked ("family deductible", "I want to know about the fees"): it was
trained on questions, and holds others less likely. Found on half of such turns of MTRAG and of topics of HR documents:
of the other half 6 instead of 22 of 41 answerable ones are refused, and 2 instead of 1 of 14 others answered."""
DECIDED = 0.9
"""How likely passages answer that say yes or no in so many words (`yes_no`) or give the address asked for (`kinds`),
whatever the reader holds, which was not trained on such questions."""
DEFAULT_EMBEDDER = "all-minilm-l6-v2"


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
    signals = signals_of(question, spans, similarity)
    probability = calibration.weights.probability(signals)
    if decide(question, hits) or address_told(question, hits) or label_told(question, hits):
        probability = max(probability, DECIDED)
    return Support(spans=spans, signals=signals, probability=probability)


def is_readable(question: str, hits: Sequence[Hit], reader: str) -> bool:
    """Say whether a reader, by its name, knows the languages of a question and of most of the passages.

    Not of all: that of a short document may be told wrongly.
    """
    known = [hit for hit in hits if knows(reader, hit.passage.language)]
    return knows(reader, detect_language(question)) and 2 * len(known) >= len(hits)


def languages_of(question: str, hits: Sequence[Hit]) -> set[str]:
    """Give the languages of a question and of passages, as far as they can be told."""
    return {detect_language(question), *(hit.passage.language for hit in hits)} - {""}


def signals_of(question: str, spans: Sequence[Span], similarity: float | None) -> Signals:
    """Measure what tells whether the hits answer."""
    best = max((span.probability for span in spans), default=0.0)
    clipped = min(max(best, LEAST_LIKELY), 1 - LEAST_LIKELY)
    odds = math.log(clipped / (1 - clipped))
    return Signals(reader=odds if ASKS.search(question) else odds + NOT_ASKED, similarity=similarity or 0.0)
