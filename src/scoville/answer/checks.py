"""What a part of a passage says otherwise than a claim that has the same words.

Enters: a claim and parts of a passage. Leaves: the name of the first check that fails: another number, or the number of
another row, the most for the least, another period or name, before for after, the opposite. This is the one place that
decides it, for answers as they are given and for answers as they are measured. English.
"""

import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from scoville.answer.contradiction import contradiction
from scoville.answer.figures import Figure, figures, orders, periods, possible_periods, same_measure, without_measures
from scoville.answer.names import names
from scoville.answer.parts import LIST_SIGN, Evidence, Part
from scoville.answer.polarity import EXCLUSION, clauses
from scoville.quantities import without_dates
from scoville.sentences import in_digits, stem
from scoville.words import held, stems

SHORT_CLAIM_WORDS = 4  # fewer content words, a denial counted, say too little to be matched alone
ANSWER = re.compile(r"^\W*(?:yes|no)[,.:;]\s+(?=\w)", re.IGNORECASE)
LIGHT = frozenset(
    stem(word)
    for word in "need require have make pay cost follow last take get provide offer give include apply receive use "
    "call reach hold amount total state say mean typically usually generally currently approximately around roughly "
    "also afterwards thereafter must case person way well different various certain specific particular help "
    "able possible allow want see go come become remain continue like".split()
)
"""Words that a claim may say on its own."""
SENTENCE_IN_ROW = re.compile(r"\s\|\s|(?<=[.!?])\s")
EXACT = frozenset(
    stem(word)
    for word in "monday tuesday wednesday thursday friday saturday sunday january february march april june july "
    "august september october november december third fourth fifth sixth seventh eighth ninth tenth twice half "
    "double".split()
)
"""Words that mean one thing only: a claim's must stand in its evidence."""


class Claim:
    """A sentence of an answer, read for comparing.

    ``given`` is all that the model was given to read. A short claim is an answer to ``question``: its words count too.
    """

    def __init__(self, sentence: str, question: str, given: str) -> None:
        self.text = ANSWER.sub("", LIST_SIGN.sub("", re.sub(r"(?<!\s)\s*\[\d+\]", "", sentence), count=1), count=1)
        self.figures = figures(self.text)
        self.periods = periods(self.text)
        self.given = given
        self.clauses = clauses(self.text)
        self.said = stems(without_measures(self.text))
        self.denied = frozenset[str]().union(*(clause.denied for clause in self.clauses))
        excluding = stems(" ".join(EXCLUSION.findall(self.text.casefold())))
        self.content = self.said - LIGHT - excluding - (self.denied if len(self.clauses) == 1 else frozenset())
        self.all = self.said | stems(self.text)
        self.measures = len(self.figures) + len(self.periods)
        self.asked = stems(question)
        self.denies = any(clause.denies for clause in self.clauses)
        self.excludes = any(clause.excludes for clause in self.clauses)
        self.short = len(self.said) + self.measures + self.denies < SHORT_CLAIM_WORDS
        self.words = self.said | self.asked if self.short else self.said
        self.names = names(in_digits(without_dates(self.text)), given)
        self.orders = orders(self.text)
        self.answers_no = self.short and any(clause.denies for clause in clauses(question))


class Span(NamedTuple):
    """Parts of a passage beside a claim."""

    claim: Claim
    evidence: Evidence
    parts: Sequence[Part]
    words: frozenset[str]
    """Of the parts."""
    around: frozenset[str]
    """Of the headings above them."""

    @property
    def held(self) -> frozenset[str]:
        """All words that count."""
        return self.words | self.around

    @property
    def figures(self) -> list[Figure]:
        """Its quantities."""
        return [figure for part in self.parts for figure in part.figures]

    @property
    def missing(self) -> list[Figure]:
        """The quantities of the claim that neither it nor the headings of its passage have."""
        given = [*self.figures, *self.evidence.prefix_figures]
        return [
            one for one in self.claim.figures if not any(same_measure(one.quantity, other.quantity) for other in given)
        ]

    @property
    def periods(self) -> frozenset[tuple[str, float]]:
        """What a claim about it may name as a period."""
        return possible_periods(self.evidence.passage.prefix).union(
            *(possible_periods(part.sentence.text) for part in self.parts)
        )

    @property
    def text(self) -> str:
        """What is quoted."""
        return self.evidence.passage.text[self.parts[0].sentence.start : self.parts[-1].sentence.end]

    @property
    def main(self) -> Part:
        """The part that holds most of the claim."""
        return max(self.parts, key=lambda part: len(self.claim.said & part.words))


