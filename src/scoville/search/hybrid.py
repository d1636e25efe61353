"""A question finds passages: legs, fused, read again, without copies, widened.

Enters: a question, filters, the groups of the reader, the turns before. Leaves: hits, best first, each with the rank
and score of the legs that found it, and the steps that led there. Filters and permissions hold before ranking. An index
built with other settings than the recipe's is refused. Knows no prompt of answering and no model but through ``Ask``.
"""

import threading
import time
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from scoville.embed import Embedder, open_embedder
from scoville.embed.remember import RememberingEmbedder
from scoville.errors import EmptyIndex, ScovilleError, StaleIndex, UsageError
from scoville.guards import Guards
from scoville.index import Index, Workspace, build_hash, open_index
from scoville.language import detect_language
from scoville.models.languages import knows
from scoville.recipe import Guards as GuardSettings
from scoville.recipe import Recipe, Rewrite, Search
from scoville.recipe.model import is_hosted
from scoville.search.distinct import diversify, leave_out_copies
from scoville.search.fuse import Fused
from scoville.search.legs import BM25, GRAPH, Legs, Scope
from scoville.search.named import named_documents
from scoville.search.rerank import ModelOrder, Reranker, mix, open_reranker
from scoville.search.rewrite import MAX_QUESTION_CHARACTERS, Ask, Rewriter, Rewritten
from scoville.search.spelling import respell
from scoville.search.trace import Asked, AskReply, Step, Trace
from scoville.search.where import check_fields, parse_where
from scoville.search.widen import widen
from scoville.search.wording import with_parts
from scoville.types import Hit, Leg, Message

FILTER = "filter"
SAID = {FILTER: "search", BM25: "search by words", GRAPH: "search by names"}
"""What a reader calls the steps that may find nothing."""
POOL = 3
"""So many times the hits that are wanted are looked at, since copies and parts of one section are left out."""
POOL_MMR = 5
FOREIGN_WORDS = 0.2
"""What is left of the weight of words where the question is in another language than what it finds: German questions on
English documents found 5 of 12 pages with all of it, 9 with .3, 10 with .1, and 9 with none (multilingual-e5-small, by
rank: its cosines lie so close together that a tenth of the score of words would still decide)."""
LOOK_ALIKE = 0.7
"""What is left of the score of a passage of a document that only looks like the one which a question names. Raising the
named one instead puts it before documents that resemble neither: a table of prices of all health plans, in a file of
its own, fell from the first place to the sixth where a plan was named."""
LOOK_ALIKE_OF_ONE_NAMED_BEFORE = 0.95
"""The same where only words that were carried over from earlier questions name it: the topic may be another now. Of 44
follow-up questions MRR is .95, without this .90; with .7 it is the same, but a question after another was answered from
the document that the earlier one named."""
REMEMBERED_TEXTS = 20_000
"""Questions, and the sentences of passages that were found, whose vectors are kept: 30 MB of all-MiniLM-L6-v2."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search gives."""

    hits: tuple[Hit, ...]
    similarity: float | None
    """The best cosine similarity of any passage to the question; None without the dense leg or without passages."""
    seconds: float
    scope: Scope
    """Within what was searched."""
    question: str = ""
    """What was searched: the question, or what it was rewritten to."""
    steps: tuple[Step, ...] = ()
    """What was done, in order, with what each step left."""
    origins: Mapping[str, str] = field(default_factory=dict[str, str])
    """For a hit that was widened, by its id: the id of the passage that was found, under which the steps know it."""
    asked: tuple[Asked, ...] = ()
    """What a model replied to the ``ask`` of the search."""
    pool: tuple[Hit, ...] = ()
    """What could have been given, best first; ``hits`` are the first of it, widened."""
    behind: tuple[Fused, ...] = ()
    """What else was found, best first."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said about steps that found nothing."""
        return tuple(f"{SAID[step.name]} {step.note}" for step in self.steps if step.note.startswith("found nothing"))


