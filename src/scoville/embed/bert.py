"""The BERT encoder with pooling as an OpenVINO graph, built straight from ``model.safetensors``.

Enters: a folder in the sentence-transformers layout. Leaves: an ``openvino.Model`` that maps ``input_ids`` and
``attention_mask`` (int32 [batch, length]) to sentence vectors (float32 [batch, d]). Knows no tokenizer and no device.

The encoder follows Devlin et al. 2019 (post-layer-norm transformer, learned positions); pooling is what the folder's
``1_Pooling/config.json`` names, the mean by default. Vectors have length 1 whether ``modules.json`` normalises or not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scoville.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import openvino
    from numpy.typing import NDArray

Pooling = Literal["mean", "cls", "max"]
MASKED = -10_000.0  # added to the attention scores of padding: exp() of it is 0 in float32 and bfloat16
ACTIVATIONS = {"gelu": "erf", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """What the model folder says about its encoder and pooling."""

    layers: int
    heads: int
    hidden: int
    norm_epsilon: float
    gelu: str
    position_offset: int
    """The first position used: 0 for BERT, padding index + 1 for RoBERTa."""
    max_tokens: int
    """Special tokens included."""
    pooling: Pooling
    prompts: Mapping[str, str]
    """Texts put before a ``query`` or a ``passage``, e.g. ``query: ``."""


def read_config(folder: Path) -> EncoderConfig:
    """Read the configuration of a sentence-transformers folder; ModelError names what is not supported."""
    try:
        return _read_config(folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder}: its configuration cannot be used ({type(error).__name__}: {error})") from None


def _read_config(folder: Path) -> EncoderConfig:
    config = _json(folder / "config.json")
    family = config.get("model_type")
    if family not in {"bert", "roberta", "xlm-roberta", "camembert"}:
        raise ModelError(f"{folder}: model_type {family!r} is not a BERT-family encoder (bert, roberta, xlm-roberta)")
    activation = config.get("hidden_act", "gelu")
    if activation not in ACTIVATIONS or config.get("position_embedding_type", "absolute") != "absolute":
        raise ModelError(f"{folder}: hidden_act {activation!r} or its position embedding is not supported")
    _check_modules(folder)
    hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    if hidden % heads:
        raise ModelError(f"{folder}: hidden_size {hidden} cannot be shared by {heads} attention heads")
    offset = 0 if family == "bert" else int(config["pad_token_id"]) + 1
    positions = int(config["max_position_embeddings"]) - offset
    limits = (
        _json(folder / "sentence_bert_config.json").get("max_seq_length"),
        _json(folder / "tokenizer_config.json").get("model_max_length"),
    )
    return EncoderConfig(
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        hidden=hidden,
        norm_epsilon=float(config["layer_norm_eps"]),
        gelu=ACTIVATIONS[activation],
        position_offset=offset,
        max_tokens=min(int(next(filter(None, limits), positions)), positions),
        pooling=_pooling(folder, _json(folder / "1_Pooling" / "config.json")),
        prompts=_prompts(_json(folder / "config_sentence_transformers.json")),
    )


def build_encoder(folder: Path, config: EncoderConfig) -> "openvino.Model":
    """Build the graph from ``model.safetensors`` in ``folder``."""
    import openvino
    from openvino import opset15 as op

    weights = _weights(folder)
    ids = op.parameter([-1, -1], openvino.Type.i32, name="input_ids")
    mask = op.parameter([-1, -1], openvino.Type.i32, name="attention_mask")
    encoder = _Encoder(weights, config)
    visible = op.convert(mask, "f32")
    try:
        pooled = encoder.pool(encoder.run(ids, visible), visible)
    except (KeyError, IndexError, ValueError, RuntimeError) as error:  # a tensor is missing, or shapes differ
        problem = " ".join(str(error).split())[:300]
        raise ModelError(f"{folder}: config.json and model.safetensors do not fit together: {problem}") from None
    model: Any = openvino.Model  # its stubs contradict each other
    return model([pooled], [ids, mask], "sentence_encoder")


class _Encoder:
    """Writes the nodes of one encoder; ``op`` calls return graph nodes, nothing is computed here."""

    def __init__(self, weights: Mapping[str, "NDArray[np.float32]"], config: EncoderConfig) -> None:
        from openvino import opset15

        self.op: Any = opset15
        self.weights = weights
        self.config = config

    def run(self, ids: Any, visible: Any) -> Any:
        """Token ids and visibility [batch, length] → states [batch, length, hidden]."""
        op = self.op
        states = self._norm(self._embed(ids), "embeddings.LayerNorm")
        hidden_away = op.subtract(self._number(1.0), op.unsqueeze(visible, self._ints([1, 2])))
        bias = op.multiply(hidden_away, self._number(MASKED))  # [batch, 1, 1, length]
        for layer in range(self.config.layers):
            name = f"encoder.layer.{layer}"
            attended = self._linear(
                self._attention(states, bias, f"{name}.attention.self"), f"{name}.attention.output.dense"
            )
            states = self._norm(op.add(attended, states), f"{name}.attention.output.LayerNorm")
            inner = op.gelu(self._linear(states, f"{name}.intermediate.dense"), self.config.gelu)
            states = self._norm(op.add(self._linear(inner, f"{name}.output.dense"), states), f"{name}.output.LayerNorm")
        return states

    def pool(self, states: Any, visible: Any) -> Any:
        """States → one unit vector per text [batch, hidden]."""
        op = self.op
        match self.config.pooling:
            case "cls":
                pooled = op.gather(states, self._ints(0), self._ints(1))
            case "max":
                away = op.multiply(
                    op.subtract(self._number(1.0), op.unsqueeze(visible, self._ints(2))), self._number(MASKED)
                )
                pooled = op.reduce_max(op.add(states, away), self._ints([1]))
            case "mean":
                column = op.unsqueeze(visible, self._ints(2))
                count = op.maximum(op.reduce_sum(column, self._ints([1])), self._number(1e-9))
                pooled = op.divide(op.reduce_sum(op.multiply(states, column), self._ints([1])), count)
        return op.normalize_l2(pooled, self._ints([1]), 1e-12, "max")

    def _embed(self, ids: Any) -> Any:
        op, axis = self.op, self._ints(0)
        words = op.gather(op.constant(self.weights["embeddings.word_embeddings.weight"]), ids, axis)
        # The segment is always 0, so its vector is folded into the positions.
        table = self.weights["embeddings.position_embeddings.weight"][self.config.position_offset :]
        table = table + self.weights["embeddings.token_type_embeddings.weight"][0]
        length = op.gather(op.shape_of(ids), self._ints(1), axis)
        positions = op.gather(op.constant(table), op.range(self._ints(0), length, self._ints(1), "i64"), axis)
        return op.add(words, op.unsqueeze(positions, axis))

    def _attention(self, states: Any, bias: Any, name: str) -> Any:
        op, config = self.op, self.config
        split = self._ints([0, 0, config.heads, config.hidden // config.heads])
        swap = self._ints([0, 2, 1, 3])
        query, key, value = (
            op.transpose(op.reshape(self._linear(states, f"{name}.{part}"), split, True), swap)
            for part in ("query", "key", "value")
        )
        mixed = op.scaled_dot_product_attention(query, key, value, bias)  # [batch, heads, length, hidden / heads]
        return op.reshape(op.transpose(mixed, swap), self._ints([0, 0, config.hidden]), True)

    def _linear(self, states: Any, name: str) -> Any:
        op = self.op
        product = op.matmul(states, op.constant(self.weights[f"{name}.weight"]), False, True)
        return op.add(product, op.constant(self.weights[f"{name}.bias"].reshape(1, 1, -1)))

    def _norm(self, states: Any, name: str) -> Any:
        op = self.op
        scaled = op.mvn(states, self._ints([-1]), True, self.config.norm_epsilon, "INSIDE_SQRT")
        scaled = op.multiply(scaled, op.constant(self.weights[f"{name}.weight"].reshape(1, 1, -1)))
        return op.add(scaled, op.constant(self.weights[f"{name}.bias"].reshape(1, 1, -1)))

    def _ints(self, values: int | list[int]) -> Any:
        import numpy as np

        return self.op.constant(np.array(values, np.int64))

    def _number(self, value: float) -> Any:
        import numpy as np

        return self.op.constant(np.float32(value))


def _weights(folder: Path) -> dict[str, "NDArray[np.float32]"]:
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = folder / "model.safetensors"
    try:
        loaded: dict[str, Any] = load_file(path)
    except TypeError as error:
        raise ModelError(f"{path}: {error}; weights in float32 or float16 are supported") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}); fetch the model again") from None
    named: dict[str, Any] = {}
    for name, value in loaded.items():
        plain = name.split(".", 1)[1] if name.startswith(("bert.", "roberta.")) else name
        named[plain] = value.astype(np.float32) if value.dtype.kind == "f" else value
    if "embeddings.word_embeddings.weight" not in named:
        raise ModelError(f"{path} holds no BERT encoder; found e.g. {sorted(loaded)[:3]}")
    return named


def _pooling(folder: Path, config: Mapping[str, Any]) -> Pooling:
    """Read the pooling: ``pooling_mode`` since sentence-transformers 6, flags of the same meaning before."""
    known: dict[str, Pooling] = {
        "mean": "mean", "mean_tokens": "mean", "cls": "cls", "cls_token": "cls", "max": "max", "max_tokens": "max",
    }  # fmt: skip
    flags = [name.removeprefix("pooling_mode_") for name, value in config.items() if value is True]
    chosen: Any = config.get("pooling_mode") or [name for name in flags if name != "include_prompt"] or ["mean"]
    names = [chosen] if isinstance(chosen, str) else list(chosen)
    if len(names) != 1 or names[0] not in known:
        raise ModelError(f"{folder}: pooling {', '.join(names)} is not supported; one of mean, cls and max is")
    return known[names[0]]


def _check_modules(folder: Path) -> None:
    found = {str(module["type"]).rpartition(".")[2] for module in _json(folder / "modules.json")}
    if unknown := found - {"Transformer", "Pooling", "Normalize"}:
        raise ModelError(f"{folder}: modules.json asks for {', '.join(sorted(unknown))}, which is not supported")


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
