"""Two things that a question names together, each with the words that it shares with the other.

Enters: ``family and individual deductible of Northwind Standard``. Leaves: ``family deductible of Northwind Standard``
and ``individual deductible of Northwind Standard``. Rules of English, no grammar: what they make is only searched for.
"""

import re
from typing import NamedTuple

ARTICLE = re.compile(r"^(?:(?:the|an?|that|those)\s+)+", re.IGNORECASE)
PREPOSITION = r"(?:for|of|under|in|on|at|with|to|by|from|within|as)"
STARTS = re.compile(rf"^({PREPOSITION})\s", re.IGNORECASE)
PHRASE = re.compile(rf"\s({PREPOSITION})\s", re.IGNORECASE)
NAME = re.compile(r"(?<=[A-Z])(\w+) of (?=[A-Z])")
"""``Manager of Sales`` is one name."""
ONE = re.compile(r"^([\w-]+) ones?\b", re.IGNORECASE)
LENDS = ("of", "for")
"""Of ``price of A`` and ``B`` the second is the ``price of B``."""


class Couple(NamedTuple):
    """Two things."""

    first: str
    second: str


def couple(text: str, joint: str = "and") -> Couple | None:
    """Take two coordinated things apart; None where ``joint`` does not stand in the text exactly once."""
    sides = re.split(rf",?\s+{joint}\s+", text.strip(" ,?."), flags=re.IGNORECASE)
    return share(*sides) if len(sides) == 2 and all(sides) else None


def share(first: str, second: str) -> Couple:
    """Give each of two things the words that stand only beside the other but are meant for both."""
    first, second = (NAME.sub(r"\1_of_", ARTICLE.sub("", side.strip())) for side in (first, second))
    parallel = STARTS.match(second)
    if parallel:
        head = _before_last(first, parallel[1])
        if head is not None:
            second = f"{head} {second}"
    elif one := ONE.match(second):  # "the in-network one"
        second = f"{one[1]} {first.partition(' ')[2]}{second[one.end() :]}"
    elif not PHRASE.search(second) and (lent := _last_phrase(first)):
        head, preposition, _ = lent
        if preposition in LENDS and "'" not in second:
            second = f"{head} {preposition} {second}"
        else:
            second = f"{second} {preposition} {lent[2]}"
    return Couple(*(side.replace("_of_", " of ") for side in (_complete(first, second), second)))


def _complete(first: str, second: str) -> str:
    """Give the first thing the head of the second where it is an adjective only, and the phrases at its end."""
    core, phrases = _core(second)
    words, others = first.split(), core.split()
    if not PHRASE.search(first) and len(others) >= len(words) + 2 and words[-1:] != others[-1:]:
        first = " ".join([*words, *others[len(words) :]])
    own = {match[1].lower() for match in PHRASE.finditer(f" {first} ")}
    for phrase in phrases:
        preposition = phrase.split()[0].lower()
        if preposition not in own and phrase.lower() not in first.lower():
            first = f"{first} {phrase}"
    return first


def _core(text: str) -> tuple[str, list[str]]:
    """Split a thing into what it is and the phrases behind it."""
    starts = [match.start() for match in PHRASE.finditer(text)]
    cuts = [*starts, len(text)]
    return text[: cuts[0]], [text[cut:end].strip() for cut, end in zip(starts, cuts[1:], strict=True)]


def _before_last(text: str, preposition: str) -> str | None:
    found = re.findall(rf"^(.*?)\s+{preposition}\s", text, re.IGNORECASE)
    return found[0] if found else None


def _last_phrase(text: str) -> tuple[str, str, str] | None:
    found = list(PHRASE.finditer(text))
    if not found:
        return None
    last = found[-1]
    return text[: last.start()], last[1].lower(), text[last.end() :]
