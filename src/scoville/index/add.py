"""What `add`, `sync` and `remove` do: paths, URLs or the recipe's sources → an index in line with them, and a report.

Files are compared by content, so doing it twice changes nothing; documents are committed whole, so a kill loses at most
the ones that were in hand. Knows nothing of searching.
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from scoville.embed import Embedder, open_embedder
from scoville.errors import DamagedIndex, StaleIndex, UsageError, WorkspaceError
from scoville.guards import Guards
from scoville.html import facts_html
from scoville.index.access import Access, Groups, Widening
from scoville.index.build import build_hash
from scoville.index.elsewhere import open_executor
from scoville.index.ingest import AddProgress, Ingest, known_items
from scoville.index.look import NO_WRITERS, Known, Look, SourceSpec, Writers
from scoville.index.open import open_index
from scoville.index.protocol import Index
from scoville.index.reading_cache import ReadingCache
from scoville.index.workspace import Built, Failure, Seen, Workspace
from scoville.recipe import Recipe
from scoville.recipe.model import is_hosted
from scoville.recipe.sources import Entry, PathEntry
from scoville.sources import FileSource, Place, open_entries, open_place
from scoville.sources.pattern import MAGIC, matches
from scoville.types import Finding

logger = logging.getLogger("scoville")
SHOWN_FAILURES = 10
"""In a notebook."""
OnProgress = Callable[[AddProgress], None] | None
OnWait = Callable[[], None] | None


@dataclass(frozen=True, kw_only=True)
class AddReport:
    """What an `add` or a `sync` did."""

    documents: int
    """Documents in the index now."""
    passages: int
    """Passages in the index now."""
    added: int
    changed: int
    removed: int
    unchanged: int
    failed: tuple[Failure, ...]
    """Of the paths that were asked for."""
    tokens: int
    """Tokens embedded by this run."""
    seconds: float
    seconds_by_stage: Mapping[str, float] = field(default_factory=dict[str, float])
    """Reading and splitting happen while others are embedded, so the sum may be more than ``seconds``."""
    skipped: int = 0
    """What failed too often to be tried again, and did not change."""
    left: int = 0
    """Documents of sources that the recipe names no more."""
    widened: tuple[Widening, ...] = ()
    """Items that the recipe opens to more readers than they had."""
    for_nobody: tuple[str, ...] = ()
    """Items that came in now and lie in sources without a common group, so that nobody may read them."""
    findings: tuple[Finding, ...] = ()
    """What `guards.passages` found in what was read: models are given passages without it."""
    remarks: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many reading left on what came in now, by file: pages left out, no text found by OCR, guessed letters."""
    languages: Mapping[str, int] = field(default_factory=dict[str, int])
    """Of the passages that came in now, by their codes (ISO 639-1); empty for those that cannot be told."""
    notes: tuple[str, ...] = ()
    """What is to be known of them: languages that the recipe's models do not know."""
    cost_usd: float | None = 0.0
    """What the replies cost of `metadata.model`, `split.summary_model` and models that read; None where a price is not
    known."""

    @property
    def read_nothing(self) -> bool:
        """Whether there was something to read, and nothing could be."""
        return bool(self.failed) and not (self.added or self.changed or self.unchanged)

    @property
    def held_back(self) -> tuple[Widening, ...]:
        """What would be open to more readers if somebody agreed (``widen_access``)."""
        return tuple(one for one in self.widened if not one.done)

    def __str__(self) -> str:
        """Say what was done in one line."""
        done = [f"{count} {what}" for count, what in (
            (self.added, "added"), (self.changed, "changed"), (self.removed, "removed"),
            (self.unchanged, "unchanged"), (len(self.failed), "not read"), (self.skipped, "given up"),
        ) if count]  # fmt: skip
        paid = f", ${self.cost_usd:.4f} paid for replies" if self.cost_usd else ""
        paid = ", replies paid for at an unknown price" if self.cost_usd is None else paid
        total = f"{self.documents} documents, {self.passages} passages in the index"
        return f"{', '.join(done) or 'nothing to read was found'} in {self.seconds:.1f} s{paid}; {total}."

    def _repr_html_(self) -> str:
        facts = {
            "added": self.added, "changed": self.changed, "removed": self.removed, "unchanged": self.unchanged,
            "given up": self.skipped, "seconds": self.seconds, "$ paid": self.cost_usd,
            "found by guards": len(self.findings),
            **{f"not read: {failure.path}": failure.reason for failure in self.failed[:SHOWN_FAILURES]},
        }  # fmt: skip
        return facts_html(f"{self.documents:,} documents, {self.passages:,} passages in the index", facts)


