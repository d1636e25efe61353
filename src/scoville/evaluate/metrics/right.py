"""Whether an answer is right, by its words. Enters: a case and a result. Leaves: a score of ``correctness_words``."""

from collections.abc import Iterable

from scoville.evaluate.metrics.correctness import correctness
from scoville.evaluate.metrics.metric import Family, table
from scoville.evaluate.metrics.text import is_choice_or_sum
from scoville.evaluate.result import Result
from scoville.types import Case, Score
from scoville.words import strip_citations

METRICS = table("answers", ("correctness_words", "all that is expected, and little beside it, by words"), version=2)
"""In version 1 claims were compared with texts by other checks: numbers were not bound to what they count."""
WORDS = METRICS["correctness_words"]
RIGHT_FROM = 0.4
"""From here on an answer counts as right. Of people's "right" and "wrong" it tells .81 to .95 (means of both) on three
sets of short answers, where .3 tells .80 to .94, and .67 on long ones (.3: .71). A random sentence of what was found
passes 15 times of 100 on HR questions (.3: 28), a real bot's answers with two passages behind them 10 times (.3: 28),
alone 78 (benchmarks/results/cheats.md)."""


def score_right(case: Case, result: Result) -> Iterable[Score]:
    """Compare an answer with what is expected, where words can tell; choices and sums are compared as such."""
    if not case.answerable or is_choice_or_sum(case):
        return
    if silence := WORDS.score_silence(result):
        if case.expected or case.facts:
            yield silence
        return
    contexts = [passage.text for passage in result.passages]
    verdict = correctness(strip_citations(result.text), case.expected, case.question, contexts, case.facts)
    if verdict:
        yield WORDS.score(verdict.value, verdict.reason)


def open_family() -> Family:
    """Give what is scored without a model."""
    return Family(score=score_right, metrics=METRICS)
