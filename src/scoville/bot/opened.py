"""What is opened of one workspace: its recipe, its models, its records. Each is opened when it is first needed, once.

Enters: a workspace and a recipe. Leaves: what searches, answers, writes and keeps costs. Does not know what is
done with them: that is the Bot.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Any, Self
from weakref import WeakSet

from scoville.agent import make_answerer
from scoville.answer import Answerer, open_answerer
from scoville.answer.golden import FILE as GOLDEN
from scoville.cases.files import cases_of, train_cases
from scoville.cost import Budget
from scoville.embed import Embedder
from scoville.embed.remember import RememberingEmbedder
from scoville.errors import UsageError
from scoville.index import Index, Workspace, Writers
from scoville.llm import Llm, ask_with
from scoville.llm.paid import announce, within
from scoville.llm.writers import open_writers
from scoville.models.locate import weights_identity
from scoville.models.trained import FOLDER as TRAINED
from scoville.models.trained import forget, look_in
from scoville.personal import redact
from scoville.progress import Bars, silent_bars
from scoville.recipe import Embed, Recipe
from scoville.recipe.file import LoadedRecipe
from scoville.release import Release, opening_recipe
from scoville.search import Searcher, open_current_index, open_searcher, parse_where
from scoville.track.ledger import Ledger
from scoville.track.tracker import Tracker
from scoville.types import Case

logger = logging.getLogger("scoville")

PROMPT_TOKENS = 400
"""What a prompt has besides its passages, rather too many."""
Where = str | Sequence[str]
"""A filter such as ``year >= 2023``, or several that all hold."""


class Opened:
    """One workspace with what was opened of it; several threads may use it."""

    def __init__(self, workspace: Workspace, loaded: LoadedRecipe, *, bars: Bars = silent_bars) -> None:
        self.workspace = workspace
        self.loaded = loaded
        """The recipe with the origin of each of its values."""
        self.bars = bars
        self.name = workspace.root.name
        """What it is called in tables."""
        self._opening = threading.RLock()
        self._answerer: Answerer | None = None
        self._llm: Llm | None = None
        self._searcher: Searcher | None = None
        self._embedder: tuple[tuple[Embed, str], Embedder] | None = None
        """What embeds questions, behind its settings and weights: kept when the index changes."""
        self._trackers: dict[str, Tracker] = {}
        self._place: tuple[Workspace, Recipe] | None = None
        self._origin: Opened | None = None
        """Whose documents it has, where it is the same with another recipe."""
        self.released: Release | None = None
        """What it answers from, where that is not the workspace as it is now."""
        self._releases: WeakSet[Opened] = WeakSet()
        """What answers from releases of the same workspace, and leaves its traces there."""
        self._others: dict[str, Self] = {}
        """With other recipes, by these: closed with this one."""
        self._closed = False
        look_in(workspace.folder / TRAINED, self)

    @property
    def recipe(self) -> Recipe:
        """Every choice of the system."""
        return self.loaded.recipe

    def given_values(self) -> dict[str, Any]:
        """Give what was set for this bot alone, by flags or arguments, by the dotted keys."""
        return {one.key: one.value for one in self.loaded.settings if one.source in ("flag", "argument")}

    def __enter__(self) -> Self:
        """Give the bot."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free the models."""
        self.close()

    def __repr__(self) -> str:
        """Name the workspace and the model."""
        return f"Bot({str(self.workspace.root)!r}, llm={self.recipe.llm.model!r})"

    def close(self) -> None:
        """Free the models and write down what is left to write; the bot cannot be used afterwards."""
        with self._opening:
            self._closed = True
            forget(self)
            for other in self._others.values():
                other.close()
            self.forget_index()
            self._embedder = None
            if self._llm:
                self._llm.close()
                self._llm = None
            for tracker in self._trackers.values():
                tracker.close()
            self._trackers.clear()

    def with_recipe(self, recipe: Recipe) -> Self:
        """Give the same with another recipe over the same documents, the same one again while it is open.

        Where the recipe needs another index, that is built beside the workspace's when it is first searched.
        """
        key = recipe.model_dump_json()
        with self._opening:
            if key not in self._others or self._others[key]._closed:
                self._others[key] = type(self)(self.workspace, LoadedRecipe(recipe, ()), bars=self.bars)
                self._others[key]._origin = self
                self._others[key].released = self.released if recipe.build_hash == self.recipe.build_hash else None
            return self._others[key]

    @property
    def shares_index(self) -> bool:
        """Whether it searches the index of the workspace, and not another that was built beside it."""
        if self._origin is None:
            return True
        own, other = self.recipe, self._origin.recipe
        return own.build_hash == other.build_hash and own.index == other.index and self._origin.shares_index

    def place(self) -> tuple[Workspace, Recipe]:
        """Say where the index is, and the recipe that opens it; one that is to stand beside the workspace's is built.

        It follows the workspace's: what was added there since is added to it.
        """
        with self._opening:
            if self._place is None and self.released:
                look_in(self.released.folder / TRAINED, self)
                self._place = (self.released.workspace(self.workspace.root), opening_recipe(self.recipe, self.released))
            if self._place is None:
                self._place = (self.workspace, self.recipe) if self.shares_index else self._build_beside()
            return self._place

    def open_index(self) -> Index:
        """Open the index for reading; EmptyIndex where nothing was added, StaleIndex where other settings built it."""
        return open_current_index(*self.place())

    def check(self, where: Where = ()) -> list[str]:
        """Refuse filters that cannot be read and a workspace without an index, before a model is fetched or loaded."""
        self.check_open()
        filters = [where] if isinstance(where, str) else list(where)
        parse_where(filters)
        if not self.released:
            self.workspace.require_built()
        return filters

    def searcher(self) -> Searcher:
        """Give what searches the index; opened once, and fetched before where its embedder is not here."""
        with self._opening:
            if self._searcher is None:
                self._searcher = self.answerer().searcher if self._answerer else self._open_searcher()
            return self._searcher

    def answerer(self, budget: Budget | None = None) -> Answerer:
        """Give what answers, within a budget if there is one; opened once, its models fetched if need be."""
        with self._opening:
            self.check_open()
            if self._answerer is None:
                self.fetch_models(llm=True)
                place, recipe = self.place()
                known = self._known_embedder(recipe.embed)
                opened = open_answerer(place, recipe, llm=self._llm, cases=self.train_cases, embedder=known)
                self._llm = opened.llm
                self._keep_embedder(recipe.embed, opened.searcher)
                self._answerer = make_answerer(
                    opened.searcher, opened.llm, self.recipe, opened.calibration, opened.shots
                )
            own = self._answerer
        if budget is None:
            return own
        llm = within(own.llm, self.recipe.llm, budget)
        return make_answerer(own.searcher, llm, self.recipe, own.calibration, own.shots)

    def train_cases(self) -> list[Case]:
        """Give the cases of the train part, of which a prompt may show some."""
        return train_cases(self.released.folder if self.released else self.workspace.root)

    def golden_cases(self) -> list[Case]:
        """Give the answers that people have checked, of ``cases/golden.jsonl``: they come before the model's."""
        file = self.workspace.root / "cases" / GOLDEN
        try:
            return cases_of(file) if file.is_file() and file.stat().st_size else []
        except UsageError as error:  # a slip in a file must not end all answers
            logger.error("%s: no answer of it is given", error)
            return []

    def budget(self, *, no_limit: bool = False) -> Budget:
        """Give what one piece of work may pay for replies; with ``no_limit`` any sum."""
        return Budget(None if no_limit else self.recipe.cost.limit_usd)

    def say_price(self, questions: int, budget: Budget) -> None:
        """Say what the answers to questions may cost at most; OverBudget where that cannot be known and is limited."""
        prompt = self.recipe.prompt.context_tokens + PROMPT_TOKENS
        replies = questions * (1 + len(self.recipe.prompt.anatomy().steps))
        announce(f"{questions:,} questions are answered by", self.recipe.llm, budget, replies=replies,
                 prompt_tokens=prompt)  # fmt: skip

    def tracker(self, run_id: str = "") -> Tracker:
        """Give what keeps the costs and the traces, of a run or of all else."""
        with self._opening:
            if run_id not in self._trackers:
                recipe = self.recipe
                ledger = Ledger(recipe.cost.hardware_usd_per_hour, run_id, embed_url=recipe.embed.base_url)
                self._trackers[run_id] = Tracker(
                    self.workspace, ledger, traces=recipe.track.traces, redact=self.redact,
                    release=self.released.name if self.released else "",
                )  # fmt: skip
            return self._trackers[run_id]

    def redact(self, text: str) -> str:
        """Take out of a text what the recipe does not want stored."""
        memory = self.recipe.memory
        return redact(text, memory.names) if memory.redact else text

    def flush(self) -> None:
        """Wait until the costs and traces of what was done until now are written down, for some seconds at most."""
        for tracker in [*self._trackers.values()]:
            tracker.flush()
        for other in [*self._others.values(), *self._releases]:
            other.flush()

    def writers(self, budget: Budget) -> Writers:
        """Open the models that write while documents are read."""
        return open_writers(self.workspace, self.recipe, budget)

    def fetch_models(self, *, llm: bool) -> None:
        """Fetch the models of the recipe that are not in the cache, before they are needed."""
        from scoville.models import catalogue, is_cached, pull

        wanted = {self.recipe.embed.model} | ({self.recipe.llm.model} if llm else set[str]())
        for entry in catalogue():
            if entry.name in wanted and not is_cached(entry):
                logger.info("Fetching %s (%.0f MB), once.", entry.name, entry.size_bytes / 1e6)
                with self.bars("bytes") as progress:
                    pull(entry.name, progress=progress)

    def check_open(self) -> None:
        """Refuse to go on after ``close``."""
        if self._closed:
            raise UsageError("this bot is closed: open it again with scoville.open")

    def _open_searcher(self) -> Searcher:
        asks = self.recipe.rewrite.asks_model or self.recipe.search.rerank == "llm"
        self.fetch_models(llm=asks)
        place, recipe = self.place()
        asking = ask_with(recipe.llm) if asks else None
        known = self._known_embedder(recipe.embed)
        return self._keep_embedder(recipe.embed, open_searcher(place, recipe, asking, embedder=known))

    def _known_embedder(self, settings: Embed) -> Embedder | None:
        """Give an embedder that this bot, or the one whose documents it has, opened already: each takes 150 MB."""
        wanted = settings, weights_identity(settings.model)
        for bot in filter(None, (self, self._origin)):
            if bot._embedder and bot._embedder[0] == wanted:
                return bot._embedder[1]
        return None

    def _keep_embedder(self, settings: Embed, searcher: Searcher) -> Searcher:
        embedder = searcher.embedder
        assert isinstance(embedder, RememberingEmbedder)
        self._embedder = ((settings, weights_identity(settings.model)), embedder.embedder)
        return searcher

    def forget_index(self) -> None:
        """Open the index anew when it is needed next: it has changed. Models stay."""
        with self._opening:
            self._answerer = self._searcher = self._place = None
            for other in self._others.values():
                other.forget_index()

    def _build_beside(self) -> tuple[Workspace, Recipe]:
        from scoville.comparison.stages import SharedStages

        assert self._origin
        self.fetch_models(llm=False)
        budget = self.budget()
        stages = SharedStages(
            self.workspace, self._origin.recipe, budget=budget, writers=lambda _: self.writers(budget), bars=self.bars
        )  # fmt: skip
        place, recipe = stages.place(self.recipe)
        for report, embedder in stages.reports:
            tracker = self.tracker(place.folder.name)  # not among what the workspace's own index took
            tracker.spent(*tracker.ledger.added(report, embedder))
        return place, recipe
