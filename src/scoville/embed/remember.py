"""An embedder that embeds no text twice. Enters: an embedder. Leaves: the same, with its vectors kept in memory."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scoville.embed.protocol import Embedder, TextKind, TokenSpan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RememberingEmbedder:
    """Several threads may use it; 1,000 vectors of all-MiniLM-L6-v2 take 1.5 MB."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
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

        with self._lock:
            fresh = list(dict.fromkeys(text for text in texts if (kind, text) not in self._vectors))
            if fresh:
                found = self.embedder.embed(fresh, kind)
                self._vectors |= {(kind, text): vector for text, vector in zip(fresh, found, strict=True)}
                self.embedded += len(fresh)
            vectors = [self._vectors[kind, text] for text in texts]
        if on_done:
            on_done(len(texts))
        return np.stack(vectors) if vectors else np.zeros((0, self.dimension), np.float32)

    def learn(self, texts: Sequence[str], vectors: "NDArray[np.float32]") -> None:
        """Take the vectors of passages from an index, so that those texts are never embedded here."""
        with self._lock:
            for text, vector in zip(texts, vectors, strict=True):
                self._vectors.setdefault(("passage", text), vector)

    def token_spans(self, texts: Sequence[str]) -> list[list[TokenSpan]]:
        """Give the spans of the embedder's tokens."""
        return self.embedder.token_spans(texts)
