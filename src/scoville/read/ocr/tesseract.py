"""Tesseract as the system has it (Debian: ``tesseract-ocr``), by its command.

The wheels that bind it bring JBIG-KIT, which is under the GPL; a program that is called is none of ours.
"""

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scoville.errors import MissingExtra, ReadFailure
from scoville.read.ocr.seen import SeenLine, SeenWord
from scoville.read.pdf.lines import Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image

_COARSE, _AROUND = 4, 13
"""Pixels of one of the ground, and how many of those its median is of: a quarter of an inch at 200 dpi."""
_LIGHT, _LEAST_SHARE = 200, 0.01
"""Shades of grey, of 255, from which ground is paper; and how much of the picture may be darker."""
_WORD = "5"
"""The level of words in Tesseract's table, below page, block, paragraph and line."""


def open_tesseract(languages: Sequence[str]) -> "Tesseract":
    """Find Tesseract. Raises MissingExtra where it or the data of a language is not installed."""
    program = shutil.which("tesseract")
    if program is None:
        raise MissingExtra("Tesseract is not installed: `apt-get install tesseract-ocr`")
    listed = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False).stdout.split("\n")
    if missing := [language for language in languages if language not in listed]:
        packages = " ".join(f"tesseract-ocr-{language.replace('_', '-')}" for language in missing)
        raise MissingExtra(f"no Tesseract data for {'+'.join(missing)}: `apt-get install {packages}`")
    return Tesseract(program, languages)


class Tesseract:
    """Tesseract's own page segmentation and recognition, 1 s a page on one core."""

    def __init__(self, program: str, languages: Sequence[str]) -> None:
        # Page segmentation mode 3 is without orientation detection (OSD), which needs its own data: turned pages are
        # found by read_upright, which works for any engine.
        self._command = [program, "stdin", "stdout", "-l", "+".join(languages), "--psm", "3", "tsv"]

    def lines(self, image: "Image", dots_per_inch: float) -> list[SeenLine]:
        """Give the lines in Tesseract's reading order."""
        picture = io.BytesIO()
        on_white(image.convert("L")).save(picture, "PPM")
        done = subprocess.run(
            [*self._command[:3], "--dpi", str(round(dots_per_inch)), *self._command[3:]],
            input=picture.getvalue(),
            capture_output=True,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},  # pages are read side by side already
        )
        if done.returncode:
            said = " ".join(done.stderr.decode("utf-8", "replace").split())[:200]
            raise ReadFailure(f"Tesseract ended with {done.returncode}: {said}")
        lines: dict[tuple[str, ...], SeenLine] = {}
        table = csv.DictReader(io.StringIO(done.stdout.decode("utf-8")), delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in table:
            if row["level"] == _WORD and row["text"].strip():
                left, top = float(row["left"]), float(row["top"])
                box = Rectangle(left, top, left + float(row["width"]), top + float(row["height"]))
                place = row["block_num"], row["par_num"], row["line_num"]
                lines.setdefault(place, []).append(SeenWord(row["text"].strip(), box, float(row["conf"]) / 100))
        return list(lines.values())


def on_white(grey: "Image") -> "Image":
    """Give a picture in grey as dark print on white where some of its ground is dark, be the print darker or lighter.

    Tesseract parts light from dark once for the whole picture; a coloured row of a table is dark to it, and its words
    are lost. The ground is the median of what is around, in which print is the smaller part; where grounds meet, what
    lies between their shades is no print.
    """
    import numpy
    from PIL import Image, ImageFilter

    small = grey.reduce(_COARSE).filter(ImageFilter.MedianFilter(_AROUND))
    if (numpy.asarray(small) < _LIGHT).mean() < _LEAST_SHARE:
        return grey
    size, nearest = grey.size, Image.Resampling.NEAREST
    darkest = numpy.asarray(small.filter(ImageFilter.MinFilter(3)).resize(size, nearest), numpy.int16)
    lightest = numpy.asarray(small.filter(ImageFilter.MaxFilter(3)).resize(size, nearest), numpy.int16)
    shades = numpy.asarray(grey, numpy.int16)
    apart = numpy.maximum(numpy.maximum(darkest - shades, shades - lightest), 0)
    return Image.fromarray((255 - 255.0 * apart / numpy.maximum(lightest, 255 - darkest)).astype(numpy.uint8))
