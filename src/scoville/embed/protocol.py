"""What an embedder is.

Enters: texts. Leaves: vectors, and where the tokens of a text lie. Knows no model, no passages and no index.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TextKind = Literal["passage", "query"]


class TokenSpan(NamedTuple):
    """The characters ``[start, end)`` that one token stands for."""

    start: int
    end: int


class Embedder(Protocol):
    """Turns texts into vectors, and counts their tokens."""

    @property
    def name(self) -> str:
        """Name the model so that two embedders with one name give the same vectors."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are embedded, special tokens not counted; the rest is cut off."""
        ...

    def embed(
        self, texts: Sequence[str], kind: TextKind = "passage", on_done: Callable[[int], None] | None = None
    ) -> "NDArray[np.float32]":
        """Embed texts as unit vectors, float32 [n, d], in the order given; no texts give shape (0, d).

        ``on_done`` is told the number of texts finished, batch by batch.
        """
        ...

    def token_spans(self, texts: Sequence[str]) -> list[list[TokenSpan]]:
        """Give for each text the span of each of its tokens, special tokens left out."""
        ...
