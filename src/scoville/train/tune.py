"""A generator is trained: on texts first where there are any, then on conversations.

Enters: rows, a base, how. Leaves: a folder as PEFT or transformers saves it, with ``training.json`` on what it was made
of. Both stages train the same parameters (Gururangan et al. 2020: domain first, then the task).
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import torch

from scoville.errors import StorageError, TrainingError
from scoville.progress import OnProgress
from scoville.storage import write_whole
from scoville.train.base import be_quiet, template_of
from scoville.train.batches import Batches, batch_of
from scoville.train.examples import Example, Text
from scoville.train.loop import Outcome, remove_checkpoint, train
from scoville.train.methods import Origin, prepare, save
from scoville.train.threads import choose_threads
from scoville.train.token_loss import TokenLoss, bits_per_byte, mean_loss
from scoville.train.tokens import Tokens, encode_examples, encode_texts
from scoville.train.tuning import Tuning, loop_settings

RECORD = "training.json"
"""What a model says of how it was made."""
logger = logging.getLogger("scoville")


class Rows(Protocol):
    """What a generator is trained on; `scoville train rows` makes them."""

    @property
    def train(self) -> Sequence[Example]:
        """Conversations to learn."""
        ...

    @property
    def dev(self) -> Sequence[Example]:
        """Others, to see when it is enough."""
        ...

    @property
    def texts(self) -> Sequence[Text]:
        """Texts to learn before them."""
        ...

    @property
    def dev_texts(self) -> Sequence[Text]:
        """Others, to see when that is enough."""
        ...

    @property
    def template(self) -> str:
        """Hash of how the prompts are written."""
        ...

    @property
    def digest(self) -> str:
        """Hash of all that they say."""
        ...

    def describe(self) -> dict[str, Any]:
        """Say how many there are of what."""
        ...


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A model that was trained."""

    name: str
    folder: Path
    record: dict[str, Any]
    """What ``training.json`` holds."""


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """One pass of training: ``domain`` on texts, ``instruct`` on conversations."""

    name: str
    rows: Sequence[Tokens]
    dev: Sequence[Tokens]
    dev_bytes: int = 0
    """Of texts: the size of the dev part as UTF-8."""


def tune(
    rows: Rows,
    origin: Origin,
    tuning: Tuning,
    folder: Path,
    *,
    usd_per_hour: float = 0.0,
    on_progress: OnProgress | None = None,
) -> TrainedModel:
    """Train a model into a folder, going on where an earlier call with the same values was stopped.

    A folder that holds the finished result of the same values is given as it is. Raises TrainingError for one that
    holds another, and for rows that cannot be learned.
    """
    record = _plan(rows, origin, tuning)
    if (known := read_record(folder)) is not None:
        if known.get("made_of") != record["made_of"]:
            raise TrainingError(f"{folder} holds a model that was made of other rows, on another base or otherwise: "
                                "choose another name, or remove it")  # fmt: skip
        return TrainedModel(name=folder.name, folder=folder, record=known)
    be_quiet()
    tokenizer = origin.tokenizer()
    stages = _stages(rows, tokenizer, tuning)
    choose_threads(tuning.bf16)
    network = prepare(origin, tuning)
    loss = TokenLoss(network)
    record["parameters"] = sum(value.numel() for value in network.parameters())
    record["trained_parameters"] = sum(value.numel() for value in network.parameters() if value.requires_grad)
    record["stages"] = {}
    for stage in stages:
        outcome, scores = _run(stage, loss, tuning, folder, record["made_of"], usd_per_hour, on_progress)
        record["stages"][stage.name] = {"rows": len(stage.rows), **scores, **_said(outcome, usd_per_hour)}
        if outcome.stopped == "diverged":
            logger.warning("%s. The weights of step %d are kept.", outcome.reason, outcome.state.step)
            break
    record["threads"] = torch.get_num_threads()
    if _is_first():
        _save(network, tokenizer, tuning, folder, record)
        for stage in stages:
            remove_checkpoint(folder / stage.name)
    return TrainedModel(name=folder.name, folder=folder, record=record)


def read_record(folder: Path) -> dict[str, Any] | None:
    """Read what a finished model says of how it was made; None where none is finished."""
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} is damaged ({error}): remove the folder to train anew") from error


