"""Scoring pairs of a question and a text with a cross-encoder, on a CPU with OpenVINO.

Enters: a folder with a ``*ForSequenceClassification`` of the BERT family that has one label, a question, texts.
Leaves: a number per text, the classifier's own (logits: no sigmoid, which would not change the order). Knows no index.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scoville.embed.bert import build_cross_encoder
from scoville.embed.encoder_config import read_config
from scoville.embed.network import Network, open_tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class CrossEncoder:
    """Reads a question and a text together; slower than comparing vectors, and sees more."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        config = read_config(folder, kind="reranker")
        self._tokenizer = open_tokenizer(folder / "tokenizer.json")
        # Both texts may be long; the question keeps at most half of the room, and the text what is left.
        room = config.max_tokens - self._tokenizer.num_special_tokens_to_add(True)
        self._question_tokens = max(1, room // 2)
        self._tokenizer.enable_truncation(config.max_tokens, strategy="only_second")
        self._questions = open_tokenizer(folder / "tokenizer.json")
        self._network = Network(lambda: build_cross_encoder(folder, config), longest=config.max_tokens, threads=threads)

    def score(self, question: str, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Say how well each text answers the question, float32 [n] in the order given; more is better."""
        import numpy as np

        scores = np.zeros(len(texts), np.float32)
        question = self._cut(question)
        encodings = self._tokenizer.encode_batch([(question, text) for text in texts])

        def take(rows: list[int], output: "NDArray[np.float32]") -> None:
            scores[rows] = output[:, 0]

        self._network.run([[pair.ids for pair in encodings], [pair.type_ids for pair in encodings]], take)
        return scores

    def _cut(self, question: str) -> str:
        offsets = self._questions.encode(question, add_special_tokens=False).offsets[: self._question_tokens]
        return question[: offsets[-1][1]] if offsets else question
