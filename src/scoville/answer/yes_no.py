"""Questions that want a yes or a no: the sentence that decides, and which of the two it says.

Enters: a question and the hits. Leaves: the sentence, and "Yes" or "No"; nothing where words alone do not tell, which
is most of the time. Only sentences decide that hold nearly all content words of the question and little else, or that
answer the very question in the document itself ("Are electric cars covered? Yes, and …").
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scoville.answer.parts import LIST_SIGN
from scoville.answer.polarity import clauses
from scoville.sentences import content_words, numbers, sentences
from scoville.types import Hit

YES_NO = re.compile(
    r"(?:is|are|was|were|am|can|could|do|does|did|may|might|must|shall|should|will|would|has|have|had)"
    r"(?:n't|n’t)?\s+(?:(?!\bor\b)[^?])*\??\s*$",
    re.IGNORECASE,
)
"""Alternatives ("is it 39 or 29?") want one of them instead."""
SAYS = re.compile(r"(yes|no)[.,:;!]\s*", re.IGNORECASE)
LIMITS = re.compile(
    r"\b(?:only|unless|certain|some|zero|(?:more|less|fewer|later|earlier|longer) than|over|above|below|under)\b", re.I
)
"""Between question and sentence these turn a yes into a no, and back, in ways that words do not show."""
CONDITION = re.compile(r"\b(?:as long as|provided|in case)\b", re.IGNORECASE)
NON = re.compile(r"\bnon-", re.IGNORECASE)
MOST_WORDS = 0.75
"""How many of the question's content words a sentence must hold,"""
LITTLE_ELSE = 0.4
"""and what share of the words of both they must be: a long sentence says yes or no to something else."""
SAME_QUESTION = 0.6
THE_VERY_QUESTION = 2.0


class Decided(NamedTuple):
    """The sentence that decides."""

    hit: int
    start: int
    """Its characters are ``[start, end)`` of the passage."""
    end: int
    text: str
    """It, behind a yes or no in bold."""


def decide(question: str, hits: Sequence[Hit]) -> Decided | None:
    """Find the sentence that decides; None where the question wants something else or no sentence is close enough."""
    asked = frozenset(content_words(question))
    if not asked or not YES_NO.match(question.strip()):
        return None
    found = [one for number, hit in enumerate(hits) for one in _candidates(question, asked, number, hit)]
    best = max(found, key=lambda one: one[0], default=None)  # of equals the one that was found first
    disagree = len({decided.text[2] for _, decided in found}) > 1 and best and best[0] < THE_VERY_QUESTION
    return best[1] if best and not disagree else None


def _candidates(question: str, asked: frozenset[str], number: int, hit: Hit) -> Iterator[tuple[float, Decided]]:
    text = hit.passage.text
    every = list(sentences(text))
    for before, one, after in zip([None, *every], every, [*every[1:], None], strict=False):
        words = frozenset(content_words(one.text))
        own = frozenset(content_words(before.text)) if before and before.text.endswith("?") else frozenset[str]()
        if (said := SAYS.match(one.text)) and own and len(asked & own) >= SAME_QUESTION * len(asked | own):
            end = after.end if after and said.end() == len(one.text) else one.end  # a bare "Yes." goes on
            yield (
                THE_VERY_QUESTION,
                Decided(number, one.start, end, f"**{said[1]}**{text[one.start + len(said[1]) : end]}"),
            )
        elif one.text[-1] in ".!;:" and not one.text.startswith("|"):  # a heading decides nothing
            start = one.start + sign.end() if (sign := said or LIST_SIGN.match(one.text)) else one.start
            alike, held = len(asked & words) / len(asked | words), len(asked & words) / len(asked)
            enough = alike >= LITTLE_ELSE and held >= MOST_WORDS and numbers(question) <= words
            if enough and (says := _said(question, asked, text[start : one.end])):
                yield alike, Decided(number, start, one.end, f"**{says}.** {text[start : one.end]}")


def _said(question: str, asked: frozenset[str], sentence: str) -> str:
    """Say yes where the clauses with the words asked about affirm them, no where they deny them."""
    plain = CONDITION.sub("if", NON.sub("", sentence))  # "if" ends a clause
    if LIMITS.search(f"{question} {sentence}") or any(clause.excludes for clause in clauses(question)):
        return ""
    found = clauses(plain)
    doubtful = frozenset[str]().union(*(clause.words for clause in found if clause.excludes))
    if not any(clause.excludes for clause in found):
        return "Yes"
    words = asked & frozenset[str]().union(*(clause.words for clause in found))
    if words and words <= doubtful:
        return "No"
    return "Yes" if words and not words & doubtful else ""
