"""Arabic and Hebrew in PDFs: lines in reading order, letters as they are typed."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from scoville.read import read_document
from scoville.read.clean import clean
from scoville.recipe import Read

FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
needs_font = pytest.mark.skipif(not FONT.exists(), reason="the DejaVu fonts are not installed")
SIZE = 11


def printed(lines: Sequence[Sequence[str]]) -> bytes:
    """Print words as they look, from left to right, each to the left of the one before it."""
    pdfmetrics.registerFont(TTFont("DejaVu", str(FONT)))
    stream = io.BytesIO()
    canvas = Canvas(stream, pageCompression=0, invariant=1)
    canvas.setFont("DejaVu", SIZE)
    for number, line in enumerate(lines):
        x = 540.0
        for word in line:
            x -= pdfmetrics.stringWidth(word, "DejaVu", SIZE)
            canvas.drawString(x, 760 - 14 * number, word)
            x -= 3.5
    canvas.save()
    return stream.getvalue()


def read(folder: Path, data: bytes) -> str:
    path = folder / "a.pdf"
    path.write_bytes(data)
    return read_document(path, source="s", settings=Read(ocr="never")).text


@needs_font
def test_a_line_is_read_from_the_right_and_foreign_words_in_it_from_the_left(tmp_path: Path) -> None:
    lines = [["עובדי"[::-1], "Works", "Example", "זכאים"[::-1], "30-ל", "ימי"[::-1], "חופשה"[::-1]]]
    lines += [["בשנת"[::-1], ",2024", "ולא"[::-1], ".יותר"[0] + "יותר"[::-1]]]
    assert read(tmp_path, printed(lines)) == "עובדי Example Works זכאים ל-30 ימי חופשה בשנת 2024, ולא יותר."


@needs_font
@pytest.mark.parametrize("letters", ["FEFC", "06440627"])
def test_a_lam_alef_is_lam_and_alef_whatever_the_font_says(tmp_path: Path, letters: str) -> None:
    """The font's table says which letters its sign stands for: the sign of both, or both."""
    data = printed([["\ufee6\ufee3", "\ufedd\ufefc\ufea7", "\ufe94\ufee8\ufeb4\ufedf\ufe8d"]])
    assert data.count(b"<FEFC>") == 1
    assert read(tmp_path, data.replace(b"<FEFC>", f"<{letters}>".encode())) == "من خلال السنة"


def test_forms_of_letters_become_letters_and_other_signs_stay() -> None:
    assert clean("\ufefb \ufb2a \ufe70 o\ufb03ce ½ № ﷲ") == "لا שׁ \u064b office ½ № الله"
