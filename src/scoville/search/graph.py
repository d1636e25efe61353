"""The graph of what passages name: a third way to find passages, and what is connected to what.

Enters: an index whose rows name entities. Leaves: ranked ids, or the connections of an entity. Edges are counted when
they are asked for, among the passages that filters and the reader's groups allow, so that nothing is told of others.
"""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scoville.errors import UsageError
from scoville.index import Index, Mention, Ranked
from scoville.index.condition import Condition
from scoville.index.graph import entities, entity_forms, entity_of, question_entities
from scoville.types import Passage

SEEDS = 5
"""Passages whose entities are followed."""
ASKED = 60
"""What a question may name that is looked for; a question may be a whole page."""
FOLLOWED = 40
"""Entities of the seeds that are followed."""
NEAR = 8
LEAST_WEIGHT = 0.1
"""What stands beside everything ("covered services", in a third of all passages) belongs to nothing."""
WEIGHED_FROM = 100
"""Of fewer passages a weight says little, and all are shown."""
MOST_MENTIONS = 2000
"""Passages that are weighed; where there are more, some are passed over: what so many name says little."""


class Edge(NamedTuple):
    """An entity that stands in the same passages as another."""

    entity: str
    together: int
    """Passages that name both."""
    passages: int
    """Passages that name it."""
    weight: float
    """How surely they belong together: normalised pointwise mutual information, in -1..1."""


@dataclass(frozen=True, kw_only=True)
class Connections:
    """What is connected to an entity."""

    entity: str
    passages: int
    """Passages that name it."""
    documents: tuple[tuple[str, int], ...]
    """Documents that name it, and in how many passages; those that name it most first."""
    edges: tuple[Edge, ...]
    """Strongest first."""
    mentions: tuple[str, ...]
    """Ids of passages that name it and most of what it is connected to."""


def rank_related(
    index: Index,
    question: str,
    seeds: Sequence[Passage],
    limit: int,
    where: Condition | None = None,
    groups: Sequence[str] | None = None,
) -> list[Ranked]:
    """Rank passages by the entities that they share with the question and with seeds, best first: one hop.

    An entity weighs more the fewer passages name it and the better the seeds that do; a passage that names much gains
    less by each.
    """
    asked = question_entities(question)[:ASKED]
    weights: dict[str, float] = dict.fromkeys(asked, 1.0)
    for rank, seed in enumerate(seeds[:SEEDS], start=1):
        for entity in entities(seed):
            weights[entity] = weights.get(entity, 0.0) + 1 / rank
    followed = sorted(weights, key=lambda name: -weights[name])[: FOLLOWED + len(asked)]
    mentions = index.mentions(followed, MOST_MENTIONS, where, groups)
    named = Counter(entity for mention in mentions for entity in mention.entities)
    total = index.count() + 1

    def score(mention: Mention) -> float:
        shared = (weights[entity] * math.log(total / named[entity]) for entity in mention.entities if entity in weights)
        return sum(shared) / math.sqrt(len(mention.entities))

    ranked = (Ranked(mention.id, score(mention)) for mention in mentions)
    return sorted(
        (passage for passage in ranked if passage.score > 0), key=lambda passage: (-passage.score, passage.id)
    )[:limit]


def connections(
    index: Index,
    name: str,
    limit: int = 20,
    where: Condition | None = None,
    groups: Sequence[str] | None = None,
) -> Connections:
    """Say what is connected to an entity, however it is written.

    Raises UsageError when no passage names it; the message lists what comes near.
    """
    known = index.entities(where, groups)
    entity = _resolve(name, known.keys())
    mentions = index.mentions([entity], max(known[entity], 1), where, groups)
    together = Counter(other for mention in mentions for other in mention.entities if other != entity)
    total = max(index.count(), 2)
    edges = [
        Edge(other, count, known.get(other, count), _npmi(count, known[entity], known.get(other, count), total))
        for other, count in together.items()
    ]
    least = LEAST_WEIGHT if total >= WEIGHED_FROM else -1
    edges = [edge for edge in edges if edge.weight >= least and not _says_the_same(edge.entity, entity)]
    edges.sort(key=lambda edge: (-edge.together * edge.weight, edge.entity))
    best = {edge.entity: edge.weight for edge in edges[:limit]}
    mentions.sort(key=lambda mention: (-sum(best.get(other, 0.0) for other in mention.entities), mention.id))
    documents = Counter(mention.source for mention in mentions)
    return Connections(
        entity=entity,
        passages=len(mentions),
        documents=tuple(sorted(documents.items(), key=lambda counted: (-counted[1], counted[0]))),
        edges=tuple(edges[:limit]),
        mentions=tuple(mention.id for mention in mentions[:limit]),
    )


def _resolve(name: str, known: Collection[str]) -> str:
    """Find the entity that a name means: as it is, or the only one that holds its words."""
    wanted = entity_of(name)
    if exact := next((form for form in entity_forms(name) if form in known), None):
        return exact
    near = sorted(
        (name for name in known if wanted and f" {wanted} " in f" {name} "), key=lambda name: (len(name), name)
    )
    if len(near) == 1:
        return near[0]
    advice = f"did you mean {', '.join(near[:NEAR])}?" if near else "expected a name, a code or a term of the documents"
    raise UsageError(f"{name!r}: no passage names it; {advice}")


def _says_the_same(one: str, other: str) -> bool:
    """Say whether one of two names holds the other."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "


def _npmi(together: int, one: int, other: int, total: int) -> float:
    """Give log(p(x,y) / p(x) p(y)) / -log p(x,y) (Bouma 2009); 1 where they never stand apart."""
    if together >= total:
        return 1.0
    return math.log(together * total / (one * other)) / math.log(total / together)
