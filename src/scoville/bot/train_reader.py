"""A reader is trained out of files of questions. Enters: a bot, a recipe, files. Leaves: a folder in
``.scoville/models``.

No question or text of what is kept for testing is learned: the ``test`` part of the files in ``cases/``.
"""

from collections.abc import Sequence
from pathlib import Path

from scoville.bot.opened import Opened
from scoville.bot.score_reading import reader_folder
from scoville.cases.files import cases_of
from scoville.cases.parts import check_leakage
from scoville.errors import UsageError
from scoville.models import locate_model
from scoville.recipe.reader import ReaderTraining, ReadingFile, load_reader_training
from scoville.train.reader.mixture import mix, read_part
from scoville.train.reader.train import TrainedReader, train_reader
from scoville.types import Case

OWN_TIMES = 4.0
"""How often questions that are brought without a recipe are seen."""
OWN_HOLD_OUT = 0.1


def train_own_reader(bot: Opened, recipe: Path | None, rows: Sequence[Path], *, base: str, name: str) -> TrainedReader:
    """Train a reader by a recipe, and from more files."""
    training = load_reader_training(recipe) if recipe else ReaderTraining(patience=3, score_every_steps=50)
    if base:
        training = training.model_copy(update={"base": base})
    if not (training.files or rows):
        raise UsageError("nothing to learn from: give a recipe such as recipes/reader.yaml or --rows FILE")
    folder = bot.workspace.folder / "models" / name
    start = _base(training.base)
    tests = tests_of(bot)
    parts = [read_part(file, (recipe or Path()).parent / training.folder) for file in training.files]
    parts += [read_part(ReadingFile(path=str(path), times=OWN_TIMES, hold_out=OWN_HOLD_OUT), Path()) for path in rows]
    if tests:
        texts = {text for part in parts for row in part.rows for text in (row.question, row.context)}
        check_leakage(sorted(texts), tests)
    mixture = mix(parts)
    with bot.bars("steps") as progress:
        return train_reader(
            training, mixture, start, folder, usd_per_hour=bot.recipe.cost.hardware_usd_per_hour, on_progress=progress
        )


def tests_of(bot: Opened) -> list[Case]:
    """Read the cases of the workspace that are kept for testing."""
    files = sorted((bot.workspace.root / "cases").glob("*.jsonl"))
    return [case for file in files for case in cases_of(file) if case.split == "test"]


def _base(base: str) -> Path:
    """Find what training begins with: a reader of the workspace or at a path, else an encoder."""
    return reader_folder(base) or locate_model(base, kind="embedder").folder
