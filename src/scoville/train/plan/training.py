"""What a training takes on each machine, and what would fit where it does not.

Enters: the shape of a model, a job, machines. Leaves: a :class:`TrainingPlan`. All of it is arithmetic.

    operations of a token, forward  2 · (weights of the layers + share with loss · hidden · vocabulary)
                                    + 4 · layers · heads · head size · tokens of a row        (attention, not halved)
    of training one   full: 3 × that;  lora: 2 × that + 6 · trained parameters
                      (the way back through frozen weights computes no gradient of theirs)
                      with ``recompute`` once more the way forward
    hours             tokens × operations / (rate × utilisation); qlora takes a third more, for unpacking its weights;
                      on a GPU a batch takes at least 1 ms a layer, however small the model
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from scoville.errors import UsageError
from scoville.train.plan.architecture import Architecture
from scoville.train.plan.hardware import PRICES, Hardware
from scoville.train.plan.memory import CHECKPOINT_BYTES, Job, Memory, trained_parameters, training_memory

UNPACKING = 4 / 3
"""How much longer QLoRA takes than LoRA."""
LAYER_SECONDS = 0.001
"""A batch on a GPU takes at least so long a layer: some hundred kernels are started one after the other."""
CARDS = (2, 4, 8, 16, 32, 64)
"""How many GPUs share a training, each with its rows and its part of weights and optimizer (FSDP, DeepSpeed)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OnHardware:
    """A job on one machine."""

    hardware: Hardware
    fits: bool
    hours: float | None
    """None where it does not fit."""
    usd: float | None
    would_fit: str
    """What would, where it does not."""


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """What a job takes; as a text a table."""

    shape: Architecture
    job: Job
    trainable_parameters: int
    checkpoint_bytes: int
    memory: Memory
    operations: float
    """All products and sums."""
    hardware: tuple[OnHardware, ...]

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        return {
            "model": self.shape.name, "parameters": self.shape.parameters, **_job_json(self.job),
            "trainable_parameters": self.trainable_parameters, "checkpoint_bytes": self.checkpoint_bytes,
            "memory_bytes": {**asdict(self.memory), "total": self.memory.total}, "operations": self.operations,
            "hardware": [
                {
                    "name": one.hardware.name, "note": one.hardware.note, "fits": one.fits, "hours": one.hours,
                    "usd": one.usd, "would_fit": one.would_fit, "memory_bytes": one.hardware.memory_bytes,
                    "usd_per_hour": one.hardware.usd_per_hour,
                }
                for one in self.hardware
            ],
            "prices": PRICES,
        }  # fmt: skip

    def __str__(self) -> str:
        """Write it as a table."""
        job, share = self.job, self.trainable_parameters / self.shape.parameters
        what = f"{job.method}, rank {job.rank} on {', '.join(job.targets)}" if job.adapts else job.method
        parts = ", ".join(f"{name} {size_text(size)}" for name, size in asdict(self.memory).items() if size)
        head = [
            f"{self.shape.name}, {what}: {self.trainable_parameters:,} of {self.shape.parameters:,} parameters "
            f"({share:.2%}), checkpoint {size_text(self.checkpoint_bytes)}",
            f"{job.rows:,} rows × {job.tokens_per_row} tokens × {job.epochs:g} epochs = {job.tokens:,} tokens, "
            f"{job.at_once:,} at once{', activations computed again' * job.recompute}",
            f"memory {size_text(self.memory.total)}: {parts}",
            "",
            f"{'':<14}{'memory':>9}{'hours':>10}{'cost':>11}",
        ]
        notes = [f"{one.hardware.name}: {one.hardware.note}" for one in self.hardware if one.hardware.note]
        tail = ["", *notes, f"prices: {PRICES}; hours are good within a factor of two"]
        return "\n".join([*head, *map(_row, self.hardware), *tail])


