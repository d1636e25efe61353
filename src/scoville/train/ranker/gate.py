"""Whether a ranker that was trained ranks better than what it was made of, on questions that it never saw.

Enters: pairs, what scores texts. Leaves: nDCG@10 of each, and a comparison. Tuned embedders are often worse than they
were: all-MiniLM-L6-v2 on MS MARCO is.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scoville.evaluate.metrics.ranking import ndcg
from scoville.evaluate.paired import Comparison, paired_difference
from scoville.train.ranker.pairs import Pair

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEPTH = 10
Embed = Callable[[Sequence[str], str], "NDArray[np.float32]"]
"""Texts and their kind, ``query`` or ``passage`` → unit vectors."""
Score = Callable[[str, Sequence[str]], "NDArray[np.float32]"]
"""A question and texts → a number for each, more is better."""


def pool_of(pairs: Sequence[Pair], others: Sequence[Pair] = ()) -> list[str]:
    """Give all texts of some pairs, each once: what their questions are searched in."""
    return list(dict.fromkeys(text for one in (*pairs, *others) for text in (*one.texts, *one.negatives)))


def ndcg_in_pool(pairs: Sequence[Pair], pool: Sequence[str], embed: Embed) -> list[float]:
    """Search each question in the pool; nDCG@10 of each."""
    texts = embed(pool, "passage")
    questions = embed([one.question for one in pairs], "query")
    return [_ndcg(one, pool, row) for one, row in zip(pairs, questions @ texts.T, strict=True)]


def ndcg_of_lists(pairs: Sequence[Pair], score: Score) -> list[float]:
    """Order each question's own texts and its hard ones; nDCG@10 of each."""
    found: list[float] = []
    for one in pairs:
        listed = [*one.negatives, *one.texts]  # of equals the wrong one stands first
        found.append(_ndcg(one, listed, score(one.question, listed)))
    return found


def compare_ranking(pairs: Sequence[Pair], before: Sequence[float], after: Sequence[float]) -> Comparison:
    """Compare, question by question; those of a group stand and fall together where there are enough groups."""
    groups = [one.group for one in pairs]
    return paired_difference(before, after, groups if len(set(groups)) >= DEPTH else None)


def passes(found: Comparison) -> bool:
    """Say whether what was trained is better beyond doubt: the interval of the gain lies above 0."""
    return found.low is not None and found.low > 0


def _ndcg(pair: Pair, listed: Sequence[str], scores: "NDArray[np.float32]") -> float:
    order = (-scores).argsort(kind="stable")[:DEPTH]
    gains = [float(listed[place] in pair.texts) for place in order]
    return ndcg(gains, [1.0] * len(pair.texts), DEPTH)
