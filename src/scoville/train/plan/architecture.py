"""The shape of a decoder of the Llama family, and the parameters that follow from it.

Enters: the name of a known model, a folder with config.json, or a GGUF file. Leaves: an :class:`Architecture`. Reads no
weights. Llama, Mistral, Qwen2 and Qwen3 have this shape, and most models made by others after them.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from scoville.errors import ModelError, UnknownModel, UsageError
from scoville.llm.gguf import read_values
from scoville.models.locate import PATH_PREFIX

FAMILY = ("llama", "mistral", "qwen2", "qwen3")
"""``model_type`` of config.json, and ``general.architecture`` of a GGUF file."""
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The matrices of a layer, by the names that Hugging Face and PEFT have for them."""
EMBEDDING, HEAD = "embed_tokens", "lm_head"
GROUPS: Mapping[str, tuple[str, ...]] = {"all-linear": PROJECTIONS, "all": (*PROJECTIONS, EMBEDDING, HEAD)}
"""What stands for several matrices: PEFT's word for those of the layers; all, with embedding and head."""


class Matrix(NamedTuple):
    """One weight matrix."""

    inputs: int
    outputs: int
    copies: int
    """How many of this shape the model has: one a layer."""

    @property
    def weights(self) -> int:
        """How many weights all of them have together."""
        return self.inputs * self.outputs * self.copies


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """The shape of a model."""

    name: str
    layers: int
    hidden: int
    inner: int
    """The width of the feed-forward part."""
    heads: int
    key_heads: int
    """Heads of keys and values; fewer than ``heads`` where several share one (grouped queries)."""
    head_size: int
    vocabulary: int
    tied: bool
    """Whether the head is the embedding."""
    context_tokens: int
    query_bias: bool = False
    """Whether queries, keys and values have a bias (Qwen2)."""
    query_norm: bool = False
    """Whether queries and keys are normalised (Qwen3)."""

    @property
    def key_width(self) -> int:
        """The width of a token's keys, which is that of its values."""
        return self.key_heads * self.head_size

    def matrices(self) -> dict[str, Matrix]:
        """Give the shapes of all matrices by their names; a tied head is the embedding and not among them."""
        width = self.heads * self.head_size
        shapes = {
            "q_proj": (self.hidden, width), "k_proj": (self.hidden, self.key_width),
            "v_proj": (self.hidden, self.key_width), "o_proj": (width, self.hidden),
            "gate_proj": (self.hidden, self.inner), "up_proj": (self.hidden, self.inner),
            "down_proj": (self.inner, self.hidden),
        }  # fmt: skip
        found = {name: Matrix(*shape, self.layers) for name, shape in shapes.items()}
        found[EMBEDDING] = Matrix(self.vocabulary, self.hidden, 1)
        return found if self.tied else {**found, HEAD: Matrix(self.hidden, self.vocabulary, 1)}

    @property
    def linear_weights(self) -> int:
        """Weights of the layers' matrices: what a token is multiplied with, apart from the head."""
        return sum(matrix.weights for name, matrix in self.matrices().items() if name in PROJECTIONS)

    @property
    def parameters(self) -> int:
        """All weights, with norms and biases."""
        biases = self.layers * (self.heads * self.head_size + 2 * self.key_width) * self.query_bias
        norms = self.hidden * (2 * self.layers + 1) + self.layers * 2 * self.head_size * self.query_norm
        return sum(matrix.weights for matrix in self.matrices().values()) + biases + norms

    def lora_parameters(self, rank: int, targets: Sequence[str]) -> int:
        """Count what LoRA trains: a matrix of n inputs and m outputs gets two, n × rank and rank × m.

        ``targets`` are names of matrices, ``all-linear`` (those of the layers) or ``all`` (embedding and head too).
        Source: Hu et al. 2021, arXiv 2106.09685.
        """
        matrices = self.matrices()
        wanted = {name for target in targets for name in GROUPS.get(target, (target,))}
        if unknown := sorted(wanted - {*matrices, HEAD}):
            raise UsageError(f"targets {', '.join(unknown)}: expected {', '.join([*GROUPS, *matrices])}")
        if not wanted or rank < 1:
            raise UsageError(f"rank {rank} on {', '.join(targets) or 'nothing'}: expected at least 1 and a target")
        if self.tied and HEAD in wanted:
            wanted |= {EMBEDDING}
        return sum(
            rank * (matrix.inputs + matrix.outputs) * matrix.copies
            for name, matrix in matrices.items() if name in wanted
        )  # fmt: skip


def _known(name: str, layers: int, hidden: int, inner: int, heads: int, key_heads: int, vocabulary: int,
           context: int, *, tied: bool = False, query_bias: bool = False) -> Architecture:  # fmt: skip
    return Architecture(
        name=name, layers=layers, hidden=hidden, inner=inner, heads=heads, key_heads=key_heads,
        head_size=hidden // heads, vocabulary=vocabulary, tied=tied, context_tokens=context, query_bias=query_bias,
    )  # fmt: skip