def _plan(rows: Rows, origin: Origin, tuning: Tuning) -> dict[str, Any]:
    values = {
        "base": origin.name,
        "weights": origin.identity,
        "rows": rows.digest,
        "template": rows.template,
        **asdict(tuning),
    }
    return {
        "made_of": hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16],
        "base": origin.name, "licence": origin.licence, "rows": rows.describe(), "tuning": asdict(tuning),
        "versions": {name: version(name) for name in ("scoville", "torch", "transformers", "peft")},
    }  # fmt: skip


def _stages(rows: Rows, tokenizer: Any, tuning: Tuning) -> list[_Stage]:
    template = template_of(tokenizer)
    stages: list[_Stage] = []
    if rows.texts:
        stages.append(_Stage(
            name="domain", rows=encode_texts(rows.texts, tokenizer, tuning.longest),
            dev=encode_texts(rows.dev_texts, tokenizer, tuning.longest), dev_bytes=_size(rows.dev_texts),
        ))  # fmt: skip
    if rows.train:
        dev = encode_examples(rows.dev, tokenizer, template, tuning.longest) if rows.dev else []
        stages.append(
            _Stage(name="instruct", rows=encode_examples(rows.train, tokenizer, template, tuning.longest), dev=dev)
        )
    if not stages:
        raise TrainingError("there are no rows to train on: give conversations, or texts")
    return stages


def _run(
    stage: _Stage, loss: TokenLoss, tuning: Tuning, folder: Path, made_of: str, usd_per_hour: float,
    on_progress: OnProgress | None,
) -> tuple[Outcome, dict[str, Any]]:  # fmt: skip
    """Train one stage; give how it ended, and its measures before and after."""
    batches = Batches(rows=stage.rows, most_tokens=tuning.batch_tokens, seed=tuning.seed)
    settings = loop_settings(
        tuning, len(batches.plan(0)), int(os.environ.get("WORLD_SIZE", "1")), usd_per_hour, bool(stage.dev)
    )
    looks = Batches(rows=stage.dev, most_tokens=tuning.batch_tokens, seed=0) if stage.dev else None
    dev_batches = [batch_of([stage.dev[at] for at in part]) for part in looks.plan(0)] if looks else []

    def dev() -> float:
        return mean_loss(loss, dev_batches, next(loss.parameters()).device)

    outcome = train(loss, batches, settings, folder / stage.name, identity=f"{stage.name} of {made_of}",
                    dev=dev if stage.dev else None, on_progress=on_progress)  # fmt: skip
    return outcome, {
        name: value
        for when, loss_then in (("before", outcome.state.first), ("after", outcome.state.best))
        for name, value in _measures(when, loss_then, stage).items()
    }


def _measures(when: str, dev_loss: float | None, stage: _Stage) -> dict[str, float]:
    """Name a loss on the dev part, and for texts what it is in bits per byte."""
    if dev_loss is None:
        return {}
    tokens = sum(len(row.ids) - row.learned for row in stage.dev)
    bits = {f"bits_per_byte_{when}": bits_per_byte(dev_loss, tokens, stage.dev_bytes)} if stage.dev_bytes else {}
    return {f"dev_loss_{when}": dev_loss, **bits}


def _said(outcome: Outcome, usd_per_hour: float) -> dict[str, Any]:
    state = outcome.state
    return {
        "stopped": outcome.stopped, "reason": outcome.reason, "steps": state.step, "best_step": state.best_step,
        "tokens": state.tokens, "seconds": round(state.seconds, 1),
        "tokens_per_second": round(state.tokens / state.seconds, 1) if state.seconds else 0.0,
        "usd": round(state.seconds / 3600 * usd_per_hour, 6),
    }  # fmt: skip


def _size(texts: Sequence[Text]) -> int:
    return sum(len(text.text.encode()) for text in texts)


def _is_first() -> bool:
    """Say whether this is the process that writes."""
    return os.environ.get("RANK", "0") == "0"


def _save(network: Any, tokenizer: Any, tuning: Tuning, folder: Path, record: dict[str, Any]) -> None:
    """Save a model beside its folder's other files, its record last: what has a record is whole."""
    from safetensors import SafetensorError

    unfinished = folder / ".saving"
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        save(network, tokenizer, tuning, unfinished)
        (unfinished / "README.md").unlink(missing_ok=True)  # a form of PEFT's, to be filled in
        for path in unfinished.iterdir():
            path.replace(folder / path.name)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise StorageError(
            f"cannot save the model to {folder}: {error}; free some space and run the command again: it is "
            "saved from its checkpoint"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    write_whole(folder / RECORD, json.dumps(record, indent=2) + "\n")
