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
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from scoville.embed.bert import build_reader
from scoville.embed.encoder_config import read_config
from scoville.embed.network import Network, open_tokenizer
from scoville.errors import ModelError
from scoville.extract.windows import Window, cover, encode_question
from scoville.models import locate_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

BREAK = re.compile(r"\n\s*\n|\n(?=\|)")
"""Between paragraphs and between the rows of a table: no span reaches over it."""
CELL_END = re.compile(r" \| ")
"""Spans that reach over it are cut: the reader knows better where an answer begins than where its cell ends."""
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
    answerable: float
    """Logit of the second head: whether what the network saw of the text answers the question at all."""
    probability: float
    """That the text answers the question, of both."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The ``reader`` part of a folder's ``config.json``."""

    longest: int = 320
    overlap: int = 96
    calibration: tuple[float, float, float] = (1.0, 0.0, 0.0)
    """Weights of the margin and of the second head, and the constant."""
    words: str = ""
    """The catalogue's encoder whose word embeddings it shares; empty where it has its own."""


class Runs(Protocol):
    """Runs the network over windows of many lengths."""

    def run(
        self, inputs: Sequence[Sequence[list[int]]], take: "Callable[[list[int], NDArray[np.float32]], None]"
    ) -> None:
        """Give ``take`` the rows and the logits [rows, length, 3] of each batch; inputs are token ids and segments."""
        ...


class Reader:
    """Reads texts for the words that answer a question; several threads may ask at once."""

    def __init__(self, settings: Settings, tokenizer: "Tokenizer", longest: int, network: Runs) -> None:
        self.settings = settings
        self._tokenizer = tokenizer
        self._longest = longest
        self._network = network

    def read(self, question: str, texts: Sequence[str]) -> list[Span]:
        """Give the best spans of all texts, the likeliest first: at most a few of each, none that overlap."""
        return self.read_pairs([(question, text) for text in texts])

    def read_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[Span]:
        """Do the same for pairs of a question and a text, all at once; ``Span.text`` says which pair."""
        windows = [(number, window) for number, pair in enumerate(pairs) for window in self._cover(*pair)]
        outputs: list[Any] = [None] * len(windows)

        def take(rows: list[int], output: "NDArray[np.float32]") -> None:
            for line, row in enumerate(rows):
                outputs[row] = output[line].copy()

        self._network.run([[w.ids for _, w in windows], [w.segments for _, w in windows]], take)
        found = [
            span
            for (number, window), output in zip(windows, outputs, strict=True)
            for span in self._spans(number, pairs[number][1], window, output)
        ]
        return _distinct(sorted(found, key=lambda span: -span.score))

    def windows(self, question: str, texts: Sequence[str]) -> Iterator[tuple[str, str, int]]:
        """Give the parts of what the network sees: the question, and the windows of each text; with their tokens."""
        yield "question", question, len(encode_question(question, self._tokenizer))
        for number, text in enumerate(texts, start=1):
            for window in self._cover(question, text):
                seen = text[window.offsets[0][0] : window.offsets[-1][1]]
                yield f"passage {number}", seen, len(window.offsets)

    def load(self) -> None:
        """Compile the network, so that the first question does not wait for it."""
        self.read("?", ["."])

    def _cover(self, question: str, text: str) -> list[Window]:
        windows = cover(question, text, self._tokenizer, longest=self._longest, overlap=self.settings.overlap)
        return [window for window in windows if window.offsets]

    def _spans(self, number: int, text: str, window: Window, output: "NDArray[np.float32]") -> list[Span]:
        """Take the best spans of one window from its logits [length, 3]: start, end, answerable."""
        import numpy as np

        logits = output[window.before : window.before + len(window.offsets)]
        block = np.searchsorted([found.start() for found in BREAK.finditer(text)], [end for _, end in window.offsets])
        ends, reached = (_following(values, LONGEST_SPAN) for values in (logits[:, 1], block.astype(np.float32)))
        pairs = np.where(reached == block[:, None], logits[:, :1] + ends, -np.inf)  # [start, tokens more]
        most = min(8 * SPANS, pairs.size)
        best = np.argpartition(pairs, -most, axis=None)[-most:]
        best = best[np.argsort(-pairs.flat[best], kind="stable")]
        null, answerable = float(output[0, 0] + output[0, 1]), float(output[0, 2])
        spans: list[Span] = []
        for place in best:
            first, more = divmod(int(place), LONGEST_SPAN)
            score = float(pairs[first, more]) - null
            if not math.isfinite(score):
                break
            start, end = window.offsets[first][0], window.offsets[first + more][1]
            if cell := CELL_END.search(text, start, end):
                end = cell.start()
            if not any(span.start < end and start < span.end for span in spans):
                probability = self._probability(score, answerable)
                spans.append(
                    Span(text=number, start=start, end=end, score=score, answerable=answerable, probability=probability)
                )
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
    config = read_config(folder, kind="reader")
    settings = read_settings(folder)
    longest = min(settings.longest, config.max_tokens)
    words = locate_model(settings.words, kind="embedder").folder if settings.words else None
    network = Network(lambda: build_reader(folder, config, words), longest=longest, threads=threads)
    return Reader(settings, open_tokenizer(folder / "tokenizer.json"), longest, network)


def is_reader(folder: Path) -> bool:
    """Say whether a folder is one that ``scoville train reader`` wrote."""
    try:
        return "reader" in json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def read_settings(folder: Path) -> Settings:
    """Read the ``reader`` part of ``config.json``; ModelError where there is none, or one that cannot be meant."""
    try:
        given = json.loads((folder / "config.json").read_text(encoding="utf-8"))["reader"]
        calibration = tuple(float(value) for value in given["calibration"])
        if len(calibration) != 3:
            raise ValueError("calibration: expected three numbers")
        longest, overlap = int(given["longest"]), int(given["overlap"])
        return Settings(longest=longest, overlap=overlap, calibration=calibration, words=str(given.get("words", "")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}/config.json is not that of a reader ({error!r})") from None


def _following(values: "NDArray[np.float32]", most: int) -> "NDArray[np.float32]":
    """Give for each place the values there and behind it [n, most]; NaN, which equals nothing, behind the last."""
    import numpy as np

    return np.lib.stride_tricks.sliding_window_view(np.pad(values, (0, most - 1), constant_values=np.nan), most)


def _distinct(spans: Sequence[Span]) -> list[Span]:
    """Leave out spans that overlap a better one of the same text: windows overlap."""
    kept: list[Span] = []
    taken: defaultdict[int, list[Span]] = defaultdict(list)
    for span in spans:
        if not any(one.start < span.end and span.start < one.end for one in taken[span.text]):
            taken[span.text].append(span)
            kept.append(span)
    return kept
