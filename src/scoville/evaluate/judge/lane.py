"""What needs no judge: what can be decided about an answer by comparing it.

Enters: a case and a result, or a claim and texts. Leaves: a value with its reason, or None where a judge must look.
Only what is certain is decided: an answer that merely holds the expected words may deny them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from scoville.answer.declines import declines
from scoville.evaluate.metrics.text import choice_of, exact_match, gold_token_recall
from scoville.evaluate.result import Result
from scoville.quantities import QUANTITY, Quantity, numeric_match, quantities, same_quantity
from scoville.sentences import in_digits, sentences
from scoville.types import Case
from scoville.words import contains, fold, squad_tokens, strip_citations, word_tokens

SHORTEST_QUOTE = 4
"""Words: what is shorter, such as "Yes, it is.", stands in some passage or other."""


class Decided(NamedTuple):
    """A value that was reached without a judge."""

    value: float
    reason: str


def decide_correctness(case: Case, result: Result) -> Decided | None:
    """Decide what comparison can tell of an answer: 1 right, 0 wrong."""
    refused = is_refusal(result)
    if not case.answerable:
        return Decided(1.0, "refused what cannot be answered") if refused else Decided(0.0, "answered the unanswerable")
    if refused:
        return None if _says_all_the_same(case, result) else Decided(0.0, "refused what can be answered")
    if is_empty(result):
        return Decided(0.0, "empty answer")
    if case.choices:
        return _decide_choice(case, result.text)
    for expected in case.expected:
        if exact_match(result.text, expected) and numeric_match(result.text, expected) != 0:
            return Decided(1.0, "exact match")
        said, wanted = _sole_quantity(result.text), _sole_quantity(expected)
        if said and wanted and same_quantity(said, wanted):
            return Decided(1.0, "the same quantity")
    return None


def is_refusal(result: Result) -> bool:
    """Say whether a result refuses, whether it is marked so or only says so."""
    return result.refused or (not is_empty(result) and declines(result.text))


def is_empty(result: Result) -> bool:
    """Say whether an answer holds no word."""
    return not word_tokens(result.text)


def is_same(first: Result, second: Result) -> bool:
    """Say whether two answers are the same."""
    return squad_tokens(first.text) == squad_tokens(second.text) and is_refusal(first) == is_refusal(second)


def claims_of(text: str) -> list[str]:
    """Give the sentences of a text, without citations: what it claims, one by one."""
    stripped = (strip_citations(sentence.text) for sentence in sentences(text))
    return [claim for claim in stripped if word_tokens(claim)]


def stands_in(claim: str, texts: Sequence[str]) -> bool:
    """Say whether a claim stands word for word in one of the texts, and so needs no judge."""
    return len(word_tokens(claim)) >= SHORTEST_QUOTE and any(contains(text, claim) for text in texts)


def _says_all_the_same(case: Case, result: Result) -> bool:
    """Say whether a refusal that is one only by its first words says every word expected, as "However, ..." may do."""
    return not result.refused and any(gold_token_recall(result.text, expected) == 1 for expected in case.expected)


def _sole_quantity(text: str) -> Quantity | None:
    """Read a text that is a quantity and nothing else: ``$1,200``, ``twenty days.``"""
    plain = in_digits(fold(strip_citations(text))).strip(" .")
    found = quantities(text)
    return found[0] if len(found) == 1 and QUANTITY.fullmatch(plain) else None


def _decide_choice(case: Case, text: str) -> Decided | None:
    chosen = choice_of(text, case.choices)
    wanted = {choice_of(answer, case.choices) for answer in case.expected} - {None}
    return Decided(float(chosen in wanted), f"chose {chosen}") if chosen and wanted else None
