"""Bot: one workspace with its recipe, its models and its records, behind one object.

Enters: documents, questions. Leaves: reports, hits, answers. Models are opened when they are first needed, once, and
freed by ``close``. What is asked and added leaves the same trace whoever asks: a program, a notebook or a command.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.answer import history_of
from scoville.at_once import in_order
from scoville.bot.hits import HitList
from scoville.bot.images import with_images
from scoville.bot.opened import Where
from scoville.bot.records import Records
from scoville.bot.stream import Stream
from scoville.cost import Budget
from scoville.errors import ScovilleError, UsageError
from scoville.index import (
    AddProgress,
    AddReport,
    DocumentState,
    Failure,
    add_paths,
    remove_documents,
    sync_sources,
)  # fmt: skip
from scoville.recipe.file import dotted, with_values
from scoville.search import Connections, check_question, connections, parse_where
from scoville.types import Answer, Case, Message

if TYPE_CHECKING:  # what is only needed to evaluate is loaded then, so that asking begins sooner
    from scoville.bot.check_cases import CheckedCases
    from scoville.bot.check_judge import Checked
    from scoville.bot.doctor import Check
    from scoville.bot.evaluate import Cases
    from scoville.bot.generate import Author
    from scoville.bot.inspect import Inspection
    from scoville.bot.report import Report
    from scoville.bot.run import Run
    from scoville.bot.sweep import OnTrial, Sweep
    from scoville.bot.systems import Spec
    from scoville.cases.generate import Generated
    from scoville.evaluate.runs import Run as SavedRun
    from scoville.recipe import Judge

logger = logging.getLogger("scoville")


class Bot(Records):
    """A question-answering system over the documents of one workspace; ``scoville.open`` makes one.

    Several threads may ask it at once.
    """

    def variant(self, values: Mapping[str, Any]) -> "Bot":
        """Give a bot with other values of the recipe over the same documents, to ask or to compare with this one.

        Where they decide what is in the index, another is built beside the workspace's when it is first needed, and
        kept; documents are added to this bot, and the variant's index follows.
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
        budget: Budget | None = None,
    ) -> AddReport:
        """Read, split, embed and index files: folders, patterns such as ``docs/**/*.md``, and URLs.

        Adding twice changes nothing; a changed file replaces its passages, a file that is gone disappears. What cannot
        be read is in the report and stops nothing. ``rebuild`` reads and embeds every known file again. ``exclude``
        are patterns of what is left out; ``follow_symlinks`` takes in what links lead to outside. ``widen_access`` lets
        more people read what the recipe now opens to them; ``no_limit`` pays more for replies of models
        than ``cost.limit_usd``; several calls may share a ``budget``.
        """
        if not paths and not rebuild:
            raise UsageError("nothing to add: expected files, folders or URLs")
        return self._fill(
            lambda options: add_paths(
                self.workspace, self.recipe, paths, rebuild=rebuild, exclude=exclude, follow_symlinks=follow_symlinks,
                widen_access=widen_access, **options,
            ),
            budget or self.budget(no_limit=no_limit),
        )  # fmt: skip

    def sync(
        self,
        *,
        retry: bool = False,
        prune: bool = False,
        widen_access: bool = False,
        no_limit: bool = False,
        budget: Budget | None = None,
    ) -> AddReport:
        """Bring the index in line with the sources of the recipe.

        ``retry`` tries again what failed too often; ``prune`` removes what came from sources that are empty now, or
        that the recipe names no more. ``widen_access``, ``no_limit`` and ``budget`` are those of :meth:`add`.
        """
        return self._fill(
            lambda options: sync_sources(
                self.workspace, self.recipe, retry=retry, prune=prune, widen_access=widen_access, **options,
            ),
            budget or self.budget(no_limit=no_limit),
        )  # fmt: skip

    def watch(
        self,
        *paths: Path | str,
        every_seconds: float | None = None,
        exclude: Sequence[str] = (),
        follow_symlinks: bool = False,
        widen_access: bool = False,
        no_limit: bool = False,
        budget: Budget | None = None,
    ) -> Iterator[AddReport]:
        """Add again whenever files at or below the paths change, and give a report each time; it never ends.

        Without paths it is :meth:`sync`, which is done every 300 seconds as well, or as ``every_seconds`` says. What
        cannot be done is logged, and tried again with the next change. All else is that of :meth:`add`.
        """
        from scoville.bot.watch import EVERY_SECONDS, source_folders, watch

        paid = budget or self.budget(no_limit=no_limit)
        if not paths:
            places = source_folders(self.workspace.root, self.recipe)
            work = partial(self.sync, widen_access=widen_access, budget=paid)
            return watch(places, work, every_seconds or EVERY_SECONDS)
        places = [Path(path) for path in paths if "://" not in str(path)]
        work = partial(
            self.add, *paths, exclude=exclude, follow_symlinks=follow_symlinks, widen_access=widen_access, budget=paid
        )
        return watch(places, work, every_seconds)

    def remove(self, *names: str) -> tuple[str, ...]:
        """Remove documents from the index, by name, folder or pattern; give the names of what is gone."""
        self._check_adds()
        removed = remove_documents(self.workspace, self.recipe, names, on_wait=_say_waiting)
        self.forget_index()
        return removed

    def documents(self) -> Mapping[str, DocumentState]:
        """Give what is in the index, by the documents' names."""
        return self.open_index().documents()

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
        budget: Budget | None = None,
    ) -> Answer:
        """Answer a question with citations, each checked against its document; or refuse, with the reason.

        ``history`` is the conversation before it; ``where`` and ``groups`` are those of :meth:`search`. ``on_text`` is
        given the model's text as it comes, before it is checked. Several questions may share a ``budget``.
        """
        filters = self._check(question, where)
        answerer = self.answerer(budget)
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

    def batch(
        self,
        questions: Iterable[str],
        *,
        where: Where = (),
        groups: Sequence[str] | None = None,
        workers: int | None = None,
        no_limit: bool = False,
        return_exceptions: bool = False,
    ) -> Iterator[Answer | ScovilleError]:
        """Answer questions side by side, and give the answers in their order, each as soon as it is there.

        ``workers`` are asked at once, by default as many as the model takes. A question that fails raises, or with
        ``return_exceptions`` gives its error in the place of its answer. All of it pays at most ``cost.limit_usd``.
        """
        given = list(questions)
        self.check(where)
        budget = self.budget(no_limit=no_limit)
        self.say_price(len(given), budget)

        def answered(question: str) -> Answer | ScovilleError:
            try:
                return self.ask(question, where=where, groups=groups, budget=budget)
            except ScovilleError as error:
                if not return_exceptions:
                    raise
                return error

        return in_order(answered, given, workers or self.recipe.llm.at_once)

    def graph(
        self, name: str, *, limit: int = 20, where: Where = (), groups: Sequence[str] | None = None
    ) -> Connections:
        """Say what stands in the same passages as a name, a code or a term, the most connected first."""
        return connections(self.open_index(), name, limit, parse_where(self.check(where)), groups)

    def inspect(self, file: Path | str, page: int | None = None) -> "Inspection":
        """Say what a file is read as and split into, as :meth:`add` would; of one page only, if it is given."""
        from scoville.bot.inspect import inspect

        return inspect(self, Path(file), page)

    def doctor(self) -> "list[Check]":
        """Check the machine, the recipe, the models with their endpoints, the index and the disk."""
        from scoville.bot.doctor import check_bot, check_machine

        return [*check_machine(), *check_bot(self)]

    def evaluate(
        self,
        cases: "Cases",
        *,
        system: "Spec" = "",
        name: str = "",
        split: str = "",
        tags: Sequence[str] = (),
        limit: int | None = None,
        against: Sequence[Path | str] = (),
        judge: bool = False,
        semantic: bool = False,
        perplexity: bool = False,
        baseline: "SavedRun | str | None" = None,
        timeout_seconds: float = 120.0,
        workers: int | None = None,
        no_limit: bool = False,
    ) -> "Run":
        """Ask every case of a file, or every one of some cases, and score the answers in a run that is kept.

        ``system`` answers in the bot's place: another recipe's file, a function, ``file.py:function`` or an address.
        ``split``, ``tags`` and ``limit`` choose cases; ``against`` are training cases of which none may be among them.
        The recipe's ``judge`` decides what comparison leaves open, ``semantic`` compares by embeddings, ``perplexity``
        asks the local model how likely it holds the expected answers. With a ``baseline`` cases that could not be
        compared with its own are refused. ``workers`` cases are asked at once, by default ``llm.concurrency``, or
        8 of a hosted model and 1 of a local one. ``no_limit`` may cost more than ``cost.limit_usd``.
        """
        from scoville.bot.evaluate import Asked, Choice, evaluate
        from scoville.bot.score import Scoring

        asked = Asked(
            system=system, name=name, timeout_seconds=timeout_seconds, workers=workers, baseline=self._found(baseline)
        )
        choice = Choice(split=split, tags=tags, limit=limit, against=against)
        scoring = Scoring(judge, semantic, perplexity, no_limit)
        return self._run(evaluate(self, cases, choice, asked, scoring))

    def resume(
        self,
        run: "SavedRun | str" = "latest",
        *,
        system: "Spec" = "",
        judge: bool = False,
        semantic: bool = False,
        perplexity: bool = False,
        baseline: "SavedRun | str | None" = None,
        timeout_seconds: float = 120.0,
        workers: int | None = None,
        no_limit: bool = False,
    ) -> "Run":
        """Go on with an evaluation that was interrupted; all else is that of :meth:`evaluate`."""
        from scoville.bot.evaluate import Asked, resume
        from scoville.bot.score import Scoring

        asked = Asked(system=system, timeout_seconds=timeout_seconds, workers=workers, baseline=self._found(baseline))
        scoring = Scoring(judge, semantic, perplexity, no_limit)
        return self._run(resume(self, self.run(run), asked, scoring))

    def score(
        self,
        run: "SavedRun | str" = "latest",
        *,
        judge: bool = False,
        semantic: bool = False,
        perplexity: bool = False,
        no_limit: bool = False,
    ) -> "Run":
        """Score a run again, without asking its system."""
        from scoville.bot.evaluate import score_again
        from scoville.bot.score import Scoring

        scoring = Scoring(judge, semantic, perplexity, no_limit)
        return self._run(score_again(self, self.run(run), scoring))

    def sweep(
        self,
        cases: "Cases | None" = None,
        *,
        trials: int | None = None,
        split: str = "",
        limit: int | None = None,
        resume: str = "",
        no_limit: bool = False,
        on_trial: "OnTrial | None" = None,
    ) -> "Sweep":
        """Try the values of ``sweep`` in the recipe on the same cases; what recipes have in common is done once.

        It goes on where the same sweep was interrupted. ``resume`` names one that goes on as it was begun, whatever the
        recipe says now. With a ``split``, such as ``dev``, only its cases choose, and the best is measured once on
        those of ``test``. ``on_trial`` is told the recipe that is swept, and each trial as it ends.
        """
        from scoville.bot.sweep import sweep

        return sweep(
            self, cases, trials=trials, split=split, limit=limit, resume=resume, no_limit=no_limit, on_trial=on_trial
        )  # fmt: skip

    def sweeps(self) -> "list[Sweep]":
        """List the sweeps of the workspace, oldest first."""
        from scoville.bot.sweep import sweeps_of

        return sweeps_of(self)

    def best_recipe(self, sweep: str = "latest") -> str:
        """Write the best recipe of a sweep as YAML, with the scores as its reasons and the comments of the recipe."""
        from scoville.bot.sweep import best_recipe

        return best_recipe(self, sweep)

    def report(self, *runs: "SavedRun | str", out: Path | str = "report.html", metric: str = "quality") -> "Report":
        """Write runs of the same cases, by default the latest, as one HTML page that loads nothing."""
        from scoville.bot.report import write_report

        return write_report([self.run(run) for run in runs or ("latest",)], Path(out), metric)

    def check_cases(self, *files: Path | str) -> "list[CheckedCases]":
        """Look for what is wrong with files of cases: duplicates, evidence that is not in the index, leaks."""
        from scoville.bot.check_cases import check_cases

        return check_cases(self, files)

    def check_judge(
        self, labels: Path | str, settings: "Judge | None" = None, *, limit: int | None = None, no_limit: bool = False
    ) -> "Checked":
        """Compare a judge, by default the recipe's, with labels of people; the numbers are shown beside its scores.

        ``labels`` is JSONL with question, answer and label, answers graded 1 to 5, or MT-bench's human judgments.
        """
        from scoville.bot.check_judge import check

        return check(self, labels, settings or self.recipe.judge, limit=limit, no_limit=no_limit)

    def generate_cases(
        self,
        out: Path | str = "cases/generated.jsonl",
        *,
        count: int = 40,
        kinds: Sequence[str] = (),
        seeds: Sequence[Case] = (),
        generator: "Author" = "auto",
        seed: int = 0,
        no_limit: bool = False,
    ) -> "Generated":
        """Write test cases out of the documents into a file: checked, of several kinds, some without an answer.

        What was tried is kept beside the file, so that the same call goes on. ``seeds`` are cases that people wrote: a
        model is shown some of them, and none is repeated. The ``generator`` ``templates`` asks no model, ``model`` that
        of the recipe; ``auto`` takes ``model`` for a hosted one and else ``templates``, and has the model say what it
        knows without documents. Another ``seed`` gives other cases.
        """
        from scoville.bot.generate import generate

        return generate(
            self, Path(out), kinds, count=count, seeds=seeds, generator=generator, seed=seed, no_limit=no_limit
        )

    def runs(self) -> "list[Run]":
        """List the runs of the workspace, oldest first."""
        from scoville.evaluate.runs import list_runs

        return [self._run(run) for run in list_runs(self.workspace.folder / "runs")]

    def run(self, name: "SavedRun | str" = "latest") -> "Run":
        """Find a run by its id, the beginning or the end of it, or ``latest``."""
        from scoville.evaluate.runs import find_run

        return self._run(find_run(self.workspace.folder / "runs", name) if isinstance(name, str) else name)

    def _run(self, run: "SavedRun") -> "Run":
        from scoville.bot.run import Run

        return Run(run.folder, self)

    def _found(self, run: "SavedRun | str | None") -> "SavedRun | None":
        return None if run is None else self.run(run)

    def _fill(self, work: Callable[[dict[str, Any]], AddReport], budget: Budget) -> AddReport:
        """Do what fills the index, and keep what it took; what was paid for is kept where it is interrupted, too."""
        self._check_adds()
        self.fetch_models(llm=False)
        with self.bars("files") as progress:

            def show(state: AddProgress) -> None:
                progress(f"{state.passages} passages, {state.current}", state.files, state.total)

            before = budget.spent_usd
            try:
                report = work({"writers": self.writers(budget), "on_progress": show, "on_wait": _say_waiting})
            except BaseException:
                paid = None if before is None or budget.spent_usd is None else budget.spent_usd - before
                if paid != 0:
                    ledger = self.tracker().ledger
                    self.tracker().spent(ledger.entry("ingest", model=self._writer, runtime="openai", fee_usd=paid))
                raise
        if report.added or report.changed or report.removed:
            self._keep(report)
            self.forget_index()
        return report

    def _check_adds(self) -> None:
        self.check_open()
        if not self.shares_index:
            raise UsageError(
                "a variant with an index of its own has the documents of the bot that it was made from: add them to "
                "that bot and remove them there, and the variant follows"
            )

    def _keep(self, report: AddReport) -> None:
        """Keep what an `add` or a `sync` took, and what the index is made of now."""
        recipe = self.recipe
        documents = self.documents() if report.documents else {}
        self.tracker().added(
            report, self.workspace.require_built().embedder, recipe.build_hash,
            {source: state.document_id for source, state in documents.items()},
            writer=self._writer,
        )  # fmt: skip

    @property
    def _writer(self) -> str:
        """The model that is paid while documents are added."""
        recipe = self.recipe
        writer = recipe.metadata.model or recipe.split.summary_model or recipe.read.audio or recipe.read.pdf
        return writer.model

    def _check(self, question: str, where: Where) -> list[str]:
        """Refuse what cannot be asked, before a model is fetched or loaded; give the filters."""
        filters = self.check(where)
        check_question(question)
        return filters


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
    logger.info("Another process is adding to this workspace; waiting for it to end.")
