"""A LoRA adapter as PEFT saves it: merged into its base, or in llama.cpp's form.

Enters: a folder with adapter_config.json and adapter_model.safetensors, and the base as a :class:`Content`. Leaves: a
content to be written as GGUF. An adapter adds ``scale · B A`` to a matrix, scale = alpha / rank, or alpha / √rank with
``use_rslora`` (Hu et al. 2021, arXiv 2106.09685; Kalajdzievski 2023, arXiv 2312.03732). Whatever of an adapter would
be left out is an error: an adapter that is half applied answers plausibly and wrongly.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.errors import ModelError
from scoville.llm.gguf_write import Content, Field, Tensor
from scoville.llm.trained.names import name_map, row_order
from scoville.llm.trained.safetensors import open_file, read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
EMBEDDING, OUTPUT = "token_embd.weight", "output.weight"
UNKNOWN = (
    "use_dora", "modules_to_save", "fan_in_fan_out", "lora_bias", "trainable_token_indices", "target_parameters",
    "layer_replication", "alora_invocation_tokens", "use_qalora", "use_bdlora", "arrow_config", "ensure_weight_tying",
)  # fmt: skip
"""Settings of PEFT under which an adapter is more than, or other than, what is added to matrices."""
CHANGES_BASE = ("pissa", "olora", "corda", "loftq")
"""Ways to begin that change the weights of the base."""
FROZEN = ".base_layer.weight"
"""PEFT saves an embedding whole, as it is in the base, beside what is added to it."""
_PART = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_(?:(embedding)_)?([AB])(?:\.weight)?")


class Pair(NamedTuple):
    """What is added to one matrix."""

    a: "NDArray[np.float32]"
    """[rank, columns]"""
    b: "NDArray[np.float32]"
    """[rows, rank]"""
    scale: float

    def rows(self, part: slice) -> "NDArray[np.float32]":
        """Give some rows of what is added."""
        return ((self.scale * self.b[part]) @ self.a).astype("float32", copy=False)


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A LoRA adapter."""

    folder: Path
    base: str
    """What it was trained on, as its configuration says."""
    alpha: float
    pairs: Mapping[str, Pair]
    """By the names of the modules that they are added to."""


def is_adapter(folder: Path) -> bool:
    """Say whether a folder is one that PEFT saved."""
    return (folder / CONFIG).is_file()


def open_adapter(folder: Path) -> Adapter:
    """Read an adapter; raises ModelError for one that is damaged, or that adds other than products to matrices."""
    config = read_json(folder / CONFIG)
    _check_kind(folder, config)
    parts: dict[tuple[str, str], NDArray[np.float32]] = {}
    for key, stored in open_file(folder / WEIGHTS).items():
        if key.endswith(FROZEN):
            continue
        found = _PART.fullmatch(key)
        if not found or len(stored.shape) != 2:
            raise ModelError(f"{folder / WEIGHTS} holds {key}, which is no part of a LoRA adapter; {_MERGE_FIRST}")
        values = _checked(folder, key, stored.whole())
        # An embedding is looked up, not multiplied: PEFT keeps its two factors the other way round.
        a_or_b = {"A": "B", "B": "A"}[found[3]] if found[2] else found[3]
        parts[found[1], a_or_b] = values.T if found[2] else values
    modules = sorted({module for module, _ in parts})
    if not modules:
        raise ModelError(f"{folder / WEIGHTS} holds no weights; train the adapter again")
    return Adapter(
        folder=folder,
        base=str(config.get("base_model_name_or_path") or ""),
        alpha=float(config.get("lora_alpha", 0)),
        pairs={module: _pair(folder, config, module, parts) for module in modules},
    )


def merged(base: Content, adapter: Adapter) -> Content:
    """Give a base with an adapter added to its weights.

    Where the output shares the weights of the embedding and one of them is adapted, they part.
    """
    pairs = on_base(base, adapter)
    tensors = {one.name: one for one in base.tensors}
    if OUTPUT not in tensors and pairs.keys() & {EMBEDDING, OUTPUT}:
        tensors[OUTPUT] = tensors[EMBEDDING]._replace(name=OUTPUT)
    for name, pair in pairs.items():
        tensors[name] = tensors[name]._replace(rows=partial(_sum, tensors[name], pair))
    return replace(base, tensors=list(tensors.values()))


