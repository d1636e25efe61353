"""How hard a vector index must search to find what it is asked to.

Enters: vectors of the index, and a search of it. Leaves: the least effort that reaches the recall. Knows no index.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RECALL_AT = 10
GROWTH = 2
"""A vector index is trained and tuned again when the passages are so many times those that it was tuned for."""
SAMPLE = 100
"""Vectors that are tried: the recall of a hundred times ten is known to about 1 %."""


class Effort(NamedTuple):
    """How hard one search tries."""

    probes: int
    """Partitions of the index that are looked at; for a graph, the passages held in view."""
    refined: int
    """Candidates that are compared again by their exact vectors."""


class Tuned(NamedTuple):
    """What a vector index was tuned to, and for how many passages."""

    probes: int
    refined: int
    recall: float
    """Reached on the sample."""
    asked: float
    rows: int

    @property
    def effort(self) -> Effort:
        """How hard a search tries."""
        return Effort(self.probes, self.refined)


MARGIN = 2 / 3
"""Of what may be missed, held back for what the sample does not show: of a million passages, 40 partitions found .984
for the sample and .96 for real questions, 80 partitions .992 for these, in 1.2 times the time."""
EFFORTS = tuple(Effort(probes, 50) for probes in (5, 10, 20, 40, 80, 160, 320, 640))
"""Of a million passages .97 is found when 50 candidates are compared exactly, and when 100 are; .955 when none is."""


def sample_places(count: int) -> list[int]:
    """Give the places of a sample, spread evenly over ``count``."""
    return sorted({place * count // SAMPLE for place in range(SAMPLE)}) if count else []


def recall_of(found: Sequence[Sequence[str]], wanted: Sequence[Sequence[str]]) -> float:
    """Give the share of the wanted ids that were found, over all questions; 1 where nothing is wanted."""
    hits = sum(len(set(one) & set(exact)) for one, exact in zip(found, wanted, strict=True))
    return hits / max(1, sum(map(len, wanted))) if any(wanted) else 1.0


def like_questions(vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Move unit vectors about as far off as questions are from what answers them.

    Stored vectors are found more easily than questions. With noise of length 1 they are as hard: of 100,000 passages,
    five, ten and twenty partitions found .92, .97 and .999 of what is nearest to them, and .92, .97 and .997 of what is
    nearest to 100 real questions, but .96, .995 and .998 of what is nearest to the stored vectors themselves.
    """
    import numpy as np

    noise = np.random.default_rng(0).normal(0, vectors.shape[1] ** -0.5, vectors.shape)
    moved = vectors + noise
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


def tune(
    questions: "NDArray[np.float32]",
    wanted: Sequence[Sequence[str]],
    search: "Callable[[NDArray[np.float32], Effort], Sequence[str]]",
    asked: float,
    rows: int,
    efforts: Sequence[Effort] = EFFORTS,
) -> Tuned:
    """Find the first effort that finds enough of what is ``wanted`` by each question, or take the last."""
    effort, reached = efforts[0], 0.0
    for effort in efforts:
        reached = recall_of([search(question, effort) for question in questions], wanted)
        if reached >= asked + (1 - asked) * MARGIN:
            break
    return Tuned(effort.probes, effort.refined, reached, asked, rows)
