"""What a text says no to, clause by clause.

Enters: a text. Leaves: its clauses, each with what it denies. English; "no more than 5" and "not only" deny nothing.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from scoville.words import stem_list, stems

# "no more than 5", "No. 5", "No, ...", "not only", "at no charge": none of these denies what the sentence says.
HARMLESS = re.compile(
    r"\b(?:no|not|never) (?:more|less|fewer|later|earlier|longer|sooner|greater|higher|lower) than\b"
    r"|\bn(?:ot|o) (?:\w+ ){1,2}(?:more than|beyond)\b"
    r"|\bnot (?:only|just|limited to)\b|\bor not\b|\bno\.? (?=\d)|\b(?:at|with) no\b|^\W*no[,.]"
)
DENIAL = re.compile(
    r"(?:\b(?:no longer|not|never|no|cannot|none|neither|nor|nobody|nothing|nowhere|non)\b|n't\b)"
    r"(?:\s+(?:\w+[aelnt]ly|always|yet|ever|even)\b)*"
)
EXCLUSION = re.compile(
    r"\b(?:exclu\w+|except\w*|without|unable|ineligible|unavailable|prohibit\w*|forbid\w*|refus\w+|den(?:y|ies|ied|ying)"
    r"|declin\w+|lack\w*|fail\w*|exempt\w*|rather than|instead of)\b"
)
NO = re.compile(f"{DENIAL.pattern}|{EXCLUSION.pattern}")
CLAUSE_END = re.compile(
    r"(?:[.;!?|()\n]|:(?! no\b))+(?=\s|$)|\b(?:but|however|if|when|because|although|though|while|whereas|unless|so)\b"
    r"|(?:,|\band\b|\bor\b)\s+(?=(?:you|we|it|they|he|she|the|this|that|these|there|your|our|an?|its|their)\b)"
)


class Clause(NamedTuple):
    """A part of a sentence that says one thing."""

    words: frozenset[str]
    denies: bool
    """Whether it says no, not or never."""
    excludes: bool
    """Whether it denies, or says the like: except, without."""
    denied: frozenset[str]
    """The word behind each denial."""


@lru_cache(maxsize=8192)
def clauses(text: str) -> tuple[Clause, ...]:
    """Split a text into clauses; one without content words belongs to nothing and is left out, unless it denies."""
    plain = HARMLESS.sub(" ", text.casefold().replace("’", "'"))
    found: list[Clause] = []
    for clause in CLAUSE_END.split(plain):
        denials = list(DENIAL.finditer(clause))
        words = stems(clause)
        if not words and not denials:
            continue
        denied = {word for denial in denials for word in stem_list(clause[denial.end() : denial.end() + 80])[:1]}
        found.append(Clause(words, bool(denials), bool(denials or EXCLUSION.search(clause)), frozenset(denied)))
    return tuple(found)
