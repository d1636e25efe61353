"""From the tokenizer of a folder to what a GGUF file says of one.

Enters: tokenizer.json and what lies beside it, as transformers saves them. Leaves: fields of a GGUF file. Knows
byte-level BPE (GPT-2, Llama 3, Qwen, SmolLM, all that is trained here). llama.cpp does not read how a text is cut into
words, but knows the ways by name: each is found by the pattern it has, and one that is none of them is an error, since
another way gives other tokens.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoville.errors import ModelError
from scoville.llm.gguf_write import Field
from scoville.llm.trained.safetensors import read_json

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
WAYS = {f"{_CONTRACTIONS}{{1,3}}{_REST}": "llama-bpe", f"{_CONTRACTIONS}{_REST}": "qwen2"}
"""Patterns that texts are split by, and their names in llama.cpp."""
_NORMAL, _CONTROL, _USER_DEFINED, _UNUSED = 1, 3, 4, 5


def tokenizer_fields(folder: Path, size: int) -> dict[str, Field]:
    """Give the fields for a vocabulary of ``size`` rows; ModelError for a tokenizer that has no form in GGUF here."""
    import gguf

    kinds = gguf.GGUFValueType
    spec, more = read_json(folder / "tokenizer.json"), _beside(folder, "tokenizer_config.json")
    model: Mapping[str, Any] = spec.get("model") or {}
    vocabulary: Mapping[str, int] = model.get("vocab") or {}
    if model.get("type") != "BPE" or model.get("byte_fallback") or not vocabulary:
        raise ModelError(
            f"{folder / 'tokenizer.json'} is {model.get('type')!r}{' with byte fallback' * bool(vocabulary)}, and only "
            "byte-level BPE is brought into GGUF here; name a GGUF file of the model"
        )
    tokens, types = _tokens(folder, vocabulary, spec.get("added_tokens") or [], size)
    fields = {
        "tokenizer.ggml.model": Field("gpt2", kinds.STRING),
        "tokenizer.ggml.pre": Field(_way(folder, spec.get("pre_tokenizer")), kinds.STRING),
        "tokenizer.ggml.tokens": Field(tokens, kinds.ARRAY, kinds.STRING),
        "tokenizer.ggml.token_type": Field(types, kinds.ARRAY, kinds.INT32),
        "tokenizer.ggml.add_bos_token": Field(bool(more.get("add_bos_token", False)), kinds.BOOL),
    }
    if merges := [one if isinstance(one, str) else " ".join(one) for one in model.get("merges") or []]:
        fields["tokenizer.ggml.merges"] = Field(merges, kinds.ARRAY, kinds.STRING)
    places = {token: number for number, token in enumerate(tokens)}
    for key, name in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        given = more.get(f"{key}_token")
        token = given.get("content") if isinstance(given, dict) else given
        if token in places:
            fields[f"tokenizer.ggml.{name}_token_id"] = Field(places[token], kinds.UINT32)
    if template := _template(folder, more):
        fields["tokenizer.chat_template"] = Field(template, kinds.STRING)
    return fields


def _tokens(
    folder: Path, vocabulary: Mapping[str, int], added: list[Mapping[str, Any]], size: int
) -> tuple[list[str], list[int]]:
    tokens, types = [f"[PAD{number}]" for number in range(size)], [_UNUSED] * size
    known = [(token, number, _NORMAL) for token, number in vocabulary.items()]
    known += [(one["content"], one["id"], _CONTROL if one.get("special") else _USER_DEFINED) for one in added]
    for token, number, kind in known:
        if not 0 <= number < size:
            raise ModelError(
                f"{folder / 'tokenizer.json'} gives {token!r} the number {number}, and the model has {size} tokens; "
                "name the folder of one model"
            )
        tokens[number], types[number] = token, kind
    return tokens, types


def _way(folder: Path, spec: Mapping[str, Any] | None) -> str:
    """Name how texts are cut into words before they are cut into tokens."""
    steps: list[Mapping[str, Any]] = (spec or {}).get("pretokenizers") or ([spec] if spec else [])
    match [str(step.get("type")) for step in steps]:
        case ["ByteLevel"] if steps[0].get("use_regex", True):
            return "gpt-2"
        case ["Digits", "ByteLevel"] if steps[0].get("individual_digits") and steps[1].get("use_regex", True):
            return "smollm"
        case ["Split", "ByteLevel"] if way := WAYS.get((steps[0].get("pattern") or {}).get("Regex", "")):
            return way
        case _:
            raise ModelError(
                f"{folder / 'tokenizer.json'} cuts texts in a way that GGUF has no name for here: "
                f"{json.dumps(spec)[:200]}; name a GGUF file of the model"
            )


def _template(folder: Path, more: Mapping[str, Any]) -> str | None:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    given = more.get("chat_template")
    if isinstance(given, list):  # several, by name
        given = next((one.get("template") for one in given if one.get("name") == "default"), None)
    return given if isinstance(given, str) and given else None


def _beside(folder: Path, name: str) -> dict[str, Any]:
    return read_json(folder / name) if (folder / name).is_file() else {}