def disagreement(span: Span, among: Collection[str] = ()) -> str:
    """Name what a part of a passage says otherwise than the claim; empty where it agrees. By default all is checked."""
    return next((name for name, check in CHECKS.items() if (not among or name in among) and check(span)), "")


def _another_number(span: Span) -> bool:
    exact = span.claim.said & EXACT | {word for word in span.claim.said if word[0].isdecimal()}
    return bool(span.missing) or bool(exact - span.held)


def _another_row(span: Span) -> bool:
    """Say whether a number is said of something else: of a label, row or column that another number has."""
    claim = span.claim
    for one in claim.figures:
        matches = [f for f in span.figures if same_measure(one.quantity, f.quantity)]
        rivals = [
            f for f in span.evidence.figures
            if f.quantity.unit.base == one.quantity.unit.base and not same_measure(one.quantity, f.quantity)
        ]  # fmt: skip
        if matches and any(all(_fits_better(claim, one, rival, met) for met in matches) for rival in rivals):
            return True
    return span.parts[0].is_row and bool((claim.said & span.evidence.labels) - span.held)


def _fits_better(claim: Claim, one: Figure, rival: Figure, met: Figure) -> bool:
    """Say whether what is said around a number, or asked where little is said, names what a rival of it counts."""
    return next(
        (
            theirs > ours
            for words in (one.words, claim.asked if claim.short else frozenset[str]())
            if (theirs := len(held(words, rival.words - met.words)))
            != (ours := len(held(words, met.words - rival.words)))
        ),
        False,
    )


def _another_bound(span: Span) -> bool:
    return any(
        one.bound and (met := [f for f in span.figures if same_measure(one.quantity, f.quantity)])
        and all(f.bound and f.bound != one.bound for f in met)
        for one in span.claim.figures
    )  # fmt: skip


def _another_period(span: Span) -> bool:
    return bool(
        span.claim.periods - possible_periods(span.evidence.passage.prefix) - possible_periods(span.main.sentence.text)
    )


def _another_name(span: Span) -> bool:
    """Say whether a name is missing, or is only in a neighbour of the sentence that speaks of another name."""
    claim, main = span.claim, span.main
    if not claim.names <= span.held | span.evidence.names:
        return True
    elsewhere = claim.names - main.words - span.around - span.evidence.names
    return bool(elsewhere and names(main.sentence.text, claim.given) - claim.names - span.around)


def _mixed(span: Span) -> bool:
    """Say whether the claim has words of what the sentence sets against its part."""
    return bool(held(span.claim.said - span.held, span.main.against))


def _another_order(span: Span) -> bool:
    found = orders(span.text)
    return any((not before, word) in found and (before, word) not in found for before, word in span.claim.orders)


def _opposite(span: Span) -> bool:
    """Say whether one denies what the other affirms, in the clauses that share most words."""
    claim = span.claim
    if claim.answers_no:
        return False
    around = [*span.evidence.prefix_clauses, *span.main.clauses_above]
    nearest = max(span.main.clauses, key=lambda one: len(one.words & claim.said), default=None)
    if claim.denies:
        one = len(claim.clauses) == 1
        near = [nearest] if one and nearest else [clause for part in span.parts for clause in part.clauses]
        said_no = [clause for clause in [*around, *near] if clause.excludes]
        if not said_no and not one:  # it denies by the way: that is no contradiction, unless the passage affirms it
            return bool(nearest and held(claim.denied, nearest.words))
        return not said_no or all(claim.denied & clause.words and not clause.denies for clause in said_no)
    if claim.excludes:
        return False
    said_no = [clause for clause in [*around, *([nearest] if nearest else [])] if clause.denies]
    return any(clause.denied & claim.all or not clause.denied for clause in said_no)


def _contradicted(span: Span) -> bool:
    main = span.main.sentence.text
    if span.main.is_row:  # its cells are no sentence, but one of them may hold some
        main = max(SENTENCE_IN_ROW.split(main), key=lambda text: len(stems(text) & span.claim.said))
    found = contradiction(span.claim.text, main, span.claim.given)
    return bool(found) and (found != "negation" or len(span.main.clauses) == 1)  # of several, _opposite looks at one


CHECKS: dict[str, Callable[[Span], bool]] = {
    "number": _another_number, "row": _another_row, "bound": _another_bound, "period": _another_period,
    "name": _another_name, "order": _another_order, "negation": _opposite,
    "contradiction": _contradicted, "mixed": _mixed,
}  # fmt: skip
