"""What an OCR engine sees: words with boxes, line by line; and how surely they are read.

Boxes are pixels of the picture that the engine was given, origin at the top left.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST_CONFIDENCE = 0.35
"""Words below are left out: specks, lines and textures read as letters."""


class SeenWord(NamedTuple):
    """A word in a picture."""

    text: str
    box: Rectangle
    confidence: float
    """From 0 to 1."""


SeenLine = list[SeenWord]


class Engine(Protocol):
    """Reads upright pictures."""

    def lines(self, image: "Image", dots_per_inch: float) -> list[SeenLine]:
        """Give the lines in reading order, words from left to right; none where there is no text."""
        ...


def believable(lines: Sequence[SeenLine]) -> list[SeenLine]:
    """Leave out what is probably no text."""
    kept = ([word for word in line if word.confidence >= LEAST_CONFIDENCE and word.text.strip()] for line in lines)
    return [line for line in kept if line]


def mean_confidence(lines: Sequence[SeenLine]) -> float:
    """Give the mean over characters; words that stand upright like a tower are text on its side."""
    sure = sum(word.confidence * len(word.text) for line in lines for word in line if not is_tower(word))
    return sure / max(characters(lines), 1)


def characters(lines: Sequence[SeenLine]) -> int:
    """Count the characters of lines."""
    return sum(len(word.text) for line in lines for word in line)


def is_tower(word: SeenWord) -> bool:
    """Say whether a word stands like a tower: print on its side."""
    x0, y0, x1, y1 = word.box
    return len(word.text) > 2 and y1 - y0 > 1.5 * (x1 - x0)
