"""Many recipes over one folder of documents: what they have in common is done once.

Enters: a workspace, recipes. Leaves: for each recipe a system, on an index that was built with it. Each file is read
once for each way of reading, each text embedded once, each question searched once for each way of searching, each
prompt answered once; an answer tells the seconds of the first time. Knows no objectives and no scores.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scoville.agent import make_answerer
from scoville.answer.calibration import calibration_of
from scoville.answer.shots import Shots
from scoville.cases.files import train_cases
from scoville.comparison.remember import RememberingSearcher, SharedSystem
from scoville.cost import Budget
from scoville.embed import open_embedder
from scoville.embed.remember import RememberingEmbedder
from scoville.index import AddReport, Index, ReadingCache, Workspace, Writers, build_again, build_hash, open_index
from scoville.index.ingest import known_items
from scoville.llm import ask_with, open_llm
from scoville.llm.paid import within
from scoville.llm.reader import ReaderLlm
from scoville.llm.remember import RememberingLlm, RememberingReader
from scoville.models.locate import weights_identity
from scoville.progress import Bars, silent_bars
from scoville.recipe import ANSWERS, INDEX, Embed, Recipe, deciding
from scoville.recipe import Llm as LlmSettings
from scoville.recipe.model import is_hosted
from scoville.search import make_searcher, open_current_index
from scoville.storage import storage_errors
from scoville.track.ledger import Ledger, totals
from scoville.track.lineage import index_of
from scoville.track.store import FILE_NAME, Store
from scoville.types import Reply

logger = logging.getLogger("scoville")

BUILDS = "builds"
"""Indexes of other recipes stand in this folder of the workspace, by the hash of what decides their content."""
MOST_LOADED = 2
"""Local models that are kept in memory at a time."""
OF_A_REPLY = ("max_tokens", "temperature", "top_p", "seed", "stop")
"""Settings of `llm` that each reply brings along: models that differ in them only are one."""


BUILD_FILE = "build.json"
"""In the folder of an index that was built here: its seconds, and what writing models charged."""


@dataclass(frozen=True, kw_only=True)
class BuildCost:
    """What an index took."""

    seconds: float | None = None
    """None: not known."""
    usd: float | None = None
    """Fees and this machine's time."""


