"""Rankings become one ranking. Pure functions over ids; knows no index and no passages."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scoville.index import Ranked
from scoville.types import Leg


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
    legs: dict[str, dict[str, Leg]] = {}
    for name, ranking in rankings.items():
        for rank, ranked in enumerate(ranking, start=1):
            legs.setdefault(ranked.id, {})[name] = Leg(rank, ranked.score)

    def score(found: Mapping[str, Leg]) -> float:
        return sum(weights.get(name, 1.0) / (rrf_k + found[name].rank) for name in sorted(found))

    fused = [Fused(name, score(found), found) for name, found in legs.items()]
    return sorted(fused, key=lambda one: (-one.score, min(leg.rank for leg in one.legs.values()), one.id))
