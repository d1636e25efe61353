"""Hits that add something: copies are left out, and what is unlike the hits before it can go first.

Enters: hits, best first. Leaves: some of them. Pure functions; knows no index.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from scoville.sentences import content_words
from scoville.types import Hit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RUN = 3
"""Words of a run: a text is compared with another by the runs that both have."""


def leave_out_copies(hits: Iterable[Hit], question: str, max_overlap: float) -> list[Hit]:
    """Leave out hits of which more than ``max_overlap`` of the runs of words stand in a better hit; 1 keeps all.

    Runs hold numbers too, so that two plans with other amounts are no copies. A copy stays where the question names
    what its headings say and those of the better hit do not: it is asked for by its name.
    """
    wanted = content_words(question)
    kept: list[tuple[Hit, frozenset[str], set[str]]] = []
    for hit in hits:
        passage = hit.passage
        runs, names = _runs(passage.text), content_words(f"{passage.prefix} {passage.title}") & wanted
        copied = any(len(runs & others) > max_overlap * len(runs) and names <= named for _, others, named in kept)
        if not copied:
            kept.append((hit, runs, names))
    return [hit for hit, _, _ in kept]


def diversify(hits: Sequence[Hit], vectors: "NDArray[np.float32]", relevance: float, limit: int) -> list[Hit]:
    """Order hits by maximal marginal relevance and give the first ``limit``.

    The next one has the highest ``relevance · score - (1 - relevance) · likeness`` to those chosen, scores scaled to
    0..1. ``vectors`` [n, d] are the hits' unit vectors. Source: Carbonell and Goldstein, SIGIR 1998.
    """
    import numpy as np

    if not hits:
        return []
    scores = scaled([hit.score for hit in hits])
    likeness = vectors @ vectors.T
    nearest = np.zeros(len(hits))
    chosen: list[int] = []
    while len(chosen) < min(limit, len(hits)):
        values = relevance * scores - (1 - relevance) * nearest
        values[chosen] = -np.inf
        chosen.append(int(values.argmax()))
        nearest = likeness[chosen].max(axis=0)
    return [hits[number] for number in chosen]


def scaled(scores: Sequence[float]) -> "NDArray[np.float64]":
    """Scale scores to 0..1; all 1 where they are the same."""
    import numpy as np

    values = np.asarray(scores, np.float64)
    span = np.ptp(values) if len(values) else 0.0
    return (values - values.min()) / span if span else np.ones(len(values))


@lru_cache(maxsize=1000)
def _runs(text: str) -> frozenset[str]:
    words = re.findall(r"\w+(?:[.,]\d+)*", text.casefold())
    return frozenset(" ".join(words[at : at + RUN]) for at in range(max(len(words) - RUN + 1, 1)))
