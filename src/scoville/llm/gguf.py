"""What a GGUF file says about itself.

Enters: a path. Leaves: :class:`GgufMetadata`. Does not know who runs it. The format is described
at https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; the metadata are read here and not with the ``gguf``
package, which takes 3.6 s for a vocabulary of 49,152 where this takes 0.1 s, and a command waits for it each time.
"""

import math
import mmap
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoville.errors import ModelError
from scoville.llm.template import ChatTemplate

MAGIC = b"GGUF"
END_OF_TURN = frozenset(
    {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "</s>"}
)
"""Special tokens that end a reply, whichever of them the file calls the end; llama.cpp knows them too."""
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_CONTROL, _USER_DEFINED = 3, 4
_LOOKS_SPECIAL = re.compile(r"<[|｜].+[|｜]>")


@dataclass(frozen=True, kw_only=True, slots=True)
class GgufMetadata:
    """What a GGUF file says about its model."""

    architecture: str
    context_tokens: int
    parameters: int
    """The number of its weights."""
    template: ChatTemplate
    end_token_ids: frozenset[int]
    """Tokens that end a reply."""


def read_metadata(path: Path) -> GgufMetadata:
    """Read what a GGUF file says about its model; raises ModelError for a file that is none."""
    values, parameters = read_values(path)
    architecture = str(values.get("general.architecture", ""))
    tokens: list[str] = values.get("tokenizer.ggml.tokens", [])
    kinds = values.get("tokenizer.ggml.token_type", [])
    special = {
        token: number
        for number, (token, kind) in enumerate(zip(tokens, kinds, strict=False))
        if kind == _CONTROL or (kind == _USER_DEFINED and _LOOKS_SPECIAL.fullmatch(token))
    }
    ends = {values[key] for name in ("eos", "eot", "eom") if (key := f"tokenizer.ggml.{name}_token_id") in values}
    return GgufMetadata(
        architecture=architecture,
        context_tokens=int(values.get(f"{architecture}.context_length", 2048)),
        parameters=parameters,
        template=ChatTemplate(
            source=values.get("tokenizer.chat_template"),
            bos_token=_token(tokens, values.get("tokenizer.ggml.bos_token_id")),
            eos_token=_token(tokens, values.get("tokenizer.ggml.eos_token_id")),
            special_tokens=tuple(special),
        ),
        end_token_ids=frozenset(ends | {special[token] for token in END_OF_TURN & special.keys()}),
    )


def read_values(path: Path) -> tuple[dict[str, Any], int]:
    """Read the metadata of a GGUF file by their keys, and the number of its weights; ModelError for no such file."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _parse(data)
    except (struct.error, UnicodeDecodeError, ValueError, KeyError, OSError) as error:
        raise ModelError(f"{path} is no readable GGUF file ({error}); fetch it again or choose another model") from None


def _token(tokens: list[str], number: int | None) -> str:
    return tokens[number] if number is not None and 0 <= number < len(tokens) else ""


def _parse(data: mmap.mmap) -> tuple[dict[str, Any], int]:
    """Give the metadata and the number of weights."""
    if data[:4] != MAGIC:
        raise ValueError("it does not begin with GGUF")
    version, tensors, pairs = struct.unpack_from("<IQQ", data, 4)
    if version not in (2, 3):
        raise ValueError(f"version {version}, expected 2 or 3")
    place = 24
    values: dict[str, Any] = {}
    for _ in range(pairs):
        name, place = _read_string(data, place)
        (kind,) = struct.unpack_from("<I", data, place)
        values[name], place = _read_value(data, place + 4, kind)
    weights = 0
    for _ in range(tensors):
        _, place = _read_string(data, place)
        (dimensions,) = struct.unpack_from("<I", data, place)
        if dimensions > 8:
            raise ValueError(f"a tensor of {dimensions} dimensions")
        weights += math.prod(struct.unpack_from(f"<{dimensions}Q", data, place + 4))
        place += 4 + 8 * dimensions + 12
    return values, weights


def _read_value(data: mmap.mmap, place: int, kind: int) -> tuple[Any, int]:
    if kind == _STRING:
        return _read_string(data, place)
    if kind != _ARRAY:
        code = f"<{_SCALARS[kind]}"
        return struct.unpack_from(code, data, place)[0], place + struct.calcsize(code)
    inner, count = struct.unpack_from("<IQ", data, place)
    place += 12
    if inner == _STRING:
        strings: list[str] = []
        for _ in range(count):
            text, place = _read_string(data, place)
            strings.append(text)
        return strings, place
    if count > len(data):  # before struct is asked for memory
        raise ValueError(f"an array of {count} values")
    code = f"<{count}{_SCALARS[inner]}"
    return list(struct.unpack_from(code, data, place)), place + struct.calcsize(code)


def _read_string(data: mmap.mmap, place: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", data, place)
    end = place + 8 + length
    if end > len(data):
        raise ValueError("it is cut off")
    return data[place + 8 : end].decode("utf-8", "replace"), end
