"""Text out of pictures: a picture in, lines of words with boxes out, and how far it has to be turned to be read.

Holds the protocol of the engines and their resolver. Boxes are pixels of the picture that the engine was given, origin
at the top left. Does not know PDF.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scoville.errors import MissingExtra
from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image

SURE = 0.8
"""Mean confidence from which a reading is believed at once. Measured: upright print .89-.97, the same pages
turned .2-.6 (Tesseract), .5-.75 (RapidOCR)."""
_ENOUGH = 20
"""Characters: fewer may be sure by chance."""
LEAST_CONFIDENCE = 0.35
"""Words below are left out: specks, lines and textures read as letters."""
QUARTER_TURNS = (0, 90, 270, 180)
INSTALL = (
    "`apt-get install tesseract-ocr-eng` (or the package of read.ocr_languages) with `pip install tesserocr`, "
    "or `pip install 'scoville[ocr]'`"
)


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


class Upright(NamedTuple):
    """A picture's lines, and how it was turned to read them."""

    lines: list[SeenLine]
    turn: int
    """Degrees clockwise; the boxes are those of the turned picture."""
    image: "Image"
    """The turned picture."""


_engines: dict[tuple[str, tuple[str, ...]], Engine] = {}


def open_engine(name: str, languages: Sequence[str]) -> Engine:
    """Give an engine: ``tesseract``, ``rapidocr``, or ``auto`` for the first of them that is there.

    Raises MissingExtra with what to install.
    """
    key = (name, tuple(languages))
    if key not in _engines:
        _engines[key] = _open(name, languages)
    return _engines[key]


def _open(name: str, languages: Sequence[str]) -> Engine:
    from scoville.read.ocr.rapid import open_rapid
    from scoville.read.ocr.tesseract import open_tesseract

    if name == "tesseract":
        return open_tesseract(languages)
    if name == "rapidocr":
        return open_rapid(languages)
    try:
        return open_tesseract(languages)
    except MissingExtra as missing:
        try:
            return open_rapid(languages)
        except MissingExtra:
            raise MissingExtra(f"no OCR engine is there ({missing}); install one: {INSTALL}") from None


def read_upright(image: "Image", engine: Engine, dots_per_inch: float) -> Upright:
    """Read a picture whichever way it is turned: as it is and, while that reads badly, turned by quarters."""
    best = Upright([], 0, image)
    for turn in QUARTER_TURNS:
        turned = image if not turn else image.rotate(-turn, expand=True)
        lines = believable(engine.lines(turned, dots_per_inch))
        if mean_confidence(lines) >= SURE and characters(lines) >= _ENOUGH:
            return Upright(lines, turn, turned)
        if _weight(lines) > _weight(best.lines):
            best = Upright(lines, turn, turned)
    return best


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


def _weight(lines: Sequence[SeenLine]) -> float:
    """Count the characters that are surely read: those of words with letters, above even odds."""
    return sum(
        (word.confidence - 0.5) * len(word.text)
        for line in lines
        for word in line
        if not is_tower(word) and len(word.text) > 1 and any(map(str.isalnum, word.text))
    )


def is_tower(word: SeenWord) -> bool:
    """Say whether a word stands like a tower: print on its side."""
    x0, y0, x1, y1 = word.box
    return len(word.text) > 2 and y1 - y0 > 1.5 * (x1 - x0)
