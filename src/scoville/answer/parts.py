"""A passage, read for comparing: its sentences and rows, each with what a reader takes from above it.

Enters: a passage. Leaves: its parts. A heading or a question names an answer and holds none: it is no part, but its
words and its "not" count for what stands below it. So do the header of a table, and the line that leads in a list.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import zip_longest
from typing import NamedTuple

from scoville.answer.figures import Figure, figures
from scoville.answer.names import initials
from scoville.answer.polarity import Clause, clauses
from scoville.search.focus import is_heading
from scoville.sentences import Sentence, sentences
from scoville.types import Passage
from scoville.words import stems

LONGEST_QUOTE_SENTENCES = 3
RULE = re.compile(r"\|[\s|:-]*")  # below the header of a table
LIST_SIGN = re.compile(r"\s*(?:[-*•]\s+)?(?:\d{1,2}[.)]\s+)*")
ITEM = re.compile(r"\s*(?:[-*•–▪◦]|\d{1,2}[.)])\s+")
CONTRAST = re.compile(r",?\s(?:while|whereas)\s+(?=[A-Z]|for\b|the\b|those\b|an?\b)")
"""Between two that are said to differ: what is said of one is no evidence for the other."""


class Part(NamedTuple):
    """A sentence of a passage, or a row of a table."""

    sentence: Sentence
    words: frozenset[str]
    """Those of a row and of the header above it."""
    above: frozenset[str]
    """Those of the heading above it in the passage, and of the line that leads in its list."""
    clauses: tuple[Clause, ...]
    clauses_above: tuple[Clause, ...]
    label: frozenset[str]
    """The words of a row's first cell; empty for a sentence."""
    is_row: bool
    figures: tuple[Figure, ...]
    against: frozenset[str]
    """The words of what the same sentence sets against it: "... while the other plan does not"."""


class Evidence:
    """A passage, read for comparing."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self.prefix = stems(f"{passage.prefix} {initials(passage.prefix)}")
        self.prefix_figures = figures(passage.prefix)
        self.prefix_clauses = clauses(passage.prefix)
        self.names = self.prefix | stems(f"{passage.title} {passage.source}")
        self.parts = list(_parts(passage))
        self.labels = frozenset[str]().union(*(part.label for part in self.parts))
        self.figures = [figure for part in self.parts for figure in part.figures]

    def spans(self) -> Iterator[Sequence[Part]]:
        """Give what may be a quote: up to three neighbouring sentences, or one row."""
        for first, part in enumerate(self.parts):
            for last in range(first, min(first + LONGEST_QUOTE_SENTENCES, len(self.parts))):
                if last > first and (part.is_row or self.parts[last].is_row):
                    break
                yield self.parts[first : last + 1]
        yield from self.lists

    @cached_property
    def lists(self) -> list[Sequence[Part]]:
        """The items of each list, whole, with the line that leads them in."""
        found: list[list[Part]] = []
        before: Part | None = None
        for part in self.parts:
            if ITEM.match(part.sentence.text):
                if found and found[-1][-1] is before:
                    found[-1].append(part)
                else:
                    found.append([before, part] if before and before.sentence.text.endswith(":") else [part])
            before = part
        return [items for items in found if len(items) > LONGEST_QUOTE_SENTENCES]


def _parts(passage: Passage) -> Iterator[Part]:
    """Give what may be evidence; headings and questions are none, but belong to what stands below them."""
    found = list(_sentences(passage.text))
    cut = passage.prefix.splitlines()[-2:]  # of a table that was cut, the header ends the prefix
    header = cut[0] if len(cut) == 2 and RULE.fullmatch(cut[1]) else ""
    heading, lead = "", ""
    for sentence, following in zip_longest(found, found[1:]):
        is_row = sentence.text.startswith("|")
        is_header = is_row and bool(following and RULE.fullmatch(following.text))
        item = bool(ITEM.match(sentence.text))
        if not is_row or is_header:
            header = ""
        if not item and passage.text[: sentence.start].endswith("\n"):
            lead = ""
        if following and not item and (is_heading(sentence, passage.text) or sentence.text.endswith("?")):
            heading = sentence.text
        elif not RULE.fullmatch(sentence.text):
            said = LIST_SIGN.sub("", sentence.text, count=1)  # the number of an item is no number that it states
            above = f"{heading}\n{lead}" if item else heading
            part = Part(
                sentence=sentence,
                words=stems(f"{header}\n{said}" if header else said),
                above=stems(f"{above} {initials(above)}"),
                clauses=clauses(said),
                clauses_above=clauses(above),
                label=stems(_label(sentence.text)) if is_row and not is_header else frozenset(),
                is_row=is_row,
                figures=_row_figures(sentence.text, header) if is_row else figures(said),
                against=frozenset(),
            )
            yield from [part] if is_row else _contrasted(part)
        if sentence.text.endswith(":"):
            lead = sentence.text
        if is_header:
            header = sentence.text


def _sentences(text: str) -> Iterator[Sentence]:
    """Give the sentences of a text, lines that go on joined, and what is set against each other taken apart."""
    before: Sentence | None = None
    for one in [*sentences(text), None]:
        if (
            before
            and one
            and one.text[0].islower()
            and text[before.end : one.start] == "\n"
            and before.text[-1] not in ":|"
        ):
            before = Sentence(before.start, one.end, text[before.start : one.end])
            continue
        if before:
            yield before
        before = one


def _contrasted(part: Part) -> list[Part]:
    """Take a sentence apart where it sets one thing against another."""
    sentence, pieces, start = part.sentence, list[Sentence](), 0
    for mark in [*CONTRAST.finditer(sentence.text), None]:
        end = mark.start() if mark else len(sentence.text)
        pieces.append(Sentence(sentence.start + start, sentence.start + end, sentence.text[start:end]))
        start = mark.end() if mark else end
    if len(pieces) == 1:
        return [part]
    return [
        part._replace(
            sentence=one, words=stems(one.text), clauses=clauses(one.text), figures=figures(one.text),
            against=part.words - stems(one.text),
        )
        for one in pieces
    ]  # fmt: skip


def _row_figures(row: str, header: str) -> tuple[Figure, ...]:
    """Give the numbers of a row: each is said of its column, of the words in its cell and of the row's label."""
    cells, columns = (text.strip("| ").split(" | ") for text in (row, header))
    named = len(columns) == len(cells)
    return tuple(
        one._replace(
            words=one.words | stems(f"{_label(row)} {columns[at]}" if named else "" if one.words else _label(row))
        )
        for at, cell in enumerate(cells)
        for one in figures(cell)
    )


def _label(row: str) -> str:
    """Give the cell that says what a row is about: the first with a word."""
    return next((cell for cell in row.strip("| ").split(" | ") if re.search(r"[^\W\d_]{2}", cell)), "")
