"""An encoder becomes a reader: mixture → loop → calibration → scorecard → folder.

Enters: every choice of the training, rows, the folder of the base. Leaves: a folder that ``open_reader`` opens, with
``training.json`` (what it was made of and what it is worth) and ``loss.jsonl``. A training that was killed goes on to
the same result when it is called again.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from scoville.embed.network import open_tokenizer
from scoville.extract.reader import Reader
from scoville.extract.reader import Settings as ReaderSettings
from scoville.models import catalogue
from scoville.progress import OnProgress
from scoville.recipe.reader import ReaderTraining
from scoville.train.loop import Batch, Outcome, remove_checkpoint, train
from scoville.train.reader.calibrate import Calibration, expected_error, fit
from scoville.train.reader.mixture import Mixture, batches, steps_of
from scoville.train.reader.network import ReaderLoss, ReaderNetwork, TorchRuns, as_batch, open_network
from scoville.train.reader.rows import Row
from scoville.train.reader.save import save_reader
from scoville.train.reader.score import Scorecard, score, spans_of, with_reader
from scoville.train.settings import Settings
from scoville.train.threads import choose_threads

GLANCE_ROWS = 400
"""How many held-out rows are looked at while it learns."""
FOLDS = 2
UNFITTED = Calibration()


@dataclass(frozen=True, kw_only=True)
class TrainedReader:
    """What came of a training."""

    folder: Path
    steps: int
    stopped: str
    """Why it ended: ``done``, ``no gain`` or ``diverged``."""
    reason: str
    seconds: float
    calibration: Calibration
    ece: float | None
    """Of the calibrated probability, each half of the held-out rows by a logistic of the other."""
    scores: dict[str, Scorecard]
    """Of each part that something is held out of."""


def train_reader(
    training: ReaderTraining,
    mixture: Mixture,
    base: Path,
    folder: Path,
    *,
    usd_per_hour: float = 0.0,
    on_progress: OnProgress | None = None,
) -> TrainedReader:
    """Train a reader into a folder. Raises ModelError for a base that cannot be used, and what the loop raises."""
    torch.manual_seed(training.seed)
    network = open_network(base)
    threads = choose_threads(bf16=True)
    training = _fitted(training, network)
    tokenizer = open_tokenizer(base / "tokenizer.json")
    reader = _reader(network, training, base)
    glance = _spread(mixture.held_out, GLANCE_ROWS)
    plan = Settings(
        steps=training.steps or steps_of(mixture, tokenizer, training),
        learning_rate=training.learning_rate, warmup_steps=training.warmup_steps, hold=training.hold,
        seed=training.seed, dev_every=training.score_every_steps if glance else 0, patience=training.patience,
        usd_per_hour=usd_per_hour,
    )  # fmt: skip
    made_of = _made_of(training, mixture)
    outcome = train(
        ReaderLoss(network), _Stream(mixture, tokenizer, training), plan, folder, identity=json.dumps(made_of),
        dev=(lambda: _loss_of(score(glance, with_reader(reader)))) if glance else None, on_progress=on_progress,
    )  # fmt: skip
    done = finish_reader(network, training, mixture, base, folder, outcome, threads)
    remove_checkpoint(folder)
    return done


def finish_reader(
    network: ReaderNetwork,
    training: ReaderTraining,
    mixture: Mixture,
    base: Path,
    folder: Path,
    outcome: Outcome,
    threads: int = 1,
) -> TrainedReader:
    """Calibrate a network that was trained, score it on what was held out, and save it with all that is known of it."""
    network.eval()
    training = _fitted(training, network)
    telling = [row for part in mixture.parts if not all(row.answers for row in part.held_out) for row in part.held_out]
    calibration, ece = _calibrate(_reader(network, training, base), telling)  # of parts where answers may be missing
    reader = _reader(network, training, base, calibration)
    done = TrainedReader(
        folder=folder, steps=outcome.state.step, stopped=outcome.stopped, reason=outcome.reason,
        seconds=outcome.state.seconds, calibration=calibration, ece=ece,
        scores={part.name: score(part.held_out, with_reader(reader)) for part in mixture.parts if part.held_out},
    )  # fmt: skip
    report = _report(training, mixture, done) | {"threads": threads, "tokens": outcome.state.tokens}
    save_reader(folder, network, reader.settings, base / "tokenizer.json", report)
    return done


def _fitted(training: ReaderTraining, network: ReaderNetwork) -> ReaderTraining:
    """Shorten the windows to what the encoder takes; neighbours share a third of them at most."""
    longest = min(training.longest, int(network.bert.config.max_position_embeddings))
    return training.model_copy(update={"longest": longest, "overlap": min(training.overlap, longest // 3)})


def _reader(
    network: ReaderNetwork, training: ReaderTraining, base: Path, calibration: Calibration = UNFITTED
) -> Reader:
    settings = ReaderSettings(
        longest=training.longest, overlap=training.overlap, words=words_of(training, base),
        calibration=calibration,
    )  # fmt: skip
    tokenizer = open_tokenizer(base / "tokenizer.json")
    return Reader(settings, tokenizer, training.longest, TorchRuns(network, training.longest))


def _made_of(training: ReaderTraining, mixture: Mixture) -> dict[str, str]:
    return {"recipe": training_hash(training), "rows": mixture.digest, "base": training.base}


def training_hash(training: ReaderTraining) -> str:
    """Hash every choice of a training, its files apart: their rows have a hash of their own."""
    values = training.model_dump(mode="json", exclude={"files", "folder"})
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def words_of(training: ReaderTraining, base: Path) -> str:
    """Name the model of the catalogue whose word embeddings the reader keeps; empty where there is none."""
    if training.base in {entry.name for entry in catalogue()}:
        return training.base
    held: dict[str, Any] = json.loads((base / "config.json").read_text(encoding="utf-8")).get("reader", {})
    return str(held.get("words", ""))


class _Stream:
    """The batches, each time from the first."""

    def __init__(self, mixture: Mixture, tokenizer: Any, training: ReaderTraining) -> None:
        self._mixture, self._tokenizer, self._training = mixture, tokenizer, training

    def __iter__(self) -> Iterator[Batch]:
        longest = self._training.longest
        return (as_batch(one, longest) for one in batches(self._mixture, self._tokenizer, self._training))


def _loss_of(card: Scorecard) -> float:
    """Give what is to fall: one less the balanced F1, or less the F1 where everything has an answer."""
    good = card.best_f1 if card.best_f1 is not None else card.f1_answerable
    return 1 - (good or 0.0)


def _calibrate(reader: Reader, rows: Sequence[Row]) -> tuple[Calibration, float | None]:
    """Fit the probability to held-out rows; its error is of rows that the logistic did not see."""
    found = [(row, spans[0]) for row, spans in zip(rows, spans_of(reader, rows), strict=True) if spans]
    features = [(span.score, span.answerable) for _, span in found]
    labels = [bool(row.answers) for row, _ in found]
    folds = [number % FOLDS for number in range(len(found))]
    said = [0.0] * len(found)
    for fold in range(FOLDS):
        weights = fit(*_picked(features, labels, [one != fold for one in folds]))
        for place in (place for place, one in enumerate(folds) if one == fold):
            said[place] = weights.probability(*features[place])
    return fit(features, labels), expected_error(said, labels)


def _picked(
    features: Sequence[tuple[float, float]], labels: Sequence[bool], wanted: Sequence[bool]
) -> tuple[list[tuple[float, float]], list[bool]]:
    places = [place for place, one in enumerate(wanted) if one]
    return [features[place] for place in places], [labels[place] for place in places]


def _spread(rows: Sequence[Row], most: int) -> list[Row]:
    """Take so many rows evenly out of all."""
    return list(rows[:: max(1, -(-len(rows) // most))])


def _report(training: ReaderTraining, mixture: Mixture, done: TrainedReader) -> dict[str, Any]:
    parts = [
        {"name": part.name, "rows": len(part.rows), "held_out": len(part.held_out), "times": part.times,
         "licence": part.licence}
        for part in mixture.parts
    ]  # fmt: skip
    return {
        "kind": "reader", **_made_of(training, mixture), "seed": training.seed,
        "recipe_values": training.model_dump(mode="json"), "parts": parts,
        "licence": sorted({part.licence for part in mixture.parts if part.licence}),
        "steps": done.steps, "stopped": done.stopped, "reason": done.reason, "seconds": round(done.seconds, 1),
        "calibration": done.calibration._asdict(), "ece": done.ece,
        "scores": {name: asdict(card) for name, card in done.scores.items()},
    }  # fmt: skip