class Searcher:
    """Searches one index with one embedder; several threads may search at once."""

    def __init__(
        self,
        index: Index,
        embedder: Embedder,
        settings: Search,
        *,
        reranker: Reranker | None = None,
        rewriter: Rewriter | None = None,
        guards: Guards | None = None,
    ) -> None:
        """``guards`` are by default those of a recipe that says nothing of them."""
        self.guards = guards or Guards(GuardSettings(), embedder)
        self.index = index
        self.embedder = embedder
        self.settings = settings
        self.reranker = reranker
        self.rewriter = rewriter

    def search(
        self,
        question: str,
        *,
        where: Sequence[str] = (),
        groups: Sequence[str] | None = None,
        limit: int | None = None,
        history: Sequence[Message] = (),
        rewrite: Rewriter | None = None,
        ask: AskReply | None = None,
    ) -> Found:
        """Find at most ``limit`` passages, by default as many as the recipe says.

        ``groups`` are the reader's: passages that have groups are found only by readers of one of them; None: no
        restriction. ``rewrite`` takes the place of the searcher's own rewriter. ``ask`` takes the place of the model
        that the searcher was opened with; its replies are in what this gives.
        """
        started = time.perf_counter()
        condition = parse_where(where)
        question = check_question(question)
        limit = limit or self.settings.passages
        trace = Trace()
        scope = Scope(count=max(self.settings.candidates, limit), where=condition, groups=groups)
        if condition and not self._filter(" and ".join(where), scope, trace):
            return Found(hits=(), similarity=None, seconds=time.perf_counter() - started, scope=scope,
                         question=question, steps=tuple(trace.steps))  # fmt: skip
        rewriter, reranker = rewrite or self.rewriter, self.reranker
        if ask:
            asking = trace.listen(ask)
            rewriter = rewriter and Rewriter(rewriter.settings, asking)
            reranker = ModelOrder(asking) if isinstance(reranker, ModelOrder) else reranker
        asked = self._rewrite(question, history, rewriter, trace)
        legs = Legs(self.index, self.embedder, self.settings, scope, trace)
        naming = asked.question if rewriter and rewriter.settings.standalone == "model" else question
        sought = self._reworded(asked, with_parts(asked.question), "wording", trace)
        fused = self._part_look_alikes(legs.run(sought), (naming, asked.question), trace)
        hits = self._fetch(fused[: self._pool_size(limit)], groups)
        if again := self._again(sought, hits, scope, trace):
            legs = Legs(self.index, self.embedder, again[0], scope, trace)
            fused = self._part_look_alikes(legs.run(again[1]), (naming, asked.question), trace)
            hits = self._fetch(fused[: self._pool_size(limit)], groups)
        if reranker and hits:
            hits = self._rerank(reranker, asked.question, hits, trace)
        hits = self._select(asked.question, hits, limit, trace)
        with trace.step("widen") as made:
            widened = widen(self.index, hits, self.settings.neighbours, limit, scope)
            made.ranking = [(found, hit.score) for hit, found in widened]
        pool = {hit.passage.id for hit in hits}
        return Found(
            hits=tuple(hit for hit, _ in widened),
            similarity=legs.similarity,
            seconds=time.perf_counter() - started,
            scope=scope,
            question=asked.question,
            steps=tuple(trace.steps),
            origins={hit.passage.id: found for hit, found in widened if hit.passage.id != found},
            asked=tuple(trace.asked),
            pool=tuple(hits),
            behind=tuple(ranked for ranked in fused if ranked.id not in pool),
        )

    def _filter(self, written: str, scope: Scope, trace: Trace) -> int:
        """Count what a filter leaves. Raises UsageError for one of a field that no document has."""
        assert scope.where
        check_fields(scope.where, self.index.fields(scope.groups))
        with trace.step(FILTER) as made:
            left, everything = self.index.count(scope.where, scope.groups), self.index.count(None, scope.groups)
            made.note = f"{written}: {left:,} of {everything:,} passages"
            if not left:
                made.note = f"found nothing: no passage meets {written}"
        return left

    def deepen(self, found: Found, depth: int) -> list[Hit]:
        """Give the first ``depth`` passages of a search, and the first one of each document until so many documents.

        For measuring: nothing is searched, embedded or read again, and what the search gave stands first.
        """
        hits = [*found.pool, *self._left(found)]
        deeper = [hit for hit, _ in widen(self.index, hits, self.settings.neighbours, depth, found.scope)]
        documents = {hit.passage.source for hit in deeper}
        for hit in hits:
            if len(documents) < depth and hit.passage.source not in documents:
                documents.add(hit.passage.source)
                deeper.append(hit)
        return deeper

    def _left(self, found: Found) -> list[Hit]:
        """Give what stands behind the pool, without copies; nothing where a reranker's least score cannot be told."""
        least = self.settings.min_score
        if least is not None and self.reranker:
            return []
        behind = [one for one in found.behind if least is None or one.score >= least]
        pool = {hit.passage.id for hit in found.pool}
        whole = [*found.pool, *self._fetch(behind, found.scope.groups)]
        if self.settings.max_overlap < 1:
            whole = leave_out_copies(whole, found.question, self.settings.max_overlap)
        return [hit for hit in whole if hit.passage.id not in pool]

    def _rewrite(self, question: str, history: Sequence[Message], rewriter: Rewriter | None, trace: Trace) -> Rewritten:
        if rewriter is None:
            return Rewritten(question=question)
        with trace.step("rewrite") as made:
            asked = rewriter.rewrite(question, history)
            made.note = " | ".join(filter(None, (*asked.questions, asked.passage)))
        return asked

    def _again(
        self, asked: Rewritten, hits: Sequence[Hit], scope: Scope, trace: Trace
    ) -> tuple[Search, Rewritten] | None:  # fmt: skip
        """Say how to search once more: hardly by words of another language, or as documents spell the words."""
        settings = self.settings
        if not settings.bm25_weight:
            return None
        language, embedder = detect_language(asked.question), self.embedder.name.partition("@")[0]
        if language and hits and all(hit.passage.language not in (language, "") for hit in hits):
            less = {"bm25_weight": settings.bm25_weight * FOREIGN_WORDS, "fusion": "rrf"}
            return (settings.model_copy(update=less), asked) if knows(embedder, language) else None
        spelt = self._reworded(asked, respell(asked.question, hits, self.index, scope), "spelling", trace)
        return (settings, spelt) if spelt != asked else None

    def _reworded(self, asked: Rewritten, question: str, step: str, trace: Trace) -> Rewritten:
        """Search another wording instead, and say so, if there is one."""
        if not question or question == asked.question:
            return asked
        trace.steps.append(Step(step, 0.0, {}, question, time.perf_counter()))
        return replace(asked, question=question)

    def _part_look_alikes(self, fused: list[Fused], questions: tuple[str, str], trace: Trace) -> list[Fused]:
        """Put back what is of documents that only look like those that the first question names, or else the second."""
        started = time.perf_counter()
        sources = {passage.id: passage.source for passage in self.index.passages([one.id for one in fused])}
        left = LOOK_ALIKE
        named, alike = named_documents(questions[0], sources.values())
        if not named and questions[0] != questions[1]:
            left = LOOK_ALIKE_OF_ONE_NAMED_BEFORE
            named, alike = named_documents(questions[1], sources.values())
        if not alike:
            return fused
        parted = [one._replace(score=one.score * left) if sources.get(one.id) in alike else one for one in fused]
        parted.sort(key=lambda one: -one.score)
        ranking = {one.id: Leg(rank, one.score) for rank, one in enumerate(parted, start=1)}
        trace.steps.append(Step("names", time.perf_counter() - started, ranking, ", ".join(sorted(named)), started))
        return parted

    def _pool_size(self, limit: int) -> int:
        """Say how many of the best are looked at, for so many hits."""
        if self.reranker:
            return max(self.settings.rerank_candidates, limit)
        return limit * (POOL_MMR if self.settings.mmr < 1 else POOL)

    def _fetch(self, fused: Sequence[Fused], groups: Sequence[str] | None) -> list[Hit]:
        passages = {passage.id: passage for passage in self.index.passages([ranked.id for ranked in fused], groups)}
        return [
            Hit(passage=passages[ranked.id], score=ranked.score, legs=ranked.legs)
            for ranked in fused
            if ranked.id in passages
        ]

    def _rerank(self, reranker: Reranker, question: str, hits: list[Hit], trace: Trace) -> list[Hit]:
        with trace.step("rerank") as made:
            shown = self.guards.clean_hits(hits)[0] if isinstance(reranker, ModelOrder) else hits
            scores = reranker.score(question, [hit.passage.content for hit in shown])
            mixed = mix(scores, [hit.score for hit in hits], self.settings.rerank_weight)
            order = (-scores).argsort(kind="stable").tolist()
            read = [
                replace(
                    hits[place],
                    score=float(mixed[place]),
                    legs={**hits[place].legs, "rerank": Leg(rank, float(scores[place]))},
                )
                for rank, place in enumerate(order, start=1)
            ]
            read.sort(key=lambda hit: -hit.score)
            made.ranking = _scores(read)
        return read

    def _select(self, question: str, hits: list[Hit], limit: int, trace: Trace) -> list[Hit]:
        settings = self.settings
        if settings.min_score is not None:
            with trace.step("min_score") as made:
                hits = [hit for hit in hits if hit.score >= settings.min_score]
                made.ranking = _scores(hits)
        if settings.max_overlap < 1:
            with trace.step("distinct") as made:
                before, hits = len(hits), leave_out_copies(hits, question, settings.max_overlap)
                made.ranking, made.note = _scores(hits), f"{before - len(hits)} left out" if before > len(hits) else ""
        if settings.mmr < 1 and hits:
            with trace.step("mmr") as made, suppress(KeyError):  # of a passage that was removed meanwhile
                vectors = self.index.vectors([hit.passage.id for hit in hits])
                hits = diversify(hits, vectors, settings.mmr, limit)
                made.ranking = _scores(hits)
        return hits


