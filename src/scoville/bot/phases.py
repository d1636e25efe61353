"""All phases of customisation on the same cases: what is missing is built, each is asked, one table says what pays.

Enters: a bot, cases, the names of phases. Leaves: a comparison with what each phase took.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scoville.bot.compare import Comparison, compare
from scoville.bot.evaluate import Cases, Choice, cases_in
from scoville.bot.opened import Opened
from scoville.bot.phase_build import build_model, phase_rows
from scoville.bot.phase_change import change_a_fact, looked_up, read_fact
from scoville.bot.phase_forgetting import forgetting as what_was_forgotten
from scoville.bot.phase_open import (
    BY_HEART,
    RECORD,
    SEARCHING,
    TRAINED,
    TUNED,
    Phase,
    open_phase,
    read_phases,
    read_record,
    writing,
)
from scoville.bot.train import Trained
from scoville.comparison.forgetting import Forgetting
from scoville.comparison.phase_change import Change
from scoville.comparison.phases import Effort, PhaseTable, phase_table
from scoville.comparison.stages import BuildCost, SharedStages
from scoville.evaluate.system import askable
from scoville.types import Case


@dataclass(frozen=True, kw_only=True)
class PhaseComparison:
    """The phases side by side; as a text the table that decides and the break-even."""

    table: PhaseTable
    comparison: Comparison
    """The same as systems: every question, every test, the page with its plots."""
    change: Change | None = None
    """What a changed fact did, where one was changed."""
    forgotten: tuple[Forgetting, ...] = ()
    """What tuned models forgot, where that was asked for."""

    def __str__(self) -> str:
        """Write the table."""
        return "\n\n".join(map(str, filter(None, (self.table, self.change, *self.forgotten))))

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        change = {"change": self.change.json()} if self.change else {}
        forgotten = {"forgetting": [one.json() for one in self.forgotten]} if self.forgotten else {}
        return {**self.table.json(), **change, **forgotten, "notes": list(self.comparison.table.notes)}

    def write(self, path: Path | str) -> Path:
        """Write the comparison as an HTML page, with quality against dollars and time."""
        return self.comparison.write(path)


def compare_phases(
    bot: Trained,
    cases: Cases,
    phases: Sequence[str] = ("prompt", "rag"),
    *,
    rows: int = 1000,
    tuning: Mapping[str, Any] | None = None,
    floor: float | None = None,
    change: str = "",
    forgetting: bool = False,
    split: str = "",
    limit: int | None = None,
    judge: bool = False,
    fresh: bool = False,
    timeout_seconds: float = 120.0,
    no_limit: bool = False,
) -> PhaseComparison:
    """Ask phases of customisation the same cases, and put them beside what they take.

    A phase is a name of :data:`PHASES`, with ``=MODEL`` behind it where its model is named; it may then be there more
    than once. What no model is named for is trained once, as ``phase-PHASE``, on at most so many ``rows`` made of the
    documents and on the cases of the part ``train``, of which none holds what is asked here; ``tuning`` are fields of
    :class:`scoville.train.tuning.Tuning`. Where the recipe's model writes nothing of its own, :data:`WRITER` stands in
    its place in all phases but ``rag``. ``floor`` is the quality from which on a phase may be the cheapest: by default
    that of those which are not surely behind the best. ``change`` is a fact to change in a copy, as ``OLD=NEW``; then
    what a change takes is measured with every phase instead of reckoned. With ``forgetting`` each tuned model is asked
    beside its base: what it forgot, and when it declines. All else is that of :func:`scoville.compare`.
    """
    budget = bot.budget(no_limit=no_limit)
    chosen_phases = read_phases(phases)
    names = {one.name for one in chosen_phases}
    is_searched = all(one.phase in SEARCHING for one in chosen_phases)
    chosen = askable(Choice(split=split, limit=limit).of(cases), any_filter=is_searched)
    learned = [case for case in cases_in(cases) if case.split == "train" and case not in chosen]
    bot.open_index()
    fact = read_fact(change) if change else None
    if fact:
        looked_up(bot, fact, [*chosen, *learned], chosen_phases)  # refused before anything is asked
    folders, is_new = _built(bot, chosen_phases, chosen, learned, rows, tuning or {})
    with ExitStack() as opened:
        named = [open_phase(bot, one, folders.get(one.name), budget, opened) for one in chosen_phases]
        found = compare(
            named, chosen, baseline="rag" if "rag" in names else "", judge=judge, fresh=fresh or is_new,
            timeout_seconds=timeout_seconds, budget=budget, bot=bot,
        )  # fmt: skip
    efforts, changed = _efforts(bot, chosen_phases, folders), None
    if fact:
        changed = change_a_fact(
            bot, fact, chosen_phases, folders, chosen, learned, rows=rows, tuning=tuning or {}, budget=budget
        )  # fmt: skip
        efforts = {
            name: replace(efforts[name], change_seconds=one.seconds, change_usd=one.usd)
            for name, one in changed.phases.items()
        }
    table = phase_table(found.table, found.systems, efforts, floor)
    forgotten = (
        what_was_forgotten(bot, folders[one.name], learned, chosen, budget)
        for one in chosen_phases
        if forgetting and one.phase in TUNED
    )
    return PhaseComparison(table=table, comparison=found, change=changed, forgotten=tuple(forgotten))


def _built(
    bot: Trained, phases: Sequence[Phase], tested: Sequence[Case], learned: Sequence[Case], rows: int,
    tuning: Mapping[str, Any],
) -> tuple[dict[str, Path], bool]:  # fmt: skip
    """Give the folders of the trained models, training what is missing, and whether anything was: a run that is there
    may be of another model that had the same name.
    """
    trained = [one for one in phases if one.phase in TRAINED]
    folders = {one.name: bot.workspace.folder / "models" / one.trained for one in trained}
    missing = [one for one in trained if not one.model and not (folders[one.name] / RECORD).is_file()]
    for one in trained:
        if one not in missing:
            read_record(folders[one.name])  # refused before anything is trained
    writer = bot.with_recipe(writing(bot.recipe))
    for one in missing:
        made = phase_rows(writer, one.phase, tested, learned, rows)
        build_model(writer, one.phase, folders[one.name], made, tuning)
    return folders, bool(missing)


def _efforts(bot: Opened, phases: Iterable[Phase], folders: Mapping[str, Path]) -> dict[str, Effort]:
    """Say what each phase took, and what it takes when a document changes.

    The index takes in a changed document in the time of one; a model that has the facts in its weights is trained
    again, one that is given what the search finds is not.
    """
    with closing(SharedStages(bot.workspace, bot.recipe)) as stages:
        index = stages.build_cost(bot.recipe, bot.tracker().ledger)
        documents = max(1, len(stages.index(bot.recipe).documents()))
    one = BuildCost(seconds=_part(index.seconds, documents), usd=_part(index.usd, documents))
    return {given.name: _effort(given.phase, index, one, folders.get(given.name)) for given in phases}


def _effort(phase: str, index: BuildCost, one: BuildCost, folder: Path | None) -> Effort:
    if folder is None:
        return Effort(build_seconds=index.seconds, build_usd=index.usd, change_seconds=one.seconds, change_usd=one.usd)
    record = read_record(folder)
    stages: Sequence[Mapping[str, Any]] = list(record.get("stages", {}).values())
    seconds, usd = (sum(float(stage[name]) for stage in stages) for name in ("seconds", "usd"))
    made: Mapping[str, Any] = record.get("rows", {})
    rows = int(made.get("train", 0)) + int(made.get("texts", 0))
    if phase in BY_HEART:
        return Effort(build_seconds=seconds, build_usd=usd, rows=rows, change_seconds=seconds, change_usd=usd)
    return Effort(
        build_seconds=_sum(index.seconds, seconds), build_usd=_sum(index.usd, usd), rows=rows,
        change_seconds=one.seconds, change_usd=one.usd,
    )  # fmt: skip


def _part(value: float | None, of: int) -> float | None:
    return None if value is None else value / of


def _sum(one: float | None, other: float) -> float | None:
    return None if one is None else one + other
