"""How a generator is trained, in a user's terms. Leaves: ``Tuning``, and the loop's settings of a stage."""

from dataclasses import dataclass
from typing import Literal

from scoville.errors import UsageError
from scoville.train.settings import Settings

RATES = {"lora": 3e-4, "qlora": 3e-4, "full": 5e-5}
"""Learning rates by method."""
WARMUP = 0.05
LOGS, CHECKPOINTS = 50, 10
"""How often in a training, about."""


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How a generator is trained."""

    method: Literal["lora", "qlora", "full"] = "lora"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    """Of the adapter's input; on CPUs it costs a tenth of the speed."""
    targets: str = "all-linear"
    """Modules with an adapter: ``all-linear``, or names with commas, e.g. ``q_proj,v_proj``."""
    epochs: float = 3.0
    steps: int | None = None
    """Instead of epochs."""
    learning_rate: float | None = None
    """By default that of the method."""
    batch_tokens: int = 2048
    """Tokens computed at once, with padding: what fits into memory."""
    accumulate: int = 4
    """Batches of one step."""
    longest: int = 1024
    """Tokens of the longest row; of a text, the window."""
    patience: int = 4
    """Looks at the dev part, four an epoch, without a gain after which a stage ends; 0: never."""
    bf16: bool | None = None
    """Products in bfloat16. By default where the device multiplies it itself."""
    recompute: bool = False
    """Compute activations again instead of keeping them (gradient checkpointing): a third slower, far less memory."""
    seed: int = 7

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.method not in RATES:
            raise UsageError(f"method {self.method!r}: expected {', '.join(RATES)}")
        least = {"rank": 1, "alpha": 1, "batch_tokens": 1, "accumulate": 1, "longest": 8, "patience": 0}
        for name, value in least.items():
            if getattr(self, name) < value:
                raise UsageError(f"{name} {getattr(self, name)}: expected {value} at least")
        if self.epochs <= 0 or (self.steps is not None and self.steps < 1):
            raise UsageError(f"epochs {self.epochs}, steps {self.steps}: expected more than none")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"dropout {self.dropout}: expected 0 or more, and less than 1")
        if self.learning_rate is not None and not 0 < self.learning_rate < 1:
            raise UsageError(f"learning_rate {self.learning_rate}: expected more than 0 and less than 1")


def loop_settings(tuning: Tuning, batches: int, processes: int, usd_per_hour: float, dev: bool) -> Settings:
    """Give the loop's settings for rows that make ``batches`` batches an epoch."""
    epoch = max(1, round(batches / (tuning.accumulate * processes)))
    steps = tuning.steps or max(1, round(tuning.epochs * epoch))
    return Settings(
        steps=steps, learning_rate=tuning.learning_rate or RATES[tuning.method], warmup_steps=round(WARMUP * steps),
        weight_decay=0.0 if tuning.method != "full" else 0.01, accumulate=tuning.accumulate, bf16=tuning.bf16,
        seed=tuning.seed, log_every=max(1, steps // LOGS), checkpoint_every=max(1, steps // CHECKPOINTS),
        dev_every=max(1, min(epoch // 4, steps)) if dev else 0, patience=tuning.patience, usd_per_hour=usd_per_hour,
    )  # fmt: skip
