"""The loop that everything is trained by: batches → loss → steps, until the end, a kill, or no more gain.

Enters: a network whose ``forward`` gives a summed loss, an endless stream of batches, settings. Leaves: the trained
network, ``loss.jsonl`` and, while it runs, a checkpoint. Does not know what is trained, nor on what: CPU, one GPU,
several processes (``torchrun``, ``accelerate launch``) are Accelerate's to tell apart.

A run that was killed goes on from its checkpoint to the same result, bit by bit on the same machine: the stream of
batches begins anew and is skipped to its place, the random numbers of each step depend on its number alone, and the
number of threads, which decides in which order numbers add up, is that of the checkpoint.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from scoville.errors import Diverged, TrainingError
from scoville.progress import OnProgress
from scoville.storage import Journal, write_whole
from scoville.train.checkpoint import load_tensors, save_tensors
from scoville.train.settings import Settings, parameter_groups, rate, trainable
from scoville.train.threads import bf16_pays

LOG = "loss.jsonl"
CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"
SHARDED = ("FSDP", "DEEPSPEED", "MEGATRON_LM")
SEED_STRIDE = 1_000_003


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What one call of the network takes."""

    tensors: Mapping[str, Tensor]
    """Its arguments by name."""
    targets: int
    """How many things the loss is a sum over, e.g. tokens to be learned."""
    tokens: int
    """Without padding."""


@dataclass(frozen=True, kw_only=True)
class State:
    """How far a training is."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    first: float | None = None
    """The value of the dev part before the first step."""
    best: float | None = None
    """Its lowest value so far."""
    best_step: int = 0
    lost: float = 0.0
    """Sum of the losses since the last line of the log."""
    targets: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a training ended. The network holds the best weights on the dev part, else the last."""

    state: State
    stopped: str
    """Why: ``done``, ``no gain`` or, with what was lost, ``diverged``."""
    reason: str = ""


Dev = Callable[[], float]
"""Measures the network as it is; lower is better."""


def train(
    network: nn.Module,
    batches: Iterable[Batch],
    settings: Settings,
    folder: Path,
    *,
    identity: str,
    dev: Dev | None = None,
    on_progress: OnProgress | None = None,
) -> Outcome:
    """Train a network's parameters that require gradients, going on from the folder's checkpoint if there is one.

    ``network(**batch.tensors)`` gives the loss summed over ``batch.targets``. ``batches`` never ends and gives the same
    each time it is begun. What ``dev`` measures is measured before the first step, too: weights that never gain are
    given back as they came. ``identity`` names all that decides the result besides the settings (base, rows): a
    checkpoint of another is refused. Losses that are not finite end the training with the last good weights.
    Raises Diverged when there are none, TrainingError for an unusable checkpoint, StorageError when the disk is full.
    """
    run = _Run(network, settings, folder, identity)
    state = run.resume()
    if dev and settings.dev_every and state.first is None:
        state = run.begin(state, dev)
    try:
        while state.step < settings.steps:
            state = run.advance(batches, state, dev, on_progress)
            if dev and settings.patience and state.step - state.best_step >= settings.patience * settings.dev_every:
                return run.end(state, "no gain", f"no gain on the dev part since step {state.best_step}")
    except Diverged as error:
        return run.fall_back(error)
    return run.end(state, "done")


def remove_checkpoint(folder: Path) -> None:
    """Remove what is only needed to go on, once the result is saved."""
    for name in (CHECKPOINT, BEST):
        (folder / name).unlink(missing_ok=True)


