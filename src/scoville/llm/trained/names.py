"""What a tensor is called in a GGUF file, and in which order its rows are there.

Enters: names as transformers gives them. Leaves: names of GGUF, orders of rows. Of Llama's queries and keys the rows
are in another order: transformers rotates the two halves of a head, llama.cpp neighbouring values.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PERMUTED = "llama"
"""The architecture whose queries and keys have another order."""
QUERY, KEY = ".attn_q.", ".attn_k."


def name_map(architecture: str, blocks: int) -> Callable[[str], str | None]:
    """Give a function from a module's or a weight's name to that in a GGUF file; None for one that has no place."""
    import gguf

    known = {name: number for number, name in gguf.MODEL_ARCH_NAMES.items()}
    names: Any = gguf.get_tensor_name_map(known[architecture], blocks)
    return lambda name: names.get_name(name, try_suffixes=(".weight", ".bias"))


def row_order(architecture: str, name: str, rows: int, heads: int, key_heads: int) -> "NDArray[np.int64] | None":
    """Say where in transformers' weights each row of a GGUF tensor is; None where the order is the same."""
    if architecture != PERMUTED or not (QUERY in name or KEY in name):
        return None
    import numpy as np

    count = heads if QUERY in name else key_heads
    return np.arange(rows).reshape(count, 2, rows // count // 2).swapaxes(1, 2).reshape(-1)