def table_name(embedder: str) -> str:
    """Name the table of an embedder: vectors of two models never share one."""
    return f"passages-{hashlib.sha256(embedder.encode()).hexdigest()[:12]}"


def add_paths(
    workspace: Workspace,
    recipe: Recipe,
    paths: Sequence[Path | str],
    *,
    rebuild: bool = False,
    exclude: Sequence[str] = (),
    follow_symlinks: bool = False,
    groups: Sequence[str] = (),
    widen_access: bool = False,
    on: str | None = None,
    writers: Writers = NO_WRITERS,
    on_progress: OnProgress = None,
    on_wait: OnWait = None,
) -> AddReport:
    """Add, update and remove what changed at or below ``paths``: paths, patterns, and URLs where they are texts.

    ``rebuild`` reads and embeds every known file again, beside the present index if settings changed, and then
    switches over. A path that is gone but known is removed. ``exclude`` are patterns of what is left out below
    ``paths``; ``follow_symlinks`` takes in what links in them lead to outside. ``groups`` may read what is new, where
    the recipe lets them; none: everyone it lets. Who may read what stays as it was where
    the recipe now opens it to more readers, unless ``widen_access`` agrees to that. ``on`` says where files are read,
    split and embedded: `processes:N`, `ray`, `ray://HOST:PORT`; here without it. Raises UsageError when a path was
    never there, StaleIndex when the index was built with another embedder, StorageError when the disk is full.
    """
    started = time.perf_counter()
    if not rebuild and workspace.built() is None:
        _check_paths(paths, _place(workspace), {})
    with workspace.writing(on_wait):
        run = _Run(
            workspace, recipe, rebuild=rebuild, widens=widen_access, on=on, writers=writers, on_progress=on_progress
        )
        _check_paths(paths, run.place, run.everything)
        taken = PathEntry(path="", exclude=tuple(exclude), follow_symlinks=follow_symlinks, groups=tuple(groups))
        specs = [*_specs_of(paths, recipe, run.place, taken), *(run.specs_of_known() if rebuild else [])]
        if run.is_lost and not specs:
            raise DamagedIndex("the list of what was added is lost, too: name it, as in `scoville add --rebuild docs/`")
        return run.finish(specs, started)


def build_again(
    workspace: Workspace,
    recipe: Recipe,
    items: Mapping[str, Known],
    *,
    embedder: Embedder,
    readings: ReadingCache,
    writers: Writers = NO_WRITERS,
    on_progress: OnProgress = None,
) -> AddReport:
    """Build the index of another recipe over the items of an index, given as it knows them; these items only.

    ``workspace`` is a folder of its own, beside the index. What was built there before goes on.
    """
    started = time.perf_counter()
    with workspace.writing():
        run = _Run(
            workspace,
            recipe,
            items=items,
            embedder=embedder,
            readings=readings,
            writers=writers,
            on_progress=on_progress,
        )
        run.ingest.remove(run.everything.keys() - items.keys())
        run.everything = {name: one.origin for name, one in items.items()}
        return run.finish(run.specs_of_known(), started)


def sync_sources(
    workspace: Workspace,
    recipe: Recipe,
    *,
    retry: bool = False,
    prune: bool = False,
    widen_access: bool = False,
    on: str | None = None,
    writers: Writers = NO_WRITERS,
    on_progress: OnProgress = None,
    on_wait: OnWait = None,
) -> AddReport:
    """Bring the index in line with the sources of the recipe.

    ``retry`` tries again what failed too often. ``prune`` removes what a source no longer has even where it lists
    nothing at all, and the documents of sources that the recipe names no more. ``widen_access`` and ``on`` are those
    of ``add_paths``.
    """
    started = time.perf_counter()
    if not recipe.sources.entries:
        raise UsageError("the recipe names no sources: add them to it, e.g. `sources: [{path: docs}]`")
    with workspace.writing(on_wait):
        run = _Run(
            workspace, recipe, tries_all=retry, widens=widen_access, on=on, writers=writers, on_progress=on_progress
        )
        opened = open_entries(recipe, run.place)
        specs = [SourceSpec(source, entry, keeps_when_empty=not prune) for entry, source in opened]
        return run.finish(specs, started, prune=prune, keys={source.key for _, source in opened})


