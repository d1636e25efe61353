"""The BERT encoder as an OpenVINO graph, built straight from ``model.safetensors``.

Enters: a model folder and its configuration. Leaves: an ``openvino.Model`` that maps ``input_ids`` and
``attention_mask`` (int32 [batch, length]) to unit vectors of sentences (float32 [batch, d]), or pairs of texts to
scores (float32 [batch, 1]). Knows no tokenizer and no device.

The encoder follows Devlin et al. 2019 (post-layer-norm transformer, learned positions). Vectors have length 1 whether
``modules.json`` normalises or not: they are ranked by their cosine.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.embed.encoder_config import EncoderConfig, Family
from scoville.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import openvino
    from numpy.typing import NDArray

MASKED = -10_000.0  # added to the attention scores of padding: exp() of it is 0 in float32 and bfloat16
FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
WORDS = "embeddings.word_embeddings.weight"
PREFIXES = ("bert.", "roberta.", "distilbert.")
BERT_NAMES = (
    (r"^transformer\.layer", "encoder.layer"),
    (r"attention\.(q|k|v)_lin", lambda found: f"attention.self.{_QKV[found[1]]}"),
    (r"attention\.out_lin", "attention.output.dense"), ("sa_layer_norm", "attention.output.LayerNorm"),
    (r"ffn\.lin1", "intermediate.dense"), (r"ffn\.lin2", "output.dense"), ("output_layer_norm", "output.LayerNorm"),
    (r"LayerNorm\.gamma$", "LayerNorm.weight"), (r"LayerNorm\.beta$", "LayerNorm.bias"),
)  # fmt: skip
"""BERT's names for DistilBERT's tensors and for those of checkpoints from 2018."""
_QKV = {"q": "query", "k": "key", "v": "value"}
HEADS: dict[Family, tuple[str, str, str]] = {
    "bert": ("pooler.dense", "tanh", "classifier"),
    "roberta": ("classifier.dense", "tanh", "classifier.out_proj"),
    "distilbert": ("pre_classifier", "relu", "classifier"),
}
"""What ``*ForSequenceClassification`` puts on the first token: a layer, its activation, a layer."""


def build_encoder(folder: Path, config: EncoderConfig) -> "openvino.Model":
    """Build the graph of an embedder from ``model.safetensors`` in ``folder``."""
    return _build(folder, config, lambda encoder, ids, visible: encoder.pool(encoder.run(ids, visible), visible))


def build_cross_encoder(folder: Path, config: EncoderConfig) -> "openvino.Model":
    """Build the graph of a reranker; its second input is ``token_type_ids``, which text each token is of."""
    from openvino import Type
    from openvino import opset15 as op

    segments = op.parameter([-1, -1], Type.i32, name="token_type_ids")

    def write(encoder: _Encoder, ids: Any, visible: Any) -> Any:
        return encoder.score(encoder.run(ids, visible, segments))

    return _build(folder, config, write, segments)


def build_reader(folder: Path, config: EncoderConfig, words: Path | None = None) -> "openvino.Model":
    """Build the graph of an extractive reader: logits of start, end and "answerable", float32 [batch, length, 3].

    Its second input says which tokens are the text's; the third logit counts on the first token only. ``words`` is the
    folder of the encoder whose word embeddings it shares, where it has none of its own.
    """
    from openvino import Type
    from openvino import opset15 as op

    segments = op.parameter([-1, -1], Type.i32, name="token_type_ids")

    def write(encoder: _Encoder, ids: Any, visible: Any) -> Any:
        return encoder.point(encoder.run(ids, visible, segments))

    return _build(folder, config, write, segments, words=words)


def _build(
    folder: Path,
    config: EncoderConfig,
    write: "Callable[[_Encoder, Any, Any], Any]",
    *more: Any,
    words: Path | None = None,
) -> "openvino.Model":
    import openvino
    from openvino import opset15 as op

    weights = _weights(folder, words)
    ids = op.parameter([-1, -1], openvino.Type.i32, name="input_ids")
    mask = op.parameter([-1, -1], openvino.Type.i32, name="attention_mask")
    try:
        output = write(_Encoder(weights, config), ids, op.convert(mask, "f32"))
    except (KeyError, IndexError, ValueError, RuntimeError) as error:  # a tensor is missing, or shapes differ
        problem = " ".join(str(error).split())[:300]
        raise ModelError(f"{folder}: config.json and model.safetensors do not fit together: {problem}") from None
    model: Any = openvino.Model  # its stubs contradict each other
    return model([output], [ids, *more, mask], "encoder")


class _Encoder:
    """Writes the nodes of one encoder; ``op`` calls return graph nodes, nothing is computed here."""

    def __init__(self, weights: Mapping[str, "NDArray[np.float32]"], config: EncoderConfig) -> None:
        from openvino import opset15

        self.op: Any = opset15
        self.weights = weights
        self.config = config

    def run(self, ids: Any, visible: Any, segments: Any = None) -> Any:
        """Token ids, visibility and segments [batch, length] → states [batch, length, hidden]."""
        op = self.op
        states = self._norm(self._embed(ids, segments), "embeddings.LayerNorm")
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
                pooled = self._first(states)
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

    def score(self, states: Any) -> Any:
        """States → one number per text [batch, 1]: the classifier's output as it is, without a sigmoid."""
        inner, activation, outer = HEADS[self.config.family]
        hidden = getattr(self.op, activation)(self._linear(self._first(states), inner))
        if self.weights[f"{outer}.weight"].shape[0] != 1:
            raise ValueError(f"{outer} has {self.weights[f'{outer}.weight'].shape[0]} labels; a reranker has 1")
        return self._linear(hidden, outer)

    def point(self, states: Any) -> Any:
        """States → three numbers per token [batch, length, 3]: two heads as one product."""
        import numpy as np

        heads = {
            part: np.concatenate([self.weights[f"qa_outputs.{part}"], self.weights[f"answerable.{part}"]])
            for part in ("weight", "bias")
        }
        if heads["weight"].shape[0] != 3:
            raise ValueError(f"a reader has 3 outputs a token, not {heads['weight'].shape[0]}")
        product = self.op.matmul(states, self.op.constant(heads["weight"]), False, True)
        return self.op.add(product, self.op.constant(heads["bias"]))

    def _first(self, states: Any) -> Any:
        return self.op.gather(states, self._ints(0), self._ints(1))

    def _embed(self, ids: Any, segments: Any) -> Any:
        op, axis = self.op, self._ints(0)
        states = op.gather(op.constant(self.weights[WORDS]), ids, axis)
        table = self.weights["embeddings.position_embeddings.weight"][self.config.position_offset :]
        kinds = self.weights.get("embeddings.token_type_embeddings.weight")  # DistilBERT has none
        if kinds is not None and segments is not None and len(kinds) > 1:
            states = op.add(states, op.gather(op.constant(kinds), segments, axis))
        elif kinds is not None:
            table = table + kinds[0]  # the segment is always 0, so its vector is folded into the positions
        length = op.gather(op.shape_of(ids), self._ints(1), axis)
        positions = op.gather(op.constant(table), op.range(self._ints(0), length, self._ints(1), "i64"), axis)
        return op.add(states, op.unsqueeze(positions, axis))

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
        return op.add(product, op.constant(self.weights[f"{name}.bias"]))

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


