"""A text in, how much it is like an attack or an order to a model out: two small networks on the embedder's vectors.

For what is meant and not worded as the patterns know it. With another than the default embedder there is none, since
its vectors mean something else. Trained by `scripts/train_guards.py`; `weights/LICENCE.md` says from what.
"""

import json
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from scoville.embed import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Place = TypeVar("Place", bound=Hashable)
WEIGHTS = Path(__file__).with_name("weights")
EMBEDDER = "all-minilm-l6-v2"
LONG = 120
"""Characters: shorter questions are left to the patterns. Played roles take long to tell, and of the short turns of
conversations the classifier took 9 % for attacks."""
WINDOW = 500
MOST_WINDOWS = 8


def windows(text: str) -> list[str]:
    """Cut a long text into parts that an embedder takes in: the first eight, of 500 characters."""
    starts = range(0, min(len(text), WINDOW * MOST_WINDOWS), WINDOW)
    return [part for start in starts if (part := text[start : start + WINDOW].strip())]


class Classifier:
    """One of the networks; nothing is loaded before it is asked."""

    def __init__(self, name: Literal["jailbreak", "injection"], embedder: Embedder) -> None:
        self.name = name
        self.embedder = embedder
        self.is_at_hand = embedder.name.partition("@")[0] == EMBEDDER

    def places(self, parts: Mapping[Place, Sequence[str]]) -> list[Place]:
        """Give the places of which a part is found; none where the embedder is another."""
        texts = list(dict.fromkeys(text for some in parts.values() for text in some))
        if not self.is_at_hand or not texts:
            return []
        scores = self.scores(self.embedder.embed(texts, "query"))
        found = {text for text, score in zip(texts, scores, strict=True) if score > self._threshold}
        return [place for place, some in parts.items() if not found.isdisjoint(some)]

    def scores(self, vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Give the scores of vectors, float32 [n]: logits."""
        import numpy as np

        weight, bias, out_weight, out_bias = self._weights
        return (np.maximum(vectors @ weight.T + bias, 0) @ out_weight.T + out_bias)[:, 0]

    @cached_property
    def _weights(self) -> "tuple[NDArray[np.float32], ...]":
        import numpy as np
        from safetensors.numpy import load_file

        kept = load_file(WEIGHTS / "classifier.safetensors")
        names = ("hidden.weight", "hidden.bias", "out.weight", "out.bias")
        return tuple(kept[f"{self.name}.{name}"].astype(np.float32) for name in names)

    @cached_property
    def _threshold(self) -> float:
        record = json.loads((WEIGHTS / "classifier.json").read_text(encoding="utf-8"))
        return record["guards"][self.name]["threshold"]
