"""A question finds passages: dense and BM25, fused by reciprocal rank.

Enters: a question and filters. Leaves: hits, best first, each with the rank and score of the legs that found it. An
index built with other settings than the recipe's is refused. Knows no prompt and no model.
"""

import threading
import time
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from scoville.embed import Embedder, open_embedder
from scoville.errors import EmptyIndex, ScovilleError, StaleIndex, UsageError
from scoville.index import LanceIndex, Ranked, Workspace, build_hash
from scoville.recipe import Recipe, Search
from scoville.search.fuse import fuse
from scoville.search.where import parse_where
from scoville.types import Hit

MAX_QUESTION_CHARACTERS = 20_000


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search gives."""

    hits: tuple[Hit, ...]
    similarity: float | None
    """The best cosine similarity of any passage to the question; None without the dense leg or without passages."""
    seconds: float


class Searcher:
    """Searches one index with one embedder."""

    def __init__(self, index: LanceIndex, embedder: Embedder, settings: Search) -> None:
        self.index = index
        self.embedder = embedder
        self.settings = settings

    def search(self, question: str, *, where: Sequence[str] = (), limit: int | None = None) -> Found:
        """Find at most ``limit`` passages, by default as many as the recipe says."""
        started = time.perf_counter()
        condition = parse_where(where)
        question = check_question(question)
        settings = self.settings
        rankings: dict[str, Sequence[Ranked]] = {}
        count = max(settings.candidates, limit or 0)
        if settings.dense_weight:
            rankings["dense"] = self.index.dense(self.embedder.embed([question], "query")[0], count, condition)
        if settings.bm25_weight:
            rankings["bm25"] = self.index.bm25(question, count, condition)
        weights = {"dense": settings.dense_weight, "bm25": settings.bm25_weight}
        best = fuse(rankings, weights, settings.rrf_k)[: limit or settings.passages]
        passages = {passage.id: passage for passage in self.index.passages([fused.id for fused in best])}
        hits = tuple(
            Hit(passage=passages[one.id], score=one.score, legs=one.legs) for one in best if one.id in passages
        )
        dense = rankings.get("dense")
        similarity = dense[0].score if dense else None
        return Found(hits=hits, similarity=similarity, seconds=time.perf_counter() - started)


def check_question(question: str) -> str:
    """Give the question without surrounding white space and control characters; UsageError when it is empty or huge."""
    # Control characters only: the joiners of Persian words and of emoji, and marks of direction, are part of a text.
    cleaned = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in question).strip()
    if not any(sign.isprintable() and not sign.isspace() for sign in cleaned):
        raise UsageError("the question is empty: type one, or pipe it in")
    if len(cleaned) > MAX_QUESTION_CHARACTERS:
        raise UsageError(
            f"the question has {len(cleaned):,} characters, over {MAX_QUESTION_CHARACTERS:,}: "
            "ask about a document by adding it with `scoville add`"
        )
    return cleaned


def open_searcher(workspace: Workspace, recipe: Recipe) -> Searcher:
    """Open the index of a workspace for searching.

    Raises EmptyIndex when nothing was added, StaleIndex when it was built with other settings than the recipe's.
    """
    built = workspace.require_built()
    embedder = open_embedder(recipe.embed)
    if built.embedder != embedder.name:
        raise StaleIndex(
            f"the index was built with the embedder {built.embedder!r} and the recipe says {embedder.name!r}: "
            "run `scoville add --rebuild`, or set embed.model back"
        )
    warm = threading.Thread(target=_warm_up, args=(embedder,), daemon=True)
    warm.start()  # compiles the encoder while the index opens
    try:
        index = LanceIndex(workspace.index_folder, built.table, built.dimension)
        if not index.count():
            raise EmptyIndex(f"the index of {workspace.root} is empty: add documents with `scoville add PATH`")
        if not index.is_current(build_hash(recipe)):
            raise StaleIndex(
                "the index holds passages that were read or split with other settings than the recipe's: "
                "run `scoville add --rebuild`"
            )
    finally:
        warm.join()
    return Searcher(index, embedder, recipe.search)


def _warm_up(embedder: Embedder) -> None:
    if embedder.name.startswith("openai:"):
        return  # nothing to compile, and every request costs
    with suppress(ScovilleError):  # said again when the first question is embedded
        embedder.embed(["warm up"])
