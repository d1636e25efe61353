"""Questions that are the same, or nearly: by their characters, without a model.

Enters: cases, texts. Leaves: pairs with their likeness. Knows no files and no index.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Literal, NamedTuple

from scoville.types import Case

SHINGLE = 4
"""Characters of a shingle: characters, not words, so that scripts without spaces are compared too."""
NEAR = 0.8
"""Least Jaccard likeness of the shingles of two nearly same questions."""
LONG_SHINGLE = 8
"""Characters of a shingle where a question is looked for in a long text, which holds most short ones by chance."""
LEAST_QUOTE = 40
"""Characters from which a quote in a text is no chance."""
Shared = Literal["question", "evidence"]
_OTHER = re.compile(r"[\W_]+")


class Pair(NamedTuple):
    """Two questions, by their places in the list, the earlier first."""

    first: int
    second: int
    likeness: float
    """1 where they are the same but for case, punctuation and white space."""


def plain(text: str) -> str:
    """Write a text as its letters and digits in lower case, one space between words."""
    return _OTHER.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def alike(cases: Sequence[Case], near: float = NEAR) -> Iterator[Pair]:
    """Give the pairs of cases that ask the same or nearly the same.

    Of cases that ask the same, each is paired with the first alone, and that one stands for them all: a thousand copies
    make no million pairs. Cases with another history or other choices are never alike. Complete, and quick (8,455
    questions: 0.9 s): two sets can only be so alike when they share one of their rarest members (Chaudhuri, Ganti and
    Kaushik, ICDE 2006), and those are looked up.
    """
    texts = [plain(case.question) for case in cases]
    settings = [_setting(case) for case in cases]
    shingles = [shingles_of(text) for text in texts]
    counts = Counter(shingle for found in shingles for shingle in found)
    holders: dict[str, list[int]] = defaultdict(list)
    asked: dict[tuple[str, _Setting], int] = {}
    for second, found in enumerate(shingles):
        same = asked.setdefault((texts[second], settings[second]), second)
        if same != second:
            yield Pair(same, second, 1.0)
            continue
        rarest = sorted(found, key=lambda shingle: (counts[shingle], shingle))
        prefix = rarest[: len(found) - ceil(near * len(found)) + 1]
        candidates = {first for shingle in prefix for first in holders[shingle]}
        for first in sorted(candidates):
            if not _comparable(settings[first], settings[second]):
                continue
            likeness = 1.0 if texts[first] == texts[second] else jaccard(shingles[first], found)
            if likeness >= near:
                yield Pair(first, second, likeness)
        for shingle in prefix:
            holders[shingle].append(second)


def shingles_of(text: str, size: int = SHINGLE) -> frozenset[str]:
    """Give the runs of ``size`` characters of a plain text; of a shorter one the text itself."""
    return frozenset(text[at : at + size] for at in range(max(len(text) - size + 1, 1)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Divide what both hold by what either holds."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


class Finder:
    """Finds the questions and quotes of cases in other texts, such as rows of training.

    A question of fewer characters than a shingle is found only where it is the whole text.
    """

    def __init__(self, cases: Sequence[Case], near: float = NEAR) -> None:
        self._near = near
        self._questions = [shingles_of(plain(case.question), LONG_SHINGLE) for case in cases]
        quotes = [[plain(evidence.quote) for evidence in case.evidence] for case in cases]
        self._quotes = [[quote for quote in found if len(quote) >= LEAST_QUOTE] for found in quotes]
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, (question, found) in enumerate(zip(self._questions, self._quotes, strict=True)):
            for shingle in {*question, *(quote[:LONG_SHINGLE] for quote in found)}:
                self._holders[shingle].append(number)

    def find(self, text: str) -> Iterator[tuple[int, Shared]]:
        """Give the places of the cases that a text holds, and what of them: ``question`` or ``evidence``."""
        written = plain(text)
        held = shingles_of(written, LONG_SHINGLE)
        for number in sorted(_all(self._holders.get(shingle, ()) for shingle in held)):
            question = self._questions[number]
            if len(question & held) >= self._near * len(question):
                yield number, "question"
            elif any(quote in written for quote in self._quotes[number]):
                yield number, "evidence"


def _all(lists: Iterable[Iterable[int]]) -> set[int]:
    return {number for numbers in lists for number in numbers}


class _Setting(NamedTuple):
    """What a question is asked with."""

    history: tuple[str, ...]
    choices: tuple[str, ...]


def _setting(case: Case) -> _Setting:
    return _Setting(
        tuple(plain(turn.content) for turn in case.history), tuple(sorted(plain(choice) for choice in case.choices))
    )


def _comparable(one: _Setting, other: _Setting) -> bool:
    """Say whether the wording of two questions alone tells them apart: "Which is true?" asks something else each time.

    A question with choices may be known without them, as a row of training, so no choices are like any.
    """
    return one.history == other.history and (one.choices == other.choices or not (one.choices and other.choices))