def _scores(hits: Sequence[Hit]) -> list[tuple[str, float]]:
    return [(hit.passage.id, hit.score) for hit in hits]


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


def open_searcher(
    workspace: Workspace, recipe: Recipe, ask: Ask | None = None, *, embedder: Embedder | None = None
) -> Searcher:
    """Open the index of a workspace for searching; ``ask`` is the model that rewrites and reranks.

    ``embedder`` is that of the recipe where it is open already.
    Raises EmptyIndex when nothing was added, StaleIndex when it was built with other settings than the recipe's.
    """
    built = workspace.require_built()
    embedder = RememberingEmbedder(embedder or open_embedder(recipe.embed), REMEMBERED_TEXTS)
    if built.embedder != embedder.name:
        raise StaleIndex(
            f"the index was built with the embedder {built.embedder!r} and the recipe says {embedder.name!r}: "
            "run `scoville add --rebuild`, or set embed.model back"
        )
    warm = threading.Thread(target=_warm_up, args=(embedder,), daemon=True)
    warm.start()  # compiles the encoder while the index opens
    try:
        index = open_current_index(workspace, recipe)
    finally:
        warm.join()
    return make_searcher(index, embedder, recipe, ask)


def make_searcher(index: Index, embedder: Embedder, recipe: Recipe, ask: Ask | None = None) -> Searcher:
    """Put together what searches an index; UsageError where the recipe asks a model and there is none."""
    rewriter = Rewriter(recipe.rewrite, ask) if recipe.rewrite != Rewrite(standalone="none") else None
    reranker = open_reranker(recipe.search, ask, recipe.embed.threads)
    guards = Guards(recipe.guards, embedder)
    return Searcher(index, embedder, recipe.search, reranker=reranker, rewriter=rewriter, guards=guards)


def open_current_index(workspace: Workspace, recipe: Recipe) -> Index:
    """Open the index of a workspace; EmptyIndex without passages, StaleIndex with passages of other settings."""
    index = open_index(workspace, recipe.index, workspace.require_built())
    if not index.count():
        raise EmptyIndex(f"the index of {workspace.root} is empty: add documents with `scoville add PATH`")
    if not index.is_current(build_hash(recipe)):
        raise StaleIndex(
            "the index holds passages that were read or split with other settings than the recipe's: "
            "run `scoville add --rebuild`"
        )
    return index


def _warm_up(embedder: Embedder) -> None:
    if is_hosted(embedder.name):
        return  # nothing to compile, and every request costs
    with suppress(ScovilleError):  # said again when the first question is embedded
        embedder.embed(["warm up"])
