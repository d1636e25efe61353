"""What a model folder says about its encoder.

Enters: a folder in the layout of sentence-transformers or transformers. Leaves: an :class:`EncoderConfig`, or an error
that names what is not supported. Knows no weights.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scoville.errors import ModelError

Family = Literal["bert", "roberta", "distilbert"]
Pooling = Literal["mean", "cls", "max"]
FAMILIES: dict[str, Family] = {
    "bert": "bert", "roberta": "roberta", "xlm-roberta": "roberta", "camembert": "roberta", "distilbert": "distilbert",
}  # fmt: skip
ACTIVATIONS = {"gelu": "erf", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
POOLINGS: dict[str, Pooling] = {
    "mean": "mean", "mean_tokens": "mean", "cls": "cls", "cls_token": "cls", "max": "max", "max_tokens": "max",
    # The sum over the root of the length: another length of the same direction, and all vectors get length 1.
    "mean_sqrt_len": "mean", "mean_sqrt_len_tokens": "mean",
}  # fmt: skip
DISTILBERT_KEYS = {
    "dim": "hidden_size", "n_layers": "num_hidden_layers", "n_heads": "num_attention_heads", "activation": "hidden_act",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """What the graph is built by."""

    family: Family
    layers: int
    heads: int
    hidden: int
    norm_epsilon: float
    gelu: str
    position_offset: int
    """The first position used: padding index + 1 for RoBERTa, else 0."""
    max_tokens: int
    """Special tokens included."""
    pooling: Pooling = "mean"
    prompts: Mapping[str, str]
    """Texts put before a ``query`` or a ``passage``, e.g. ``query: ``."""


def read_config(folder: Path, *, kind: Literal["embedder", "reranker", "reader"] = "embedder") -> EncoderConfig:
    """Read the configuration of a model folder; ModelError names what is not supported."""
    try:
        return _read_config(folder, kind)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder}: its configuration cannot be used ({type(error).__name__}: {error})") from None


def _read_config(folder: Path, kind: str) -> EncoderConfig:
    config = _json(folder / "config.json")
    family = FAMILIES.get(config.get("model_type"))
    if not family:
        expected = ", ".join(FAMILIES)
        raise ModelError(f"{folder}: model_type {config.get('model_type')!r} is not supported; expected {expected}")
    if family == "distilbert":
        config = {"layer_norm_eps": 1e-12} | {DISTILBERT_KEYS.get(key, key): config[key] for key in config}
    activation = config.get("hidden_act", "gelu")
    if activation not in ACTIVATIONS or config.get("position_embedding_type", "absolute") != "absolute":
        raise ModelError(f"{folder}: hidden_act {activation!r} or its position embedding is not supported")
    hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    if hidden % heads:
        raise ModelError(f"{folder}: hidden_size {hidden} cannot be shared by {heads} attention heads")
    offset = int(config["pad_token_id"]) + 1 if family == "roberta" else 0
    sentences = kind == "embedder"
    if sentences:
        _check_modules(folder)
    return EncoderConfig(
        family=family,
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        hidden=hidden,
        norm_epsilon=float(config["layer_norm_eps"]),
        gelu=ACTIVATIONS[activation],
        position_offset=offset,
        max_tokens=_max_tokens(folder, int(config["max_position_embeddings"]) - offset),
        pooling=_pooling(folder) if sentences else "cls",
        prompts=_prompts(_json(folder / "config_sentence_transformers.json")) if sentences else {},
    )


def _max_tokens(folder: Path, positions: int) -> int:
    limits = (
        _json(folder / "sentence_bert_config.json").get("max_seq_length"),
        _json(folder / "tokenizer_config.json").get("model_max_length"),
    )
    return min(int(next(filter(None, limits), positions)), positions)


def _pooling(folder: Path) -> Pooling:
    """Read the pooling: ``pooling_mode`` since sentence-transformers 6, flags of the same meaning before."""
    config = _json(folder / "1_Pooling" / "config.json")
    flags = [name.removeprefix("pooling_mode_") for name, value in config.items() if value is True]
    chosen: Any = config.get("pooling_mode") or [name for name in flags if name != "include_prompt"] or ["mean"]
    names = [chosen] if isinstance(chosen, str) else list(chosen)
    if len(names) != 1 or names[0] not in POOLINGS:
        raise ModelError(f"{folder}: pooling {', '.join(names)} is not supported; one of mean, cls and max is")
    if config.get("include_prompt") is False:
        raise ModelError(f"{folder}: pooling without the prompt (include_prompt: false) is not supported")
    return POOLINGS[names[0]]


def _check_modules(folder: Path) -> None:
    """Refuse what unit vectors ranked by their cosine cannot stand for."""
    found = {str(module["type"]).rpartition(".")[2] for module in _json(folder / "modules.json")}
    if unknown := found - {"Transformer", "Pooling", "Normalize"}:
        raise ModelError(f"{folder}: modules.json asks for {', '.join(sorted(unknown))}, which is not supported")
    similarity = _json(folder / "config_sentence_transformers.json").get("similarity_fn_name") or "cosine"
    # Between unit vectors the dot product is the cosine, and the distance falls as it rises.
    same_order = {"cosine", "dot", "dot_product", "euclidean"} if "Normalize" in found else {"cosine"}
    if similarity not in same_order:
        raise ModelError(
            f"{folder}: the model compares vectors by {similarity!r} of any length, and the index ranks by their "
            "cosine, which is another order; choose a model for cosine similarity"
        )


def _prompts(config: Mapping[str, Any]) -> dict[str, str]:
    """Choose the prompts that ``encode_query`` and ``encode_document`` of sentence-transformers choose."""
    given: Mapping[str, Any] = config.get("prompts") or {}
    chosen: dict[str, str] = {}
    for kind, names in (("query", ("query",)), ("passage", ("document", "passage", "corpus"))):
        name = next((name for name in names if name in given), config.get("default_prompt_name"))
        chosen[kind] = str(given.get(name) or "") if name else ""
    return chosen


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}); fetch the model again") from None
