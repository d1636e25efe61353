"""The model of a phase, where nobody trained one yet: rows are made of the documents, and it is trained on them.

Enters: a bot, the phase, the cases that will be asked, others to learn from. Leaves: a folder with the model. What is
asked, and evidence of it, is in no row; the documents' own texts are not tests, and a model that answers by heart
learns them.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.bot.train import Trained
from scoville.bot.training_questions import RowSettings
from scoville.bot.training_rows import training_rows
from scoville.cases.files import cases_of, write_cases
from scoville.errors import MissingExtra, ModelError
from scoville.types import Case

if TYPE_CHECKING:
    from scoville.train.methods import Origin
    from scoville.train.rows.gather import TrainingRows

logger = logging.getLogger("scoville")

KINDS: Mapping[str, tuple[str, ...]] = {
    "finetune": ("closed-book",), "finetune+rag": ("grounded",), "pretrain": ("text", "closed-book"),
}  # fmt: skip
"""Which rows teach the model of a phase."""
DEPTH, VOCABULARY, CONTEXT_TOKENS = 4, 4096, 1024
"""Of a model from nothing: four layers of 256, which the text of a company's handbooks suffices to teach its words."""
TUNING: Mapping[str, Mapping[str, Any]] = {
    "finetune": {"accumulate": 1, "epochs": 10.0}, "finetune+rag": {"accumulate": 1},
    "pretrain": {"accumulate": 1, "epochs": 5.0, "method": "full", "learning_rate": 1e-3},
}  # fmt: skip
"""How each is trained: documents make tens or hundreds of rows, which four batches a step would make a few steps of."""
DEV: Mapping[str, float] = {"finetune": 0.0, "finetune+rag": 0.1, "pretrain": 0.1}
"""The share of rows that tells when it is enough. What is to be known by heart, no other row can tell."""
CHARACTERS_OF_TOKEN = 4


def build_model(bot: Trained, phase: str, folder: Path, made: "TrainingRows", tuning: Mapping[str, Any]) -> None:
    """Train the model of a phase; ``tuning`` are fields of :class:`scoville.train.tuning.Tuning`."""
    if find_spec("torch") is None:
        raise MissingExtra("training needs PyTorch: pip install 'scoville[train]'")
    from scoville.train.tune import tune
    from scoville.train.tuning import Tuning

    settings = Tuning(**{**TUNING[phase], **tuning})
    origin = _origin(bot, phase, made, settings.seed)
    _say(bot, phase, made, settings.epochs)
    with bot.bars("steps") as progress:
        tune(made, origin, settings, folder, usd_per_hour=bot.recipe.cost.hardware_usd_per_hour, on_progress=progress)


def phase_rows(bot: Trained, phase: str, tested: Sequence[Case], learned: Sequence[Case], count: int) -> "TrainingRows":
    """Make the rows of a phase: of cases that are made of the documents, and of those that are there to be learned."""
    folder = bot.workspace.folder / "rows"
    against, made = folder / "phases-tested.jsonl", folder / "phases-learned.jsonl"
    write_cases(against, tested)

    def cases() -> Path:
        bot.generate_cases(folder / "generated.jsonl", count=count, generator="templates")
        write_cases(made, [*(replace(case, split="") for case in learned), *cases_of(folder / "generated.jsonl")])
        return made

    settings = RowSettings(kinds=KINDS[phase], count=count + len(learned), dev=DEV[phase])
    return training_rows(bot, [], [against], settings, cases)


def _origin(bot: Trained, phase: str, rows: "TrainingRows", seed: int) -> "Origin":
    """Give what the training begins with: the recipe's model, or nothing."""
    from scoville.train.base import open_base
    from scoville.train.scratch import Scratch

    if phase == "pretrain":
        return Scratch(
            texts=rows.texts, depth=DEPTH, vocabulary=VOCABULARY, context_tokens=CONTEXT_TOKENS, seed=seed
        )  # fmt: skip
    return open_base(bot.recipe.llm.model, bot.workspace.folder / "models")


def _say(bot: Trained, phase: str, rows: "TrainingRows", epochs: float) -> None:
    """Say before it begins what is trained, and about how long that takes here."""
    count = len(rows.train) + len(rows.texts)
    told = f"{phase}: a model is trained on {count:,} rows, once"
    if phase != "pretrain" and rows.train:
        from scoville.train.plan.hardware import measure_machine

        characters = sum(len(turn.content) for row in rows.train for turn in row.messages)
        tokens = max(1, characters // CHARACTERS_OF_TOKEN // len(rows.train))
        here = measure_machine(bot.recipe.cost.hardware_usd_per_hour)
        try:
            plan = bot.plan_training(machines=[here], rows=count, tokens_per_row=tokens, epochs=epochs)
        except ModelError:  # of a model whose shape is not known
            plan = None
        hours = plan.hardware[0].hours if plan else None
        told += f", about {60 * hours:,.0f} minutes here" if hours else ""
    logger.info("%s.", told)
