"""Tesseract through tesserocr, with the language data of the system (Debian: ``tesseract-ocr-eng``)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.errors import MissingExtra
from scoville.read.ocr.seen import SeenLine, SeenWord
from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image

_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata", "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata", "/usr/local/share/tessdata", "/opt/homebrew/share/tessdata",
)  # fmt: skip


def open_tesseract(languages: Sequence[str]) -> "Tesseract":
    """Load Tesseract. Raises MissingExtra where it or the data of a language is not installed."""
    folder = find_tessdata(languages)
    try:
        import tesserocr
    except ImportError:
        raise MissingExtra("tesserocr is not installed: `pip install tesserocr`") from None
    # OSD is off: it needs its own data and turned pages are found by reading_upright, which works for any engine.
    api = tesserocr.PyTessBaseAPI(path=str(folder), lang="+".join(languages), psm=tesserocr.PSM.AUTO)
    return Tesseract(api)


def find_tessdata(languages: Sequence[str]) -> Path:
    """Find the folder that has the data of all languages."""
    prefix = os.environ.get("TESSDATA_PREFIX")
    for place in filter(None, (prefix, prefix and f"{prefix}/tessdata", *_FOLDERS)):
        if all((Path(place) / f"{language}.traineddata").is_file() for language in languages):
            return Path(place)
    packages = " ".join(f"tesseract-ocr-{language.replace('_', '-')}" for language in languages)
    raise MissingExtra(f"no Tesseract data for {'+'.join(languages)}: `apt-get install {packages}`")


class Tesseract:
    """Tesseract's own page segmentation and recognition, 0.7 s a page on one core."""

    def __init__(self, api: Any) -> None:
        self._api = api

    def lines(self, image: "Image", dots_per_inch: float) -> list[SeenLine]:
        """Give the lines in Tesseract's reading order."""
        from tesserocr import RIL, iterate_level

        self._api.SetImage(image)
        self._api.SetSourceResolution(round(dots_per_inch))
        self._api.Recognize()
        lines: list[SeenLine] = []
        words = self._api.GetIterator()
        if words is None:
            return lines
        for word in iterate_level(words, RIL.WORD):
            if word.IsAtBeginningOf(RIL.TEXTLINE) or not lines:
                lines.append([])
            if word.Empty(RIL.WORD):
                continue
            box = Rectangle(*word.BoundingBox(RIL.WORD))
            lines[-1].append(SeenWord(word.GetUTF8Text(RIL.WORD).strip(), box, word.Confidence(RIL.WORD) / 100))
        self._api.Clear()
        return [line for line in lines if line]
