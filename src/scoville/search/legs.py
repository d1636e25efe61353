"""The ways of finding: dense, BM25 and the graph, each for every question that a search was made into.

Enters: what to search and within what. Leaves: a ranking for each leg, with filters and permissions before ranking. A
leg that can find nothing for a question says why.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from scoville.embed import Embedder
from scoville.index import Index, Ranked
from scoville.index.condition import Condition
from scoville.recipe import Search
from scoville.search.fuse import DENSE, Fused, fuse, fuse_alike, fuse_scores
from scoville.search.graph import SEEDS, rank_related
from scoville.search.rewrite import Rewritten
from scoville.search.trace import Trace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BM25 = "bm25"
GRAPH = "graph"


@cache
def _beside() -> ThreadPoolExecutor:
    """Give the threads of the second leg, which outlive a search: to start one takes as long as to rank."""
    return ThreadPoolExecutor(thread_name_prefix="scoville-words")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Within what to search."""

    count: int
    """How many passages each leg brings."""
    where: Condition | None = None
    groups: Sequence[str] | None = None
    """The reader's; None: no restriction."""


class Legs:
    """One search by every leg of an index."""

    def __init__(self, index: Index, embedder: Embedder, settings: Search, scope: Scope, trace: Trace) -> None:
        self.index = index
        self.embedder = embedder
        self.settings = settings
        self.scope = scope
        self.trace = trace
        self.rankings: dict[str, list[Ranked]] = {}
        self.similarity: float | None = None
        """The best cosine of any passage to the question."""
        self._vector: NDArray[np.float32] | None = None

    def run(self, asked: Rewritten) -> list[Fused]:
        """Search every question by every leg that has a weight, and fuse what they found."""
        settings = self.settings
        if settings.dense_weight and settings.bm25_weight:
            self._side_by_side(asked)
        elif settings.dense_weight:
            self._dense(asked)
        else:
            self._bm25(asked.questions, self.trace)
        if settings.graph_weight:
            self._graph(asked.question)
        with self.trace.step("fuse") as made:
            fused = self._fuse()
            made.ranking = [(ranked.id, ranked.score) for ranked in fused]
        return fused

    def _side_by_side(self, asked: Rewritten) -> None:
        """Search by BM25 in a thread while the question is embedded and searched; the steps stay in their order."""
        trace = Trace()
        beside = _beside().submit(self._bm25, asked.questions, trace)
        try:
            self._dense(asked)
        finally:
            wait((beside,))
        beside.result()
        self.trace.steps += trace.steps

    def _dense(self, asked: Rewritten) -> None:
        with self.trace.step("embed"):
            vectors = self.embedder.embed(list(asked.questions), "query")
            likely = self.embedder.embed([asked.passage]) if asked.passage else None
        self._vector = vectors[0]
        with self.trace.step(DENSE) as made:
            found = [self._near(vector) for vector in vectors]
            # Of the question alone: what a model wrote must not make a question look answerable.
            self.similarity = found[0][0].score if found[0] else None
            if likely is not None:  # HyDE: between the question and what an answer may look like (Gao et al. 2023)
                between = vectors[0] + likely[0]
                self._vector = vector = between / max(float(between @ between) ** 0.5, 1e-9)
                found[0] = self._near(vector)
            made.ranking = self.rankings[DENSE] = fuse_alike(found, self.settings.rrf_k)

    def _bm25(self, questions: Iterable[str], trace: Trace) -> None:
        scope = self.scope
        with trace.step(BM25) as made:
            found = [self.index.bm25(question, scope.count, scope.where, scope.groups) for question in questions]
            made.ranking = self.rankings[BM25] = fuse_alike(found, self.settings.rrf_k)
            if not made.ranking:
                terms = next((terms for question in questions if (terms := self.index.terms(question))), ())
                named = f"no passage holds {', '.join(terms[:5])}" if terms else "the question holds no word"
                made.note = f"found nothing: {named}"

    def _graph(self, question: str) -> None:
        scope = self.scope
        with self.trace.step(GRAPH) as made:
            seeds = self.index.passages([fused.id for fused in self._fuse()[:SEEDS]], scope.groups)
            related = rank_related(self.index, question, seeds, scope.count, scope.where, scope.groups)
            made.ranking = self.rankings[GRAPH] = related
            made.note = "" if related else "found nothing: no other passage shares a name with the best ones"

    def _near(self, vector: "NDArray[np.float32]") -> list[Ranked]:
        return self.index.dense(vector, self.scope.count, self.scope.where, self.scope.groups)

    def _fuse(self) -> list[Fused]:
        settings = self.settings
        weights = {DENSE: settings.dense_weight, BM25: settings.bm25_weight, GRAPH: settings.graph_weight}
        if settings.fusion == "rrf":
            return fuse(self.rankings, weights, settings.rrf_k)
        return fuse_scores(self.rankings, weights, self._missing_cosines())

    def _missing_cosines(self) -> dict[str, float]:
        """Give the cosines of what only other legs found: without them it would count for nothing in the dense leg."""
        if self._vector is None:
            return {}
        known = {ranked.id for ranked in self.rankings[DENSE]}
        others = list({ranked.id for leg in self.rankings.values() for ranked in leg} - known)
        try:
            vectors = self.index.vectors(others) if others else []
        except KeyError:  # removed since a leg found it; what is left of it goes when the passages are fetched
            return {}
        return {name: float(vector @ self._vector) for name, vector in zip(others, vectors, strict=True)}
