"""Questions that are about the same, and questions that no case is like.

Enters: questions with their vectors, of length 1. Leaves: groups of them, each named by its words and shown by an
example. Pure functions.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoville.sentences import content_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALIKE = 0.55
"""Cosine of a question with the middle of the group that it joins. At .6 "Are dogs allowed?" stands apart from "Can I
bring my dog to the office?", at .5 seven of ten questions on six documents of one company are one group."""
NEW_BELOW = 0.5
"""A question whose nearest case has a lower cosine is new: of 101 questions on one company's documents a tenth is below
.57 of the nearest in the other half, of questions on other things the median is .26."""
NAMED_BY = 3
WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """Questions that are about the same."""

    name: str
    """The words that tell it from the others."""
    example: str
    """The question in its middle."""
    questions: tuple[str, ...]


def topics_of(questions: Sequence[str], vectors: "NDArray[np.float32]") -> list[Topic]:
    """Group questions, the largest group first: each joins the nearest group that is near enough, or begins one.

    ``vectors`` are float32 [n, d].
    """
    import numpy as np

    sums, members = np.zeros((0, vectors.shape[1]), np.float32), list[list[int]]()
    for place, vector in enumerate(vectors):
        near = sums @ vector / np.maximum(np.linalg.norm(sums, axis=1), 1e-9) if len(sums) else np.zeros(0)
        best = int(near.argmax()) if len(near) else -1
        if best >= 0 and near[best] >= ALIKE:
            members[best].append(place)
            sums[best] += vector
        else:
            members.append([place])
            sums = np.vstack([sums, vector])
    words = [content_words(question) for question in questions]
    held = Counter(word for one in words for word in one)
    order = sorted(range(len(members)), key=lambda group: (-len(members[group]), members[group][0]))
    return [_topic([*members[group]], questions, vectors, sums[group], words, held) for group in order]


def new_among(vectors: "NDArray[np.float32]", cases: "NDArray[np.float32]") -> "tuple[NDArray[np.bool_], float]":
    """Say of each question whether no case is like it, and how like cases they are: the mean of the best cosines.

    Both are float32 [n, d]. Without cases, all are new.
    """
    import numpy as np

    if not len(cases) or not len(vectors):
        return np.ones(len(vectors), bool), 0.0
    nearest = (vectors @ cases.T).max(axis=1)
    return nearest < NEW_BELOW, float(nearest.mean())


def _topic(
    members: list[int], questions: Sequence[str], vectors: "NDArray[np.float32]", middle: "NDArray[np.float32]",
    words: Sequence[set[str]], held: Counter[str],
) -> Topic:  # fmt: skip
    own = Counter(word for place in members for word in words[place])
    telling = sorted(own, key=lambda word: (-own[word] * math.log1p(len(questions) / held[word]), word))[:NAMED_BY]
    written = {
        stem: word for place in members for word in WORD.findall(questions[place]) for stem in content_words(word)
    }
    example = max(members, key=lambda place: float(vectors[place] @ middle))
    return Topic(
        name=", ".join(written.get(stem, stem).lower() for stem in telling), example=questions[example],
        questions=tuple(questions[place] for place in members),
    )  # fmt: skip