def as_gguf_adapter(base: Content, adapter: Adapter) -> Content:
    """Give an adapter in llama.cpp's form, to be applied to the base while it runs."""
    import gguf

    kinds = gguf.GGUFValueType
    tensors: list[Tensor] = []
    for name, (a, b, scale) in on_base(base, adapter).items():
        if name in (EMBEDDING, OUTPUT):
            raise ModelError(f"{adapter.folder} adapts {name}, which llama.cpp does not apply while it runs: merge it")
        # llama.cpp takes one alpha for all, and divides it by the rank of each.
        b = b * (scale * a.shape[0] / adapter.alpha)
        tensors += [Tensor(f"{name}.lora_a", a.shape, a.__getitem__), Tensor(f"{name}.lora_b", b.shape, b.__getitem__)]
    fields = {
        "general.type": Field("adapter", kinds.STRING),
        "adapter.type": Field("lora", kinds.STRING),
        "adapter.lora.alpha": Field(adapter.alpha, kinds.FLOAT32),
    }
    return Content(architecture=base.architecture, fields=fields, tensors=tensors)


def on_base(base: Content, adapter: Adapter) -> dict[str, Pair]:
    """Give what is added to each tensor of a base, its rows in the order of GGUF.

    Raises ModelError for an adapter of another model: a module that the base lacks, or another size.
    """
    find = name_map(base.architecture, base.number("block_count"))
    heads = base.number("attention.head_count")
    key_heads = base.number("attention.head_count_kv") or heads
    shapes = {one.name: one.shape for one in base.tensors}
    shapes.setdefault(OUTPUT, shapes.get(EMBEDDING, ()))
    found: dict[str, Pair] = {}
    for module, pair in adapter.pairs.items():
        name = f"{find(module)}.weight"
        fits = (pair.b.shape[0], pair.a.shape[1])
        if shapes.get(name) != fits:
            has = "×".join(map(str, shapes[name])) if name in shapes else "no such matrix"
            raise ModelError(
                f"{adapter.folder} does not fit its base: it adapts {module} of {fits[0]}×{fits[1]}, and the base has "
                f"{has}; it was trained on {adapter.base or 'another model'}: name that as its base"
            )
        order = row_order(base.architecture, name, fits[0], heads, key_heads)
        found[name] = pair if order is None else pair._replace(b=pair.b[order])
    return found


_MERGE_FIRST = "merge it with PEFT's merge_and_unload, and name the folder that it saves"


def _check_kind(folder: Path, config: Mapping[str, Any]) -> None:
    begun = config.get("init_lora_weights")
    wrong = [name for name in UNKNOWN if config.get(name)]
    wrong += [f"bias: {config['bias']}"] if config.get("bias", "none") != "none" else []
    wrong += [f"init_lora_weights: {begun}"] if str(begun).lower().startswith(CHANGES_BASE) else []
    wrong += [] if float(config.get("lora_alpha") or 0) > 0 else [f"lora_alpha: {config.get('lora_alpha')}"]
    wrong += [f"peft_type: {config.get('peft_type')}"] if config.get("peft_type") != "LORA" else []
    if wrong:
        raise ModelError(f"{folder} was trained with {', '.join(wrong)}, which is not applied here; {_MERGE_FIRST}")


def _checked(folder: Path, key: str, values: "NDArray[np.float32]") -> "NDArray[np.float32]":
    import numpy as np

    if not np.isfinite(values).all():
        raise ModelError(f"{folder}: {key} holds values that are no numbers; train the adapter again")
    return values


def _pair(
    folder: Path, config: Mapping[str, Any], module: str, parts: Mapping[tuple[str, str], "NDArray[np.float32]"]
) -> Pair:
    a, b = parts.get((module, "A")), parts.get((module, "B"))
    if a is None or b is None or a.shape[0] != b.shape[1]:
        raise ModelError(f"{folder / WEIGHTS} is damaged: {module} has not both its factors; train the adapter again")
    rank = a.shape[0]
    patterns: Mapping[str, Any] = config.get("alpha_pattern") or {}
    own = next((key for key in patterns if re.match(rf"(.*\.)?({key})$", module)), None)  # as PEFT matches them
    alpha = float(patterns[own] if own is not None else config.get("lora_alpha", 0))
    return Pair(a, b, alpha / (math.sqrt(rank) if config.get("use_rslora") else rank))


def _sum(tensor: Tensor, pair: Pair, part: slice) -> "NDArray[np.float32]":
    return tensor.rows(part) + pair.rows(part)
