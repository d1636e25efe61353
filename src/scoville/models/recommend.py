"""Which models this machine can run well, for each use, and why.

Enters: a use, a machine, what servers on it have. Leaves: models with a verdict, those recommended first. A model must
leave half of the memory to others, and answer before people lose patience. How long it takes is a guess from its size,
good within a factor of two or three; `scoville evaluate` measures it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoville.models.known import Known, Use, known_models
from scoville.models.machine import Machine

SHARE = 0.5
"""Of the memory, for a model."""
PATIENCE_SECONDS = 15
PROMPT_TOKENS, REPLY_TOKENS = 1200, 60
"""Of an ordinary question over five passages."""
CORE_FLOPS, GPU_FLOPS = 80e9, 10e12
"""What a core, and any GPU that is worth the name, does while it reads a prompt: Qwen2.5-Coder-0.5B took 2.6 s of one
core for a paragraph."""
CPU_BYTES, GPU_BYTES = 10e9, 200e9
"""What they read of the weights in a second while they write: for each token all of them once."""
DEFAULTS = frozenset({"reader", "all-minilm-l6-v2"})
NAMED: Mapping[Use, tuple[str, ...]] = {
    "answers": ("",), "code": ("cod",), "embeddings": ("embed",), "vision": ("vl", "vision", "llava", "gemma3"),
}  # fmt: skip
"""What in the name of a model that a server has tells its use."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A model for a use."""

    model: Known
    recommended: bool
    why: str
    seconds: float | None = None
    """What an answer of a model that writes takes, roughly."""


def recommend(use: Use, machine: Machine, served: Mapping[str, Sequence[str]]) -> list[Advice]:
    """Judge all models for a use; ``served`` are those that servers on this machine have, by the server's name."""
    models = [model for model in known_models() if use in model.uses]
    models.sort(key=lambda model: model.parameters if model.flavour else 0, reverse=True)
    obstacles = {model.name: obstacle(model, machine, served) for model in models}
    first = next((model.name for model in models if not obstacles[model.name] and model.name not in DEFAULTS), "")
    found = [
        Advice(
            model=model,
            recommended=not obstacles[model.name] and (model.name == first or model.name in DEFAULTS),
            why="; ".join(filter(None, (obstacles[model.name], model.note))),
            seconds=seconds_per_answer(model, machine) if model.flavour else None,
        )
        for model in models
    ]
    here = [
        Known(name=f"{server}:{name}", licence="", size_bytes=0, server=server)
        for server, names in served.items()
        for name in names
        if any(part in name.lower() for part in NAMED.get(use, ()))
    ]
    offered = [Advice(model=model, recommended=True, why=f"{model.server} serves it here already") for model in here]
    return offered + sorted(found, key=lambda one: not one.recommended)


def obstacle(model: Known, machine: Machine, served: Mapping[str, Sequence[str]]) -> str:
    """Say why a model does not suit this machine; empty where it does."""
    if model.server and model.server not in served:
        return f"{model.server} does not run here"
    room = SHARE * machine.memory_bytes
    if model.memory_bytes > room and not _on_gpu(model, machine):
        return f"takes {model.memory_bytes / 1e9:.1f} GB, and half of this machine's memory is {room / 1e9:.1f} GB"
    seconds = seconds_per_answer(model, machine) if model.flavour else 0.0
    if seconds > PATIENCE_SECONDS:
        return f"about {seconds:.0f} s for an answer on {machine.cores} cores"
    return ""


def seconds_per_answer(model: Known, machine: Machine) -> float:
    """Guess how long a model takes to read an ordinary prompt and to write an ordinary answer."""
    gpu = _on_gpu(model, machine)
    reading = 2 * model.parameters * PROMPT_TOKENS / (GPU_FLOPS if gpu else CORE_FLOPS * machine.cores)
    return reading + REPLY_TOKENS * model.weights_bytes / (GPU_BYTES if gpu else CPU_BYTES)


def _on_gpu(model: Known, machine: Machine) -> bool:
    """Say whether a GPU takes the work: only servers use one."""
    return bool(model.server) and machine.gpu_bytes > model.memory_bytes
