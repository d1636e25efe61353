"""What the numbers of a sentence count, how often, and whether they are the most or the least.

Enters: a sentence. Leaves: its quantities, each with the words that belong to it; its periods; what comes before or
after what. In "$30 for primary care and $50 for specialist visits" the 50 belongs to specialists: what a number is
said of decides whether a claim is true, not that the number stands somewhere. English.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from scoville.quantities import UNITS, Placed, Quantity, placed, plain, same_quantity
from scoville.words import stem_list, stems

STRONG = re.compile(r"[;.:](?=\s|$)|\b(?:while|whereas|but|although)\b")
JOINT = re.compile(r",?\s*\b(?:and|or|plus)\b")
LEAST = re.compile(
    r"\b(?:at least|no (?:less|fewer|sooner|earlier) than|not less than|minimum(?: of)?|over|above|exceed\w*"
    r"|(?<!no )(?<!not )(?:more|older|longer) than|at the earliest)\W+(?:\w+\W+)?$"
)
LEAST_BEHIND = re.compile(
    r"^\+|^\W*(?:\w+\W+){0,4}?(?:(?:or|and) (?:more|older|over|above|longer|greater)|or later)\b|^\W*at least"
)
MOST = re.compile(
    r"\b(?:at most|up to|no (?:more|later|longer|older) than|not more than|maximum(?: of)?|within"
    r"|(?<!no )(?<!not )(?:less|fewer|younger) than|under|below|limited to)\W+(?:\w+\W+)?$"
)
MOST_BEHIND = re.compile(r"^\W*(?:\w+\W+){0,2}?(?:or|and) (?:less|fewer|under|younger|below|sooner)\b|^\W*at most")
REACH = 40
"""Characters before and behind a number in which its bound is looked for."""
_UNIT = r"hour|day|week|fortnight|month|quarter|year"
PERIOD = re.compile(
    rf"(?<!within )\b(?:per|each|every|an?)\s+(?:(?:calendar|working|full|single|plan|whole)\s+)?({_UNIT})\b"
    rf"|\bevery\s+(\d+)\s+({_UNIT})s?\b"
    r"|\b(hourly|daily|weekly|fortnightly|monthly|quarterly|annual(?:ly)?|yearly|per annum)\b"
)
SINGLE = re.compile(rf"(?<!\d )\b({_UNIT})\b")
"""In evidence any unit that is not counted may be a period: "the year's limit", "calendar-year deductible"."""
ADVERBS = {
    "hourly": "hour", "daily": "day", "weekly": "week", "fortnightly": "fortnight", "monthly": "month",
    "quarterly": "quarter", "annual": "year", "annually": "year", "yearly": "year", "per annum": "year",
}  # fmt: skip
TIME = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?![\d:])")
ORDER = re.compile(r"\b(before|prior to|after|following|thereafter|until)\b")


class Figure(NamedTuple):
    """A quantity and what it is said of."""

    written: str
    """The number with its unit, in plain text."""
    quantity: Quantity
    words: frozenset[str]
    bound: str
    """``least``, ``most``, or empty."""


@lru_cache(maxsize=8192)
def figures(text: str) -> tuple[Figure, ...]:
    """Give the quantities of a sentence with the words that belong to each."""
    written = plain(text)
    found = _placed(written)
    if not found:
        return ()
    ends = [0, *(_boundary(written, one, other) for one, other in zip(found, found[1:], strict=False)), len(written)]
    before = [written[start : one.start] for start, one in zip(ends, found, strict=False)]
    behind = [written[one.end : end] for one, end in zip(found, ends[1:], strict=True)]
    shared = frozenset[str]() if any(map(stems, before[1:])) else stems(before[0])
    return tuple(
        Figure(written[one.start : one.end], one.quantity, shared | stems(first) | stems(last), _bound(first, last))
        for one, first, last in zip(found, before, behind, strict=True)
    )


@lru_cache(maxsize=8192)
def periods(text: str) -> frozenset[tuple[str, float]]:
    """Give how often something happens: ``every month``, ``annually``, ``every 3 years``, in base units."""
    return frozenset(
        _period(ADVERBS[at[4]] if at[4] else at[1] or at[3], float(at[2] or 1)) for at in PERIOD.finditer(plain(text))
    )


@lru_cache(maxsize=8192)
def possible_periods(text: str) -> frozenset[tuple[str, float]]:
    """Give what a claim about the text may name as its period."""
    return periods(text) | {_period(at[1], 1.0) for at in SINGLE.finditer(plain(text))}


def without_measures(text: str) -> str:
    """Give the plain text without its quantities and periods."""
    rest = list(PERIOD.sub(" ", plain(text)))
    for one in _placed("".join(rest)):
        rest[one.start : one.end] = " " * (one.end - one.start)
    return "".join(rest)


def same_measure(claimed: Quantity, given: Quantity) -> bool:
    """Say whether a claim may give a quantity so: working days may be called days, but not days working days."""
    days = claimed.unit == UNITS["day"] and given.unit.base == "working day" and claimed[:2] == given[:2]
    return days or same_quantity(claimed, given)


def _period(unit: str, often: float) -> tuple[str, float]:
    return UNITS[unit].base, UNITS[unit].size * often


@lru_cache(maxsize=8192)
def orders(text: str) -> frozenset[tuple[bool, str]]:
    """Give what something comes before (True) or after: the next content word behind "before", "after"."""
    folded = text.casefold()
    return frozenset(
        (at[1] in ("before", "prior to", "until"), word)
        for at in ORDER.finditer(folded)
        for word in stem_list(folded[at.end() : at.end() + REACH])[:1]
    )


def _placed(text: str) -> list[Placed]:
    """Give the quantities of a plain text; times of the day are words."""
    return placed(TIME.sub(lambda time: "_" * len(time[0]), text))


def _boundary(text: str, one: Placed, other: Placed) -> int:
    """Say where what belongs to a number ends and what belongs to the next begins."""
    if strong := STRONG.search(text, one.end, other.start):
        return strong.start()
    joints = list(JOINT.finditer(text, one.end, other.start))
    if joints:
        last = joints[-1]
        return (joints[0] if stems(text[last.end() : other.start]) else last).start()
    comma = text.find(",", one.end, other.start)
    return comma if comma >= 0 else other.start


def _bound(before: str, behind: str) -> str:
    near, next_ = before[-REACH:], behind[:REACH]
    for pattern, text, bound in (
        (LEAST, near, "least"), (MOST, near, "most"), (LEAST_BEHIND, next_, "least"), (MOST_BEHIND, next_, "most"),
    ):  # fmt: skip
        if pattern.search(text):
            return bound
    return ""
