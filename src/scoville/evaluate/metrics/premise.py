"""Whether an answer corrects what its question wrongly supposes. Enters: a case and a result. Leaves: yes or no."""

from scoville.answer.claims import claimed
from scoville.answer.polarity import DENIAL, HARMLESS
from scoville.evaluate.metrics.correctness import correctness
from scoville.evaluate.result import Result
from scoville.sentences import numbers
from scoville.types import Case
from scoville.words import strip_citations

FALSE_PREMISE = "falsepremise"
"""The tag of a question that supposes what is not so, whatever stands between its words."""
CORRECTED_FROM = 0.4
"""Of 19 corrections and 19 other answers written by hand, in English and German, it takes 17 and none for right; from
.3, as for other answers, one that goes along with its question, too: that shares most words with the truth."""


def corrects_premise(case: Case, result: Result) -> bool:
    """Say whether an answer says what is so instead of what its question wrongly supposes.

    What is so stands in the case: as an expected answer, or, of a case with the tag, as the quote of its evidence. A
    question is no correction, nor is a passage that holds the truth among much else, nor what repeats a wrong number.
    """
    tags = {tag.casefold().translate(str.maketrans("", "", "-_ ")) for tag in case.tags}
    truths = [*case.expected, *(one.quote for one in case.evidence if FALSE_PREMISE in tags)]
    said = " ".join(claimed(strip_citations(result.text)))
    if not said or not any(truth.strip() for truth in truths):
        return False
    supposed = numbers(case.question) - numbers(" ".join(truths))
    if supposed & numbers(said) and not DENIAL.search(HARMLESS.sub(" ", said.casefold())):
        return False
    found = correctness(said, truths, case.question, [passage.text for passage in result.passages])
    return found is not None and found.value >= CORRECTED_FROM
