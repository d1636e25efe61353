"""Systems are asked the same cases, each in a run of its own; a run that is there already is taken.

Enters: a system, cases, the folder of runs. Leaves: a run with an answer to every case, what the index behind it took,
and which stage lost each wrong answer. Knows no table and no screen.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scoville.cases.files import digest
from scoville.compare.stages import BUILDS, SharedStages
from scoville.errors import UsageError
from scoville.evaluate.blame import Blame
from scoville.evaluate.run_cases import same_cases
from scoville.evaluate.runs import Run, create_run, list_runs
from scoville.evaluate.system import System
from scoville.index import Index, Workspace
from scoville.recipe import Recipe
from scoville.search import Searcher
from scoville.storage import storage_errors
from scoville.track.ledger import Ledger, totals
from scoville.track.store import FILE_NAME, Store
from scoville.types import Case

BUILD_FILE = "build.json"
"""In the folder of an index that was built for a comparison: its seconds, and what writing models charged."""

Origin = Literal["asked", "resumed", "reused", "given"]
"""``reused``: an earlier run of the same recipe, cases and index. ``resumed``: one that lacked answers was finished.
``given``: it was named itself."""


@dataclass(frozen=True, kw_only=True)
class BuildCost:
    """What an index took."""

    seconds: float | None = None
    """None: not known."""
    usd: float | None = None
    """Fees and this machine's time."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One system with its answers."""

    name: str
    run: Run
    origin: Origin
    build: BuildCost = BuildCost()
    blamed: Sequence[Blame] = ()


class BuiltStages(SharedStages):
    """Shared stages that also tell the index of a recipe, and keep what it took to build it."""

    def searcher(self, recipe: Recipe) -> Searcher:
        """Open what searches for a recipe, building its index if there is none."""
        return self._searcher(recipe)

    def build_cost(self, recipe: Recipe, ledger: Ledger) -> BuildCost:
        """Say what the index of a recipe took: the workspace's own by the ledger of all that was added, others as
        measured.

        A vector that the workspace's index had already took no time.
        """
        index = self._build(recipe)
        if index is self._own.index:
            return self._own_cost()
        try:
            took = json.loads(self._build_file(recipe).read_text(encoding="utf-8"))
            seconds, paid = float(took["seconds"]), took["paid_usd"]
        except (OSError, ValueError, KeyError):
            return BuildCost()
        work = ledger.embedding("ingest", recipe.embed.model, _tokens(index), seconds)
        usd = None if paid is None or work.fee_usd is None else paid + work.fee_usd + work.hardware_usd
        return BuildCost(seconds=seconds, usd=usd)

    def _build(self, recipe: Recipe) -> Index:
        place = self._build_file(recipe)
        is_new = not Workspace(self.workspace.root, folder=place.parent).built()
        index = super()._build(recipe)
        if is_new and index is not self._own.index and not place.exists():
            seconds = self._builds[self._build_key(recipe)].seconds
            took = {"seconds": round(seconds, 3), "paid_usd": self.reports[-1][0].cost_usd}
            with storage_errors(place.parent):
                place.write_text(json.dumps(took), encoding="utf-8")
        return index

    def _build_file(self, recipe: Recipe) -> Path:
        return self.workspace.folder / BUILDS / self._build_key(recipe) / BUILD_FILE

    def _own_cost(self) -> BuildCost:
        store = Store(self.workspace.folder / FILE_NAME)
        try:
            found = [total for total in totals(store, run_id="") if total.group == "ingest"]
        finally:
            store.close()
        if not found:
            return BuildCost()
        known = not found[0].unknown_fees
        return BuildCost(
            seconds=found[0].seconds, usd=found[0].fee_usd + found[0].hardware_usd if known else None
        )  # fmt: skip


def open_run(
    system: System, cases: Sequence[Case], runs: Path, header: Mapping[str, Any], *, fresh: bool = False
) -> tuple[Run, Origin]:
    """Find the run in which a system was asked these cases, or begin one; unless it is ``reused``, ask it.

    Only what has a recipe's hash and an index in its header is looked for: what a function or a server is made of
    cannot be told.
    """
    whole = {**system.describe(), **header}
    run = None if fresh else earlier_run(runs, cases, whole)
    if run is None:
        return create_run(runs, cases, whole), "asked"
    saved = run.saved()
    is_whole = all(case.id in saved and not saved[case.id].get("error") for case in cases)
    return run, "reused" if is_whole else "resumed"


def earlier_run(runs: Path, cases: Sequence[Case], header: Mapping[str, Any]) -> Run | None:
    """Find the last run of the same recipe on the same cases and the same index."""
    wanted = {"cases_digest": digest(cases), **{key: header.get(key) for key in ("recipe_hash", "index")}}
    if not all(wanted.values()):
        return None
    headers = ((run, run.header) for run in reversed(list_runs(runs)))
    return next((run for run, one in headers if all(one.get(key) == value for key, value in wanted.items())), None)


def check_given(run: Run, cases: Sequence[Case]) -> None:
    """Raise UsageError unless a run that was named answers these cases, all of them."""
    try:
        same_cases(cases, run.cases())
    except UsageError as error:
        raise UsageError(f"run {run.id}: {error}") from None
    missing = sum(case.id not in run.saved() for case in cases)
    if missing:
        raise UsageError(f"run {run.id} lacks {missing} answers: finish it with scoville evaluate --resume {run.id}")


def _tokens(index: Index) -> int:
    documents = index.documents().items()
    return sum(one.tokens for source, state in documents for one in index.neighbours(source, 0, state.passages))
