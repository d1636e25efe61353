"""The documents of a workspace: added, kept up to date, removed, and what of them could not be read.

Enters: a workspace with its records; files, folders, URLs, sources of the recipe. Leaves: reports. Whatever comes in is
paid within one budget and recorded, also where it is interrupted.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.bot.records import Records
from scoville.cost import Budget
from scoville.errors import UsageError
from scoville.index import (
    AddProgress,
    AddReport,
    DocumentState,
    Failure,
    add_paths,
    remove_documents,
    sync_sources,
)  # fmt: skip
from scoville.models.languages import unknown_to
from scoville.recipe.model import protocol_of

if TYPE_CHECKING:
    from scoville.backup import Backup
    from scoville.bot.inspect import Inspection
    from scoville.erase import Erasure, Subject

logger = logging.getLogger("scoville")
FEW = 0.05
"""Of the passages that came in."""


class Documents(Records):
    """One workspace whose documents can be changed."""

    def add(
        self,
        *paths: Path | str,
        rebuild: bool = False,
        exclude: Sequence[str] = (),
        follow_symlinks: bool = False,
        groups: Sequence[str] = (),
        widen_access: bool = False,
        no_limit: bool = False,
        budget: Budget | None = None,
        on: str | None = None,
    ) -> AddReport:
        """Read, split, embed and index files: folders, patterns such as ``docs/**/*.md``, and URLs.

        Adding twice changes nothing; a changed file replaces its passages, a file that is gone disappears. What cannot
        be read is in the report and stops nothing. ``rebuild`` reads and embeds every known file again. ``exclude``
        are patterns of what is left out; ``follow_symlinks`` takes in what links lead to outside. ``groups`` are the
        readers of what is new, or fewer where the recipe says so; none: everyone it lets. ``widen_access`` lets
        more people read what the recipe now opens to them; ``no_limit`` pays more for replies of models
        than ``cost.limit_usd``; several calls may share a ``budget``. ``on`` says where files are read, split and
        embedded: ``processes:N``, ``ray`` or ``ray://HOST:PORT``; in this process without it.
        """
        if not paths and not rebuild:
            raise UsageError("nothing to add: expected files, folders or URLs")
        return self._fill(
            lambda options: add_paths(
                self.workspace, self.recipe, paths, rebuild=rebuild, exclude=exclude, follow_symlinks=follow_symlinks,
                groups=groups, widen_access=widen_access, on=on, **options,
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
        on: str | None = None,
    ) -> AddReport:
        """Bring the index in line with the sources of the recipe.

        ``retry`` tries again what failed too often; ``prune`` removes what came from sources that are empty now, or
        that the recipe names no more. ``widen_access``, ``no_limit``, ``budget`` and ``on`` are those of
        :meth:`add`.
        """
        return self._fill(
            lambda options: sync_sources(
                self.workspace, self.recipe, retry=retry, prune=prune, widen_access=widen_access, on=on, **options,
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

    def forget(self, *names: str, yes: bool = False) -> "Erasure":
        """Take documents out of everything that the workspace keeps, or without ``yes`` say what would go.

        ``names`` are those of documents, folders or patterns. Index and old versions of it, traces, conversations,
        runs, cases, training rows and kept replies lose them; they are not added again until :meth:`allow`. What was
        made with them is marked, what holds them still is listed, and the receipt is signed. A forgetting
        that was killed is ended first.
        """
        from scoville.erase import find_documents, subject_of

        self._end_forgetting(yes)
        return self._forgotten(subject_of(self.workspace, find_documents(self.workspace, names)), yes)

    def forget_person(self, name: str, *, drop: Sequence[str] = (), yes: bool = False) -> "Erasure":
        """Blot a person out of what was asked, answered, kept and measured, or without ``yes`` say where they stand.

        ``name`` is a name, an address or a number, in any spelling of the blanks and signs in it, or ``/a regular
        expression/``. Documents that name the person stay and are listed, those of ``drop`` are forgotten as a whole.
        """
        from scoville.erase import person_subject

        self._end_forgetting(yes)
        if drop:
            self.forget(*drop, yes=yes)
        return self._forgotten(person_subject(name), yes)

    def allow(self, *names: str) -> list[str]:
        """Let documents that were forgotten be added again; give their names."""
        from scoville.erase import allow

        return allow(self.workspace, names)

    def verify_receipt(self, receipt: Path | str) -> dict[str, Any]:
        """Give what a receipt says; UsageError where it was changed, or another workspace signed it."""
        from scoville.erase import verify_receipt

        return verify_receipt(Path(receipt), self.workspace)

    def receipts(self) -> dict[int, dict[str, Any]]:
        """Give the receipts of what was forgotten, by their numbers; UsageError for one that was changed."""
        from scoville.erase import receipts_of

        return receipts_of(self.workspace)

    def _end_forgetting(self, yes: bool) -> None:
        """End a forgetting that was killed, where something is to be changed at all."""
        from scoville.erase import finish_killed

        self._check_adds()
        self.flush()
        if yes and finish_killed(self.workspace, self.recipe):
            logger.warning("A forgetting that was interrupted was brought to its end first.")

    def _forgotten(self, subject: "Subject", yes: bool) -> "Erasure":
        from scoville.erase import forget, look

        if not yes:
            return look(self.workspace, self.recipe, subject)
        self.forget_index()
        try:
            return forget(self.workspace, self.recipe, subject)
        finally:
            self.forget_index()

    def backup(self, file: Path | str) -> "Backup":
        """Write the workspace into a new file, while it is used; ``scoville restore`` puts it back."""
        from scoville.backup import back_up

        self.flush()
        return back_up(self.workspace, Path(file), on_wait=_say_waiting)

    def documents(self) -> Mapping[str, DocumentState]:
        """Give what is in the index, by the documents' names."""
        return self.open_index().documents()

    def failures(self) -> list[Failure]:
        """Give what could not be read, with the reasons."""
        return self.workspace.failures()

    def inspect(self, file: Path | str, page: int | None = None) -> "Inspection":
        """Say what a file is read as and split into, as :meth:`add` would; of one page only, if it is given."""
        from scoville.bot.inspect import inspect

        return inspect(self, Path(file), page)

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
                    runtime = protocol_of(self._writer)
                    self.tracker().spent(ledger.entry("ingest", model=self._writer, runtime=runtime, fee_usd=paid))
                raise
        report = replace(report, notes=self._unknown(report.languages))
        if report.added or report.changed or report.removed:
            self._keep(report)
            self.forget_index()
        return report

    def _unknown(self, languages: Mapping[str, int]) -> tuple[str, ...]:
        """Say which of the languages that came in the models do not know; a few passages may be told wrongly."""
        least = FEW * sum(languages.values())
        many = [language for language, passages in languages.items() if passages > least]
        return unknown_to(self.recipe.embed.model, self.recipe.llm.model, many)

    def _check_adds(self) -> None:
        self.check_open()
        if self.released:
            raise UsageError(f"release {self.released.name} is not changed once it is made: add to the workspace")
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


def _say_waiting() -> None:
    logger.info("Another process is adding to this workspace; waiting for it to end.")
