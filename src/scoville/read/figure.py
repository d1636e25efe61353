"""What a file says about a picture in, the words that describe it out; empty where they say nothing.

Does not look at the picture.
"""

import re

from scoville.read.clean import clean_line

_FILE_NAME = re.compile(r"\S*\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp|ico)", re.IGNORECASE)
_SAYS_NOTHING = re.compile(
    r"(?:image|picture|photo|logo|icon|figure|bild|grafik|graphic|object|shape)[\s_\d]*", re.IGNORECASE
)
_MACHINE = re.compile(r"\s*(?:Description automatically generated.*|AI-generated content may be incorrect\.?)$")


def description(text: str | None) -> str:
    """Give a picture's description without the name of its file and the notes of programs."""
    line = _MACHINE.sub("", clean_line(text or ""))
    return "" if _FILE_NAME.fullmatch(line) or _SAYS_NOTHING.fullmatch(line) else line
