"""Many recipes over one folder of documents: what they have in common is done once.

Enters: a workspace, recipes. Leaves: for each recipe a system, on an index that was built with it. Each file is read
once for each way of reading, each text embedded once, each question searched once for each way of searching, each
prompt answered once; an answer tells the seconds of the first time. Knows no objectives and no scores.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scoville.answer import Answerer
from scoville.compare.remember import RememberingSearcher, SharedSystem, Work
from scoville.embed import open_embedder
from scoville.embed.remember import RememberingEmbedder
from scoville.index import AddReport, Index, Shelf, Workspace, Writers, build_again, build_hash, open_index
from scoville.index.ingest import known_items
from scoville.llm import ask_with, open_llm
from scoville.llm.remember import RememberingLlm
from scoville.recipe import ANSWERS, INDEX, Embed, Recipe, Rewrite, deciding
from scoville.recipe import Llm as LlmSettings
from scoville.search import Rewriter, open_current_index
from scoville.search.rerank import open_reranker
from scoville.track.lineage import index_of
from scoville.track.store import FILE_NAME, Store
from scoville.types import Reply

BUILDS = "builds"
"""Indexes of other recipes stand in this folder of the workspace, by the hash of what decides their content."""
MOST_LOADED = 2
"""Local models that are kept in memory at a time."""
OF_A_REPLY = ("max_tokens", "temperature", "top_p", "seed", "stop")
"""Settings of `llm` that each reply brings along: models that differ in them only are one."""


class SharedStages:
    """Opens a system for any recipe over the documents of one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        recipe: Recipe,
        *,
        writers: Callable[[Recipe], Writers] = lambda _: Writers(),
    ) -> None:
        """``recipe`` says where the index of the workspace is."""
        self.workspace = workspace
        self.work = Work()
        self.shelf = Shelf()
        self.replies: Path | None = None
        """The file where what models write is kept."""
        self._writers = writers
        self._settings = recipe.index
        built = workspace.require_built()
        index = open_index(workspace, recipe.index, built)
        documents = index.documents().values()
        self.reports: list[tuple[AddReport, str]] = []
        """Of each build that was made here, with the name of its embedder."""
        self._own = Build(index, built.embedder, 0.0)
        self._items = known_items(index)
        self.content = _digest(sorted(f"{one.item} {one.stamp}" for one in documents))
        """Names what is in the documents."""
        self._builds: dict[str, Build] = {}
        self._digests: dict[str, str] = {}
        self._learned: set[str] = set()
        """The builds whose vectors the embedders know."""
        self._embedders: dict[str, RememberingEmbedder] = {}
        self._llms: dict[str, RememberingLlm] = {}
        self._searchers: dict[str, RememberingSearcher] = {}

    def system(self, recipe: Recipe) -> "SharedSystem":
        """Open what answers with a recipe, building its index if there is none."""
        searcher, llm = self._searcher(recipe), self.llm(recipe.llm)
        return SharedSystem(Answerer(searcher, llm, recipe), self.embedder(recipe.embed), llm, self.work)

    def index_digest(self, recipe: Recipe) -> str:
        """Name the index of a recipe, as lineage does, and write down what it is made of."""
        key = self._build_key(recipe)
        if key not in self._digests:
            index = self._builds[key].index if key in self._builds else self._build(recipe)
            documents = {source: state.document_id for source, state in index.documents().items()}
            embedder = self.embedder(recipe.embed).name
            store = Store(self.workspace.folder / FILE_NAME)
            try:
                made = index_of(store, documents, recipe_hash=recipe.build_hash, embedder=embedder)
            finally:
                store.close()
            self._digests[key] = made.digest
        return self._digests[key]

    def embedder(self, settings: Embed) -> RememberingEmbedder:
        """Open an embedder, once."""
        key = json.dumps(deciding(settings, INDEX, ANSWERS))
        if key not in self._embedders:
            self._embedders[key] = RememberingEmbedder(open_embedder(settings))
        return self._embedders[key]

    def llm(self, settings: LlmSettings) -> RememberingLlm:
        """Open a model, once; of those that run here, the last two stay in memory."""
        decisive = deciding(settings, ANSWERS).items()
        key = json.dumps({name: value for name, value in decisive if name not in OF_A_REPLY})
        llm = self._llms.pop(key, None) or RememberingLlm(open_llm(settings), self.replies, _digest([key]))
        self._llms[key] = llm
        for other in list(self._llms.values())[:-MOST_LOADED]:
            other.close()
        return llm

    @property
    def written(self) -> list[Reply]:
        """What models really wrote here."""
        return [reply for llm in self._llms.values() for reply in llm.written]

    def close(self) -> None:
        """Free the models."""
        for llm in self._llms.values():
            llm.close()

    def _searcher(self, recipe: Recipe) -> "RememberingSearcher":
        index = self._build(recipe)
        asks = recipe.search.rerank == "llm" or recipe.rewrite.asks_model
        key = repr((self._build_key(recipe), recipe.search, recipe.rewrite, recipe.llm if asks else None))
        if key not in self._searchers:
            embedder = self.embedder(recipe.embed)
            llm = self.llm(recipe.llm) if asks else None
            ask = ask_with(recipe.llm, llm) if llm else None
            self._searchers[key] = RememberingSearcher(
                index,
                embedder,
                recipe.search,
                reranker=open_reranker(recipe.search, ask, recipe.embed.threads),
                rewriter=Rewriter(recipe.rewrite, ask) if recipe.rewrite != Rewrite(standalone="none") else None,
                llm=llm,
                work=self.work,
            )
        return self._searchers[key]

    def _build(self, recipe: Recipe) -> Index:
        """Give the index that was built with a recipe."""
        key = self._build_key(recipe)
        if key in self._builds:
            self.work.spared["build"] += self._builds[key].seconds
            return self._builds[key].index
        embedder = self.embedder(recipe.embed)
        self._take_spared(embedder)
        started = time.perf_counter()
        self._learn("", self._own.index, self._own.embedder, embedder)
        index = self._own.index
        if embedder.name != self._own.embedder or not index.is_current(key):
            index = self._build_beside(recipe, key, embedder)
        seconds, spared = time.perf_counter() - started, self._take_spared(embedder)
        self._builds[key] = Build(index, embedder.name, seconds + spared)
        self.work.done["build"] += seconds
        self.work.spared["build"] += spared
        return index

    def _build_beside(self, recipe: Recipe, key: str, embedder: RememberingEmbedder) -> Index:
        place = Workspace(self.workspace.root, folder=self.workspace.folder / BUILDS / key)
        local = recipe.model_copy(update={"index": recipe.index.model_copy(update={"url": None, "name": None})})
        if built := place.built():  # by a sweep that was killed, or an earlier one
            self._learn(key, open_index(place, local.index, built), built.embedder, embedder)
        writers = self._writers(recipe)
        report = build_again(place, local, self._items, embedder=embedder, shelf=self.shelf, writers=writers)
        self.reports.append((report, embedder.name))
        return open_current_index(place, local)

    def _build_key(self, recipe: Recipe) -> str:
        """Name a build; how its index is tuned counts where that is not as in the workspace's own."""
        build = build_hash(recipe)
        same = recipe.index == self._settings
        return build if same else f"{build}-{_digest([recipe.index.model_dump_json()])}"

    def _learn(self, key: str, index: Index, built_with: str, embedder: RememberingEmbedder) -> None:
        """Take the vectors of an index, once, so that its texts are not embedded for another."""
        if embedder.name != built_with or key in self._learned:
            return
        self._learned.add(key)
        for source, state in index.documents().items():
            passages = index.neighbours(source, 0, state.passages)
            vectors = index.vectors([one.id for one in passages])
            embedder.learn([one.searched for one in passages], vectors)

    def _take_spared(self, embedder: RememberingEmbedder) -> float:
        return self.shelf.take_spared() + embedder.take_spared()


@dataclass(frozen=True)
class Build:
    """An index, and what it took."""

    index: Index
    embedder: str
    seconds: float
    """Without what was remembered, it would have taken so long."""


def _digest(values: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(values).encode(errors="backslashreplace")).hexdigest()[:16]
