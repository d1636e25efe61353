"""Bot: one workspace with its recipe, its models and its records, behind one object.

Enters: documents, questions. Leaves: reports, hits, answers. Models are opened when they are first needed, once, and
freed by ``close``. What is asked and added leaves the same trace whoever asks: a program, a notebook or a command.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from scoville.answer import Answerer, history_of, open_answerer
from scoville.bot.hits import HitList
from scoville.bot.images import with_images
from scoville.bot.stream import Stream
from scoville.errors import UsageError
from scoville.index import (
    AddProgress,
    AddReport,
    DocumentState,
    Failure,
    Workspace,
    Writers,
    add_paths,
    remove_documents,
    sync_sources,
)  # fmt: skip
from scoville.llm import ask_with
from scoville.llm.writers import open_paid_writers
from scoville.progress import Bars, silent_bars
from scoville.recipe import Recipe
from scoville.recipe.file import LoadedRecipe, dotted, with_values
from scoville.search import Searcher, check_question, open_current_index, open_searcher, parse_where
from scoville.track.ledger import Ledger
from scoville.track.tracker import Tracker
from scoville.types import Answer, Message

logger = logging.getLogger("scoville")

WAITING = "Another process is adding to this workspace; waiting for it to end."
Where = str | Sequence[str]
"""A filter such as ``year >= 2023``, or several that all hold."""


class Bot:
    """A question-answering system over the documents of one workspace; ``scoville.open`` makes one.

    Several threads may ask it at once.
    """

    def __init__(self, workspace: Workspace, loaded: LoadedRecipe, *, bars: Bars = silent_bars) -> None:
        self.workspace = workspace
        self.loaded = loaded
        """The recipe with the origin of each of its values."""
        self.bars = bars
        self.name = workspace.root.name
        """What it is called in tables."""
        self._opening = threading.RLock()
        self._answerer: Answerer | None = None
        self._searcher: Searcher | None = None
        self._trackers: dict[str, Tracker] = {}
        self._writers: dict[bool, Writers] = {}
        self._closed = False

    @property
    def recipe(self) -> Recipe:
        """Every choice of the system."""
        return self.loaded.recipe

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
            self._forget_models()
            for tracker in self._trackers.values():
                tracker.close()
            self._trackers.clear()

    def with_recipe(self, recipe: Recipe) -> "Bot":
        """Give a bot with another recipe over the same workspace."""
        return Bot(self.workspace, LoadedRecipe(recipe, ()), bars=self.bars)

    def variant(self, values: Mapping[str, Any]) -> "Bot":
        """Give a bot with other values of the recipe over the same workspace, to compare with this one.

        Where they decide what is in the index, ``scoville.compare`` builds another beside it.
        """
        bot = self.with_recipe(with_values(self.recipe, dotted(values)))
        bot.name = ", ".join(f"{key}={value}" for key, value in values.items())
        return bot

    def add(
        self,
        *paths: Path | str,
        rebuild: bool = False,
        exclude: Sequence[str] = (),
        follow_symlinks: bool = False,
        widen_access: bool = False,
        no_limit: bool = False,
    ) -> AddReport:
        """Read, split, embed and index files: folders, patterns such as ``docs/**/*.md``, and URLs.

        Adding twice changes nothing; a changed file replaces its passages, a file that is gone disappears. What cannot
        be read is in the report and stops nothing. ``rebuild`` reads and embeds every known file again. ``exclude``
        are patterns of what is left out; ``follow_symlinks`` takes in what links lead to outside. ``widen_access`` lets
        more people read what the recipe now opens to them; ``no_limit`` pays for replies of models beyond
        ``metadata.max_usd``.
        """
        if not paths and not rebuild:
            raise UsageError("nothing to add: expected files, folders or URLs")
        return self._fill(
            lambda options: add_paths(
                self.workspace, self.recipe, paths, rebuild=rebuild, exclude=exclude, follow_symlinks=follow_symlinks,
                widen_access=widen_access, writers=self.writers(no_limit=no_limit), **options,
            )
        )  # fmt: skip

    def sync(
        self, *, retry: bool = False, prune: bool = False, widen_access: bool = False, no_limit: bool = False
    ) -> AddReport:
        """Bring the index in line with the sources of the recipe.

        ``retry`` tries again what failed too often; ``prune`` removes what came from sources that are empty now, or
        that the recipe names no more. ``widen_access`` and ``no_limit`` are those of :meth:`add`.
        """
        return self._fill(
            lambda options: sync_sources(
                self.workspace, self.recipe, retry=retry, prune=prune, widen_access=widen_access,
                writers=self.writers(no_limit=no_limit), **options,
            )
        )  # fmt: skip

    def remove(self, *names: str) -> tuple[str, ...]:
        """Remove documents from the index, by name, folder or pattern; give the names of what is gone."""
        removed = remove_documents(self.workspace, self.recipe, names, on_wait=_say_waiting)
        self._forget_models()
        return removed

    def documents(self) -> Mapping[str, DocumentState]:
        """Give what is in the index, by the documents' names."""
        return open_current_index(self.workspace, self.recipe).documents()

    def failures(self) -> list[Failure]:
        """Give what could not be read, with the reasons."""
        return self.workspace.failures()

    def search(
        self,
        question: str,
        *,
        where: Where = (),
        groups: Sequence[str] | None = None,
        limit: int | None = None,
        history: Sequence[Answer | Message] = (),
    ) -> HitList:
        """Find passages, best first.

        ``where`` filters by metadata: ``"year >= 2023 and department in (HR, Legal)"``. ``groups`` are the reader's:
        passages that have groups are found only by readers of one of them; None: no restriction.
        """
        filters = self._check(question, where)
        found = self.searcher().search(
            question, where=filters, groups=groups, limit=limit, history=turns_of(history)
        )  # fmt: skip
        return HitList(found)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Answer | Message] = (),
        where: Where = (),
        groups: Sequence[str] | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Answer:
        """Answer a question with citations, each checked against its document; or refuse, with the reason.

        ``history`` is the conversation before it; ``where`` and ``groups`` are those of :meth:`search`. ``on_text`` is
        given the model's text as it comes, before it is checked.
        """
        filters = self._check(question, where)
        answerer = self.answerer()
        answer = answerer.ask(question, history=turns_of(history), where=filters, groups=groups, on_text=on_text)
        self.tracker().answered(answer, answerer.searcher.embedder.name)
        return with_images(answer, self.workspace)

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Answer | Message] = (),
        where: Where = (),
        groups: Sequence[str] | None = None,
    ) -> Stream:
        """Give the text of an answer as it comes, before it is checked; then ``stream.answer`` is the answer."""
        self._check(question, where)
        return Stream(
            lambda on_text: self.ask(question, history=history, where=where, groups=groups, on_text=on_text)
        )  # fmt: skip

    def check(self, where: Where = ()) -> list[str]:
        """Refuse filters that cannot be read and a workspace without an index, before a model is fetched or loaded."""
        self._check_open()
        filters = [where] if isinstance(where, str) else list(where)
        parse_where(filters)
        self.workspace.require_built()
        return filters

    def searcher(self) -> Searcher:
        """Give what searches the index; opened once, and fetched before where its embedder is not here."""
        with self._opening:
            if self._searcher is None:
                self._searcher = self.answerer().searcher if self._answerer else self._open_searcher()
            return self._searcher

    def answerer(self) -> Answerer:
        """Give what answers; opened once, and its models fetched before where they are not here."""
        with self._opening:
            self._check_open()
            if self._answerer is None:
                self.fetch_models(llm=True)
                self._answerer = open_answerer(self.workspace, self.recipe)
            return self._answerer

    def tracker(self, run_id: str = "") -> Tracker:
        """Give what keeps the costs and the traces, of a run or of all else."""
        with self._opening:
            if run_id not in self._trackers:
                recipe = self.recipe
                ledger = Ledger(recipe.cost.hardware_usd_per_hour, run_id, embed_url=recipe.embed.base_url)
                self._trackers[run_id] = Tracker(self.workspace, ledger, traces=recipe.track.traces)
            return self._trackers[run_id]

    def writers(self, *, no_limit: bool = False) -> Writers:
        """Open the models that write while documents are read; ``no_limit`` pays beyond ``metadata.max_usd``."""
        with self._opening:
            if no_limit not in self._writers:
                self._writers[no_limit] = open_paid_writers(self.workspace, self.recipe, no_limit=no_limit)
            return self._writers[no_limit]

    def fetch_models(self, *, llm: bool) -> None:
        """Fetch the models of the recipe that are not in the cache, before they are needed."""
        from scoville.models import catalogue, is_cached, pull

        wanted = {self.recipe.embed.model} | ({self.recipe.llm.model} if llm else set[str]())
        for entry in catalogue():
            if entry.name in wanted and not is_cached(entry):
                logger.info("Fetching %s (%.0f MB), once.", entry.name, entry.size_bytes / 1e6)
                with self.bars("bytes") as progress:
                    pull(entry.name, progress=progress)

    def _fill(self, work: Callable[[dict[str, Any]], AddReport]) -> AddReport:
        """Do what fills the index, and keep what it took."""
        self._check_open()
        self.fetch_models(llm=False)
        with self.bars("files") as progress:

            def show(state: AddProgress) -> None:
                progress(f"{state.passages} passages, {state.current}", state.files, state.total)

            report = work({"on_progress": show, "on_wait": _say_waiting})
        if report.added or report.changed or report.removed:
            self._keep(report)
            self._forget_models()
        return report

    def _keep(self, report: AddReport) -> None:
        """Keep what an `add` or a `sync` took, and what the index is made of now."""
        recipe = self.recipe
        writer = recipe.metadata.model or recipe.split.summary_model
        documents = self.documents() if report.documents else {}
        self.tracker().added(
            report, self.workspace.require_built().embedder, recipe.build_hash,
            {source: state.document_id for source, state in documents.items()},
            writer=writer.model if writer else "",
        )  # fmt: skip

    def _check(self, question: str, where: Where) -> list[str]:
        """Refuse what cannot be asked, before a model is fetched or loaded; give the filters."""
        filters = self.check(where)
        check_question(question)
        return filters

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("this bot is closed: open it again with scoville.open")

    def _open_searcher(self) -> Searcher:
        asks = self.recipe.rewrite.asks_model or self.recipe.search.rerank == "llm"
        self.fetch_models(llm=asks)
        return open_searcher(self.workspace, self.recipe, ask_with(self.recipe.llm) if asks else None)

    def _forget_models(self) -> None:
        """Close what answers: it holds the index as it was."""
        with self._opening:
            if self._answerer:
                self._answerer.llm.close()
            self._answerer = self._searcher = None


def turns_of(history: Sequence[Answer | Message]) -> list[Message]:
    """Write a conversation as turns; a refusal says nothing that a later question could lean on, and is left out."""
    turns: list[Message] = []
    for one in history:
        if isinstance(one, Message):
            turns.append(one)
        elif not one.refused:
            turns += history_of([one])
    return turns


def _say_waiting() -> None:
    logger.info(WAITING)
