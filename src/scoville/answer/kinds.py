"""The kind of thing that a question asks for, and whether some words are of that kind.

Enters: a question, and the line that would answer it. Leaves: whether that line can hold what is asked for: an amount
of money, a share, a number, an address, a number to call. Only kinds that can be told from their form. English.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from scoville.answer.contradiction import is_name
from scoville.search.focus import Readable, readable_lines
from scoville.sentences import in_digits, stem
from scoville.types import Hit, Passage
from scoville.words import stems

_MONEY = (
    r"[£$€¥₹]\s?\d|\d\s?[£$€]|\d\s?(?:pounds?|dollars?|euros?|pence|cents?|usd|gbp|eur|chf|yen|[kmb]n?\b)|\d\s?%"
    r"|\b(?:million|billion|thousand|per ?cent|free|waived|nothing|full(?:y)?|half|third|quarter)\b"
    r"|\bno \w*\s?(?:cost|charge|fee|copay\w*|payment|deductible)s?\b"
)
_COUNTS = (
    "one|no|none|all|most|some|many|more|multiple|each|every|both|half|thirds?|quarters?|fifths?|several|few|single"
    "|dozens?|scores|hundreds?|thousands?|millions?|unlimited|once|twice"
)
_PAID = r"(?:salar(?:y|ies)|wages?|compensation|remuneration|bonus(?:es)?)"
_COSTS = (
    r"(?:cost|charge|pay|expense|reimburse|refund|co-?pay\w*|deductible|premium|price|fee|fine|rent|allowance|excess)"
)


class Kind(NamedTuple):
    """A kind of thing that is asked for."""

    asks: re.Pattern[str]
    """Questions that ask for it, and for nothing else."""
    gives: re.Pattern[str]
    """Lines that can hold it."""


def _kind(asks: str, gives: str) -> Kind:
    return Kind(re.compile(asks, re.IGNORECASE), re.compile(gives, re.IGNORECASE))


ADDRESSES = (
    _kind(r"\be-?mail address|\b(?:what|which)\b[^?]*\be-?mail\W*$|\be-?mail of\b"
          r"|\bwho (?:do|can|should|must) (?:i|we|you) e-?mail\b", "@"),
    _kind(r"\b(?:phone|telephone|fax|hotline) number\b|\bnumber (?:of|for|to)\b[^?]*\b(?:hotline|phone|call)\b",
          r"\d{3}"),
)  # fmt: skip
KINDS = (
    _kind(rf"\b(?:what|how (?:much|high|big|large))\b[^?]*\b{_PAID}\b(?! \w)|\bwhat\b[^?]* {_PAID} (?:of|for|does|do)\b"
          r"|\bhow much\b[^?]* (?:earn|make|get paid)s?\W*$", rf"{_MONEY}|\b{_PAID}\b"),
    _kind(rf"\bhow much (?:money|(?:do|does|did|will|is|are)\b[^?]*\b{_COSTS})", rf"{_MONEY}|\d"),
    _kind(r"\bwhat (?:percentage|per ?cent|share|fraction)\b", rf"%|\d|\bper ?cent|\b(?:majority|{_COUNTS})\b"),
    _kind(r"\bhow many\b", rf"\d|\b(?:{_COUNTS})\b"),
    *ADDRESSES,
)  # fmt: skip
"""Of 1,250 questions with an answer that ask for one of them (SQuAD, NQ, contracts), 21 answers are of another kind."""
ADDRESS = frozenset(map(stem, "email e mail address phone telephone fax number call contact".split()))


LINE_END = "\n"
LABEL = re.compile(r"^[ \t]*(?P<label>[^:\n|]{2,30}): +(?P<value>[^\n|]{1,80})$", re.MULTILINE)
"""A line of a form: "Reports to: the director"."""
ROUND_THE_CLOCK = re.compile(r"\b24[ /]?(?:hours(?: a day)?,? )?7(?: days a week)?\b|\b24 hours a day\b", re.IGNORECASE)
"""Says when, and counts nothing."""
WHO_IS = re.compile(
    r"^\W*who(?: is|'s|’s| was) (?:the|our|my|your) (?![^?]*\b(?:for|to|by|of|at|with|about)\W*$)", re.IGNORECASE
)
"""Questions that ask for somebody's name."""
NAMING = re.compile(r"(?<!^)\b[^\W\d_]{2,}|^[^\W\d_]{2,}(?= (?:is|was|[A-Z]))")
"""Words that may be a name: every sentence's first is capitalised."""


def label_told(question: str, hits: Sequence[Hit]) -> tuple[int, Readable] | None:
    """Find the line of a form whose label the question names, below the name of what it asks about, with its hit."""
    asked = stems(question)
    for number, hit in enumerate(hits):
        text = hit.passage.text
        above = stems(f"{hit.passage.prefix} {text.partition(LINE_END)[0]}")
        for line in LABEL.finditer(text):
            label = stems(line["label"])
            if label and label <= asked and (whose := asked - label) and whose <= above:
                return number, Readable(line.start("label"), line.end(), (line[0].strip(),))
    return None


def names_somebody(question: str, line: str, passage: Passage) -> bool:
    """Say whether a line has a name besides the question's, the document's and the heading's; true where none is asked
    for.
    """
    if not WHO_IS.match(question):
        return True
    known = stems(f"{question} {passage.title} {passage.prefix} {passage.text.partition(LINE_END)[0]}")
    return any(is_name(word[0], passage.text) and not stems(word[0]) <= known for word in NAMING.finditer(line))


def address_told(question: str, hits: Sequence[Hit]) -> tuple[int, Readable] | None:
    """Find the line that gives the address or number that is asked for, and names whose it is, with its hit."""
    whose = stems(question) - ADDRESS
    asked = [kind for kind in ADDRESSES if kind.asks.search(question)]
    if asked and whose:
        for number, hit in enumerate(hits):
            for line in readable_lines(hit.passage):
                if whose <= stems(line.text) and all(kind.gives.search(line.text) for kind in asked):
                    return number, line
    return None


COMPARED = re.compile(
    r"\bwhich (?P<of>\w+) (?:is|are|has|have|costs?|pays?|covers?)\b[^?]*"
    r"\b(?:better|worse|more|less|(?:cheap|high|low|larg|small|long|short|great|fast|slow)(?:er))\b",
    re.IGNORECASE,
)
"""Questions that ask which of two is more of something."""


def is_of_kind(question: str, line: str) -> bool:
    """Say whether a line can hold the kind of thing that a question asks for; so does any where that cannot be told."""
    told = in_digits(line if ROUND_THE_CLOCK.search(question) else ROUND_THE_CLOCK.sub("", line))
    compared = COMPARED.search(question)
    if compared and not stems(compared["of"]) <= stems(line):
        return False
    return all(kind.gives.search(told) for kind in KINDS if kind.asks.search(question))
