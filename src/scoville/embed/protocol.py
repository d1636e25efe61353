"""What an embedder is, and how a name becomes one.

Enters: the ``embed`` section of a recipe. Leaves: an :class:`Embedder`. Knows no passages and no index.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from scoville.recipe import Embed

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


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """An embedder that can also say what each token means, for ranking by MaxSim (Khattab and Zaharia 2020)."""

    def token_vectors(self, texts: Sequence[str], kind: TextKind = "passage") -> "list[NDArray[np.float32]]":
        """Give for each text the unit vectors of its tokens, float32 [t, d], special tokens left out."""
        ...


def open_embedder(settings: Embed) -> Embedder:
    """Open the embedder that ``settings.model`` names.

    Raises UnknownModel for a name that is in no catalogue, ModelUnavailable when it cannot be fetched.
    """
    provider, _, name = settings.model.partition(":")
    match provider:
        case "fake":
            from scoville.embed.fake import FakeEmbedder

            return FakeEmbedder()
        case "openai":
            from scoville.embed.openai import OpenAIEmbedder

            return OpenAIEmbedder(name, settings)
        case _:
            from scoville.embed.openvino import OpenVINOEmbedder
            from scoville.models import locate_model

            return OpenVINOEmbedder(locate_model(settings.model, kind="embedder"), threads=settings.threads)
