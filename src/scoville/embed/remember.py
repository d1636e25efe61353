"""An embedder that embeds no text twice. Enters: an embedder. Leaves: the same, with its vectors kept in memory.

A text has the same vector, to the bit, whatever it is embedded with: so what is kept changes no answer.
"""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scoville.embed.protocol import Embedder, TextKind, TokenSpan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RememberingEmbedder:
    """Several threads may use it; 1,000 vectors of all-MiniLM-L6-v2 take 1.5 MB."""

    def __init__(self, embedder: Embedder, most: int | None = None) -> None:
        """Keep the ``most`` vectors that were asked for last; without it, all."""
        self.embedder = embedder
        self._most = most
        self.embedded = 0
        """Texts that were really embedded."""
        self._vectors: dict[tuple[TextKind, str], NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The embedder's."""
        return self.embedder.name

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.embedder.dimension

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are embedded."""
        return self.embedder.max_tokens

    def embed(
        self, texts: Sequence[str], kind: TextKind = "passage", on_done: Callable[[int], None] | None = None
    ) -> "NDArray[np.float32]":
        """Embed texts, float32 [n, d]; those that were embedded before are looked up."""
        import numpy as np

        keys: list[tuple[TextKind, str]] = [(kind, text) for text in texts]
        wanted = list(dict.fromkeys(keys))
        with self._lock:
            found = {key: self._vectors[key] for key in wanted if key in self._vectors}
        fresh = [key for key in wanted if key not in found]
        if fresh:
            vectors = self.embedder.embed([text for _, text in fresh], kind)
            found |= {key: vector.copy() for key, vector in zip(fresh, vectors, strict=True)}  # not views of the batch
        with self._lock:
            self.embedded += len(fresh)
            for key in wanted:  # those asked for last stand last
                self._vectors.pop(key, None)
                self._vectors[key] = found[key]
            while self._most is not None and len(self._vectors) > self._most:
                del self._vectors[next(iter(self._vectors))]
        if on_done:
            on_done(len(texts))
        return np.stack([found[key] for key in keys]) if found else np.zeros((0, self.dimension), np.float32)

    def learn(self, texts: Sequence[str], vectors: "NDArray[np.float32]") -> None:
        """Take the vectors of passages from an index, so that those texts are never embedded here."""
        with self._lock:
            for text, vector in zip(texts, vectors, strict=True):
                self._vectors.setdefault(("passage", text), vector)

    def token_spans(self, texts: Sequence[str]) -> list[list[TokenSpan]]:
        """Give the spans of the embedder's tokens."""
        return self.embedder.token_spans(texts)