class SharedStages:
    """Opens a system for any recipe over the documents of one workspace."""

    def __init__(
        self,
        workspace: Workspace,
        recipe: Recipe,
        *,
        writers: Callable[[Recipe], Writers] = lambda _: Writers(),
        budget: Budget | None = None,
        bars: Bars = silent_bars,
    ) -> None:
        """``recipe`` says where the index of the workspace is; ``budget`` what the models may be paid."""
        self._budget = budget
        self._bars = bars
        self.workspace = workspace
        self.readings = ReadingCache()
        self.replies: Path | None = None
        """The file where what models write is kept."""
        self._writers = writers
        self._settings = recipe.index
        built = workspace.require_built()
        index = open_index(workspace, recipe.index, built)
        documents = index.documents().values()
        self.reports: list[tuple[AddReport, str]] = []
        """Of each build that was made here, with the name of its embedder."""
        self._own, self._own_embedder = index, built.embedder
        self._items = known_items(index)
        self.content = _digest(sorted(f"{document.item} {document.stamp}" for document in documents))
        """Names what is in the documents."""
        self._builds: dict[str, Index] = {}
        self._digests: dict[str, str] = {}
        self._learned: set[str] = set()
        """The builds whose vectors the embedders know."""
        self._embedders: dict[str, RememberingEmbedder] = {}
        self._llms: dict[str, RememberingLlm | RememberingReader] = {}
        self._searchers: dict[str, RememberingSearcher] = {}

    def system(self, recipe: Recipe) -> SharedSystem:
        """Open what answers with a recipe, building its index if there is none."""
        searcher = self.searcher(recipe)
        calibration = calibration_of(self.workspace, recipe, searcher.embedder.name)
        shots = Shots(lambda: train_cases(self.workspace.root), searcher.embedder)
        return SharedSystem(make_answerer(searcher, self.llm(recipe.llm), recipe, calibration, shots))

    def searcher(self, recipe: Recipe) -> RememberingSearcher:
        """Open what searches for a recipe, building its index if there is none."""
        index = self.index(recipe)
        asks = recipe.search.rerank == "llm" or recipe.rewrite.asks_model
        key = repr(
            (self._build_key(recipe), recipe.search, recipe.rewrite, (recipe.llm, recipe.guards) if asks else None)
        )
        if key not in self._searchers:
            ask = ask_with(recipe.llm, self.llm(recipe.llm)) if asks else None
            remembering = self.embedder(recipe.embed)
            # A local encoder's time belongs to every answer, a hosted one is asked and paid once.
            embedder = remembering if is_hosted(remembering.name) else remembering.embedder
            self._searchers[key] = RememberingSearcher(make_searcher(index, embedder, recipe, ask))
        return self._searchers[key]

    def index(self, recipe: Recipe) -> Index:
        """Give the index that was built with a recipe, or build it."""
        key = self._build_key(recipe)
        if key not in self._builds:
            embedder, index = self.embedder(recipe.embed), self._own
            self._learn("", index, self._own_embedder, embedder)
            if embedder.name != self._own_embedder or not index.is_current(key):
                index = self._build_beside(recipe, key, embedder)
            self._builds[key] = index
        return self._builds[key]

    def place(self, recipe: Recipe) -> tuple[Workspace, Recipe]:
        """Say which folder holds the index that was built with a recipe, or build it; and the recipe that opens it."""
        if self.index(recipe) is self._own:
            return self.workspace, recipe
        return self._beside(recipe, self._build_key(recipe))

    def build_cost(self, recipe: Recipe, ledger: Ledger) -> BuildCost:
        """Say what the index of a recipe took: the workspace's own by the ledger of all that was added, others as
        measured.

        Files and vectors that an earlier index had already took no time.
        """
        index = self.index(recipe)
        if index is self._own:
            return self._own_cost()
        try:
            path = self.workspace.folder / BUILDS / self._build_key(recipe) / BUILD_FILE
            took = json.loads(path.read_text(encoding="utf-8"))
            seconds, paid = float(took["seconds"]), took["paid_usd"]
        except (OSError, ValueError, KeyError):
            return BuildCost()
        work = ledger.embedding("ingest", recipe.embed.model, _tokens(index), seconds)
        usd = None if paid is None or work.fee_usd is None else paid + work.fee_usd + work.hardware_usd
        return BuildCost(seconds=seconds, usd=usd)

    def index_digest(self, recipe: Recipe) -> str:
        """Name the index of a recipe, as lineage does, and write down what it is made of."""
        key = self._build_key(recipe)
        if key not in self._digests:
            documents = {source: state.document_id for source, state in self.index(recipe).documents().items()}
            embedder = self.embedder(recipe.embed).name
            with Store(self.workspace.folder / FILE_NAME) as store:
                made = index_of(store, documents, recipe_hash=recipe.build_hash, embedder=embedder)
            self._digests[key] = made.digest
        return self._digests[key]

    def embedder(self, settings: Embed) -> RememberingEmbedder:
        """Open an embedder, once."""
        key = json.dumps(deciding(settings, INDEX, ANSWERS))
        if key not in self._embedders:
            self._embedders[key] = RememberingEmbedder(open_embedder(settings))
        return self._embedders[key]

    def llm(self, settings: LlmSettings) -> RememberingLlm | RememberingReader:
        """Open a model, once; of those that run here, the last two stay in memory."""
        decisive = deciding(settings, ANSWERS).items()
        weights = {"weights": seen} if (seen := weights_identity(settings.model)) else {}
        key = json.dumps({name: value for name, value in decisive if name not in OF_A_REPLY} | weights)
        llm = self._llms.pop(key, None)
        if not llm:
            opened = open_llm(settings)
            is_reader = isinstance(opened, ReaderLlm)
            paid = within(opened, settings, self._budget)
            llm = RememberingReader(opened) if is_reader else RememberingLlm(paid, self.replies, _digest([key]))
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

    def _build_beside(self, recipe: Recipe, key: str, embedder: RememberingEmbedder) -> Index:
        place, local = self._beside(recipe, key)
        built = place.built()
        if built:  # by a sweep that was killed, or an earlier one
            self._learn(key, open_index(place, local.index, built), built.embedder, embedder)
        else:
            logger.info(
                "Building another index of the same documents beside the workspace's, once: the recipe needs it."
            )
        with self._bars("files") as progress:
            report = build_again(
                place, local, self._items, embedder=embedder, readings=self.readings, writers=self._writers(recipe),
                on_progress=lambda state: progress(state.current, state.files, state.total),
            )  # fmt: skip
        self.reports.append((report, embedder.name))
        if not built:
            took = {"seconds": round(report.seconds, 3), "paid_usd": report.cost_usd}
            with storage_errors(place.folder):
                (place.folder / BUILD_FILE).write_text(json.dumps(took), encoding="utf-8")
        return open_current_index(place, local)

    def _beside(self, recipe: Recipe, key: str) -> tuple[Workspace, Recipe]:
        """Give the folder of a build, and its recipe, whose index lies in files whatever holds the workspace's own."""
        local = recipe.model_copy(update={"index": recipe.index.model_copy(update={"url": None, "name": None})})
        return Workspace(self.workspace.root, folder=self.workspace.folder / BUILDS / key), local

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
            vectors = index.vectors([passage.id for passage in passages])
            embedder.learn([passage.searched for passage in passages], vectors)

    def _own_cost(self) -> BuildCost:
        """Give what the ledger knows of all that was added to the workspace."""
        with Store(self.workspace.folder / FILE_NAME) as store:
            found = [total for total in totals(store, run_id="") if total.group == "ingest"]
        if not found:
            return BuildCost()
        known = not found[0].unknown_fees
        return BuildCost(
            seconds=found[0].seconds, usd=found[0].fee_usd + found[0].hardware_usd if known else None
        )  # fmt: skip


def _digest(values: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(values).encode(errors="backslashreplace")).hexdigest()[:16]


def _tokens(index: Index) -> int:
    documents = index.documents().items()
    return sum(passage.tokens for source, state in documents for passage in index.neighbours(source, 0, state.passages))
