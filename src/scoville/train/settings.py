"""How a network is trained: steps, rates, and which parameters decay.

Leaves: ``Settings``, the learning rate of each step, the optimizer's groups. Does not train.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a network is trained."""

    steps: int
    learning_rate: float
    warmup_steps: int = 0
    """In which the learning rate rises to its full value."""
    hold: float = 0.0
    """Share of the steps at the full rate before it falls along a cosine to 0."""
    weight_decay: float = 0.01
    """Of matrices; vectors (biases, norms) never decay."""
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    """Longest norm of a step's gradient."""
    accumulate: int = 1
    """How many batches make a step."""
    bf16: bool | None = None
    """Products in bfloat16, by default where the device multiplies it itself; weights, losses and the optimizer stay
    float32."""
    seed: int = 7
    log_every: int = 10
    checkpoint_every: int = 100
    dev_every: int = 0
    """Steps between two looks at the dev part; 0: none."""
    patience: int = 0
    """Looks at the dev part without a gain after which training ends; 0: it never ends early."""
    usd_per_hour: float = 0.0
    """Price of this machine."""


def rate(settings: Settings, step: int) -> float:
    """Give the learning rate of a step, counted from 1: a straight rise, a level, half a cosine (Loshchilov 2017)."""
    if step <= settings.warmup_steps:
        return settings.learning_rate * step / settings.warmup_steps
    fall = max(1, round((settings.steps - settings.warmup_steps) * (1 - settings.hold)))
    done = max(0.0, (step - 1 - (settings.steps - fall)) / fall)
    return settings.learning_rate * (1 + math.cos(math.pi * done)) / 2


def trainable(network: nn.Module) -> dict[str, nn.Parameter]:
    """Give the parameters that are trained, by name."""
    return {name: value for name, value in network.named_parameters() if value.requires_grad}


def parameter_groups(parameters: Mapping[str, nn.Parameter], settings: Settings) -> list[dict[str, Any]]:
    """Part the parameters into those that decay (matrices) and those that do not."""
    matrices = [value for value in parameters.values() if value.ndim > 1]
    vectors = [value for value in parameters.values() if value.ndim < 2]
    return [
        {"params": group, "weight_decay": decay}
        for group, decay in ((matrices, settings.weight_decay), (vectors, 0.0))
        if group
    ]
