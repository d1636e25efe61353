"""Whether an answer is right, by its words: all that was expected, and little beside it.

Enters: a question, an answer, the answers expected, perhaps the facts that must be there and the texts that the system
was given. Leaves: a value from 0 to 1 with its reason. Knows no model; docs/metrics.md has the formula, and
benchmarks/results/ruler.md how it agrees with people.

It is made so that it does not pay to say more than is asked: words of the question count nothing, what neither the
expected answer nor the texts hold counts against an answer, whole passages are no answer, nor is a refusal.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from scoville.answer.claims import claimed, faithfulness
from scoville.answer.contradiction import contradiction
from scoville.answer.declines import declines
from scoville.answer.polarity import DENIAL, HARMLESS
from scoville.evaluate.metrics.overlap import runs
from scoville.quantities import UNITS, numeric_match
from scoville.words import contains, held, stems, word_tokens

FREE = 8
"""So many words may be said beside the expected ones at little cost: a value may stand in a sentence."""
BESIDE = 0.5
"""What a word beside the expected ones costs when the texts hold it; one that they do not hold costs 1."""
PASTED = 60
"""A run of so many words copied from a text is a passage, no answer: 3 of 240 answers that people judged have one."""
OTHER_NUMBER = 0.5
"""What is left of the recall when an expected number is missing and another, of no text, is said."""
CONTRADICTED = 0.25
"""What is left when a sentence says the opposite of an expected one, or another number or name in its place."""
SHORTEST_SENTENCE = 6
"""Content words."""
SAYS = re.compile(r"^\W*(yes|no|ja|nein|oui|non|sí|si)\b", re.IGNORECASE)
YES = frozenset(("yes", "ja", "oui", "sí", "si"))
UNIT_WORDS = frozenset(word for name in UNITS for word in stems(name))


class Verdict(NamedTuple):
    """How right an answer is."""

    value: float
    reason: str = ""


class Wanted(NamedTuple):
    """What an answer is compared with."""

    text: str
    facts: tuple[str, ...]
    asked: str
    """The words of the question count neither for nor against an answer."""


def correctness(
    answer: str, expected: Sequence[str], question: str = "", contexts: Sequence[str] = (), facts: Sequence[str] = ()
) -> Verdict | None:
    """Say how right an answer is: against the best of the expected answers, each of which is right by itself.

    ``facts`` must all be said, whatever expected answer is met. ``contexts`` are what the system was given to read;
    without them nothing is known to be invented. None when nothing is expected.
    """
    wanted = [text for text in expected if text.strip()] or ([""] if any(fact.strip() for fact in facts) else [])
    if not wanted:
        return None
    if not word_tokens(answer):
        return Verdict(0.0, "empty answer")
    if declines(answer):
        if any(declines(text) for text in wanted if text):
            return Verdict(1.0, "declines, as expected")
        answer = " ".join(claimed(answer))  # "I do not know. However, ..."
        if not answer:
            return Verdict(0.0, "declines")
    needed = tuple(fact for fact in facts if fact.strip())
    known = frozenset[str]().union(*map(stems, contexts))
    verdicts = (_compare(answer, Wanted(text, needed, question), contexts, known) for text in wanted)
    return max(verdicts, key=lambda one: one.value)


def _compare(answer: str, wanted: Wanted, contexts: Sequence[str], known: frozenset[str]) -> Verdict:
    same = word_tokens(answer) == word_tokens(wanted.text)
    own = answer if same else _without_passages(answer, tuple(contexts), wanted.text)
    if says_otherwise(own, wanted.text):
        return Verdict(0.0, "says the opposite")
    everything = stems(SAYS.sub("", "\n".join((wanted.text, *wanted.facts)), count=1))
    asked = stems(wanted.asked) if everything - stems(wanted.asked) else frozenset[str]()
    said, needed = stems(SAYS.sub("", own, count=1)) - asked, everything - asked
    if not needed:
        return _compare_small(own, wanted.text)
    if not said:
        return Verdict(0.0, "says nothing that the question does not")
    used = held(said, needed) | (_measures(said) if _same_quantities(own, wanted.text) else set())
    beside = set(said - used)
    supported = held(beside, known) if contexts else beside
    invented = beside - supported
    recall = _recall(own, said, wanted, asked, invented if contexts else beside)
    pasted = len(stems(answer) - stems(own) - needed - asked)
    cost = len(invented) + pasted + BESIDE * len(supported)
    precision = (len(used) + FREE) / (len(used) + FREE + cost)
    support = 1 - len(invented) / (len(said) + FREE)
    value = 2 * precision * recall / (precision + recall) * support**2
    if contexts and value and not same:
        faithful = faithfulness(own, (wanted.text, *wanted.facts, *contexts), wanted.asked)
        value *= 1.0 if faithful is None else faithful
    opposed = _contradicts(own, wanted.text)
    return Verdict(
        value * (CONTRADICTED if opposed else 1.0),
        f"{recall:.0%} of what is expected, {len(beside)} words beside it, {len(invented)} of them in no text"
        + (f"; another {opposed} than expected" if opposed else ""),
    )


def _recall(own: str, said: frozenset[str], wanted: Wanted, asked: frozenset[str], new: set[str]) -> float:
    """Give the share of the expected words that are said; of facts the mean share, 0 where the number is missing."""
    shares: list[float] = []
    for text in wanted.facts or (wanted.text,):
        whole = stems(SAYS.sub("", text, count=1))
        words = whole - asked or whole
        if not words:
            continue
        met = held(words, said | asked if wanted.facts else said)
        if _same_quantities(own, text):
            met |= _measures(words)
        missing = {word for word in words - met if word[0].isdecimal()}
        share = len(met) / len(words)
        if missing and wanted.facts:
            share = 0.0
        elif missing and any(word[0].isdecimal() for word in new):
            share *= OTHER_NUMBER
        shares.append(share)
    return sum(shares) / len(shares) if shares else 0.0


def says_otherwise(answer: str, expected: str) -> bool:
    """Say whether one says yes and the other no; of a bare yes or no, also when the answer denies or affirms it."""
    meant, said = SAYS.match(expected), SAYS.match(answer)
    if not meant:
        return False
    if said:
        return (said[1].casefold() in YES) != (meant[1].casefold() in YES)
    bare = not stems(expected[meant.end() :])
    first = next(iter(claimed(answer)), answer)
    return bare and bool(DENIAL.search(HARMLESS.sub(" ", first.casefold()))) == (meant[1].casefold() in YES)


def _compare_small(answer: str, expected: str) -> Verdict:
    """Compare what has no words of its own: a yes or no that is not contradicted, a name like "The Who"."""
    if SAYS.match(expected):
        says = SAYS.match(answer) or any(claimed(answer))
        return Verdict(1.0, "says the same") if says else Verdict(0.0, "says neither yes nor no")
    return Verdict(1.0, "says it") if contains(answer, expected) else Verdict(0.0, "does not say it")


def _contradicts(answer: str, expected: str) -> str:
    """Name what a sentence of the answer says otherwise than all sentences of the expected answer that it is like.

    Numbers are counted elsewhere; of a few words another name is as often another spelling ("King George V").
    """
    meant = list(claimed(expected))
    for text in claimed(answer):
        words = stems(text)
        found = {contradiction(text, one, expected) for one in meant if 2 * len(words & stems(one)) >= len(words)}
        if found and not found & {"", "number"} and (found != {"name"} or len(words) >= SHORTEST_SENTENCE):
            return min(found)
    return ""


def _without_passages(answer: str, contexts: tuple[str, ...], expected: str) -> str:
    """Take out runs of words that are copied from a text, unless the expected answer has them too."""
    tokens = word_tokens(answer)
    if len(tokens) < PASTED or not contexts:
        return answer
    copied = frozenset[str]().union(*map(_runs, contexts)) - _runs(expected)
    inside = [False] * len(tokens)
    for at, run in enumerate(runs(tokens, PASTED)):
        if run in copied:
            inside[at : at + PASTED] = [True] * PASTED
    return " ".join(token for token, one in zip(tokens, inside, strict=True) if not one) if any(inside) else answer


@lru_cache(maxsize=256)
def _runs(text: str) -> frozenset[str]:
    return frozenset(runs(word_tokens(text), PASTED))


def _same_quantities(answer: str, expected: str) -> bool:
    return numeric_match(answer, expected) == 1


def _measures(words: frozenset[str]) -> set[str]:
    return {word for word in words if word[0].isdecimal() or word in UNIT_WORDS}
