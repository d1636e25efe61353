"""What stands in for the reader where it does not know a language: the sentence that is most like the question.

Enters: a question, hits and the embedder that found them. Leaves: that sentence or row, word for word and cited, and
how likely it answers. Sentences are compared by the parts of words that they share with the question, so that
``Verpflegung`` meets ``Verpflegungspauschale``, and by their vectors where the embedder knows the language. Nothing
else is judged here: what a yes, a no or two numbers mean is for checks that read English.
"""

from collections.abc import Sequence
from typing import NamedTuple

from scoville.answer.grounding import cite
from scoville.answer.lists import whole_list
from scoville.answer.pointed import Pointed
from scoville.answer.support import Calibration, Signals, Support, Weights
from scoville.embed import Embedder
from scoville.index.analyse import analyse, question_terms, word_parts
from scoville.language import detect_language
from scoville.models.languages import knows
from scoville.search.focus import Readable, readable_lines, word_shares
from scoville.types import Hit


class _Likeness(NamedTuple):
    """Of a logistic: what a cosine and a share of the question's words weigh, and the constant."""

    cosine: float
    words: float
    constant: float


BOTH = _Likeness(38.4, 2.8, -34.3)
WORDS = _Likeness(0.0, 4.76, -2.37)
"""Where the embedder does not know the language."""
COSINE = _Likeness(50.1, 0.0, -40.5)
"""Where the question is in another language than the documents, so that they share no words."""
# Fitted with multilingual-e5-small on questions of SQuAD 2 and of benchmarks/languages.py, which says what they are
# worth in a language that was left out.
LIMIT = 6.0
"""Log odds: more is not claimed."""


def nearest_support(
    question: str, hits: Sequence[Hit], similarity: float | None, embedder: Embedder, calibration: Calibration
) -> tuple[Support, Pointed | None]:
    """Find the sentence of the hits that is most like a question, and say how likely it answers."""
    lines = [(number, line) for number, hit in enumerate(hits) for line in readable_lines(hit.passage)]
    likeness = _likeness(question, [(hits[number], line) for number, line in lines], embedder)
    best = max(range(len(lines)), key=lambda place: likeness[place], default=None)
    odds = -LIMIT if best is None else max(-LIMIT, min(LIMIT, likeness[best]))
    signals = Signals(reader=odds, similarity=similarity or 0.0)
    weights = calibration.weights if calibration.own else Weights(reader=1.0, similarity=0.0, constant=0.0)
    support = Support(spans=(), signals=signals, probability=weights.probability(signals))
    if best is None:
        return support, None
    number, line = lines[best]
    listed = whole_list(hits[number].passage, line.start, line.end) if line.text.endswith(":") else None
    start, end, text = listed or (line.start, line.end, line.text)
    citation = cite(number + 1, hits[number].passage, start, end)
    return support, Pointed(text=f"{text} [{number + 1}]", citations=(citation,))


def _likeness(question: str, lines: Sequence[tuple[Hit, Readable]], embedder: Embedder) -> list[float]:
    """Give for each line the log odds that it answers."""
    if not lines:
        return []
    asked_in = detect_language(question)
    held_in = {hit.passage.language for hit, _ in lines}
    is_known = all(knows(embedder.name.partition("@")[0], language) for language in (asked_in, *held_in))
    held = [word_parts(analyse(line.text, hit.passage.language)) for hit, line in lines]
    shares = word_shares(word_parts(question_terms(question, held_in)), held)
    if not is_known:
        return [WORDS.words * share + WORDS.constant for share in shares]
    cosines = embedder.embed([line.text for _, line in lines]) @ embedder.embed([question], "query")[0]
    weights = COSINE if asked_in and held_in.isdisjoint({asked_in, ""}) else BOTH
    return [
        weights.cosine * float(cosine) + weights.words * share + weights.constant
        for cosine, share in zip(cosines, shares, strict=True)
    ]
