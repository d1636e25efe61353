"""Text out of pictures: a picture in, lines of words with boxes out, and how far it has to be turned to be read.

Resolves the engine that a recipe names, and turns a picture until it reads well. Does not know PDF.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from scoville.errors import MissingExtra
from scoville.read.ocr.seen import Engine, SeenLine, believable, characters, is_tower, mean_confidence

if TYPE_CHECKING:
    from PIL.Image import Image

SURE = 0.8
"""Mean confidence from which a reading is believed at once. Measured: upright print .89-.97, the same pages
turned .2-.6 (Tesseract), .5-.75 (RapidOCR)."""
_ENOUGH = 20
"""Characters: fewer may be sure by chance."""
QUARTER_TURNS = (0, 90, 270, 180)
INSTALL = (
    "`apt-get install tesseract-ocr` (and `tesseract-ocr-deu` and the like for read.ocr_languages), "
    "or `pip install 'scoville[ocr]'`"
)


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


def _weight(lines: Sequence[SeenLine]) -> float:
    """Count the characters that are surely read: those of words with letters, above even odds."""
    return sum(
        (word.confidence - 0.5) * len(word.text)
        for line in lines
        for word in line
        if not is_tower(word) and len(word.text) > 1 and any(map(str.isalnum, word.text))
    )