def remove_documents(
    workspace: Workspace, recipe: Recipe, names: Sequence[str], *, on_wait: OnWait = None
) -> tuple[str, ...]:
    """Remove documents by name, by the folder they are in, or by pattern; give the names of what is gone.

    Removes what failed, too. Raises UsageError, and removes nothing, for a name of which nothing is known.
    """
    built = workspace.require_built()
    with workspace.writing(on_wait):
        index = open_index(workspace, recipe.index, built)
        known = known_items(index)
        failures = workspace.failures()
        seen = workspace.seen()  # forgotten last: one that was killed half way can be done again
        candidates = known.keys() | {failure.item or failure.path for failure in failures} | seen.keys()
        removed: set[str] = set()
        for name in names:
            found = {item for item in candidates if is_named(item, name)}
            if not found:
                found = {item for item in candidates if is_named(item, workspace.source_of(Path(name)))}
            if not found:
                raise UsageError(_unknown(name, known, index))
            removed |= found
        index.drop_others(())  # what an interrupted rebuild has of them
        index.remove(sorted(removed & known.keys()))
        index.finish()
        workspace.set_failures([one for one in failures if not {one.path, one.item} & removed])
        workspace.set_seen({item: one for item, one in seen.items() if item not in removed})
    return tuple(sorted(removed))


