"""The reader: an encoder of the BERT family that points at the answer in a text, on a CPU with OpenVINO.

Enters: a folder as ``scoville train reader`` writes it (``BertForQuestionAnswering`` of transformers, with one more
head), a question and texts. Leaves: the best spans of each text, and how likely the text answers the question. Scores
are logits of one network over windows of one form, so spans of different texts compare.

Devlin et al. 2019: a span's score is the sum of its start and end logits; "no answer" is the first token's. A second
head, on the first token, was trained on whether the text answers at all; both make the probability (a logistic, fitted
on questions that were not trained on).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.embed.bert import build_reader
from scoville.embed.encoder_config import read_config
from scoville.embed.network import Network, open_tokenizer
from scoville.errors import ModelError
from scoville.extract.windows import Window, cover

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST_SPAN = 48  # tokens
SPANS = 4  # of one text


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Words of a text that may answer the question."""

    text: int
    """Which text, from 0."""
    start: int
    """Its characters are ``[start, end)`` of that text."""
    end: int
    score: float
    """Logit of the span less that of "no answer": above 0 the reader would rather point than pass."""
    probability: float
    """That the text answers the question; the same for all spans of a text but for their scores."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The ``reader`` part of a folder's ``config.json``."""

    longest: int = 320
    overlap: int = 96
    calibration: tuple[float, float, float] = (1.0, 0.0, 0.0)
    """Weights of the margin and of the second head, and the constant."""


class Reader:
    """Reads texts for the words that answer a question; several threads may ask at once."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        config = read_config(folder, kind="reader")
        self.settings = _settings(folder)
        self._tokenizer = open_tokenizer(folder / "tokenizer.json")
        longest = min(self.settings.longest, config.max_tokens)
        self._longest = longest
        self._network = Network(lambda: build_reader(folder, config), longest=longest, threads=threads)

    def read(self, question: str, texts: Sequence[str]) -> list[Span]:
        """Give the best spans of all texts, the likeliest first: at most a few of each, none that overlap."""
        windows = [(number, window) for number, text in enumerate(texts) for window in self._cover(question, text)]
        outputs: list[Any] = [None] * len(windows)

        def take(rows: list[int], output: "NDArray[np.float32]") -> None:
            for line, row in enumerate(rows):
                outputs[row] = output[line].copy()

        self._network.run([[w.ids for _, w in windows], [w.segments for _, w in windows]], take)
        found = [
            span
            for (number, window), output in zip(windows, outputs, strict=True)
            for span in self._spans(number, window, output)
        ]
        return _distinct(sorted(found, key=lambda span: -span.score))

    def load(self) -> None:
        """Compile the network, so that the first question does not wait for it."""
        self.read("?", ["."])

    def _cover(self, question: str, text: str) -> list[Window]:
        windows = cover(question, text, self._tokenizer, longest=self._longest, overlap=self.settings.overlap)
        return [window for window in windows if window.offsets]

    def _spans(self, number: int, window: Window, output: "NDArray[np.float32]") -> list[Span]:
        """Take the best spans of one window from its logits [length, 3]: start, end, answerable."""
        import numpy as np

        count = len(window.offsets)
        text = output[window.before : window.before + count]
        pairs = text[:, 0][:, None] + text[:, 1][None, :]
        pairs = np.where(np.tri(count, count, LONGEST_SPAN - 1) * np.tri(count, count).T > 0, pairs, -np.inf)
        null, answerable = float(output[0, 0] + output[0, 1]), float(output[0, 2])
        best = np.argsort(pairs, axis=None)[::-1][: 8 * SPANS]
        spans: list[Span] = []
        for place in best:
            first, last = divmod(int(place), count)
            score = float(pairs[first, last]) - null
            start, end = window.offsets[first][0], window.offsets[last][1]
            if math.isfinite(score) and not any(span.start < end and start < span.end for span in spans):
                probability = self._probability(score, answerable)
                spans.append(Span(text=number, start=start, end=end, score=score, probability=probability))
        return spans[:SPANS]

    def _probability(self, score: float, answerable: float) -> float:
        margin, head, constant = self.settings.calibration
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, margin * score + head * answerable + constant))))


def open_reader(folder: Path, threads: int = 0) -> Reader:
    """Open a folder that ``scoville train reader`` wrote; ModelError names what is wrong with it."""
    if not (folder / "model.safetensors").is_file():
        raise ModelError(
            f"{folder} holds no reader: model.safetensors is missing; train one with `scoville train reader`"
        )
    return Reader(folder, threads)


def _settings(folder: Path) -> Settings:
    try:
        given = json.loads((folder / "config.json").read_text(encoding="utf-8"))["reader"]
        calibration = tuple(float(value) for value in given["calibration"])
        if len(calibration) != 3:
            raise ValueError("calibration: expected three numbers")
        return Settings(longest=int(given["longest"]), overlap=int(given["overlap"]), calibration=calibration)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}/config.json is not that of a reader ({error!r})") from None


def _distinct(spans: Sequence[Span]) -> list[Span]:
    """Leave out spans that overlap a better one of the same text: windows overlap."""
    kept: list[Span] = []
    for span in spans:
        if not any(one.text == span.text and one.start < span.end and span.start < one.end for one in kept):
            kept.append(span)
    return kept
