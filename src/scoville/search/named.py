"""Documents that a question names: by the words of their names, and by years and quarters.

Enters: a question, and the sources of what was found. Leaves: the documents of which the question says most of the
name, and those that look like them: among these only their names tell which is meant. Knows no index.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from scoville.index.analyse import analyse, question_terms
from scoville.metadata.text import dates

LEAST_SHARE = 0.7
"""A document is named by so much of its name. Without a least share, handbooks are raised by every question that says
`employee`: of 101 questions on six HR documents MRR falls from .90 to .84."""
WORD = re.compile(r"[^\W\d_]{2}")
QUARTER = re.compile(
    r"\b(?:(first|1st)|(second|2nd)|(third|3rd)|(fourth|4th))\s+(?:fiscal\s+)?quarter\b", re.IGNORECASE
)
QUARTER_ENDS = {"03-31": 1, "06-30": 2, "09-30": 3, "12-31": 4}


class Named(NamedTuple):
    """What a question says of the names of documents."""

    documents: Mapping[str, float] = {}
    """Those that it names, and what share of the name it says."""
    look_alikes: frozenset[str] = frozenset()
    """Others with words in their names that tell the named ones apart from the rest, or with most of their words: the
    next quarter's report."""


def named_documents(question: str, sources: Collection[str]) -> Named:
    """Find the documents that a question names, and those that could be taken for them.

    A word weighs more the fewer of the documents have it in their names; what all of them have tells none apart. What
    a name shares with all that resemble it need not be said: `Northwind Standard` names
    `Northwind_Standard_Benefits_Details` beside `Northwind_Plus_Benefits_Details`. A number alone is no name.
    """
    names = {source: set(analyse(PurePosixPath(source).stem.replace("_", " "))) for source in set(sources)}
    held = Counter(word for name in names.values() for word in name)
    weights = {word: math.log(len(names) / count) for word, count in held.items()}
    asked = set(question_terms(f"{question} {' '.join(_quarters(question))}", ("en",)))

    def share(source: str) -> float:
        said = names[source] & asked
        tell = {word for word in said if weights[word]}
        resembling = [other for one, other in names.items() if one != source and other & tell]
        unsaid = names[source] - asked - set[str]().union(*resembling[:1]).intersection(*resembling)
        # exact sums: two documents may be named alike
        whole = math.fsum(weights[word] for word in said | unsaid)
        return math.fsum(weights[word] for word in said) / whole if whole and any(map(WORD.search, said)) else 0.0

    shares = {source: share(source) for source in names}
    best = max([LEAST_SHARE, *shares.values()])
    named = {source: found for source, found in shares.items() if found >= best}
    telling = {word for source in named for word in names[source] & asked if weights[word]}
    alike = {
        source for source, name in names.items()
        if name & telling or any(2 * len(name & names[one]) > min(len(name), len(names[one])) for one in named)
    }  # fmt: skip
    return Named(named, frozenset(alike) - named.keys())


def _quarters(question: str) -> set[str]:
    """Give the short names of the quarters that a question names otherwise: `third quarter`, `as of June 30, 2023`."""
    ends = (QUARTER_ENDS.get(date[len("2023-") :]) for date, _, _ in dates(question))
    return {f"Q{match.lastindex}" for match in QUARTER.finditer(question)} | {f"Q{number}" for number in ends if number}
