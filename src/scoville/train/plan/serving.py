"""What serving a model to several people at once takes.

Enters: the shape of a model, a load, machines. Leaves: a :class:`ServingPlan`. All of it is arithmetic.

    cache of a token    2 (key, value) · layers · key heads · head size · 2 bytes (float16)
    memory              weights + cache of a token · context · users + 1 GB
    a step writes one token for each user; it reads all weights once and the cache of each user:
    seconds of a step   the longer of  bytes read / (bandwidth × .6)  and  2 · parameters · users / (rate × utilisation)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scoville.errors import UsageError
from scoville.train.plan.architecture import Architecture
from scoville.train.plan.hardware import PRICES, Hardware
from scoville.train.plan.memory import OVERHEAD_BYTES
from scoville.train.plan.training import size_text

BITS = {"f16": 16.0, "q8_0": 8.5, "q4_1": 5.0, "q4_k_m": 4.85}
"""Bits that a weight takes, by the form of the weights, as llama.cpp has them."""
CACHE_BYTES = 2
BANDWIDTH_UTILISATION = 0.6
"""The share of a memory's rate that is reached: an assumption."""
FORMULA = "memory = weights + 2 · layers · key heads · head size · 2 bytes · context · users + 1 GB"


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How a model is served."""

    weights: str = "f16"
    users: int = 1
    """Answered at the same time."""
    context_tokens: int = 2048
    """Of each: prompt and answer."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.weights not in BITS:
            raise UsageError(f"weights {self.weights!r}; expected {', '.join(BITS)}")
        if min(self.users, self.context_tokens) < 1:
            raise UsageError("users, context: expected at least 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A load on one machine."""

    hardware: Hardware
    fits: bool
    most_users: int
    """How many fit at this context; 0 where the weights alone do not."""
    tokens_per_second: float | None
    """Of all users together; None where it does not fit."""
    usd_per_million_tokens: float | None


@dataclass(frozen=True, kw_only=True)
class ServingPlan:
    """What a load takes; as a text a table."""

    shape: Architecture
    load: Load
    weights_bytes: int
    cache_bytes_per_token: int
    cache_bytes: int
    memory_bytes: int
    hardware: tuple[Served, ...]

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        return {
            "model": self.shape.name, "parameters": self.shape.parameters, "weights": self.load.weights,
            "users": self.load.users, "context_tokens": self.load.context_tokens, "weights_bytes": self.weights_bytes,
            "cache_bytes_per_token": self.cache_bytes_per_token, "cache_bytes": self.cache_bytes,
            "memory_bytes": self.memory_bytes, "formula": FORMULA,
            "hardware": [
                {
                    "name": one.hardware.name, "note": one.hardware.note, "fits": one.fits,
                    "most_users": one.most_users, "tokens_per_second": one.tokens_per_second,
                    "usd_per_million_tokens": one.usd_per_million_tokens,
                    "memory_bytes": one.hardware.memory_bytes, "usd_per_hour": one.hardware.usd_per_hour,
                }
                for one in self.hardware
            ],
            "prices": PRICES,
        }  # fmt: skip

    def __str__(self) -> str:
        """Write it as a table."""
        shape, load = self.shape, self.load
        head = [
            f"{shape.name} in {load.weights}, {load.users:,} at once × {load.context_tokens:,} tokens",
            FORMULA,
            f"  = {size_text(self.weights_bytes)} + 2 · {shape.layers} · {shape.key_heads} · {shape.head_size} · 2 · "
            f"{load.context_tokens} · {load.users} ({size_text(self.cache_bytes)}) + 1 GB = "
            f"{size_text(self.memory_bytes)}",
            "",
            f"{'':<14}{'memory':>9}{'users':>9}{'tokens/s':>12}{'$ per 1M tokens':>18}",
        ]
        notes = [f"{one.hardware.name}: {one.hardware.note}" for one in self.hardware if one.hardware.note]
        tail = [
            "",
            "users: the most that fit at this context; tokens/s: of all together, within a factor of two",
            *notes,
        ]
        return "\n".join([*head, *map(_row, self.hardware), *tail, f"prices: {PRICES}, at full load"])


def plan_serving(shape: Architecture, load: Load, machines: Sequence[Hardware]) -> ServingPlan:
    """Say what a load takes on each machine."""
    if load.context_tokens > shape.context_tokens:
        raise UsageError(f"context {load.context_tokens}: {shape.name} reads {shape.context_tokens} tokens; give fewer")
    weights = round(shape.parameters * BITS[load.weights] / 8)
    token = 2 * shape.layers * shape.key_width * CACHE_BYTES
    cache = token * load.context_tokens * load.users
    fixed = weights + OVERHEAD_BYTES
    return ServingPlan(
        shape=shape, load=load, weights_bytes=weights, cache_bytes_per_token=token, cache_bytes=cache,
        memory_bytes=fixed + cache, hardware=tuple(_on(shape, load, weights, cache, one) for one in machines),
    )  # fmt: skip


def _on(shape: Architecture, load: Load, weights: int, cache: int, machine: Hardware) -> Served:
    room = machine.memory_bytes - weights - OVERHEAD_BYTES
    most = max(0, room * load.users // cache)
    if most < load.users:
        return Served(
            hardware=machine, fits=False, most_users=most, tokens_per_second=None, usd_per_million_tokens=None
        )
    reading = (weights + cache) / (machine.bytes_per_second * BANDWIDTH_UTILISATION)
    computing = 2 * shape.parameters * load.users / (machine.flops * machine.utilisation)
    rate = load.users / max(reading, computing)
    return Served(
        hardware=machine, fits=True, most_users=most, tokens_per_second=rate,
        usd_per_million_tokens=machine.usd_per_hour / 3600 / rate * 1e6,
    )  # fmt: skip


def _row(one: Served) -> str:
    first = f"{one.hardware.name:<14}{size_text(one.hardware.memory_bytes):>9}{one.most_users:>9,}"
    if one.tokens_per_second is None or one.usd_per_million_tokens is None:
        return f"{first}  does not fit"
    return f"{first}{one.tokens_per_second:>12,.0f}{one.usd_per_million_tokens:>18,.2f}"
