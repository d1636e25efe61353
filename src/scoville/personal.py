"""Personal data in a text: e-mail addresses, numbers of telephones, cards, accounts and persons, names that are given.

Enters: a text, and names to find in it. Leaves: where they stand, or the text with a kind in place of each. Numbers
that carry a check digit are found only where it holds. What has no fixed form, such as a name that nobody gave or a
street, is not found. Knows not who asks.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

Redact = Callable[[str], str]
"""Takes personal data out of a text."""


class Personal(NamedTuple):
    """A piece of personal data."""

    kind: str
    start: int
    end: int


def _luhn(text: str) -> bool:
    """Say whether the check digit of a card's number holds (ISO/IEC 7812-1)."""
    digits = [int(sign) for sign in text if sign.isdigit()][::-1]
    return sum(digits[0::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10


def _mod_97(text: str) -> bool:
    """Say whether the check digits of an IBAN hold (ISO 13616)."""
    plain = text.replace(" ", "").upper()
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _has_telephone_length(text: str) -> bool:
    return 9 <= sum(sign.isdigit() for sign in text) <= 15


PATTERNS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("e-mail", re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}\b"), bool),
    ("IBAN", re.compile(r"\b[A-Za-z]{2}\d\d(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?\b", re.ASCII), _mod_97),
    ("card", re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w-])", re.ASCII), _luhn),
    (
        "social security number",
        re.compile(r"\b(?!000|666|9\d\d)\d{3}([ -])(?!00)\d\d\1(?!0000)\d{4}\b", re.ASCII),
        bool,
    ),
    ("national insurance number", re.compile(r"\b[A-CEGHJ-PR-TW-Z]{2} ?(?:\d\d ?){3}[A-D]\b", re.ASCII), bool),
    (
        "phone",
        re.compile(
            r"(?<![\w.,+])(?:\+\d{1,3}|00[1-9]\d?|\(?0[1-9]\d{0,4}\)?|(?:1[ .-])?\(?[2-9]\d\d\)?[ .-]?"
            r"(?=\d{3}[ .-]\d{4}\b))(?:[ ./-]?\(?\d{1,8}\)?){1,6}(?![\w%])",
            re.ASCII,
        ),
        _has_telephone_length,
    ),
)
"""Kinds in the order in which they are sought: a card's number could be taken for one of a telephone."""
HIDDEN = re.compile(rf"\[(?:name|{'|'.join(re.escape(kind) for kind, *_ in PATTERNS)})\]")
"""What stands in the place of personal data."""


def find_personal(text: str, names: Sequence[str] = ()) -> list[Personal]:
    """Find personal data, in the order of the text; none overlap. ``names`` are found as whole words, in any case."""
    found: list[Personal] = []
    for one in _candidates(text, tuple(names)):
        if not any(one.start < other.end and other.start < one.end for other in found):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def redact(text: str, names: Sequence[str] = ()) -> str:
    """Write the kind in place of all personal data: ``write to [e-mail]``."""
    for one in reversed(find_personal(text, names)):
        text = f"{text[: one.start]}[{one.kind}]{text[one.end :]}"
    return text


def _candidates(text: str, names: tuple[str, ...]) -> Iterator[Personal]:
    for kind, pattern, holds in PATTERNS:
        yield from (Personal(kind, *match.span()) for match in pattern.finditer(text) if holds(match[0]))
    if names:
        yield from (Personal("name", *match.span()) for match in _named(names).finditer(text))


@lru_cache(maxsize=8)
def _named(names: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    either = "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest_first)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
