"""Whether an answer is right, by its words. Enters: a case and a result. Leaves: a score of ``correctness_words``."""

from collections.abc import Iterable

from scoville.evaluate.metrics.correctness import correctness
from scoville.evaluate.metrics.metric import Family, table
from scoville.evaluate.metrics.text import is_choice_or_sum
from scoville.evaluate.metrics.words import strip_citations
from scoville.evaluate.result import Result
from scoville.types import Case, Score

METRICS = table("answers", ("correctness_words", "all that is expected, and little beside it, by words"))
WORDS = METRICS["correctness_words"]
RIGHT_FROM = 0.3
"""From here on an answer counts as right. Over the halves 0 of four sets with people's verdicts it is right about
people's "right" and "wrong" in .76 to .94 of each (benchmarks/results/ruler.md); a good answer with a passage behind it
is right 23 times of 100, alone 71 times."""


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
