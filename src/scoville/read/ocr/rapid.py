"""RapidOCR (PP-OCRv6) with the models in its wheel, run by OpenVINO: Latin, Chinese and Japanese without set-up."""

import logging
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from scoville.errors import MissingExtra
from scoville.quiet import silence_openvino
from scoville.read.ocr.seen import SeenLine, SeenWord
from scoville.read.ocr.text_page import ASCENDER, DESCENDER, X_HEIGHT, is_deep, is_tall
from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image

_PADDED = 1.28
"""Height of a box of print over the font's size, measured at 200 dpi on 11 point."""
_SAME_SIZE = 1.25
"""Boxes of one size of print differ by up to this."""


def open_rapid(languages: Sequence[str]) -> "Rapid":
    """Load the models; ``languages`` are ignored, one model reads all it can. Raises MissingExtra."""
    silence_openvino()
    try:
        from rapidocr import EngineType, RapidOCR
    except ImportError:
        raise MissingExtra("RapidOCR is not installed: `pip install 'scoville[ocr]'`") from None
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    engines = {f"{part}.engine_type": EngineType.OPENVINO for part in ("Det", "Cls", "Rec")}
    # Without its line classifier a page on its head reads badly, and so shows that it has to be turned.
    return Rapid(RapidOCR(params={**engines, "Global.use_cls": False, "Global.log_level": "error"}))


class Rapid:
    """Detects boxes of text, 3-7 s a page on one core."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def lines(self, image: "Image", dots_per_inch: float) -> list[SeenLine]:
        """Give the lines from top to bottom; words share their box's confidence."""
        import numpy

        found = self._reader(numpy.asarray(image.convert("RGB"))[:, :, ::-1])
        if not found.txts:
            return []
        boxes = [
            SeenWord(text, Rectangle(*map(float, (*quad.min(axis=0), *quad.max(axis=0)))), float(score))
            for quad, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        ]
        usual = median(box.box.height for box in boxes for _ in box.text)
        return [[word for box in line for word in _words(box, usual)] for line in _lines(boxes)]


def _lines(boxes: Sequence[SeenWord]) -> list[SeenLine]:
    """Put boxes side by side on one line."""
    lines: list[SeenLine] = []
    for word in sorted(boxes, key=lambda word: word.box.y0 + word.box.y1):
        if lines and lines[-1][-1].box.on_one_line(word.box):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=lambda word: word.box.x0) for line in lines]


def _words(box: SeenWord, usual: float) -> list[SeenWord]:
    """Cut a box at its spaces, taking all characters for equally wide, and take its padding off.

    A box about as high as ``usual`` on the page is taken for that.
    """
    x0, y0, x1, y1 = box.box
    pitch = (x1 - x0) / max(len(box.text), 1)
    height = usual if 1 / _SAME_SIZE < (y1 - y0) / usual < _SAME_SIZE else y1 - y0
    size = height / _PADDED
    base = (y0 + y1 + (ASCENDER + X_HEIGHT - DESCENDER) * size) / 2
    words: list[SeenWord] = []
    start = 0
    for part in box.text.split(" "):
        if part:
            top = base - (X_HEIGHT + ASCENDER * is_tall(part)) * size
            sides = x0 + start * pitch, x0 + (start + len(part)) * pitch
            place = Rectangle(sides[0], top, sides[1], base + DESCENDER * is_deep(part) * size)
            words.append(SeenWord(part, place if y1 - y0 < x1 - x0 else box.box, box.confidence))
        start += len(part) + 1
    return words