def _weights(folder: Path, words: Path | None = None) -> dict[str, "NDArray[np.float32]"]:
    import numpy as np
    from safetensors import SafetensorError

    path = folder / "model.safetensors"
    try:
        loaded = _load(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}); fetch the model again") from None
    named = {_bert_name(name): value.astype(np.float32, copy=False) for name, value in loaded.items()}
    if words and WORDS not in named:
        named[WORDS] = _weights(words)[WORDS]
    if WORDS not in named:
        raise ModelError(f"{path} holds no BERT encoder; found e.g. {sorted(loaded)[:3]}")
    return named


def _load(path: Path) -> dict[str, "NDArray[Any]"]:
    """Read the tensors of floats."""
    import numpy as np
    from safetensors import deserialize
    from safetensors.numpy import load_file

    try:
        loaded: dict[str, Any] = load_file(path)  # maps the file
        return {name: value for name, value in loaded.items() if value.dtype.kind == "f"}
    except (TypeError, KeyError):  # NumPy knows no bfloat16, the upper half of a float32
        pass
    found: dict[str, Any] = {}
    for name, tensor in deserialize(path.read_bytes()):
        if tensor["dtype"].startswith("F8"):
            raise ModelError(f"{path}: weights in {tensor['dtype']} are not supported; float32, float16, bfloat16 are")
        if form := FLOATS.get(tensor["dtype"]):
            value = np.frombuffer(tensor["data"], form)
            value = (value.astype("<u4") << 16).view("<f4") if tensor["dtype"] == "BF16" else value
            found[name] = value.reshape(tensor["shape"])
    return found


def _bert_name(name: str) -> str:
    plain = name.split(".", 1)[1] if name.startswith(PREFIXES) else name
    for pattern, replacement in BERT_NAMES:
        plain = re.sub(pattern, replacement, plain)
    return plain