class _Run:
    """One run, under the lock: the index that is current, and the one that will be."""

    def __init__(
        self,
        workspace: Workspace,
        recipe: Recipe,
        *,
        rebuild: bool = False,
        tries_all: bool = True,
        widens: bool = False,
        on: str | None = None,
        items: Mapping[str, Known] | None = None,
        writers: Writers = NO_WRITERS,
        on_progress: OnProgress = None,
        embedder: Embedder | None = None,
        readings: ReadingCache | None = None,
    ) -> None:
        """``items`` are what another index knows of the same items."""
        _check_writers(recipe, writers)
        if on:
            _check_elsewhere(recipe)
        self.workspace = workspace
        self.recipe = recipe
        self.place = _place(workspace)
        self.embedder: Embedder = embedder or open_embedder(recipe.embed)
        self.before: Built | None = None
        self.is_lost = False
        """Whether there was an index that is damaged, so that all is read again that is in the list beside it."""
        present = self._present(rebuild, heals=rebuild or items is not None)
        build = build_hash(recipe)
        if self.before and present and self._is_of_embedder(self.before) and (not rebuild or present.is_current(build)):
            self.target, self.index = self.before, present
        else:
            self.target = self._beside(build)
            self.index = open_index(workspace, recipe.index, self.target, create=True)
        known = known_items(self.index)
        self.replaced = present if self.index is not present else None
        self.earlier = earlier = known_items(self.replaced) if self.replaced else {}
        seen = workspace.seen()
        seen = {name: Seen("", "", one.origin, one.groups) for name, one in {**earlier, **known}.items()} | seen
        groups: dict[str, Groups] = {name: one.groups for name, one in seen.items()}
        groups |= {name: one.groups for name, one in ({**earlier, **(items or {}), **known}).items()}
        # Where some passages are stale, a rebuild heals those, so that one which was interrupted goes on; where none
        # is, everything is built again.
        from_scratch = rebuild and self.index is present and self.index.is_current(build)
        look = Look(
            recipe=recipe,
            embedder=self.embedder,
            guards=Guards(recipe.guards, self.embedder),
            build=build,
            access=Access(recipe, self.place, groups, {name: one.digest for name, one in seen.items()}, widens=widens),
            known=known,
            failures={failure.path: failure for failure in workspace.failures()},
            seen=seen,
            from_scratch=from_scratch,
            tries_all=tries_all,
            writers=writers,
            readings=readings,
            executor=open_executor(on, recipe, build) if on else None,
        )
        self.ingest = Ingest(workspace, self.index, look, seen, on_progress)
        self.spent_before = self._spent()
        self.everything = {name: one.origin for name, one in seen.items()} if self.is_lost else {}
        failures = (one for one in look.failures.values() if not one.is_of_source)
        self.everything |= {one.item or one.path: one.origin for one in failures}
        self.everything |= {name: one.origin for name, one in {**earlier, **known}.items()}
        """The items that were ever listed, with their origins: in the index, in the one before it, or failed."""
        if self.is_lost:
            logger.warning("The index is damaged; the %d files that were added are read again.", len(self.everything))

    def finish(
        self, specs: Sequence[SourceSpec], started: float, *, prune: bool = False, keys: Collection[str] = ()
    ) -> AddReport:
        """Bring the index in line with sources; with ``prune`` remove what came from others than ``keys``."""
        if self.before is None and not self.is_lost:
            self._check_alone()
            self.workspace.set_built(self.target)
        executor = self.ingest.look.executor
        with closing(executor) if executor else nullcontext():
            self.ingest.run(specs)
        known = self.ingest.look.known
        left = [name for name, one in known.items() if keys and one.origin and one.origin not in keys]
        if prune:
            self.ingest.remove(left)
        self._check_alone()
        self.index.finish()  # takes 2 ms when there is nothing to do, and a killed run may have left something
        (self.workspace.set_built if self.is_lost else self.workspace.settle)(self.target)
        # The index before this one goes with the next `add`: another process may be searching it.
        self.index.drop_others({self.before.table} if self.before and not self.is_lost else ())
        self.ingest.record()
        if failure := self.ingest.stopped or self.ingest.unreached:
            raise failure
        return self._report(time.perf_counter() - started, 0 if prune else sum(known[name].documents for name in left))

    def _check_alone(self) -> None:
        """Refuse to put an index in the place of one that another machine changed meanwhile."""
        if not self.workspace.shared or self.is_lost:
            return
        is_other = self.workspace.built(fresh=True) not in (self.before, self.target)
        if is_other or (self.replaced and known_items(self.replaced) != self.earlier):
            raise WorkspaceError(
                f"another machine changed the index in {self.workspace.shared.url} meanwhile: run this again; what was "
                "built is kept"
            )

    def specs_of_known(self) -> list[SourceSpec]:
        """Give sources that list every item that is known, each by where it came from."""
        opened = [(entry, source) for entry, source in open_entries(self.recipe, self.place)
                  if source.key in set(self.everything.values())]  # fmt: skip
        keys = {source.key for _, source in opened}
        by_hand = [name for name, origin in self.everything.items() if origin not in keys]
        paths = [name if "://" in name else self.place.path_of(name) for name in by_hand]
        return [*(SourceSpec(source, entry) for entry, source in opened), *_specs_of(paths, self.recipe, self.place)]

    def _report(self, seconds: float, left: int) -> AddReport:
        documents = self.index.documents()
        tally = self.ingest.tally
        return AddReport(
            documents=len(documents),
            passages=sum(state.passages for state in documents.values()),
            added=tally.added,
            changed=tally.changed,
            removed=tally.removed,
            unchanged=tally.unchanged,
            failed=tuple(sorted(tally.failed, key=lambda failure: failure.path)),
            tokens=tally.tokens,
            seconds=seconds,
            seconds_by_stage={stage: round(spent, 3) for stage, spent in tally.seconds.items()},
            skipped=tally.skipped,
            left=left,
            widened=tuple(tally.widened),
            for_nobody=tuple(tally.for_nobody),
            findings=tuple(tally.findings),
            remarks=dict(sorted(tally.remarks.items())),
            languages=dict(tally.languages),
            cost_usd=self._cost(),
        )

    def _cost(self) -> float | None:
        now = self._spent()
        return None if now is None or self.spent_before is None else round(now - self.spent_before, 6)

    def _spent(self) -> float | None:
        budget = self.ingest.look.writers.budget
        return budget.spent_usd if budget else 0.0

    def _present(self, rebuild: bool, *, heals: bool) -> Index | None:
        """Open the index that there is; nothing where it is damaged and ``heals``, or of another embedder and empty."""
        try:
            self.before = self.workspace.built(fresh=True)
            index = self.before and open_index(self.workspace, self.recipe.index, self.before)
            if index and heals:
                index.verify()
        except DamagedIndex:
            if not heals:
                raise
            self.is_lost = True
            return None
        if not self.before or not index or rebuild or self._is_of_embedder(self.before):
            return index
        if index.count():
            raise StaleIndex(
                f"the index was built with the embedder {self.before.embedder!r} and the recipe says "
                f"{self.embedder.name!r}: run `scoville add --rebuild` to embed every document again, "
                "or set embed.model back"
            )
        self.before = None  # nothing was embedded yet
        return None

    def _is_of_embedder(self, built: Built) -> bool:
        return built.embedder == self.embedder.name

    def _beside(self, build: str) -> Built:
        """Name the index that is filled beside the present one."""
        table = table_name(self.embedder.name)
        if self.before and self.before.table == table:
            table += f"-{build}"
        return Built(table=table, embedder=self.embedder.name, dimension=self.embedder.dimension)


