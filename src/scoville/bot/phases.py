"""All phases of customisation on the same cases: what is missing is built, each is asked, one table says what pays.

Enters: a bot, cases, the names of phases. Leaves: a comparison with what each phase took.

    prompt          the text of the documents stands in the prompt, as far as it fits; nothing is searched
    rag             the recipe as it is, or with another model
    finetune        a tuned model that answers by heart
    finetune+rag    a tuned model that is given what the search finds
    pretrain        a small model of one's own, from nothing, that answers by heart
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoville.bot.ask_systems import Named
from scoville.bot.compare import Comparison, compare
from scoville.bot.evaluate import Cases, Choice, cases_in
from scoville.bot.opened import Opened
from scoville.bot.phase_build import build_model, phase_rows
from scoville.bot.train import Trained
from scoville.comparison.phase_systems import ClosedBook, prompt_system
from scoville.comparison.phases import Effort, PhaseTable, phase_table
from scoville.comparison.stages import BuildCost, SharedStages
from scoville.cost import Budget
from scoville.errors import UsageError
from scoville.evaluate.system import askable
from scoville.llm import Llm, open_llm
from scoville.llm.paid import within
from scoville.recipe import Recipe
from scoville.recipe.file import with_values

PHASES = ("prompt", "rag", "finetune", "finetune+rag", "pretrain")
TRAINED = ("finetune", "finetune+rag", "pretrain")
"""Phases with a model that is trained here."""
RECORD = "training.json"
"""What a trained model says of how it was made."""
BY_HEART = ("finetune", "pretrain")
"""Phases whose model has the facts in its weights: when a document changes they are trained again."""
SEARCHING = ("rag", "finetune+rag")
WRITER = "smollm2-135m-instruct"
"""What the phases begin with where the recipe's model only points at words."""
WRITES_NOTHING = ("reader", "quote")


@dataclass(frozen=True, kw_only=True)
class _Phase:
    """A phase as it was asked for."""

    name: str
    """In tables."""
    phase: str
    model: str
    """What is named for it; empty: the recipe's, or one that is trained for it."""

    @property
    def trained(self) -> str:
        """The name of its trained model."""
        return self.model or f"phase-{self.phase.replace('+', '-')}"


@dataclass(frozen=True, kw_only=True)
class PhaseComparison:
    """The phases side by side; as a text the table that decides and the break-even."""

    table: PhaseTable
    comparison: Comparison
    """The same as systems: every question, every test, the page with its plots."""

    def __str__(self) -> str:
        """Write the table."""
        return str(self.table)

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        return {**self.table.json(), "notes": list(self.comparison.table.notes)}

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
    that of those which are not surely behind the best. All else is that of :func:`scoville.compare`.
    """
    budget = bot.budget(no_limit=no_limit)
    chosen_phases = _phases(phases)
    names = {one.name for one in chosen_phases}
    is_searched = all(one.phase in SEARCHING for one in chosen_phases)
    chosen = askable(Choice(split=split, limit=limit).of(cases), any_filter=is_searched)
    learned = [case for case in cases_in(cases) if case.split == "train" and case not in chosen]
    bot.open_index()
    writing = bot.with_recipe(_writing(bot.recipe))
    folders: dict[str, Path] = {}
    for one in chosen_phases:
        if one.phase in TRAINED:
            folders[one.name] = folder = bot.workspace.folder / "models" / one.trained
            if not one.model and not (folder / RECORD).is_file():
                build_model(
                    writing, one.phase, folder, phase_rows(writing, one.phase, chosen, learned, rows), tuning or {}
                )
                fresh = True  # an earlier run may be of another model that had the same name
            _record(folder)  # refused before anything is asked
    with ExitStack() as opened:
        named = [_named(bot, one, folders.get(one.name), budget, opened) for one in chosen_phases]
        found = compare(
            named, chosen, baseline="rag" if "rag" in names else "", judge=judge, fresh=fresh,
            timeout_seconds=timeout_seconds, budget=budget, bot=bot,
        )  # fmt: skip
    efforts = _efforts(bot, chosen_phases, folders)
    return PhaseComparison(table=phase_table(found.table, found.systems, efforts, floor), comparison=found)


def _phases(phases: Sequence[str]) -> list[_Phase]:
    """Read the names of phases; UsageError for what is none."""
    found: list[_Phase] = []
    for given in phases:
        phase, named, model = given.partition("=")
        if phase not in PHASES or (named and not model):
            raise UsageError(f"phase {given!r}: expected {', '.join(PHASES)}, or one of them with a model, PHASE=MODEL")
        if any((one.phase, one.model) == (phase, model) for one in found):
            raise UsageError(f"phase {given!r} is named twice; expected each once")
        name = given if any(one.phase == phase for one in found) else phase
        found.append(_Phase(name=name, phase=phase, model=model))
    if len(found) < 2:
        raise UsageError(f"phases {', '.join(phases) or 'none'}: expected at least two of {', '.join(PHASES)}")
    return found


def _writing(recipe: Recipe) -> Recipe:
    """Give the recipe with a model that writes and can be trained."""
    with closing(open_llm(recipe.llm)) as llm:
        return with_values(recipe, {"llm.model": WRITER}) if llm.runtime in WRITES_NOTHING else recipe


def _named(bot: Opened, one: _Phase, folder: Path | None, budget: Budget, opened: ExitStack) -> Named:
    """Open the system of a phase."""
    model = folder.name if folder else one.model
    recipe = with_values(bot.recipe, {"llm.model": model}) if model else bot.recipe
    if one.phase in SEARCHING:
        return Named(one.name, one.name, recipe)
    recipe = _writing(recipe)
    bot.with_recipe(recipe).fetch_models(llm=True)
    llm: Llm = opened.enter_context(closing(within(open_llm(recipe.llm), recipe.llm, budget)))
    if one.phase == "prompt":
        return Named(one.name, one.name, _prompted(bot, llm, recipe))
    made_of = str(_record(folder).get("made_of", "")) if folder else ""
    return Named(one.name, one.name, ClosedBook(one.name, llm, recipe, made_of))


def _prompted(bot: Opened, llm: Llm, recipe: Recipe) -> Any:
    with closing(SharedStages(bot.workspace, bot.recipe)) as stages:
        content = stages.index_digest(recipe)
    searcher = bot.searcher()
    return prompt_system("prompt", searcher.index, searcher.embedder, llm, recipe, content)


def _efforts(bot: Opened, phases: Iterable[_Phase], folders: Mapping[str, Path]) -> dict[str, Effort]:
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
    record = _record(folder)
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


def _record(folder: Path) -> Mapping[str, Any]:
    """Read what a trained model says of how it was made."""
    try:
        return json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"there is no trained model {folder.name!r} in {folder.parent}: name one that there is, or none to train it"
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder / RECORD} cannot be read ({error}): train the model again") from None


def _part(value: float | None, of: int) -> float | None:
    return None if value is None else value / of


def _sum(one: float | None, other: float) -> float | None:
    return None if one is None else one + other
