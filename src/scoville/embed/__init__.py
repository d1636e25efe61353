"""Stage 4: texts → float32 vectors [n, d]."""

from scoville.embed.open import open_embedder
from scoville.embed.protocol import Embedder, TextKind, TokenEmbedder

__all__ = ["Embedder", "TextKind", "TokenEmbedder", "open_embedder"]
