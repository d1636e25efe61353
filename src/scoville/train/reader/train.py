"""An encoder becomes a reader: mixture → loop → calibration → scorecard → folder.

Enters: every choice of the training, rows, the folder of the base. Leaves: a folder that ``open_reader`` opens, with
``training.json`` (what it was made of and what it is worth) and ``loss.jsonl``. A training that was killed goes on to
the same result when it is called again.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from scoville.embed.network import open_tokenizer
from scoville.extract.reader import Reader, Span
from scoville.extract.reader import Settings as ReaderSettings
from scoville.models import catalogue
from scoville.progress import OnProgress
from scoville.recipe.reader import ReaderTraining
from scoville.train.loop import Batch, Outcome, remove_checkpoint, train
from scoville.train.reader.calibrate import Calibration, calibrate
from scoville.train.reader.mixture import Mixture, Part, batches, steps_of
from scoville.train.reader.network import ReaderLoss, ReaderNetwork, TorchRuns, as_batch, open_network
from scoville.train.reader.rows import Row
from scoville.train.reader.save import WEIGHTS, save_reader
from scoville.train.reader.score import Scorecard, answered_by, score, scorecard, spans_of, with_reader
from scoville.train.settings import Settings
from scoville.train.threads import choose_threads

LOOKS = 10
GLANCE_ROWS = 400
"""How many held-out rows are looked at while it learns."""


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
    """Train a reader into a folder; what lies there already and was made of the very same is given as it is.

    Raises ModelError for a base that cannot be used, and what the loop raises.
    """
    torch.manual_seed(training.seed)
    network = open_network(base)
    choose_threads()
    training = _fitted(training, network)
    tokenizer = open_tokenizer(base / "tokenizer.json")
    reader = _reader(network, training, base)
    glance = _spread(mixture.held_out, GLANCE_ROWS)
    steps = training.steps or steps_of(mixture, tokenizer, training)
    plan = Settings(
        steps=steps, learning_rate=training.learning_rate, warmup_steps=min(training.warmup_steps, steps // 10),
        hold=training.hold, seed=training.seed, patience=training.patience, usd_per_hour=usd_per_hour,
        dev_every=(training.score_every_steps or -(-steps // LOOKS)) if glance else 0,
    )  # fmt: skip
    made_of = _made_of(training, mixture)
    if known := _finished(folder, made_of):
        return known
    began = {name: value.clone() for name, value in network.state_dict().items()} if training.keep_base else {}
    outcome = train(
        ReaderLoss(network), _Stream(mixture, tokenizer, training), plan, folder, identity=json.dumps(made_of),
        dev=(lambda: _loss_of(score(glance, with_reader(reader)))) if glance else None, on_progress=on_progress,
    )  # fmt: skip
    average(network, began, training.keep_base)
    done = finish_reader(network, training, mixture, base, folder, outcome)
    remove_checkpoint(folder)
    return done


def average(network: ReaderNetwork, other: Mapping[str, torch.Tensor], share: float) -> None:
    """Move a network's weights by a share of the way towards others."""
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name in other and value.is_floating_point():
                value.lerp_(other[name], share)


def finish_reader(
    network: ReaderNetwork,
    training: ReaderTraining,
    mixture: Mixture,
    base: Path,
    folder: Path,
    outcome: Outcome,
) -> TrainedReader:
    """Calibrate a network that was trained, score it on what was held out, and save it with all that is known of it."""
    network.eval()
    training = _fitted(training, network)
    reader = _reader(network, training, base)
    read = [_Read(part, reader) for part in mixture.parts if part.held_out]
    telling = [pair for one in read if not all(row.answers for row in one.part.held_out) for pair in one.best()]
    calibration, ece = calibrate([(span.score, span.answerable) for _, span in telling],
                                 [bool(row.answers) for row, _ in telling])  # fmt: skip
    done = TrainedReader(
        folder=folder, steps=outcome.state.step, stopped=outcome.stopped, reason=outcome.reason,
        seconds=outcome.state.seconds, calibration=calibration, ece=ece,
        scores={one.part.name: one.scored(calibration) for one in read},
    )  # fmt: skip
    report = _report(training, mixture, done) | {"threads": torch.get_num_threads(), "tokens": outcome.state.tokens}
    settings = replace(reader.settings, calibration=calibration)
    save_reader(folder, network, settings, base / "tokenizer.json", report)
    return done


def _finished(folder: Path, made_of: dict[str, str]) -> TrainedReader | None:
    """Give what a training of the same came to, where it was finished."""
    try:
        report = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        if not (folder / WEIGHTS).is_file() or {key: report[key] for key in made_of} != made_of:
            return None
        return TrainedReader(
            folder=folder, **{name: report[name] for name in ("steps", "stopped", "reason", "seconds", "ece")},
            calibration=Calibration(**report["calibration"]),
            scores={name: Scorecard(**card) for name, card in report["scores"].items()},
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):  # none, or of another version
        return None


def _fitted(training: ReaderTraining, network: ReaderNetwork) -> ReaderTraining:
    """Shorten the windows to what the encoder takes; neighbours share a third of them at most."""
    longest = min(training.longest, int(network.bert.config.max_position_embeddings))
    return training.model_copy(update={"longest": longest, "overlap": min(training.overlap, longest // 3)})


def _reader(network: ReaderNetwork, training: ReaderTraining, base: Path) -> Reader:
    settings = ReaderSettings(
        longest=training.longest, overlap=training.overlap, words=words_of(training, base),
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


class _Read:
    """What a reader found in the texts that are held out of a part."""

    def __init__(self, part: Part, reader: Reader) -> None:
        self.part = part
        started = time.perf_counter()
        self._spans = list(spans_of(reader, part.held_out))
        self._seconds = time.perf_counter() - started

    def best(self) -> list[tuple[Row, Span]]:
        """Give the rows with the best span of each."""
        return [(row, spans[0]) for row, spans in zip(self.part.held_out, self._spans, strict=True) if spans]

    def scored(self, calibration: Calibration) -> Scorecard:
        """Score the spans with their probabilities as they are calibrated now."""
        spans = [
            [replace(span, probability=calibration.probability(span.score, span.answerable)) for span in found]
            for found in self._spans
        ]
        answered = [answered_by(row, found) for row, found in zip(self.part.held_out, spans, strict=True)]
        return scorecard(self.part.held_out, answered, self._seconds)


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
