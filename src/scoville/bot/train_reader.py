"""A reader is trained out of files of questions and the workspace's own cases. Enters: a bot, a recipe, files. Leaves:
a folder in ``.scoville/models``.

No question or text of what is kept for testing is learned: the ``test`` part of the files in ``cases/``.
"""

from collections.abc import Sequence
from pathlib import Path

from scoville.bot.opened import Opened
from scoville.bot.reading_cases import part_of_cases, tests_of
from scoville.bot.score_reading import reader_folder
from scoville.cases.parts import check_leakage
from scoville.errors import UsageError
from scoville.models import locate_model
from scoville.recipe.reader import ReaderTraining, ReadingFile, load_reader_training
from scoville.train.reader.mixture import mix, read_part
from scoville.train.reader.train import TrainedReader, train_reader

OWN_TIMES = 4.0
"""How often questions that are brought without a recipe are seen."""
OWN_HOLD_OUT = 0.1
OWN_RATE = 5e-5
"""Gentle: mostly a reader learns a few questions more."""


def train_own_reader(
    bot: Opened, recipe: Path | None, rows: Sequence[Path], *, from_cases: bool, base: str, name: str
) -> TrainedReader:
    """Train a reader by a recipe, from more files, and from cases of the workspace."""
    training = load_reader_training(recipe) if recipe else ReaderTraining(patience=3, learning_rate=OWN_RATE)
    if base:
        training = training.model_copy(update={"base": base})
    if not (training.files or rows or from_cases):
        raise UsageError(
            "nothing to learn from: give a recipe such as recipes/reader.yaml, --rows FILE or --from-cases"
        )
    folder = bot.workspace.folder / "models" / name
    start = _base(training.base)
    tests = tests_of(bot)
    parts = [read_part(file, (recipe or Path()).parent / training.folder) for file in training.files]
    parts += [read_part(ReadingFile(path=str(path), times=OWN_TIMES, hold_out=OWN_HOLD_OUT), Path()) for path in rows]
    if tests:
        texts = {text for part in parts for row in part.rows for text in (row.question, row.context)}
        check_leakage(sorted(texts), tests)
    if from_cases:  # what is tested is left out of them
        parts.append(part_of_cases(bot, OWN_TIMES))
    mixture = mix(parts)
    with bot.bars("steps") as progress:
        return train_reader(
            training, mixture, start, folder, usd_per_hour=bot.recipe.cost.hardware_usd_per_hour, on_progress=progress
        )


def _base(base: str) -> Path:
    """Find what training begins with: a reader of the workspace or at a path, else an encoder."""
    return reader_folder(base) or locate_model(base, kind="embedder").folder
