"""Weights in safetensors files, read a part at a time and without torch.

Enters: a file, or a folder with one or several. Leaves: float32 arrays. The format is described at
https://github.com/huggingface/safetensors; its own package reads bfloat16 for torch only.
"""

import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INDEX = "model.safetensors.index.json"
"""Says in which of several files a tensor is."""
WEIGHTS = "model.safetensors"
_TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class Stored(NamedTuple):
    """A tensor in a file."""

    shape: tuple[int, ...]
    rows: "Callable[[slice], NDArray[np.float32]]"
    """Gives some rows of it."""

    def whole(self) -> "NDArray[np.float32]":
        """Read all of it."""
        return self.rows(slice(None))


def open_folder(folder: Path) -> dict[str, Stored]:
    """Open the weights of a folder as transformers saves it, in one file or several."""
    index = folder / INDEX
    if not index.is_file():
        return open_file(folder / WEIGHTS)
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not all(Path(str(name)).name == name for name in places.values()):
        raise ModelError(f"{index} is damaged: it names no files; fetch or train the model again")
    found: dict[str, Stored] = {}
    for name in sorted({str(name) for name in places.values()}):
        found |= open_file(folder / name)
    if missing := places.keys() - found.keys():
        raise ModelError(f"{folder} lacks {min(missing)} and {len(missing) - 1} other tensors; fetch it again")
    return found


def open_file(path: Path) -> dict[str, Stored]:
    """Open a file by the names of its tensors; raises ModelError for one that is cut off or damaged."""
    import numpy as np

    try:
        data = np.memmap(path, np.uint8, "r")
        length = int.from_bytes(data[:8].tobytes(), "little")
        header: Mapping[str, Any] = json.loads(data[8 : 8 + length].tobytes())
        body = data[8 + length :]
        return {name: _stored(body, entry) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ModelError(f"{path} is cut off or damaged ({reason}); train or fetch it again") from None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object beside the weights; raises ModelError where it is none."""
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict):
            return value
        reason = f"it holds {value!r:.40}"
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
    raise ModelError(f"{path} cannot be read ({reason}); train or fetch the model again")


def _stored(body: Any, entry: Mapping[str, Any]) -> Stored:
    shape, (start, end) = tuple(int(size) for size in entry["shape"]), entry["data_offsets"]
    if entry["dtype"] not in _TYPES:
        raise ValueError(f"weights of {entry['dtype']!r}, expected {', '.join(_TYPES)}")
    import numpy as np

    kind = np.dtype(_TYPES[entry["dtype"]])
    if end > body.shape[0] or end - start != math.prod(shape) * kind.itemsize:
        raise ValueError(f"it ends after {body.shape[0]} of {end} bytes of weights")
    return Stored(shape, partial(_rows, body[start:end].view(kind).reshape(shape)))


def _rows(values: Any, part: slice) -> "NDArray[np.float32]":
    import numpy as np

    chosen = np.ascontiguousarray(values[part])
    if chosen.dtype == np.uint16:  # bfloat16 is the upper half of a float32
        return (chosen.astype(np.uint32) << 16).view(np.float32)
    return chosen.astype(np.float32)
