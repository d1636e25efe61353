"""The numbers that Word shows before list items and headings: a document's numbering definitions in, markers out.

Word stores "this paragraph is item of list 3, level 2" and counts when it draws; so does this.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scoville.read.office.docx_xml import W, value_of

_PLACE = re.compile(r"%([1-9])")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LEVELS = 9
BULLET = "-"


class Level(NamedTuple):
    """How one level of a list counts, in the words of Word."""

    format: str = "decimal"
    text: str = ""
    start: int = 1


@dataclass(slots=True)
class Numbering:
    """The lists of one document, and how far each has counted."""

    levels: dict[tuple[str, int], Level] = field(default_factory=dict[tuple[str, int], Level])
    """By list (abstract numbering) and level from 0."""
    lists: dict[str, str] = field(default_factory=dict[str, str])
    """The abstract numbering of each number that paragraphs name."""
    counts: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def advance(self, number: str, level: int) -> str:
        """Count one item and give what Word shows before it: ``-`` for bullets, empty for nothing."""
        level = min(max(level, 0), _LEVELS - 1)
        abstract = self.lists.get(number, "")
        definition = self.levels.get((abstract, level), Level(text=f"%{level + 1}.", format="bullet"))
        counts = self.counts.setdefault(abstract, [0] * _LEVELS)
        counts[level] = counts[level] + 1 if counts[level] else definition.start
        counts[level + 1 :] = [0] * (_LEVELS - level - 1)
        if definition.format in {"bullet", "none"}:
            return BULLET if definition.format == "bullet" else ""
        return _PLACE.sub(lambda match: self._shown(abstract, counts, int(match[1]) - 1), definition.text)

    def _shown(self, abstract: str, counts: list[int], level: int) -> str:
        definition = self.levels.get((abstract, level), Level())
        return _write(counts[level] or definition.start, definition.format)


def read_numbering(root: Any) -> Numbering:
    """Read the definitions from the root element of ``numbering.xml``; None has none."""
    numbering = Numbering()
    if root is None:
        return numbering
    for abstract in root.iterfind(f"{W}abstractNum"):
        for level in abstract.iterfind(f"{W}lvl"):
            format, text, start = (value_of(level, name) for name in ("numFmt", "lvlText", "start"))
            place = (abstract.get(f"{W}abstractNumId", ""), whole(level.get(f"{W}ilvl")))
            numbering.levels[place] = Level("decimal" if format is None else format, text or "", whole(start, 1))
    for number in root.iterfind(f"{W}num"):
        if (abstract := value_of(number, "abstractNumId")) is not None:
            numbering.lists[number.get(f"{W}numId", "")] = abstract
    return numbering


def whole(text: str | None, default: int = 0) -> int:
    """Read a whole number from an attribute that may be missing or wrong."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else default


def _write(number: int, format: str) -> str:
    match format:
        case "lowerLetter":
            return _letters(number)
        case "upperLetter":
            return _letters(number).upper()
        case "lowerRoman":
            return _roman(number)
        case "upperRoman":
            return _roman(number).upper()
        case _:
            return str(number)


def _letters(number: int) -> str:
    """Count as Word does: a … z, aa, bb …"""
    return chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 30) if number > 0 else ""


def _roman(number: int) -> str:
    roman = ""
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        roman += letters * min(times, 20)
    return roman
