"""Embedding on a CPU with OpenVINO.

Enters: a model folder and texts. Leaves: unit vectors, one for each text.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scoville.embed.bert import build_encoder
from scoville.embed.encoder_config import read_config
from scoville.embed.network import Network, open_tokenizer
from scoville.embed.protocol import TextKind, TokenSpan
from scoville.errors import ModelError
from scoville.models import ModelFiles, locate_model
from scoville.recipe import Embed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


E5 = re.compile(r"(?:^|-)e5-(?:small|base|large)(?:-v2)?$")
"""Models that were trained with a word before each text and whose folders do not say so (Wang et al. 2022)."""


class OpenVINOEmbedder:
    """A BERT-family sentence encoder."""

    def __init__(self, files: ModelFiles, *, threads: int = 0) -> None:
        self.name = f"{files.name}@{_weights_sha256(files)[:8]}"
        self._is_e5 = bool(E5.search(files.name))
        self._config = read_config(files.folder)
        self._tokenizer = open_tokenizer(files.folder / "tokenizer.json")
        self._special = self._tokenizer.num_special_tokens_to_add(False)
        longest, folder = self._config.max_tokens, files.folder
        self._network = Network(lambda: build_encoder(folder, self._config), longest=longest, threads=threads)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._config.hidden

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are embedded, special tokens not counted."""
        return self._config.max_tokens - self._special

    def embed(
        self, texts: Sequence[str], kind: TextKind = "passage", on_done: Callable[[int], None] | None = None
    ) -> "NDArray[np.float32]":
        """Embed texts, float32 [n, d], in the order given."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), np.float32)
        prompt = self._config.prompts.get(kind) or (f"{kind}: " if self._is_e5 else "")
        encodings = self._tokenizer.encode_batch_fast([prompt + text for text in texts])

        def take(rows: list[int], output: "NDArray[np.float32]") -> None:
            vectors[rows] = output
            if on_done:
                on_done(len(rows))

        self._network.run([[self._cut(encoding.ids) for encoding in encodings]], take)
        return vectors

    def token_spans(self, texts: Sequence[str]) -> list[list[TokenSpan]]:
        """Give the spans of the model's own tokens."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [[TokenSpan(*span) for span in encoding.offsets] for encoding in encodings]

    def _cut(self, tokens: list[int]) -> list[int]:
        # Keeps the closing special token, as the reference implementation does.
        limit = self._config.max_tokens
        return tokens if len(tokens) <= limit else tokens[: limit - 1] + tokens[-1:]


def open_local(name: str, settings: Embed) -> OpenVINOEmbedder:
    """Open a model of the catalogue, of a folder or of the hub, which is fetched if need be."""
    return OpenVINOEmbedder(locate_model(settings.model, kind="embedder"), threads=settings.threads)


def _weights_sha256(files: ModelFiles) -> str:
    if files.sha256:
        return files.sha256
    try:
        with files.weights.open("rb") as weights:
            return hashlib.file_digest(weights, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{files.weights} cannot be read ({error.strerror}); fetch the model again") from None
