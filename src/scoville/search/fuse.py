"""Rankings become one ranking. Pure functions over ids; knows no index and no passages."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from scoville.index import Ranked
from scoville.types import Leg

DENSE = "dense"
"""The leg whose scores are cosines."""


class Fused(NamedTuple):
    """A passage id with its fused score and how each leg ranked it."""

    id: str
    score: float
    legs: Mapping[str, Leg]


def fuse(rankings: Mapping[str, Sequence[Ranked]], weights: Mapping[str, float], rrf_k: int = 60) -> list[Fused]:
    """Fuse rankings by weighted reciprocal rank: score = Σ weight / (rrf_k + rank), ranks from 1, best first.

    Ties go to the better best rank, then to the smaller id, so the order of the legs does not matter. A leg without a
    weight counts once. Source: Cormack, Clarke and Büttcher, SIGIR 2009.
    """
    parts = {name: [1 / (rrf_k + rank) for rank in range(1, len(found) + 1)] for name, found in rankings.items()}
    return _sum_parts(rankings, parts, weights)


def fuse_scores(
    rankings: Mapping[str, Sequence[Ranked]],
    weights: Mapping[str, float],
    cosines: Mapping[str, float] = MappingProxyType({}),
) -> list[Fused]:
    """Fuse rankings by their scores: score = Σ weight · score, where cosines count as they are.

    The scores of other legs have no scale of their own: they are divided by twice the best of the leg, so that its best
    passage counts like a cosine of .5. ``cosines`` are those of passages that the dense leg did not bring; what another
    leg did not find has no part of it. Ties as in ``fuse``.
    """
    parts = {name: [ranked.score / _scale(name, found) for ranked in found] for name, found in rankings.items()}
    more = {name: weights.get(DENSE, 1.0) * cosine for name, cosine in cosines.items()}
    return _sum_parts(rankings, parts, weights, more)


def fuse_alike(rankings: Sequence[Sequence[Ranked]], rrf_k: int = 60) -> list[Ranked]:
    """Fuse what one leg found for several phrasings, by reciprocal rank; the score is the best that it gave."""
    if len(rankings) == 1:
        return list(rankings[0])
    numbered = {str(number): ranking for number, ranking in enumerate(rankings)}
    return [Ranked(fused.id, max(leg.score for leg in fused.legs.values())) for fused in fuse(numbered, {}, rrf_k)]


def _scale(leg: str, found: Sequence[Ranked]) -> float:
    best = 2 * max((ranked.score for ranked in found), default=0.0) if leg != DENSE else 1.0
    return best if best > 0 else 1.0


def _sum_parts(
    rankings: Mapping[str, Sequence[Ranked]],
    parts: Mapping[str, Sequence[float]],
    weights: Mapping[str, float],
    more: Mapping[str, float] = MappingProxyType({}),
) -> list[Fused]:
    legs: dict[str, dict[str, Leg]] = {}
    scores = dict(more)
    for name in sorted(rankings):  # a sum of floats depends on its order
        for rank, (ranked, part) in enumerate(zip(rankings[name], parts[name], strict=True), start=1):
            legs.setdefault(ranked.id, {})[name] = Leg(rank, ranked.score)
            scores[ranked.id] = scores.get(ranked.id, 0.0) + weights.get(name, 1.0) * part
    fused = [Fused(name, scores[name], ranked_by) for name, ranked_by in legs.items()]
    return sorted(fused, key=lambda found: (-found.score, min(leg.rank for leg in found.legs.values()), found.id))
