"""What a GGUF file holds, and writing one.

Enters: a GGUF file, or weights from elsewhere as a :class:`Content`. Leaves: a GGUF file in the precision asked for.
Weights pass through in blocks, so that no more than one matrix of the new file is in memory.
"""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from scoville.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Precision = Literal["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]
"""What the ``gguf`` package can write of what llama.cpp reads."""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
SMALL: frozenset[Precision] = frozenset({"q5_1", "q5_0", "q4_1", "q4_0"})
COARSEST_ENDS: Precision = "q8_0"
"""Of the embedding and the output in a small form: they suffer most from few bits (llama.cpp keeps them finer too)."""
BLOCK_VALUES = 1 << 24
"""How many weights are unpacked at a time: 64 MiB as float32."""


class Tensor(NamedTuple):
    """Weights on their way into a file."""

    name: str
    shape: tuple[int, ...]
    rows: "Callable[[slice], NDArray[np.float32]]"
    """Gives some rows of a matrix, or some values of a vector."""


class Field(NamedTuple):
    """One of a file's metadata."""

    value: Any
    kind: Any
    """Of ``gguf.GGUFValueType``."""
    inner: Any = None
    """The kind of an array's values."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a GGUF file holds."""

    architecture: str
    fields: Mapping[str, Field]
    tensors: Sequence[Tensor]

    def number(self, name: str) -> int:
        """Give a number of the architecture, e.g. ``attention.head_count``; 0 where there is none."""
        found = self.fields.get(f"{self.architecture}.{name}")
        return int(found.value) if found else 0


def open_gguf(path: Path) -> Content:
    """Open a GGUF file for reading its weights; raises ModelError for one that is cut off or damaged."""
    import gguf

    try:
        reader = gguf.GGUFReader(path)
        architecture = str(reader.fields["general.architecture"].contents())
    except (ValueError, KeyError, IndexError, OSError) as error:
        raise ModelError(f"{path} is cut off or damaged ({error}); fetch it again") from error
    fields: dict[str, Field] = {}
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":
            kind = field.types[0]
            inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            fields[name] = Field(field.contents(), kind, inner)
    return Content(architecture=architecture, fields=fields, tensors=[_tensor(one) for one in reader.tensors])


def write_gguf(target: Path, content: Content, precision: Precision = "f16") -> None:
    """Write a GGUF file; ``target`` appears whole or not at all.

    Vectors stay float32. Raises ModelError for weights that are no numbers or that the precision cannot hold.
    """
    import gguf
    import numpy as np

    unfinished = target.with_name(f"{target.name}.{os.getpid()}.part")
    writer = gguf.GGUFWriter(unfinished, content.architecture)
    try:
        for name, field in {**content.fields, **_precision_fields(content, precision)}.items():
            writer.add_key_value(name, field.value, field.kind, field.inner)
        kinds = [_kind_of(tensor, precision) for tensor in content.tensors]
        for tensor, kind in zip(content.tensors, kinds, strict=True):
            size, width = gguf.GGML_QUANT_SIZES[kind]
            stored = math.prod(tensor.shape) // size * width
            writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), stored, kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor, kind in zip(content.tensors, kinds, strict=True):
            writer.write_tensor_data(_packed(tensor, kind))
        writer.close()
        os.replace(unfinished, target)
    finally:
        writer.close()
        unfinished.unlink(missing_ok=True)


def dequantise(source: Path, target: Path) -> None:
    """Write the F16 form of a GGUF file; ``target`` appears whole or not at all."""
    write_gguf(target, open_gguf(source))


def _precision_fields(content: Content, precision: Precision) -> dict[str, Field]:
    import gguf

    number = gguf.GGUFValueType.UINT32
    named = "ALL_F32" if precision == "f32" else f"MOSTLY_{precision.upper()}"
    fields = {"general.file_type": Field(int(gguf.LlamaFileType[named]), number)}
    if precision.startswith("q") and "general.quantization_version" not in content.fields:
        fields["general.quantization_version"] = Field(gguf.GGML_QUANT_VERSION, number)
    return fields


def _kind_of(tensor: Tensor, precision: Precision) -> Any:
    """Give the form in which a tensor is kept; rows that do not fill whole blocks stay float16."""
    import gguf

    kinds = gguf.GGMLQuantizationType
    if len(tensor.shape) == 1:
        return kinds.F32
    if precision in SMALL and tensor.name in ("token_embd.weight", "output.weight"):
        precision = COARSEST_ENDS
    kind = kinds[precision.upper()]
    return kinds.F16 if tensor.shape[-1] % gguf.GGML_QUANT_SIZES[kind][0] else kind


def _tensor(read: Any) -> Tensor:
    import gguf

    def rows(part: slice) -> "NDArray[np.float32]":
        return gguf.quants.dequantize(read.data[part], read.tensor_type)

    return Tensor(read.name, tuple(int(size) for size in reversed(read.shape)), rows)


def _packed(tensor: Tensor, kind: Any) -> "NDArray[Any]":
    import gguf
    import numpy as np

    if len(tensor.shape) == 1:
        return _checked(tensor.name, tensor.rows(slice(None)))
    step = max(1, BLOCK_VALUES // math.prod(tensor.shape[1:]))
    packed: NDArray[Any] | None = None
    try:
        with np.errstate(over="raise"):
            for start in range(0, tensor.shape[0], step):
                part = slice(start, start + step)
                block = gguf.quants.quantize(_checked(tensor.name, tensor.rows(part)), kind)
                packed = np.empty((tensor.shape[0], *block.shape[1:]), block.dtype) if packed is None else packed
                packed[part] = block
    except FloatingPointError:
        raise ModelError(f"{tensor.name} holds weights beyond float16; set llm.runtime to llamacpp") from None
    assert packed is not None
    return packed


def _checked(name: str, values: "NDArray[np.float32]") -> "NDArray[np.float32]":
    import numpy as np

    values = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(values).all():
        raise ModelError(f"{name} holds values that are no numbers; train or fetch the model again")
    return values
