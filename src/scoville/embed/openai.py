"""Embeddings from any endpoint that speaks OpenAI's ``/embeddings``.

Enters: texts. Leaves: unit vectors. The key is ``OPENAI_API_KEY`` in the environment.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from scoville.cost import charged
from scoville.embed.fake import word_spans
from scoville.embed.protocol import TextKind, TokenSpan
from scoville.endpoint import Endpoint
from scoville.errors import ProviderError, UnknownModel
from scoville.recipe import Embed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH_TEXTS = 128
BATCH_BYTES = 300_000
"""OpenAI takes 300,000 tokens a request, and no token of theirs is shorter than a byte."""
WORDS_PER_REQUEST_TEXT = 5000


class OpenAIEmbedder:
    """A hosted embedder. Tokens are estimated as words and signs, since its tokenizer is not at hand."""

    max_tokens = WORDS_PER_REQUEST_TEXT

    def __init__(self, settings: Embed) -> None:
        self.name = settings.model
        self._endpoint = Endpoint(settings, "embed")
        self._base_url = settings.base_url
        self._dimension: int | None = None

    @property
    def dimension(self) -> int:
        """The length of a vector; the first use asks the endpoint."""
        if self._dimension is None:
            self._dimension = int(self.embed(["dimension"]).shape[1])
        return self._dimension

    def embed(
        self, texts: Sequence[str], kind: TextKind = "passage", on_done: Callable[[int], None] | None = None
    ) -> "NDArray[np.float32]":
        """Embed texts in requests of at most 128 texts and 300,000 bytes; a longer text goes alone."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        parts: list[NDArray[np.float32]] = []
        for batch in _batches(texts):
            parts.append(self._request(batch))
            if on_done:
                on_done(len(parts[-1]))
        vectors = np.concatenate(parts)
        self._dimension = int(vectors.shape[1])
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def token_spans(self, texts: Sequence[str]) -> list[list[TokenSpan]]:
        """Estimate tokens as words and signs."""
        return word_spans(texts)

    def _request(self, batch: list[str]) -> "NDArray[np.float32]":
        import numpy as np

        endpoint = self._endpoint
        most = sum(len(text.encode("utf-8", "surrogatepass")) for text in batch)  # no token is shorter than a byte
        try:
            with charged(self.name, self._base_url, most, embedded=True) as tell:
                reply = endpoint.call(lambda client: client.embeddings.create(model=endpoint.model, input=batch))
                tell(getattr(reply.usage, "prompt_tokens", None) or most, 0)
            rows = [item.embedding for item in sorted(reply.data, key=lambda item: item.index)]
            vectors = np.array(rows, np.float32)
        except (ValueError, TypeError, AttributeError) as error:  # the client passes on what it cannot read
            told = endpoint.redacted(str(error))
            raise ProviderError(
                f"{self.name} at {endpoint.where} sent no vectors ({told}); is it an embedder?"
            ) from None
        if vectors.ndim != 2 or len(vectors) != len(batch) or not vectors.shape[1]:
            raise ProviderError(f"{self.name} at {endpoint.where} sent {vectors.shape} numbers for {len(batch)} texts")
        return vectors


def open_openai(name: str, settings: Embed) -> OpenAIEmbedder:
    """Open what ``embed.model: openai:NAME`` means, ``ollama:`` and ``vllm:`` too."""
    if not name:
        raise UnknownModel(f"embed.model: {settings.model!r} names no model; expected {settings.model}NAME")
    return OpenAIEmbedder(settings)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    room = BATCH_BYTES
    for text in texts:
        size = len(text.encode("utf-8", "surrogatepass"))
        if batch and (size > room or len(batch) == BATCH_TEXTS):
            yield batch
            batch, room = [], BATCH_BYTES
        batch.append(text)
        room -= size
    if batch:
        yield batch
