"""A generator is trained from a workspace's rows into its models. Enters: a bot, rows. Leaves: a model in a folder.

Python and the command come through here, so both leave the same.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.bot.opened import Opened
from scoville.comparison.plots import Point, Series, axis, lines, page
from scoville.errors import UsageError
from scoville.models.catalogue import catalogue
from scoville.models.trained import FOLDER, NAME
from scoville.storage import Journal, write_whole
from scoville.train.extra import require_training
from scoville.train.rows.gather import TrainingRows, read_training_rows, sample
from scoville.train.rows.texts import text_files

if TYPE_CHECKING:
    from scoville.train.methods import Origin
    from scoville.train.tune import TrainedModel
    from scoville.train.tuning import Tuning

EPOCHS = 10.0
"""Where everything is new."""
SCRATCH_RATE = 2e-3
"""Learning rate of a model of one layer; deeper, and so wider, ones take smaller steps."""
HELD_OUT = 0.05
ROWS = "rows"
PLOT = "loss.html"
Given = TrainingRows | Path | str | None
logger = logging.getLogger("scoville")


def train_own(
    bot: Opened, given: Given, *, name: str, base: str, general: Sequence[Path], general_share: float,
    values: dict[str, Any],
) -> "TrainedModel":  # fmt: skip
    """Train an adapter, or all of a base."""
    require_training()
    from scoville.train.base import open_base

    rows = mixed(held_out(_rows(bot, given)), general, general_share)
    origin = open_base(base or bot.recipe.llm.model, models_folder(bot))
    if rows.model and rows.train and rows.model != origin.name:
        logger.warning("The rows are written as %s is asked, and %s is trained", rows.model, origin.name)
    return _train(bot, rows, origin, name or f"{values['method']}-{rows.digest[:8]}", _tuning(values))


def pretrain_own(
    bot: Opened, given: Given, *, name: str, depth: int, vocabulary: int, values: dict[str, Any]
) -> "TrainedModel":
    """Train a small model from nothing."""
    require_training()
    from scoville.train.scratch import Scratch

    rows = held_out(_rows(bot, given))
    if not rows.texts:
        raise UsageError("a model from nothing learns from texts, and there are none: give files of text")
    tuning = _tuning({"method": "full", "epochs": EPOCHS, "learning_rate": SCRATCH_RATE / depth**0.5, **values})
    origin = Scratch(
        texts=rows.texts, depth=depth, vocabulary=vocabulary, context_tokens=tuning.longest, seed=tuning.seed,
        name=f"scratch, depth {depth}, vocabulary {vocabulary}",
    )  # fmt: skip
    return _train(bot, rows, origin, name, tuning)


def models_folder(bot: Opened) -> Path:
    """Give the folder of the workspace's own models."""
    return bot.workspace.folder / FOLDER


def held_out(rows: TrainingRows) -> TrainingRows:
    """Set the end of the texts apart to measure with, where they are of one source and none of them was."""
    if rows.dev_texts or len(rows.texts) < 2:
        return rows
    end = max(1, round(HELD_OUT * len(rows.texts)))
    return replace(rows, texts=rows.texts[:-end], dev_texts=rows.texts[-end:])


def mixed(rows: TrainingRows, general: Sequence[Path], share: float) -> TrainingRows:
    """Mix general texts into those of a domain, so that what a base knows is not forgotten.

    ``share`` is what they make of all; raises UsageError where there is no text of a domain.
    """
    if not general:
        return rows
    if not rows.texts:
        raise UsageError("general texts are mixed into texts of a domain, and there are none: give files of text")
    if not 0 < share < 1:
        raise UsageError(f"general_share {share}: expected more than 0 and less than 1")
    more = [part for path in general for part in text_files(path) if not isinstance(part, str)]
    wanted = sum(len(text.text) for text in rows.texts) * share / (1 - share)
    taken, size = [], 0
    for text in sample(more, len(more), rows.seed):
        if size < wanted:
            taken.append(text)
            size += len(text.text)
    return replace(rows, texts=(*rows.texts, *taken))


def _rows(bot: Opened, given: Given) -> TrainingRows:
    """Give the rows, read from their folder where none are given."""
    if isinstance(given, TrainingRows):
        return given
    place = Path(given) if given else bot.workspace.folder / ROWS
    return read_training_rows(place)


def _tuning(values: dict[str, Any]) -> "Tuning":
    from scoville.train.tuning import Tuning

    known = [one.name for one in fields(Tuning)]
    if unknown := [name for name in values if name not in known]:
        raise UsageError(f"{unknown[0]!r} is no value of training; there are {', '.join(known)}")
    return Tuning(**values)


def _train(bot: Opened, rows: TrainingRows, origin: "Origin", name: str, tuning: "Tuning") -> "TrainedModel":
    from scoville.train.tune import tune

    if not NAME.fullmatch(name) or any(entry.name == name for entry in catalogue()):
        raise UsageError(f"name {name!r}: expected letters, digits, dots and dashes, and no name of `scoville models`")
    with bot.bars("steps") as progress:
        model = tune(
            rows, origin, tuning, models_folder(bot) / name,
            usd_per_hour=bot.recipe.cost.hardware_usd_per_hour, on_progress=progress,
        )  # fmt: skip
    figures = [
        loss_figure(stage, Journal(model.folder / stage / "loss.jsonl").rows()) for stage in model.record["stages"]
    ]
    write_whole(model.folder / PLOT, page(f"Loss of {name}", figures))
    return model


def loss_figure(stage: str, rows: Iterable[Any]) -> str:
    """Draw the losses of a stage."""
    known = list(rows)
    curves = [
        Series(name=title, colour=colour, points=[Point(row["step"], row[key]) for row in known if key in row])
        for title, colour, key in (("training", "first", "loss"), ("dev part", "second", "dev"))
    ]
    points = [point for curve in curves for point in curve.points]
    across = axis("steps", [point.x for point in points], lambda value: f"{value:,.0f}", across=True)
    up = axis("loss (nats a token)", [point.y for point in points], lambda value: f"{value:g}", across=False)
    return lines(curves, across, up, title=stage)
