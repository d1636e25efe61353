"""The BERT encoder with pooling as an OpenVINO graph, built straight from ``model.safetensors``.

Enters: a folder in the sentence-transformers layout. Leaves: an ``openvino.Model`` that maps ``input_ids`` and
``attention_mask`` (int32 [batch, length]) to sentence vectors (float32 [batch, d]). Knows no tokenizer and no device.

The encoder follows Devlin et al. 2019 (post-layer-norm transformer, learned positions); pooling and normalisation are
those that the folder's ``modules.json`` and ``1_Pooling/config.json`` name, the mean by default.
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
    normalize: bool
    prompts: Mapping[str, str]
    """Texts put before a query or a passage, e.g. ``query: ``."""


def read_config(folder: Path) -> EncoderConfig:
    """Read the configuration of a sentence-transformers folder; ModelError names what is not supported."""
    config = _json(folder / "config.json")
    family = config.get("model_type")
    if family not in {"bert", "roberta", "xlm-roberta", "camembert"}:
        raise ModelError(f"{folder}: model_type {family!r} is not a BERT-family encoder (bert, roberta, xlm-roberta)")
    activation = config.get("hidden_act", "gelu")
    if activation not in ACTIVATIONS or config.get("position_embedding_type", "absolute") != "absolute":
        raise ModelError(f"{folder}: hidden_act {activation!r} or its position embedding is not supported")
    offset = 0 if family == "bert" else int(config["pad_token_id"]) + 1
    sentence = _json(folder / "sentence_bert_config.json")
    pooling = _json(folder / "1_Pooling" / "config.json")
    modules: Any = _json(folder / "modules.json")
    prompts = _json(folder / "config_sentence_transformers.json").get("prompts", {})
    positions = int(config["max_position_embeddings"]) - offset
    return EncoderConfig(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        hidden=config["hidden_size"],
        norm_epsilon=config["layer_norm_eps"],
        gelu=ACTIVATIONS[activation],
        position_offset=offset,
        max_tokens=min(int(sentence.get("max_seq_length") or positions), positions),
        pooling=_pooling(folder, pooling),
        normalize=any(str(module["type"]).endswith("Normalize") for module in modules),
        prompts=prompts,
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
    states = encoder.run(ids, visible)
    pooled = encoder.pool(states, visible)
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
        """States → one vector per text [batch, hidden]."""
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
        return op.normalize_l2(pooled, self._ints([1]), 1e-12, "max") if self.config.normalize else pooled

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

    try:
        loaded: dict[str, Any] = load_file(folder / "model.safetensors")
    except (SafetensorError, OSError, TypeError) as error:
        raise ModelError(f"{folder / 'model.safetensors'} cannot be read ({error}); fetch the model again") from None
    named: dict[str, Any] = {}
    for name, value in loaded.items():
        plain = name.split(".", 1)[1] if name.startswith(("bert.", "roberta.")) else name
        named[plain] = value.astype(np.float32) if value.dtype.kind == "f" else value
    if "embeddings.word_embeddings.weight" not in named:
        raise ModelError(f"{folder / 'model.safetensors'} holds no BERT encoder; found e.g. {sorted(loaded)[:3]}")
    return named


def _pooling(folder: Path, config: Mapping[str, Any]) -> Pooling:
    chosen = [name for name, value in config.items() if name.startswith("pooling_mode_") and value is True]
    known: dict[str, Pooling] = {
        "pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max",
    }  # fmt: skip
    if not chosen:
        return "mean"
    if len(chosen) > 1 or chosen[0] not in known:
        raise ModelError(f"{folder}: pooling {', '.join(chosen)} is not supported; one of {', '.join(known)} is")
    return known[chosen[0]]


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
