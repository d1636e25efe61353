"""The phases of customisation as somebody names them, each opened as a system that can be asked.

Enters: names such as ``rag`` and ``finetune=claims``, a bot. Leaves: systems.

    prompt          the text of the documents stands in the prompt, as far as it fits; nothing is searched
    rag             the recipe as it is, or with another model
    finetune        a tuned model that answers by heart
    finetune+rag    a tuned model that is given what the search finds
    pretrain        a small model of one's own, from nothing, that answers by heart
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoville.answer.write_prompt import QUOTING
from scoville.bot.ask_systems import Named
from scoville.bot.opened import Opened
from scoville.comparison.phase_systems import ClosedBook, prompt_system
from scoville.comparison.stages import SharedStages
from scoville.cost import Budget
from scoville.errors import UsageError
from scoville.llm import Llm, open_llm
from scoville.llm.paid import within
from scoville.recipe import Recipe
from scoville.recipe.file import with_values

PHASES = ("prompt", "rag", "finetune", "finetune+rag", "pretrain")
TRAINED = ("finetune", "finetune+rag", "pretrain")
"""Phases with a model that is trained here."""
TUNED = ("finetune", "finetune+rag")
"""Those of them that have a base."""
RECORD = "training.json"
"""What a trained model says of how it was made."""
BY_HEART = ("finetune", "pretrain")
"""Phases whose model has the facts in its weights: when a document changes they are trained again."""
SEARCHING = ("rag", "finetune+rag")
WRITER = "smollm2-135m-instruct"
"""What the phases begin with where the recipe's model only points at words."""


@dataclass(frozen=True, kw_only=True)
class Phase:
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


def read_phases(phases: Sequence[str]) -> list[Phase]:
    """Read the names of phases; UsageError for what is none."""
    found: list[Phase] = []
    for given in phases:
        phase, named, model = given.partition("=")
        if phase not in PHASES or (named and not model):
            raise UsageError(f"phase {given!r}: expected {', '.join(PHASES)}, or one of them with a model, PHASE=MODEL")
        if any((one.phase, one.model) == (phase, model) for one in found):
            raise UsageError(f"phase {given!r} is named twice; expected each once")
        is_alone = sum(other.partition("=")[0] == phase for other in phases) == 1
        found.append(Phase(name=phase if is_alone else given, phase=phase, model=model))
    if len(found) < 2:
        raise UsageError(f"phases {', '.join(phases) or 'none'}: expected at least two of {', '.join(PHASES)}")
    return found


def writing(recipe: Recipe) -> Recipe:
    """Give the recipe with a model that writes and can be trained."""
    with closing(open_llm(recipe.llm)) as llm:
        return with_values(recipe, {"llm.model": WRITER}) if llm.runtime in QUOTING else recipe


def open_phase(bot: Opened, one: Phase, folder: Path | None, budget: Budget, opened: ExitStack) -> Named:
    """Open the system of a phase."""
    model = folder.name if folder else one.model
    recipe = with_values(bot.recipe, {"llm.model": model}) if model else bot.recipe
    if one.phase in SEARCHING:
        return Named(one.name, one.name, recipe)
    recipe = writing(recipe)
    bot.with_recipe(recipe).fetch_models(llm=True)
    llm: Llm = opened.enter_context(closing(within(open_llm(recipe.llm), recipe.llm, budget)))
    if one.phase == "prompt":
        return Named(one.name, one.name, _prompted(bot, llm, recipe))
    made_of = str(read_record(folder).get("made_of", "")) if folder else ""
    return Named(one.name, one.name, ClosedBook(one.name, llm, recipe, made_of))


def _prompted(bot: Opened, llm: Llm, recipe: Recipe) -> Any:
    with closing(SharedStages(bot.workspace, bot.recipe)) as stages:
        content = stages.index_digest(recipe)
    searcher = bot.searcher()
    return prompt_system("prompt", searcher.index, searcher.embedder, llm, recipe, content)


def read_record(folder: Path) -> Mapping[str, Any]:
    """Read what a trained model says of how it was made."""
    try:
        return json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"there is no trained model {folder.name!r} in {folder.parent}: name one that there is, or none to train it"
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder / RECORD} cannot be read ({error}): train the model again") from None
