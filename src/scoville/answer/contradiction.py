"""Whether a sentence says something else than its evidence, though it has the words of it.

Enters: two sentences about the same thing. Leaves: what differs: a number, a name, a negation, a comparison, or which
of two is compared with which. Both are laid beside each other word by word, and what stands in one place of both is
compared. What shares few words with its evidence is not judged here: this finds the swapped figure and the added "not",
not free invention. English, but for numbers and names.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from math import prod
from typing import NamedTuple

from scoville.answer.polarity import DENIAL, HARMLESS
from scoville.quantities import numeric_match
from scoville.sentences import STOP_WORDS, in_digits, stem

OPPOSITES = (
    "more/less/fewer", "most/least/fewest", "higher/lower", "highest/lowest", "high/low", "greater/smaller/lesser",
    "larger/smaller", "maximum/minimum", "increase/decrease/reduce", "raise/lower/reduce", "before/after",
    "above/below", "over/under", "earlier/later", "earliest/latest", "longer/shorter", "longest/shortest",
    "better/worse", "best/worst", "faster/slower", "older/younger/newer", "first/last", "cheaper/costlier",
    "cheap/expensive", "affordable/expensive/costly", "include/exclude", "inclusion/exclusion",
    "covered/uncovered/excluded", "in-network/out-of-network", "with/without", "internal/external",
    "required/optional/voluntary", "mandatory/optional/voluntary", "must/may", "allowed/prohibited/forbidden",
    "permitted/prohibited/forbidden", "full-time/part-time", "paid/unpaid", "able/unable", "eligible/ineligible",
    "available/unavailable", "likely/unlikely", "possible/impossible", "taxable/tax-free", "accept/reject/refuse",
    "approve/deny/reject", "approval/denial", "start/end", "begin/end", "up/down", "open/closed", "both/neither",
    "same/different", "day/night", "weekly/monthly", "daily/weekly", "monthly/annually/yearly",
)  # fmt: skip
"""What stands against what; words that deny ("never", "cannot") are read apart."""
GREATER = "more higher greater larger longer later older faster better expensive costly increase over above".split()
SMALLER = "less lower fewer smaller shorter earlier younger slower worse affordable cheap cheaper reduce under".split()
TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|(?:out-of|in|full|part|tax)-\w+|[^\W\d_]+(?:['’][^\W\d_]+)?|[^\W_]+")
NETWORK = re.compile(r"\b(in|out)[- ]+(?:of[- ]+)?network\b", re.IGNORECASE)
COMPARED = re.compile(r"\b(?:than|instead|rather|from|unlike|while|whereas)\b")
REACH = 8
"""Words before "than" that say how two compare."""
LONGEST_SWAP = 4
"""Words: longer stretches are said differently, not exchanged."""
LONGEST_SENTENCE = 200
"""Words: what is longer, such as a text without full stops, is not compared; it would take minutes."""
ALIKE = 0.6
"""Share of its words that a sentence has in the order of the other; below it they are not laid beside each other."""


class Swap(NamedTuple):
    """What a claim says in the place where its evidence says something else."""

    said: list[str]
    meant: list[str]
    first: bool
    """Whether it begins the sentence, where every word is capitalised."""


def contradiction(claim: str, evidence: str, given: str = "") -> str:
    """Name what a claim says otherwise than its evidence; empty where nothing is seen to differ.

    ``given`` is all that there was to read: a word that it has only capitalised is a name.
    """
    one, other = tokens(claim), tokens(evidence)
    mine, theirs = list(map(plain, one)), list(map(plain, other))
    if max(len(mine), len(theirs)) > LONGEST_SENTENCE:
        return ""
    laid = SequenceMatcher(None, mine, theirs, autojunk=False)
    if not mine or sum(block.size for block in laid.get_matching_blocks()) < ALIKE * len(mine):
        return "direction" * _compares_otherwise(mine, theirs)
    swapped = [
        Swap(one[a:b], other[c:d], first=a == 0)
        for kind, a, b, c, end in laid.get_opcodes()
        if kind == "replace"
        and max(b - a, (d := min(end, c + b - a) if b == len(mine) else end) - c) <= LONGEST_SWAP  # it may go on
    ]
    same_numbers = numeric_match(evidence, claim) == 1
    for swap in swapped:
        if (_figures(swap.said) - set(theirs)) and (_figures(swap.meant) - set(mine)) and not same_numbers:
            return "number"
        if _says_another_name(swap, given, set(mine), set(theirs)):
            return "name"
    return _turned(claim, evidence, mine, theirs, swapped) or "direction" * _compares_otherwise(mine, theirs)


def _says_another_name(swap: Swap, given: str, mine: set[str], theirs: set[str]) -> bool:
    capital = [word for word in swap.said if word[0].isupper() and word.casefold() not in STOP_WORDS]
    if swap.first:  # any word is capitalised there
        capital = [word for word in capital if is_name(word, given) and (len(capital) > 1 or word in given)]
    missing = any(plain(word) not in mine and is_name(word, given) for word in swap.meant)
    return missing and any(plain(word) not in theirs for word in capital)


def _turned(claim: str, evidence: str, one: list[str], other: list[str], swapped: Sequence[Swap]) -> str:
    """Name what turns the meaning round; two of them turn it back: "A is more than B", "B is less than A"."""
    pairs = {(a, b) for swap in swapped for a in map(plain, swap.said) for b in map(plain, swap.meant)}
    exchanged = {frozenset(pair) for pair in pairs if pair[::-1] in pairs}
    turned_back = _denials(claim), _denials(evidence)
    opposed = {
        frozenset((said, meant)) for said, meant in pairs
        if frozenset((said, meant)) in OPPOSED and (said in turned_back[0]) == (meant in turned_back[1])
    } - exchanged  # fmt: skip
    reasons = ["negation"] if _denied(claim, other) != _denied(evidence, one) else []
    reasons += ["comparison"] * len(opposed)
    named = {plain(word) for swap in swapped for word in (*swap.said, *swap.meant) if word[0].isupper()}
    compares = bool(COMPARED.search(claim.casefold()) or _figures(one))
    reasons += ["direction"] * any(not pair & STOP_WORDS and (compares or pair <= named) for pair in exchanged)
    return reasons[0] if len(reasons) % 2 else ""


def _compares_otherwise(one: list[str], other: list[str]) -> bool:
    """Say whether two sentences that are built differently compare the same two with different outcomes."""
    if "than" not in one or "than" not in other:
        return False
    (left, right), (first, second) = _sides(one), _sides(other)
    same, crossed = len(left & first) + len(right & second), len(left & second) + len(right & first)
    signs = _sign(one) * _sign(other)
    return same != crossed and signs != 0 and (crossed > same) == (signs > 0)


def _sides(words: list[str]) -> tuple[set[str], set[str]]:
    """Give the words on the left and on the right of "than" that are not on both and compare nothing."""
    at = words.index("than")
    left, right = set(words[:at]) - SIGNS.keys() - STOP_WORDS, set(words[at:]) - SIGNS.keys() - STOP_WORDS
    return left - right, right - left


def _sign(words: list[str]) -> int:
    """Give +1 where what stands before "than" says more of something, -1 for less; 0 where it says neither."""
    at = words.index("than")
    found = [SIGNS[word] for word in words[max(0, at - REACH) : at] if word in SIGNS]
    return prod(found) if found else 0


def _denied(text: str, other: Sequence[str]) -> set[str]:
    """Give the words that a text denies and the other text has too."""
    return _denials(text) & set(other)


def _denials(text: str) -> set[str]:
    folded = HARMLESS.sub(" ", text.casefold().replace("’", "'"))
    found = (tokens(folded[match.end() : match.end() + 60]) for match in DENIAL.finditer(folded) if match[0] != "non")
    behind = ([word for word in map(plain, words) if word not in STOP_WORDS][:1] for words in found)
    return {word for words in behind for word in words}


def is_name(word: str, given: str) -> bool:
    """Say whether a word is a name: capitalised, and written small nowhere in what was given."""
    return word[0].isupper() and word.casefold() not in STOP_WORDS and not _written_small(word.casefold(), given)


@lru_cache(maxsize=8192)
def _written_small(word: str, given: str) -> bool:
    return bool(re.search(rf"\b{re.escape(word)}", given))


def _figures(words: Sequence[str]) -> set[str]:
    return {word for word in words if word[0].isdecimal()}


@lru_cache(maxsize=8192)
def tokens(text: str) -> list[str]:
    """Split into words and numbers; compounds such as "out-of-network" are one word."""
    joined = NETWORK.sub(
        lambda match: "out-of-network" if match[1].casefold() == "out" else "in-network", in_digits(text)
    )
    return TOKEN.findall(joined)


def plain(word: str) -> str:
    """Give the form of a word that is compared; the small words stay as they are, since they turn the meaning."""
    folded = word.casefold().replace("’", "'")
    return folded if folded in STOP_WORDS or word[0].isdecimal() else stem(folded.removesuffix("'s"))


OPPOSED = frozenset(
    frozenset((plain(first), plain(word)))
    for first, *others in (group.split("/") for group in OPPOSITES)
    for word in others
)
SIGNS = {plain(word): 1 for word in GREATER} | {plain(word): -1 for word in SMALLER}