class _Run:
    """One process of one training."""

    def __init__(self, network: nn.Module, settings: Settings, folder: Path, identity: str) -> None:
        from accelerate import Accelerator

        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        if (kind := self.accelerator.distributed_type.value) in SHARDED:
            raise TrainingError(f"{kind} divides the weights among processes, and checkpoints here are of whole ones: "
                                "launch with data parallelism alone (torchrun, or MULTI_GPU)")  # fmt: skip
        self.network, self.settings, self.folder = network, settings, folder
        self.identity = {"identity": identity, **asdict(settings), "processes": self.accelerator.num_processes}
        self.parameters = trainable(network)
        optimizer = torch.optim.AdamW(parameter_groups(self.parameters, settings), lr=settings.learning_rate,
                                      betas=settings.betas, fused=True)  # fmt: skip
        self.prepared, self.optimizer = self.accelerator.prepare(network, optimizer)
        self.log = Journal(folder / LOG)
        self._stream: Iterator[Batch] | None = None

    def resume(self) -> State:
        """Load the checkpoint if there is one, and take the lines of later steps out of the log."""
        self.network.train()
        saved = load_tensors(self.folder / CHECKPOINT, self.accelerator.device)
        if saved is None:
            state = State()
        elif saved["identity"] != self.identity:
            known, now = saved["identity"], self.identity
            changed = ", ".join(
                f"{key} {known.get(key)!r}, now {now[key]!r}" for key in now if known.get(key) != now[key]
            )
            raise TrainingError(
                f"{self.folder / CHECKPOINT} is of a training with other values ({changed}): give those to go on, or "
                "remove the folder to begin anew"
            )
        else:
            self._load(saved["parameters"])
            self.optimizer.load_state_dict(saved["optimizer"])
            torch.set_num_threads(saved["threads"])
            state = State(**saved["state"])
        if self._writes and self.log.path.exists():
            kept = [row for row in self.log.rows() if saved and row["step"] <= state.step]
            write_whole(self.log.path, "".join(f"{json.dumps(row)}\n" for row in kept))
        return state

    def begin(self, state: State, dev: Dev) -> State:
        """Measure the network as it came: what does not gain is given back as it was."""
        value = self._measure(dev)
        self._save(BEST, {"parameters": self._values(), "step": 0})
        if self._writes:
            self.log.add({"step": 0, "dev": value})
        return replace(state, first=value, best=value)

    def advance(self, batches: Iterable[Batch], state: State, dev: Dev | None, on_progress: OnProgress | None) -> State:
        """Take one step, and log, measure and save where it is time to."""
        settings, started = self.settings, time.perf_counter()
        number = state.step + 1
        state = self._step(self._next(batches, state.step), number, state)
        last = number == settings.steps
        row: dict[str, Any] = {}
        if dev and settings.dev_every and (last or number % settings.dev_every == 0):
            row["dev"] = value = self._measure(dev)
            if state.best is None or value < state.best:
                state = replace(state, best=value, best_step=number)
                self._save(BEST, {"parameters": self._values(), "step": number})
        state = replace(state, seconds=state.seconds + time.perf_counter() - started)
        if row or last or number % settings.log_every == 0:
            state = self._note(state, row, on_progress)
        if last or number % settings.checkpoint_every == 0:
            self._save(CHECKPOINT, {
                "identity": self.identity, "parameters": self._values(), "optimizer": self.optimizer.state_dict(),
                "state": asdict(state), "threads": torch.get_num_threads(),
            })  # fmt: skip
        return state

    def end(self, state: State, stopped: str, reason: str = "") -> Outcome:
        """Put the best weights into the network."""
        if best := load_tensors(self.folder / BEST, self.accelerator.device):
            self._load(best["parameters"])
        self.network.eval()
        return Outcome(state=state, stopped=stopped, reason=reason)

    def fall_back(self, error: Diverged) -> Outcome:
        """Go back to the last good weights; raises the error when none were saved."""
        saved = load_tensors(self.folder / CHECKPOINT, self.accelerator.device)
        if saved is None and not (self.folder / BEST).exists():
            raise error
        if saved:
            self._load(saved["parameters"])
        return self.end(State(**saved["state"]) if saved else State(), "diverged", str(error))

    def _next(self, batches: Iterable[Batch], done: int) -> list[Batch]:
        """Take this process's batches of a step."""
        processes, each = self.accelerator.num_processes, self.settings.accumulate
        if self._stream is None:
            self._stream = islice(iter(batches), done * processes * each, None)
        taken = list(islice(self._stream, processes * each))
        if len(taken) < processes * each:
            raise TrainingError(f"the batches ended at step {done + 1} of {self.settings.steps}; expected no end")
        return taken[self.accelerator.process_index :: processes]

    def _step(self, micro: list[Batch], number: int, state: State) -> State:
        accelerator, settings, device = self.accelerator, self.settings, self.accelerator.device
        torch.manual_seed(settings.seed * SEED_STRIDE + number * accelerator.num_processes + accelerator.process_index)
        sizes = torch.tensor([sum(b.targets for b in micro), sum(b.tokens for b in micro)], device=device)
        targets, tokens = (int(size) for size in self._total(sizes))
        lost = torch.zeros((), device=device)
        for left, batch in zip(range(len(micro) - 1, -1, -1), micro, strict=True):
            with accelerator.no_sync(self.prepared) if left else nullcontext():
                with self._autocast():
                    loss = self.prepared(**{name: value.to(device) for name, value in batch.tensors.items()})
                # Processes average their gradients: times their number it is the mean over all targets of the step.
                accelerator.backward(loss * (accelerator.num_processes / max(1, targets)))
            lost += loss.detach()
        norm = accelerator.clip_grad_norm_(self.parameters.values(), settings.clip)
        lost = self._total(lost)
        if not (torch.isfinite(lost) and (norm is None or torch.isfinite(norm))):
            what = "the loss" if not torch.isfinite(lost) else "its gradient"
            raise Diverged(f"{what} is not finite at step {number} of {settings.steps}; try a lower learning rate")
        for group in self.optimizer.param_groups:
            group["lr"] = rate(settings, number)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return replace(state, step=number, tokens=state.tokens + tokens, lost=state.lost + float(lost),
                       targets=state.targets + targets)  # fmt: skip

    def _note(self, state: State, row: dict[str, Any], on_progress: OnProgress | None) -> State:
        loss = state.lost / max(1, state.targets)
        left = state.seconds / state.step * (self.settings.steps - state.step)
        usd = (state.seconds + left) / 3600 * self.settings.usd_per_hour
        if self._writes:
            self.log.add({
                "step": state.step, "loss": round(loss, 6), "learning_rate": rate(self.settings, state.step),
                "tokens": state.tokens, "seconds": round(state.seconds, 2), "eta_seconds": round(left, 1),
                "usd": round(state.seconds / 3600 * self.settings.usd_per_hour, 6), **row,
            })  # fmt: skip
            if on_progress:
                dev = f", dev {row['dev']:.3f}" if "dev" in row else ""
                on_progress(f"loss {loss:.3f}{dev}, {_duration(left)} left, ${usd:.2f} in all", state.step,
                            self.settings.steps)  # fmt: skip
        return replace(state, lost=0.0, targets=0)

    def _measure(self, dev: Dev) -> float:
        self.network.eval()
        try:
            with torch.no_grad(), self._autocast():
                return float(dev())
        finally:
            self.network.train()

    def _autocast(self) -> torch.autocast:
        device, asked = self.accelerator.device.type, self.settings.bf16
        return torch.autocast(device, torch.bfloat16, enabled=bf16_pays(device) if asked is None else asked)

    def _total(self, value: Tensor) -> Tensor:
        """Add up what each process has."""
        return self.accelerator.reduce(value, "sum")  # pyright: ignore[reportReturnType]

    @property
    def _writes(self) -> bool:
        return self.accelerator.is_main_process

    def _values(self) -> dict[str, Tensor]:
        return {name: value.detach() for name, value in self.parameters.items()}

    def _load(self, values: Mapping[str, Tensor]) -> None:
        if wrong := {
            name for name, value in self.parameters.items() if values.get(name, value[:0]).shape != value.shape
        }:
            raise TrainingError(f"{self.folder}: the checkpoint does not fit the network: {sorted(wrong)[0]} differs")
        with torch.no_grad():
            for name, value in self.parameters.items():
                value.copy_(values[name])

    def _save(self, name: str, content: Mapping[str, Any]) -> None:
        if self._writes:
            save_tensors(self.folder / name, content)
        self.accelerator.wait_for_everyone()


def _duration(seconds: float) -> str:
    minutes, hours = round(seconds / 60), seconds / 3600
    return f"{seconds:.0f} s" if seconds < 100 else f"{minutes} min" if minutes < 100 else f"{hours:.1f} h"
