"""A text as its words sound, whatever signs it hides them behind, and where each of its characters comes from.

Enters: a text. Leaves: lower case without accents, zero-width signs and look-alike letters; Unicode's tag characters,
which no font shows and models read, as the letters that they stand for.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from scoville.words import TYPOGRAPHY

_LIKE = TYPOGRAPHY | str.maketrans(
    "аеорсухіјѕԁһԛԝвкмнтгαεορτυνικıɡℓ", "aeopcyxijsdhqwbkmhtraeoptuvikigl"
)  # fmt: skip
"""Cyrillic, Greek and other letters by the Latin ones that they are drawn like, in lower case."""
_UNSEEN = {"Cf", "Cc", "Mn", "Me", "Co", "Cn"}
_TAGS = range(0xE0020, 0xE007F)


def fold(text: str) -> tuple[str, Sequence[int]]:
    """Give the folded text and, for each of its characters and its end, the place in ``text``."""
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = _plain(character)
        folded.append(plain)
        places += [place] * len(plain)
    return "".join(folded), [*places, len(text)]


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character in "\n\t ":
        return character
    if ord(character) in _TAGS:
        return chr(ord(character) - 0xE0000).lower()
    parts = unicodedata.normalize("NFKD", character.casefold())
    return "".join(part for part in parts if unicodedata.category(part) not in _UNSEEN).translate(_LIKE)
