"""Stage 4: texts → float32 vectors [n, d]."""

from scoville.embed.open import open_embedder
from scoville.embed.protocol import Embedder, TextKind

__all__ = ["Embedder", "TextKind", "open_embedder"]
