"""Documents that are made alike, such as the conditions of two plans, and how a question says which one it means.

Enters: passages. Leaves: a name for each document that has a twin. Knows no questions.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from scoville.sentences import content_words
from scoville.types import Passage

TWINS = 0.5
"""Names that share this part of their words are those of documents made alike."""
MOST_TWINS = 50
"""A word in the names of more documents says nothing of how they are made."""
VERSION = re.compile(
    r"v?\d[\d.]*|old|new|draft|final|copy|current|previous|former|updated?|revised|revision|version|archived?|superseded"
    r"|obsolete|january|february|march|april|may|june|july|august|september|october|november|december|q[1-4]",
    re.IGNORECASE,
)


def scopes(passages: Sequence[Passage]) -> Mapping[str, str]:
    """Name the documents that have twins: by their own words, without the last ones that the twins share."""
    by_word: dict[str, set[str]] = defaultdict(set)
    for source in {passage.source for passage in passages}:
        for word in _plain(source):
            by_word[word].add(source)
    near: dict[str, set[str]] = defaultdict(set)
    for sources in by_word.values():
        for source in sources if len(sources) <= MOST_TWINS else ():
            near[source] |= sources - {source}
    found: dict[str, str] = {}
    for source, others in near.items():
        twins = [name_words(other) for other in others if are_twins(source, other)]
        if twins:
            found[source] = " ".join(_own(name_words(source), twins))
    return found


def are_twins(one: str, other: str) -> bool:
    """Say whether two documents have names alike that differ in more than a version."""
    ours, theirs = _plain(one), _plain(other)
    shared = ours & theirs
    return len(shared) >= TWINS * max(len(ours | theirs), 1) and not all(map(VERSION.fullmatch, ours ^ theirs))


def names(scope: str, text: str) -> bool:
    """Say whether a text names a document already: all the words of its scope."""
    return content_words(scope) <= content_words(text)


@lru_cache(maxsize=4096)
def name_words(source: str) -> tuple[str, ...]:
    """Give the words of a file's name."""
    stem = re.sub(r"\.\w{1,5}$", "", source.rpartition("/")[2])
    return tuple(re.sub(r"[_\-. ]+|(?<=[a-z])(?=[A-Z])", " ", stem).split())


def _plain(source: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in name_words(source))


def _own(words: Sequence[str], twins: Sequence[Sequence[str]]) -> Sequence[str]:
    """Leave out the last words that all twins end with too."""
    folded = [[word.casefold() for word in reversed(each)] for each in (words, *twins)]
    alike = [len({*last}) == 1 for last in zip(*folded, strict=False)]
    return words[: len(words) - min([*alike, False].index(False), len(words) - 1)]