def _place(workspace: Workspace) -> Place:
    return Place(workspace.root, workspace.source_of, workspace.path_of)


def _specs_of(
    paths: Sequence[Path | str], recipe: Recipe, place: Place, taken: PathEntry | None = None
) -> list[SourceSpec]:
    """Open what somebody typed; all paths are one source, of which ``taken`` says what is left out."""
    files = [Path(path) for path in paths if _is_path(path)]
    sources = [open_place(str(url), recipe, place) for url in paths if not _is_path(url)]
    if files:
        sources.insert(0, FileSource(files, name_of=place.name_of, path_of=place.path_of, entry=taken))
    entry = Entry(groups=taken.groups if taken else ())
    return [SourceSpec(source, entry) for source in sources]


def _is_path(given: Path | str) -> bool:
    return isinstance(given, Path) or "://" not in given


def _check_writers(recipe: Recipe, writers: Writers) -> None:
    for key, model, writer in (
        ("split.summary_model", recipe.split.summary_model, writers.summarise),
        ("metadata.model", recipe.metadata.model, writers.describe),
    ):
        if model and not writer:
            raise UsageError(
                f"{key} is {model.model!r}, and no model was given to write with: pass `writers=`, or unset it"
            )


def _check_elsewhere(recipe: Recipe) -> None:
    """Refuse models that are paid for: workers cannot pay from the one budget of this run."""
    named = {"split.summary_model": recipe.split.summary_model, "metadata.model": recipe.metadata.model}
    for key, model in named.items():
        if model:
            raise UsageError(f"--on: {key} is asked within the budget of one process; leave out --on, or unset it")
    reading = {"embed.model": recipe.embed, "read.pdf": recipe.read.pdf, "read.audio": recipe.read.audio}
    for key, model in reading.items():
        if model and is_hosted(model.model):
            raise UsageError(
                f"--on: {key} {model.model!r} is asked within the budget of one process; leave out --on, "
                "or name a model of this machine"
            )


def _check_paths(paths: Sequence[Path | str], place: Place, known: Mapping[str, str]) -> None:
    """Refuse what was never there before anything is made."""
    for path in filter(_is_path, paths):
        if "\0" in str(path):
            raise UsageError(f"{str(path)!r} is no path")
        if os.path.lexists(path):
            continue
        source = FileSource([Path(path)], name_of=place.name_of, path_of=place.path_of)
        if not source.items() and not any(map(source.covers, known)):
            what = "matches no file" if MAGIC.search(str(path)) else "does not exist: expected a file or a folder"
            raise UsageError(f"{path} {what}")


def is_named(item: str, name: str) -> bool:
    """Say whether a name is that of an item, of a folder it lies in, or a pattern that matches it."""
    if item == name or item.startswith(f"{name.rstrip('/')}/"):
        return True
    return bool(MAGIC.search(name)) and matches(f"./{name}", item)


def _unknown(name: str, known: Mapping[str, Known], index: Index) -> str:
    state = index.documents().get(name)
    if state:
        return f"{name} lies in {state.item}: remove that"
    near = [item for item in sorted(known) if name.rpartition("/")[2] in item][:3]
    advice = f"did you mean {', '.join(near)}?" if near else "`scoville search` shows the names of documents"
    return f"{name} is not in the index; {advice}"
