"""Stage 4: texts → float32 vectors [n, d]."""

from scoville.embed.protocol import Embedder, TextKind, TokenEmbedder, open_embedder

__all__ = ["Embedder", "TextKind", "TokenEmbedder", "open_embedder"]