def plan_training(shape: Architecture, job: Job, machines: Sequence[Hardware]) -> TrainingPlan:
    """Say what a job takes on each machine."""
    if job.tokens_per_row > shape.context_tokens:
        raise UsageError(
            f"rows of {job.tokens_per_row} tokens: {shape.name} reads {shape.context_tokens}; give shorter ones"
        )
    trained, memory = trained_parameters(shape, job), training_memory(shape, job)
    operations = training_operations(shape, job)
    return TrainingPlan(
        shape=shape, job=job, trainable_parameters=trained, checkpoint_bytes=CHECKPOINT_BYTES * trained, memory=memory,
        operations=operations, hardware=tuple(_on(shape, job, memory, operations, one) for one in machines),
    )  # fmt: skip


def training_operations(shape: Architecture, job: Job) -> float:
    """Count the products and sums of a job; the formula stands above."""
    head = job.labelled * shape.hidden * shape.vocabulary
    attention = 4 * shape.layers * shape.heads * shape.head_size * job.tokens_per_row
    forward = 2 * (shape.linear_weights + head) + attention
    token = 2 * forward + 6 * trained_parameters(shape, job) if job.adapts else 3 * forward
    return float(job.tokens * (token + forward * job.recompute))


def _on(shape: Architecture, job: Job, memory: Memory, operations: float, machine: Hardware) -> OnHardware:
    if memory.total > machine.memory_bytes:
        return OnHardware(hardware=machine, fits=False, hours=None, usd=None, would_fit=_would_fit(shape, job, machine))
    unpacking = UNPACKING if job.method == "qlora" else 1.0
    starting = shape.layers * LAYER_SECONDS * job.batches if machine.is_gpu else 0.0
    hours = max(starting, operations * unpacking / (machine.flops * machine.utilisation)) / 3600
    return OnHardware(hardware=machine, fits=True, hours=hours, usd=hours * machine.usd_per_hour, would_fit="")


def _would_fit(shape: Architecture, job: Job, machine: Hardware) -> str:
    """Name the mildest change with which a job fits, and where that is another method, how many GPUs would do too."""
    saving = replace(job, recompute=True)
    least = replace(saving, batch_tokens=job.tokens_per_row)
    small = f"--recompute --batch-tokens {job.tokens_per_row}"
    for said, changed in (("--recompute", saving), (small, least)):
        if training_memory(shape, changed).total <= machine.memory_bytes:
            return said
    found: list[str] = []
    if job.method in ("lora", "full"):
        others = (("", job), (" --recompute", saving), (f" {small}", least))
        found += [
            f"--method qlora{said}" for said, changed in others
            if training_memory(shape, replace(changed, method="qlora")).total <= machine.memory_bytes
        ][:1]  # fmt: skip
    if machine.is_gpu:
        held = training_memory(shape, least)
        found += [
            f"{cards} of them with {small}" for cards in CARDS
            if held.sharded(cards) <= machine.memory_bytes
        ][:1]  # fmt: skip
    return ", or ".join(found) or "a smaller model"


def _job_json(job: Job) -> dict[str, Any]:
    values = asdict(job) | {"targets": list(job.targets), "tokens": job.tokens}
    return values if job.adapts else {**values, "rank": None, "targets": []}


def _row(one: OnHardware) -> str:
    name, memory = one.hardware.name, size_text(one.hardware.memory_bytes)
    if one.hours is None or one.usd is None:
        return f"{name:<14}{memory:>9}  does not fit; would: {one.would_fit}"
    cost = f"${one.usd:,.2f}" if one.usd >= 0.01 else f"${one.usd:.2g}"
    return f"{name:<14}{memory:>9}{_hours(one.hours):>10}{cost:>11}"


def _hours(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else f"{hours * 60:.1f} min" if hours >= 1 / 60 else f"{hours * 3600:.1f} s"


def size_text(size: int) -> str:
    """Write bytes with the unit that fits, in thousands."""
    for unit, one in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= one:
            value = size / one
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{size} B"
