"""An embedder without a model: words hashed into buckets. It ranks by shared words; for tests and dry runs."""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scoville.embed.protocol import TextKind, TokenSpan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from scoville.recipe import Embed

WORD = re.compile(r"\w+|[^\w\s]")


class FakeEmbedder:
    """Counts each word in one of 64 buckets chosen by its hash; a token is a word or a sign."""

    name = "fake"
    dimension = 64
    max_tokens = 8192

    def embed(
        self, texts: Sequence[str], kind: TextKind = "passage", on_done: Callable[[int], None] | None = None
    ) -> "NDArray[np.float32]":
        """Embed texts; the same words give the same vector."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            for word in WORD.findall(text.casefold()):
                bucket = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) % self.dimension
                vectors[row, bucket] += 1
        if on_done:
            on_done(len(texts))
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def token_spans(self, texts: Sequence[str]) -> list[list[TokenSpan]]:
        """Give the spans of words and signs."""
        return word_spans(texts)


def word_spans(texts: Sequence[str]) -> list[list[TokenSpan]]:
    """Split texts into words and signs: a stand-in where a model's own tokenizer is not at hand."""
    return [[TokenSpan(*match.span()) for match in WORD.finditer(text)] for text in texts]


def open_fake(name: str, settings: "Embed") -> FakeEmbedder:
    """Open what ``embed.model: fake`` means."""
    return FakeEmbedder()
