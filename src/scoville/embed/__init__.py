"""Stage 4: texts → float32 vectors [n, d]."""

from scoville.embed.protocol import Embedder, TextKind, open_embedder

__all__ = ["Embedder", "TextKind", "open_embedder"]