LLAMA_2_TOKENS = 32_004
"""32,000 and the four special tokens (padding, and the marks of a conversation) that it is given to be tuned."""
KNOWN = {
    one.name: one
    for one in (
        _known("smollm2-135m", 30, 576, 1536, 9, 3, 49152, 8192, tied=True),
        _known("smollm2-360m", 32, 960, 2560, 15, 5, 49152, 8192, tied=True),
        _known("smollm2-1.7b", 24, 2048, 8192, 32, 32, 49152, 8192, tied=True),
        _known("qwen2.5-0.5b", 24, 896, 4864, 14, 2, 151936, 32768, tied=True, query_bias=True),
        _known("qwen2.5-1.5b", 28, 1536, 8960, 12, 2, 151936, 32768, tied=True, query_bias=True),
        _known("qwen2.5-7b", 28, 3584, 18944, 28, 4, 152064, 32768, query_bias=True),
        _known("mistral-7b", 32, 4096, 14336, 32, 8, 32000, 32768),
        _known("llama-2-7b", 32, 4096, 11008, 32, 32, LLAMA_2_TOKENS, 4096),
        _known("llama-2-13b", 40, 5120, 13824, 40, 40, LLAMA_2_TOKENS, 4096),
        _known("llama-2-70b", 80, 8192, 28672, 64, 8, LLAMA_2_TOKENS, 4096),
        _known("llama-3.1-8b", 32, 4096, 14336, 32, 8, 128256, 131072),
        _known("llama-3.1-70b", 80, 8192, 28672, 64, 8, 128256, 131072),
    )
}
"""Models by the names that people have for them, from the config.json of each."""
TUNED = ("-hf", "-chat", "-instruct", "-base", "-coder")
"""What stands in the names of models that were tuned from these, and have their shape."""


def read_architecture(reference: str) -> Architecture:
    """Give the shape of a model: a name that is known, ``path:FOLDER`` with config.json, or ``path:FILE.gguf``.

    UnknownModel for a name that is not known, with those that are; ModelError for a file that cannot be read or that
    describes another family of models.
    """
    if reference.startswith(PATH_PREFIX):
        path = Path(reference.removeprefix(PATH_PREFIX)).expanduser()
        if not path.exists():
            raise UnknownModel(f"{reference!r}: there is no {path}; expected a folder with config.json or a GGUF file")
        return _from_folder(path) if path.is_dir() else _from_gguf(path)
    given = reference.removeprefix("hf:").rpartition("/")[2] if reference.startswith("hf:") else reference
    name = given.lower().replace("meta-", "")
    for part in TUNED:
        name = name.replace(part, "")
    if name in KNOWN:
        return KNOWN[name]
    raise UnknownModel(
        f"the shape of {reference!r} is not known; expected one of {', '.join(KNOWN)}, path:FOLDER (with config.json) "
        "or path:FILE.gguf"
    )


def _from_folder(folder: Path) -> Architecture:
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _check_family(str(config["model_type"]), path)
        hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        return _checked(Architecture(
            name=folder.name, layers=int(config["num_hidden_layers"]), hidden=hidden,
            inner=int(config["intermediate_size"]), heads=heads,
            key_heads=int(config.get("num_key_value_heads") or heads),
            head_size=int(config.get("head_dim") or hidden // heads), vocabulary=int(config["vocab_size"]),
            tied=bool(config.get("tie_word_embeddings")),
            context_tokens=int(config.get("max_position_embeddings") or 2048),
            query_bias=config["model_type"] == "qwen2", query_norm=config["model_type"] == "qwen3",
        ), path)  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise ModelError(f"{path} does not give the shape of a model ({error!r}); expected that of a Llama") from None


def _from_gguf(path: Path) -> Architecture:
    values, weights = read_values(path)
    kind = str(values.get("general.architecture", ""))
    _check_family(kind, path)
    try:
        hidden, heads = int(values[f"{kind}.embedding_length"]), int(values[f"{kind}.attention.head_count"])
        key_heads = int(values.get(f"{kind}.attention.head_count_kv", heads))
        untied = _checked(Architecture(
            name=path.stem, layers=int(values[f"{kind}.block_count"]), hidden=hidden,
            inner=int(values[f"{kind}.feed_forward_length"]), heads=heads, key_heads=key_heads,
            head_size=int(values.get(f"{kind}.attention.key_length", hidden // heads)),
            vocabulary=len(values["tokenizer.ggml.tokens"]), tied=False,
            context_tokens=int(values.get(f"{kind}.context_length", 2048)),
            query_bias=kind == "qwen2", query_norm=kind == "qwen3",
        ), path)  # fmt: skip
    except (KeyError, ValueError, TypeError, ZeroDivisionError) as error:
        raise ModelError(f"{path} does not give the shape of a model ({error!r}); choose another file") from None
    # A file says nowhere that the head is the embedding: it lacks the weights of one.
    return replace(untied, tied=weights < untied.parameters - hidden * untied.vocabulary // 2)


def _checked(found: Architecture, path: Path) -> Architecture:
    sizes = (found.layers, found.hidden, found.inner, found.heads, found.key_heads, found.head_size, found.vocabulary)
    if min(sizes) < 1 or math.prod(sizes) > 1 << 100:
        raise ModelError(f"{path} describes a model of an impossible shape, {sizes}; choose another")
    return found


def _check_family(kind: str, path: Path) -> None:
    if kind not in FAMILY:
        raise ModelError(f"{path} is of the family {kind!r}; a plan knows the shape of {', '.join(FAMILY)} only")
