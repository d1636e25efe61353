"""A folder as transformers saves it -> what its GGUF file holds.

Enters: config.json, model.safetensors (or its parts), tokenizer.json. Leaves: a :class:`Content`. Knows Llama (and
what is built like it: SmolLM2, Mistral), Qwen2 and Qwen3.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.errors import ModelError
from scoville.llm.gguf_write import Content, Field, Tensor
from scoville.llm.trained.names import name_map, row_order
from scoville.llm.trained.safetensors import Stored, open_folder, read_json
from scoville.llm.trained.tokenizer import tokenizer_fields

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIG = "config.json"
ARCHITECTURES = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}
_SIZES = {
    "block_count": "num_hidden_layers", "context_length": "max_position_embeddings", "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size", "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads", "vocab_size": "vocab_size",
}  # fmt: skip
_LEFT_OUT = re.compile(r".*\.rotary_emb\.inv_freq")
"""Saved by old versions, and computed anew."""


def open_huggingface(folder: Path) -> Content:
    """Open a folder's model; raises ModelError for one of another kind, or that is damaged."""
    config = read_json(folder / CONFIG)
    architecture = _architecture(folder, config)
    sizes = _sizes(folder, config)
    _check_rope(folder, config)
    stored = open_folder(folder)
    content = Content(
        architecture=architecture,
        fields={**_fields(folder, architecture, config, sizes), **tokenizer_fields(folder, sizes["vocab_size"])},
        tensors=_tensors(folder, architecture, sizes, stored, tied=bool(config.get("tie_word_embeddings"))),
    )
    _check_whole(folder, content, sizes)
    return content


def _architecture(folder: Path, config: Mapping[str, Any]) -> str:
    given = (config.get("architectures") or ["?"])[0]
    if given not in ARCHITECTURES:
        raise ModelError(
            f"{folder / CONFIG}: {given!r} is not brought into GGUF here; expected {', '.join(ARCHITECTURES)}: "
            "name a GGUF file of the model"
        )
    return ARCHITECTURES[given]


def _sizes(folder: Path, config: Mapping[str, Any]) -> dict[str, int]:
    filled = {**config, "num_key_value_heads": config.get("num_key_value_heads") or config.get("num_attention_heads")}
    sizes = {name: filled.get(key) for name, key in _SIZES.items()}
    if wrong := [_SIZES[name] for name, size in sizes.items() if not isinstance(size, int) or size <= 0]:
        raise ModelError(f"{folder / CONFIG}: {', '.join(wrong)}: expected a number; fetch or train the model again")
    return {name: int(size or 0) for name, size in sizes.items()}


def _check_rope(folder: Path, config: Mapping[str, Any]) -> None:
    scaling: Mapping[str, Any] = config.get("rope_scaling") or config.get("rope_parameters") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind != "default" or config.get("sliding_window") and config.get("use_sliding_window", True):
        what = f"rope_type {kind!r}" if kind != "default" else "a sliding window"
        raise ModelError(f"{folder / CONFIG}: {what} is not brought into GGUF here; name a GGUF file of the model")


def _fields(folder: Path, architecture: str, config: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Field]:
    import gguf

    kinds = gguf.GGUFValueType
    head = config.get("head_dim") or sizes["embedding_length"] // sizes["attention.head_count"]
    rope: Mapping[str, Any] = config.get("rope_parameters") or {}
    base = config.get("rope_theta") or rope.get("rope_theta") or 10000.0
    fields = {
        "general.type": Field("model", kinds.STRING),
        "general.name": Field(folder.name, kinds.STRING),
        **{f"{architecture}.{name}": Field(size, kinds.UINT32) for name, size in sizes.items()},
        f"{architecture}.attention.layer_norm_rms_epsilon": Field(config.get("rms_norm_eps", 1e-6), kinds.FLOAT32),
        f"{architecture}.rope.freq_base": Field(float(base), kinds.FLOAT32),
        f"{architecture}.rope.dimension_count": Field(head, kinds.UINT32),
    }
    if head * sizes["attention.head_count"] != sizes["embedding_length"]:
        fields |= {
            f"{architecture}.attention.{name}_length": Field(head, kinds.UINT32) for name in ("key", "value")
        }  # fmt: skip
    return fields


def _tensors(
    folder: Path, architecture: str, sizes: Mapping[str, int], stored: Mapping[str, Stored], *, tied: bool
) -> list[Tensor]:
    find = name_map(architecture, sizes["block_count"])
    tensors: list[Tensor] = []
    for own, tensor in stored.items():
        if _LEFT_OUT.fullmatch(own) or tied and own == "lm_head.weight":
            continue
        name = find(own)
        if name is None:
            raise ModelError(f"{folder}: {own} has no place in {architecture} as GGUF knows it; name a GGUF file")
        order = row_order(
            architecture, name, tensor.shape[0], sizes["attention.head_count"], sizes["attention.head_count_kv"]
        )  # fmt: skip
        rows = tensor.rows if order is None else partial(_reordered, tensor.whole, order)
        tensors.append(Tensor(name, tensor.shape, rows))
    return tensors


def _reordered(
    whole: "Callable[[], NDArray[np.float32]]", order: "NDArray[np.int64]", part: slice
) -> "NDArray[np.float32]":
    return whole()[order[part]]


def _check_whole(folder: Path, content: Content, sizes: Mapping[str, int]) -> None:
    """Refuse weights of another shape than the configuration says, and a model without some of its layers."""
    embedding = next((one for one in content.tensors if one.name == "token_embd.weight"), None)
    expected = (sizes["vocab_size"], sizes["embedding_length"])
    if embedding is None or embedding.shape != expected:
        found = "none" if embedding is None else "×".join(map(str, embedding.shape))
        raise ModelError(f"{folder}: config.json says {expected[0]}×{expected[1]} embeddings, and there are {found}")
    blocks = {one.name.split(".")[1] for one in content.tensors if one.name.startswith("blk.")}
    if missing := {str(number) for number in range(sizes["block_count"])} - blocks:
        raise ModelError(f"{folder}: the weights of layer {min(missing, key=int)} are missing; fetch or train it again")
