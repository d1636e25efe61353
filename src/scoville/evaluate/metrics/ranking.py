"""Measures of a ranking: pure functions over what each rank is worth.

Enters: for each rank, from the first, what it gives. Leaves: a number from 0 to 1. Knows no passage and no case.
"""

from collections.abc import Sequence
from math import log2


def hit(relevant: Sequence[bool], k: int) -> float:
    """Give 1 when any of the first k is relevant."""
    return float(any(relevant[:k]))


def precision(relevant: Sequence[bool], k: int) -> float:
    """Give the share of the first k ranks that are relevant; a rank that nothing stands on is not."""
    return sum(relevant[:k]) / k


def recall(gains: Sequence[float], wanted: int, k: int) -> float:
    """Give the share of the wanted that the first k bring; each counts where it comes first."""
    return sum(gains[:k]) / wanted


def reciprocal_rank(relevant: Sequence[bool], k: int) -> float:
    """Give 1 / the rank of the first relevant, 0 when none is among the first k."""
    return next((1 / rank for rank, is_relevant in enumerate(relevant[:k], 1) if is_relevant), 0.0)


def average_precision(gains: Sequence[float], wanted: int, k: int) -> float:
    """Give the mean, over the wanted, of the precision at the rank that brings it; 0 for what is not brought.

    A rank that brings several counts as often, and its precision is at most 1. Source: Manning, Raghavan and Schütze,
    Introduction to Information Retrieval, 8.4.
    """
    total = found = 0.0
    for rank, gain in enumerate(gains[:k], 1):
        found += gain
        total += gain * min(1.0, found / rank)
    return total / wanted


def ndcg(gains: Sequence[float], ideal: Sequence[float], k: int) -> float:
    """Give the discounted gain as a share of the best possible (Järvelin and Kekäläinen, 2002; log2(rank + 1)).

    ``ideal``: all gains that there are, graded or 1. At most 1: a passage may bring more than the ideal has on a rank.
    """
    best = _discounted(sorted(ideal, reverse=True)[:k])
    return min(1.0, _discounted(gains[:k]) / best) if best else 0.0


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, 1))
