"""Sentences and content words: what focusing and grounding compare. Pure functions over text."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# An end of sentence that is no abbreviation, initial, decimal point or number of a list item; or a line end.
SENTENCE_END = re.compile(
    r"(?<=[.!?。！？])(?:\s*\[\d+\])*[\"'”’)]*(?=\s|$)"
    r"(?<!\b[A-Z]\.)(?<!\b(?:Mr|Ms|Dr|No|St)\.)(?<!\b\d\.)(?<!\b\d\d\.)(?<!e\.g\.)(?<!i\.e\.)|\n+"
)
WORD = re.compile(r"(?<![^\W\d_])\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
STOP_WORDS = frozenset(
    "a about above according after again all also am an and answer any are as at be because been before being "
    "below between both but by can could did do document documents does doing down during each few for from "
    "further had has have having he her here hers him his how i if in into is it its itself just may me might "
    "more most must my no nor not of off on once only or other our ours out over own passage passages per "
    "question same shall she should so some such than that the their theirs them then there these they this those "
    "through to too under until up upon us very was we were what when where which while who whom why will with "
    "within would you your yours".split()
)


class Sentence(NamedTuple):
    """A sentence, and where it stands in the text it was found in."""

    start: int
    end: int
    text: str


def sentences(text: str) -> Iterator[Sentence]:
    """Split a text into sentences, stripped of white space; line ends always end one."""
    start = 0
    for mark in [*(match.end() for match in SENTENCE_END.finditer(text)), len(text)]:
        piece = text[start:mark]
        stripped = piece.strip()
        if stripped:
            first = start + len(piece) - len(piece.lstrip())
            yield Sentence(first, first + len(stripped), stripped)
        start = mark


def content_words(text: str) -> set[str]:
    """Give the words that carry content: lower case, plural and verb endings cut, stop words left out."""
    found = (match.group().casefold().replace("’", "'").removesuffix("'s") for match in WORD.finditer(text))
    return {stem(word) for word in found if word not in STOP_WORDS}


def numbers(text: str) -> set[str]:
    """Give the numbers of a text, without thousands separators; ``[n]`` markers are no numbers."""
    plain = re.sub(r"\[\d+\]", " ", text)
    found = (match.group() for match in WORD.finditer(plain))
    return {re.sub(r",(?=\d{3})", "", word).rstrip(".,:") for word in found if word[0].isdigit()}


def stem(word: str) -> str:
    """Cut common English endings; crude, but the same on both sides of a comparison."""
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word.rstrip("e") if len(word) > 4 else word
