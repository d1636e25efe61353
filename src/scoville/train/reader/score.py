"""How well questions are answered from one text each: SQuAD's F1 and exact match, and telling what has no answer.

Enters: rows and what was answered. Leaves: a :class:`Scorecard`. Does not know who answered.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from scoville.evaluate.judge.agreement import auroc
from scoville.evaluate.metrics.text import exact_match, token_f1
from scoville.extract import Span
from scoville.train.reader.calibrate import expected_error
from scoville.train.reader.rows import Row

AT_ONCE = 256
"""Rows that a reader is given together."""


class Answered(NamedTuple):
    """What was said to one question."""

    text: str
    confidence: float
    """Higher: rather an answer; of a reader the probability that the text holds one, else 0 (declined) or 1."""


class Reads(Protocol):
    """Finds the spans of texts that answer questions."""

    def read_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[Span]:
        """Give spans of each pair of a question and a text, the best first."""
        ...


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """What answers are worth; None where the rows are all answerable, or all not, and it means nothing."""

    n: int
    answerable: int
    f1_answerable: float | None
    """Mean F1 of the answers to what has one; a generator's refusal has none, a reader's best span always counts."""
    em_answerable: float | None
    auroc: float | None
    """Chance that the confidence is higher for what has an answer than for what has none; .5 knows nothing."""
    best_f1: float | None
    """Mean of two means, with refusals below the best threshold: F1 of what has an answer, and the share refused of
    what has none."""
    wrongly_refused_at_best: float | None
    """Share of what has an answer that is refused at that threshold."""
    threshold: float | None
    """Below it is refused."""
    ece: float | None
    """Mean gap between the confidence, as a probability, and how often there is an answer."""
    seconds: float


def score(rows: Sequence[Row], answer: Callable[[Sequence[Row]], Iterable[Answered]]) -> Scorecard:
    """Let rows be answered, and score and time it."""
    started = time.perf_counter()
    answered = list(answer(rows))
    return scorecard(rows, answered, time.perf_counter() - started)


def scorecard(rows: Sequence[Row], answered: Sequence[Answered], seconds: float) -> Scorecard:
    """Score what was answered to rows, in their order; of several right answers the best counts."""
    has = [bool(row.answers) for row in rows]
    pairs = [(row, one) for row, one in zip(rows, answered, strict=True) if row.answers]
    f1 = [max(token_f1(one.text, right) for right in row.texts) for row, one in pairs]
    exact = [max(exact_match(one.text, right) for right in row.texts) for row, one in pairs]
    confidences = [one.confidence for one in answered]
    both = 0 < sum(has) < len(has)
    best = best_threshold([one.confidence for _, one in pairs], f1, _of(confidences, has, False)) if both else None
    return Scorecard(
        n=len(rows),
        answerable=len(pairs),
        f1_answerable=_mean(f1),
        em_answerable=_mean(exact),
        auroc=auroc([float(one) for one in has], confidences),
        best_f1=best.balanced_f1 if best else None,
        wrongly_refused_at_best=best.wrongly_refused if best else None,
        threshold=best.threshold if best else None,
        ece=expected_error(confidences, has) if both else None,
        seconds=round(seconds, 3),
    )


class Best(NamedTuple):
    """The threshold of confidence that serves best."""

    balanced_f1: float
    wrongly_refused: float
    threshold: float


def best_threshold(answerable: Sequence[float], f1: Sequence[float], unanswerable: Sequence[float]) -> Best:
    """Find the threshold with the highest balanced F1, the lowest of several: it refuses least.

    ``answerable`` and ``unanswerable`` are confidences of what has an answer and of what has none; neither is empty.
    """
    ranked = sorted(
        [(confidence, value / len(f1), 1, 0) for confidence, value in zip(answerable, f1, strict=True)]
        + [(confidence, 0.0, 0, 1) for confidence in unanswerable],
        key=lambda one: -one[0],
    )
    best, held, given, wrong = Best(0.5, 1.0, ranked[0][0] + 1.0), 0.0, 0, 0  # all refused
    for place, (confidence, gain, right, other) in enumerate(ranked):
        held, given, wrong = held + gain, given + right, wrong + other
        if place + 1 < len(ranked) and ranked[place + 1][0] == confidence:
            continue  # what has the same confidence is answered or refused together
        balanced = (held + 1 - wrong / len(unanswerable)) / 2
        if balanced >= best.balanced_f1:
            best = Best(balanced, 1 - given / len(answerable), confidence)
    return best


def with_reader(reader: Reads) -> Callable[[Sequence[Row]], Iterator[Answered]]:
    """Give a function that answers rows with a reader: its best span, whatever its probability."""

    def answer(rows: Sequence[Row]) -> Iterator[Answered]:
        for row, spans in zip(rows, spans_of(reader, rows), strict=True):
            yield answered_by(row, spans)

    return answer


def answered_by(row: Row, spans: Sequence[Span]) -> Answered:
    """Give what spans of a row's text, the best first, say."""
    text = row.context[spans[0].start : spans[0].end] if spans else ""
    return Answered(text, max((span.probability for span in spans), default=0.0))


def spans_of(reader: Reads, rows: Sequence[Row]) -> Iterator[list[Span]]:
    """Give the spans that a reader finds in the text of each row, the best first."""
    waiting = iter(rows)
    while part := list(islice(waiting, AT_ONCE)):
        found: list[list[Span]] = [[] for _ in part]
        for span in reader.read_pairs([(row.question, row.context) for row in part]):
            found[span.text].append(span)
        yield from found


def _of(values: Sequence[float], has: Sequence[bool], wanted: bool) -> list[float]:
    return [value for value, one in zip(values, has, strict=True) if one is wanted]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
