"""How much memory training takes, part by part.

Enters: the shape of a model and a job. Leaves: bytes. What each part is:

    weights      full, pretrain: 4 bytes of float32 and 2 of its bfloat16 copy a parameter
                 lora: 2 bytes (bfloat16, frozen)
                 qlora: .516 bytes of a layer's matrices (nf4: 4 bits, and .127 for the scales of its blocks, arXiv
                 2305.14314), 2 of the rest
    adapter      lora, qlora: 6 bytes of each of its parameters, as the weights of `full`
    gradients    4 bytes of each parameter that is trained
    optimizer    8 bytes of each that is trained: the two means of AdamW
    activations  what a layer keeps for the way back, for each token:
                 full: 8 · inner + 30 · hidden + 4 · key width;  lora: 8 · inner + 24 · hidden + 4 · key width
                 with ``recompute`` only its input (4 · hidden, 2 · hidden), and one layer whole
    logits       10 bytes × vocabulary for each token that has a loss: bfloat16, float32, gradient
    overhead     1 GB for libraries, buffers and what lies idle between

The bytes a token of the activations were measured: torch 2.13, transformers 5.24, bfloat16 autocast, `sdpa` attention,
which keeps no scores. A test measures them again.
"""

import math
from dataclasses import asdict, dataclass
from typing import Literal

from scoville.errors import UsageError
from scoville.train.plan.architecture import PROJECTIONS, Architecture

Method = Literal["lora", "qlora", "full", "pretrain"]
METHODS: tuple[Method, ...] = ("lora", "qlora", "full", "pretrain")
LABELLED = 0.25
"""The share of a row's tokens that has a loss: the answer; of text for pretraining all have."""
NF4_BYTES = (4 + 0.127) / 8
TRAINED_BYTES = 6
"""Of a trained parameter: float32, and the bfloat16 copy that autocast makes."""
GRADIENT_BYTES, ADAMW_BYTES, LOGIT_BYTES = 4, 8, 10
CHECKPOINT_BYTES = 2
"""Of a parameter in a file: bfloat16."""
OVERHEAD_BYTES = 10**9


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One training."""

    method: Method = "lora"
    rank: int = 16
    targets: tuple[str, ...] = ("all-linear",)
    """For LoRA: what it trains, as :meth:`Architecture.lora_parameters` takes it."""
    rows: int = 1000
    tokens_per_row: int = 512
    epochs: float = 3.0
    batch_tokens: int = 2048
    """Tokens that are computed at once; at least those of a row."""
    recompute: bool = False
    """Whether a layer keeps its input only, and is computed again on the way back (gradient checkpointing): a third
    more work."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.method not in METHODS:
            raise UsageError(f"method {self.method!r}; expected {', '.join(METHODS)}")
        small = min(self.rank, self.rows, self.tokens_per_row, self.batch_tokens)
        if small < 1 or not 0 < self.epochs < float("inf"):
            raise UsageError("rank, rows, tokens of a row, tokens at once: expected at least 1; epochs: more than 0")

    @property
    def adapts(self) -> bool:
        """Whether the weights stay as they are and an adapter is trained."""
        return self.method in ("lora", "qlora")

    @property
    def labelled(self) -> float:
        """The share of tokens that has a loss."""
        return 1.0 if self.method == "pretrain" else LABELLED

    @property
    def tokens(self) -> int:
        """All tokens that it reads, as often as it reads them."""
        return round(self.rows * self.tokens_per_row * self.epochs)

    @property
    def at_once(self) -> int:
        """Tokens that are in memory at a time."""
        return max(self.batch_tokens, self.tokens_per_row)

    @property
    def batches(self) -> int:
        """How often tokens are computed at once."""
        return math.ceil(self.tokens / self.at_once)


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Bytes of memory by what they are for."""

    weights: int
    adapter: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    overhead: int = OVERHEAD_BYTES

    @property
    def total(self) -> int:
        """All of it."""
        return sum(asdict(self).values())

    def sharded(self, cards: int) -> int:
        """Give what each of some GPUs holds: all but activations and logits is shared out (ZeRO 3, FSDP)."""
        shared = self.weights + self.adapter + self.gradients + self.optimizer
        return shared // cards + self.activations + self.logits + self.overhead


def trained_parameters(shape: Architecture, job: Job) -> int:
    """Count the parameters that a job trains."""
    return shape.lora_parameters(job.rank, job.targets) if job.adapts else shape.parameters


def training_memory(shape: Architecture, job: Job) -> Memory:
    """Add up what a job takes; the parts are explained above."""
    trained = trained_parameters(shape, job)
    quantised = sum(shape.matrices()[name].weights for name in PROJECTIONS) if job.method == "qlora" else 0
    weights = TRAINED_BYTES * trained
    if job.adapts:
        weights = round(NF4_BYTES * quantised) + 2 * (shape.parameters - quantised)
    tokens = job.at_once
    return Memory(
        weights=weights, adapter=TRAINED_BYTES * trained if job.adapts else 0, gradients=GRADIENT_BYTES * trained,
        optimizer=ADAMW_BYTES * trained, activations=tokens * _activation_bytes(shape, job),
        logits=round(tokens * job.labelled * shape.vocabulary * LOGIT_BYTES),
    )  # fmt: skip


def _activation_bytes(shape: Architecture, job: Job) -> int:
    """Give what all layers keep of one token."""
    layer = 8 * shape.inner + (24 if job.adapts else 30) * shape.hidden + 4 * shape.key_width
    if not job.recompute:
        return shape.layers * layer
    return shape.layers * (2 if job.adapts else 4) * shape.hidden + layer
