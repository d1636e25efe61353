"""Whether a passage holds what a sentence claims, and which part of it does.

Enters: a sentence of an answer, and passages. Leaves: the neighbouring sentences, or the row of a table, that hold the
sentence best, or what they say otherwise (`checks`). Words are compared, not meanings: a paraphrase that shares no
words with its source is not found.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scoville.answer.checks import Claim, Span, disagreement
from scoville.answer.parts import Evidence
from scoville.words import held

LONGER_QUOTE_GAIN = 0.15  # another sentence joins the quote when it adds more than this
MOST_LONGER = 3  # a list is whole, or not there
NEAR = 0.1
"""A part that holds nearly as much of a claim as the best one may be its evidence; what holds less may not, where the
best one says otherwise."""
LEAST_OWN = 0.5
"""Share of the words beyond its headings that a part must hold."""


class Support(NamedTuple):
    """The part of a passage that best holds a sentence."""

    start: int
    end: int
    share: float
    """Share of the sentence's content words that this part holds, 0 when it is no evidence for it."""
    worth: float = 0.0
    """What the part was chosen by."""
    held: frozenset[str] = frozenset()
    """The words of the part, and of what stands above it."""
    whole: bool = True
    """Whether it holds every word of the claim but those that add nothing."""
    reason: str = ""
    """What the part that holds most of the words says otherwise; empty where it does not, or holds too little."""


def support(claim: Claim, evidence: Evidence, least: float = 0.0) -> Support:
    """Find the part of a passage that holds most of a claim's content words, if any holds the ``least`` share of them.

    The headings of a passage count for each of its parts, its other parts do not: a number from one row of a table and
    a name from another are no evidence.
    """
    return best_support(claim, [evidence], least)[1]


def best_support(claim: Claim, passages: Sequence[Evidence], least: float) -> tuple[int, Support]:
    """Find which passage holds a claim best, the earlier of equals, and its support; of none the first with share 0.

    Where what holds most of the claim says otherwise, a part that holds less of it is no evidence.
    """
    weighed = [
        (number, one, span)
        for number, evidence in enumerate(passages)
        if claim.said or claim.measures
        for one, span in _weigh(claim, evidence)
        if one.share >= least
    ]
    weighed.sort(key=lambda found: (-found[1].worth, found[0]))
    none = 0, Support(0, len(passages[0].passage.text) if passages else 0, 0.0)
    for number, one, span in weighed:
        if one.worth < weighed[0][1].worth - NEAR:
            break
        reason = disagreement(span)
        if not reason:
            return number, one._replace(whole=not claim.content - held(claim.content, span.held))
        none = none if none[1].reason else (number, none[1]._replace(reason=reason))
    return none


def _weigh(claim: Claim, evidence: Evidence) -> Iterator[tuple[Support, Span]]:
    core = claim.said - evidence.prefix
    total, said = len(claim.words) + claim.measures, len(claim.said) + claim.measures
    for parts in evidence.spans():
        own = frozenset[str]().union(*(part.words for part in parts))
        around = evidence.prefix.union(*(part.above for part in parts))
        span = Span(claim, evidence, parts, own, around)
        measured = len(claim.figures) - len(span.missing) + len(claim.periods & span.periods)
        share = (len(held(claim.words, span.held)) + measured) / total
        if not share or (core and len(held(core, own)) < LEAST_OWN * len(core)):
            continue
        # Words of the part weigh more than those of headings, and a longer quote must be worth its length.
        worth = (
            share
            + (len(held(claim.said, own)) + measured) / said
            - LONGER_QUOTE_GAIN * min(len(parts) - 1, MOST_LONGER)
        )
        yield Support(parts[0].sentence.start, parts[-1].sentence.end, share, worth, span.held), span


__all__ = ["Claim", "Evidence", "Support", "best_support", "support"]
