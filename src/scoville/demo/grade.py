"""Whether a reply answers a question of the demo, by rules that anyone can read and check.

Enters: a case and what a system said. Leaves: right or not. A sentence is right when all of this holds:

- it says what is expected: the same words, or the same number with the same unit;
- it says no other number than the case's model sentence, and turns no limit round ("at least" for "up to");
- it neither denies nor doubts;
- it speaks of what was asked: the words of ``about`` stand in it, in that order. A bare "24 hours" needs none;
- it brings in nothing else: each of its other words stands in the question, in the model sentence, or in a short list
  of words that say no more.

Rules, since a small model cannot judge, and "the number is in there" would call "The police can reach you within 24
hours" right. They are strict: a good answer in unforeseen words is called wrong, a wrong one hardly ever right.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scoville.evaluate.metrics.metric import Metric
from scoville.evaluate.result import Result
from scoville.quantities import BARE, UNITS, quantities, same_quantity
from scoville.sentences import content_words, sentences
from scoville.types import Case, Evidence, Score
from scoville.words import contains, strip_citations

RIGHT = Metric(name="correctness", family="demo", description="the reply is right by the rules of the demo")
GRADER = "rules of the demo"
DENIAL = re.compile(
    r"\b(not|no|never|neither|nor|none|nobody|without|unless|except|cannot|false|wrong|untrue|perhaps|maybe|might|unclear|unknown)\b|n['’]t\b",
    re.IGNORECASE,
)
LEAD = re.compile(r"^\s*(yes|no)[.,]\s+", re.IGNORECASE)
OTHERS = re.compile(r"\b(we|they|he|she|it|police)\b", re.IGNORECASE)
AT_LEAST = re.compile(
    r"\b(at least|more than|no less than|over|above|after|beyond|exceeding|minimum of|minimum)\s+(?:[£$€]\s?)?\d",
    re.IGNORECASE,
)
SAYS_NO_MORE = content_words(
    "answer amount annually total maximum limit period time number price cost pay paid allow permit set give given "
    "deliver receive send keep kept need take exactly only correct following document page policy wording handbook "
    "guide schedule say state claim tell told inform notify one"
) | content_words(" ".join(UNITS))


@dataclass(frozen=True, kw_only=True)
class DemoCase:
    """A question with what a right answer says, or none where the documents do not say."""

    id: str
    question: str
    answers: tuple[str, ...] = ()
    """Any one of them is what is asked for."""
    says: str = ""
    """A right answer in full: its words and numbers are welcome in every answer."""
    about: tuple[str, ...] = ()
    """Patterns, of which a sentence that answers holds one: who does what, in this order."""
    at_most: bool = False
    """Whether the number is a limit upwards, so that "more than" it is wrong."""
    document: str | None = None
    page: int | None = None
    answerable: bool = True

    @property
    def case(self) -> Case:
        """The same as a case of `evaluate`."""
        evidence = (Evidence(document=self.document, page=self.page),) if self.document else ()
        return Case(
            id=self.id, question=self.question, expected=self.answers, evidence=evidence, answerable=self.answerable
        )


def is_right(case: DemoCase, text: str, *, refused: bool) -> bool:
    """Say whether a reply answers the question, or refuses one that has no answer."""
    if refused or not case.answerable:
        return refused and not case.answerable
    plain = LEAD.sub("", strip_citations(text))
    claims = [sentence.text for sentence in sentences(plain) if not sentence.text.endswith("?")]
    right = [claim for claim in claims if _answers(case, claim)]
    return bool(right) and all(_adds_no_number(case, claim) for claim in claims if claim not in right)


def cites_right(case: DemoCase, result: Result) -> bool:
    """Say whether a quote that was found stands in the expected document, on its page where it has pages."""
    return any(
        cited.verified
        and Path(cited.document).name == case.document
        and (case.page is None or case.page in cited.pages)
        for cited in result.citations
    )


def score_demo(case: DemoCase, result: Result) -> Iterable[Score]:
    """Score a saved answer, under the name of the rules, so that a run's share of right answers is theirs."""
    right = is_right(case, result.text, refused=result.refused)
    yield Score(metric=RIGHT.name, value=float(right), judge=GRADER)


def _answers(case: DemoCase, claim: str) -> bool:
    if DENIAL.search(claim):
        return False
    others = _words(claim) - content_words(" ".join(case.answers))
    if not others and not OTHERS.search(claim) and _says_it(case, claim):
        return True  # the bare value
    known = content_words(" ".join((case.question, case.says, *case.answers)))
    return any(
        _says_it(case, said)
        and _words(said) <= known
        and any(re.search(pattern, said, re.IGNORECASE) for pattern in case.about)
        for said in _without_labels(claim)
    )


def _words(claim: str) -> set[str]:
    """Give the words that say something; numbers are looked at with their units."""
    return {word for word in content_words(claim) - SAYS_NO_MORE if not word[0].isdecimal()}


def _without_labels(claim: str) -> list[str]:
    """Give a sentence, and what is left of it without the headings before it, as in "6 Conditions: 6.1 ..."."""
    parts = claim.split(": ")
    return [": ".join(parts[start:]) for start in range(len(parts))]


def _says_it(case: DemoCase, claim: str) -> bool:
    turned = case.at_most and AT_LEAST.search(claim)  # "at least £750" where £750 is the most
    return not turned and any(_states(claim, answer) for answer in case.answers) and _adds_no_number(case, claim)


def _states(claim: str, expected: str) -> bool:
    """Say whether a sentence holds the expected words, or the quantity that they are."""
    if contains(claim, expected):
        return True
    wanted = quantities(expected)
    only = len(wanted) == 1 and wanted[0].unit != BARE and len(expected.split()) <= 3
    return only and any(quantity.unit != BARE and same_quantity(quantity, wanted[0]) for quantity in quantities(claim))


def _adds_no_number(case: DemoCase, claim: str) -> bool:
    """Say whether each number of a sentence is one that the case knows, with its unit."""
    known = quantities(". ".join((case.question, case.says, *case.answers)))
    return all(
        any(same_quantity(quantity, other) and (quantity.unit == BARE) == (other.unit == BARE) for other in known)
        for quantity in quantities(claim)
    )
