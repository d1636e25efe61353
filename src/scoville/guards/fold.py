"""A text as its words sound, whatever signs it hides them behind, and where each of its characters comes from.

Enters: a text. Leaves: lower case without accents, zero-width signs, look-alike letters and digits for letters;
Unicode's tag characters, which no font shows and models read, as the letters that they stand for.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from scoville.words import TYPOGRAPHY

_LIKE = TYPOGRAPHY | str.maketrans(
    "аеорсухіјѕԁһԛԝвкмнтгαεορτυνικıɡℓ", "aeopcyxijsdhqwbkmhtraeoptuvikigl"
)  # fmt: skip
"""Cyrillic, Greek and other letters by the Latin ones that they are drawn like, in lower case."""
_DIGIT = re.compile(r"(?<=[a-z])[013457]+(?=[a-z])|\b[013457](?=[a-z])|(?<=[a-z])[013457]\b")
_LETTERS = str.maketrans("013457", "oieast")
_UNSEEN = {"Cf", "Cc", "Mn", "Me", "Co", "Cn"}
_TAGS = range(0xE0020, 0xE007F)


def fold(text: str) -> tuple[str, Sequence[int]]:
    """Give the folded text and, for each of its characters and its end, the place in ``text``."""
    if text.isascii():
        return _in_letters(text.lower()), range(len(text) + 1)
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = _plain(character)
        folded.append(plain)
        places += [place] * len(plain)
    return _in_letters("".join(folded)), [*places, len(text)]


def plain(text: str) -> str:
    """Give the folded text of one that hides something; any other as it is."""
    return text if text.isascii() else fold(text)[0]


def _in_letters(text: str) -> str:
    """Write words that are spelled with digits in letters, and blanks for the underscores of file names."""
    return _DIGIT.sub(lambda found: found[0].translate(_LETTERS), text.replace("_", " "))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character in "\n\t ":
        return character
    if ord(character) in _TAGS:
        return chr(ord(character) - 0xE0000).lower()
    parts = unicodedata.normalize("NFKD", character.casefold())
    return "".join(part for part in parts if unicodedata.category(part) not in _UNSEEN).translate(_LIKE)
