"""A fact of the documents is changed in a copy of the workspace, and each phase is brought up to date and asked again.

Enters: a bot, phases with their models, cases, a fact. Leaves: what it took, and how many answers were old until then.
The documents with the fact are replaced by their text with the change; the workspace itself stays as it is.
"""

import shutil
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from scoville.bot.phase_build import build_model, phase_rows
from scoville.bot.phase_open import BY_HEART, Phase, open_phase, writing
from scoville.bot.train import Trained
from scoville.comparison.phase_change import Change, Fact, PhaseChange, count
from scoville.cost import Budget
from scoville.errors import UsageError
from scoville.evaluate.runs import Run
from scoville.evaluate.system import RecipeSystem
from scoville.index import Workspace
from scoville.recipe import Recipe
from scoville.storage import TEMPORARY, storage_errors
from scoville.train.rows.places import Places
from scoville.train.rows.texts import joined
from scoville.types import Case

LEFT = shutil.ignore_patterns("models", "runs", "rows", "builds", "lock")
"""What of a workspace is not copied."""


def read_fact(given: str) -> Fact:
    """Read ``OLD=NEW``; UsageError for anything else."""
    old, equals, new = (part.strip() for part in given.partition("="))
    if not (equals and old and new) or old == new:
        raise UsageError(f"the changed fact {given!r}: expected OLD=NEW, two texts that differ, such as '£500=£650'")
    return Fact(old=old, new=new)


def change_a_fact(
    bot: Trained, fact: Fact, phases: Sequence[Phase], folders: Mapping[str, Path], tested: Sequence[Case],
    learned: Sequence[Case], *, rows: int, tuning: Mapping[str, Any], budget: Budget,
) -> Change:  # fmt: skip
    """Change a fact and bring each phase up to date: the index takes the documents in, what answers by heart is
    trained again.

    Asked are the ``tested`` and the ``learned`` cases that expect the old text. A phase by heart learns the learned
    ones as they would be after the change.
    """
    asked, documents = looked_up(bot, fact, [*tested, *learned], phases)
    before = {one.name: count(fact, _answers(bot, one, folders.get(one.name), budget, asked))[1] for one in phases}
    found: dict[str, PhaseChange] = {}
    with _changed(bot, fact, documents) as (other, seconds):
        for one in phases:
            took, folder = seconds, folders.get(one.name)
            if folder and one.phase in BY_HEART:
                started, folder = time.perf_counter(), other.workspace.folder / "models" / f"{folder.name}-changed"
                trained = other.with_recipe(writing(other.recipe))
                made = phase_rows(trained, one.phase, tested, [_of(case, fact) for case in learned], rows)
                build_model(trained, one.phase, folder, made, tuning)
                took += time.perf_counter() - started
            new, old = count(fact, _answers(other, one, folder, budget, asked))
            usd = took / 3600 * bot.recipe.cost.hardware_usd_per_hour
            found[one.name] = PhaseChange(stale=before[one.name], seconds=took, usd=usd, new=new, still_stale=old)
    return Change(fact=fact, documents=tuple(documents), questions=len(asked), phases=found)


def looked_up(
    bot: Trained, fact: Fact, cases: Sequence[Case], phases: Sequence[Phase]
) -> tuple[list[Case], dict[str, str]]:
    """Give the cases that expect a fact, and the texts of the documents that hold it: of those that are evidence of the
    cases, where these name any.

    UsageError where there is none, and for a model by heart that somebody named: its rows are not known.
    """
    if named := next((one.name for one in phases if one.phase in BY_HEART and one.model), ""):
        raise UsageError(f"phase {named}: of a model that is named the rows are not known, so it is not trained again; "
                         "name the phase alone")  # fmt: skip
    asked = [case for case in cases if any(map(fact.is_in, case.expected))]
    named = [one for case in asked for one in case.evidence]
    places = Places(bot.open_index())
    names = [name for name in places.sources() if not named or any(one.is_in(name) for one in named)]
    texts = {name: joined((one.joint, one.text) for one in places.passages(name)) for name in names}
    held = {name: text for name, text in texts.items() if fact.is_in(text)}
    if not (asked and held):
        lacking = "answer expected in the cases" if held else "document"
        raise UsageError(f"the changed fact: {fact.old!r} is in no {lacking}; expected words that stand in both")
    return asked, held


def _answers(bot: Trained, one: Phase, folder: Path | None, budget: Budget, cases: Sequence[Case]) -> list[str]:
    with ExitStack() as opened:
        system = open_phase(bot, one, folder, budget, opened).of
        if isinstance(system, Recipe):
            system = RecipeSystem(bot.with_recipe(system).answerer(budget))
        assert not isinstance(system, Run)
        return [system.ask(case).text for case in cases]


@contextmanager
def _changed(bot: Trained, fact: Fact, documents: Mapping[str, str]) -> Generator[tuple[Trained, float]]:
    """Give a bot over a copy of the workspace in which the fact is changed, and the seconds that its index took."""
    if bot.recipe.index.url:
        raise UsageError("the changed fact: the index is in a database, and is not copied; leave index.url out")
    with storage_errors(bot.workspace.folder), tempfile.TemporaryDirectory(dir=TEMPORARY.path()) as place:
        folder = Path(place) / "workspace"
        shutil.copytree(bot.workspace.folder, folder, ignore=LEFT)
        written = [Path(place) / "documents" / f"{Path(name).stem}.md" for name in documents]
        written[0].parent.mkdir()
        for path, text in zip(written, documents.values(), strict=True):
            path.write_text(fact.changed(text), encoding="utf-8")
        with type(bot)(Workspace(bot.workspace.root, folder=folder), bot.loaded, bars=bot.bars) as other:
            started = time.perf_counter()
            other.remove(*documents)
            other.add(*written)
            yield other, time.perf_counter() - started


def _of(case: Case, fact: Fact) -> Case:
    return replace(case, expected=tuple(map(fact.changed, case.expected)))
