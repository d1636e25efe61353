"""What people write to make a language model do something else: patterns (patterns.txt) over folded text.

Enters: a text. Leaves: the spans that say so, with their kind. Each pattern is meant to be one that nobody writes by
chance, so that ordinary handbooks and questions hold none (`benchmarks/results/guards.md`); what is meant and worded
otherwise is for the classifier.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from scoville.guards.fold import fold
from scoville.guards.guard import Span

PATTERNS = Path(__file__).with_name("patterns.txt")
GAP = r"(?:[\W_]{1,4})"
KINDS: Mapping[str, str] = {
    "override": "the order to ignore instructions",
    "persona": "the order to play somebody without rules",
    "prompt": "a request for the system's own instructions",
    "turn": "signs by which models tell who speaks",
    "to a model": "an order to a language model",
}
"""What is found, in words."""
ATTACKS = ("override", "persona", "prompt", "turn")
"""What a question may not hold."""


def orders(text: str, kinds: Iterable[str] = tuple(KINDS)) -> Iterator[Span]:
    """Give the spans of a text that are orders of some kinds."""
    folded, places = fold(text)
    for kind in kinds:
        for match in _pattern(kind).finditer(folded):
            yield Span(places[match.start()], places[match.end() - 1] + 1, KINDS[kind])


def is_told(sentence: str) -> bool:
    """Say whether a sentence could be an order to a model: 8 % of those of a company's handbooks could."""
    return bool(_pattern("told").search(fold(sentence)[0]))


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in _written()[kind]), re.MULTILINE)


@cache
def _written() -> Mapping[str, list[str]]:
    """Give the patterns of each kind, names and spaces written out."""
    names: dict[str, str] = {}
    written: dict[str, list[str]] = {}
    kind = ""
    for line in PATTERNS.read_text(encoding="utf-8").splitlines():
        if named := re.fullmatch(r"([A-Z]+) = (.+)", line):
            names[f"%{named[1]}%"] = named[2]
        elif begun := re.fullmatch(r"\[([a-z ]+)\]", line):
            kind = begun[1]
            written[kind] = []
        elif line and not line.startswith("#"):
            written[kind].append(re.sub("%[A-Z]+%", lambda name: names[name[0]], line).replace(" ", GAP))
    return written
