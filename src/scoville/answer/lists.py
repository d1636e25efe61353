"""Lists in a passage, whole: their items, with the line that leads them in.

Enters: a passage, and a place in it. Leaves: the lines of the list as one stretch of the passage, shown without the
blank lines between them and without what was printed behind an item.
"""

import re
from collections.abc import Sequence
from itertools import takewhile

from scoville.sentences import Sentence, sentences
from scoville.types import Passage

ITEM = re.compile(r"(?:[-*•–▪◦]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s")


def whole_list(passage: Passage, start: int, end: int) -> Sentence | None:
    """Give the list that characters of a passage stand in, or lead in; None if there is none of two items."""
    lines = _lines(passage)
    at = next((n for n, line in enumerate(lines) if line.start < end and start < line.end), None)
    if at is None:
        return None
    if not ITEM.match(lines[at].text):
        if not lines[at].text.rstrip().endswith(":"):
            return None
        at += 1
    first = last = at
    while first > 0 and ITEM.match(lines[first - 1].text):
        first -= 1
    while last < len(lines) and ITEM.match(lines[last].text):
        last += 1
    if last - first < 2:
        return None
    led = first > 0 and lines[first - 1].text.rstrip().endswith(":")
    lead = [_cut(lines[first - 1], -1)] if led else []
    return _joined([*lead, *(_cut(line, 0) for line in lines[first:last])])


def first_items(passage: Passage) -> Sentence | None:
    """Give the items that a passage begins with; None where it begins with something else."""
    items = [_cut(line, 0) for line in takewhile(lambda line: ITEM.match(line.text), _lines(passage))]
    return _joined(items) if items else None


def ends_in_item(passage: Passage, end: int) -> bool:
    """Say whether nothing follows in a passage behind an item that ends there."""
    return not passage.text[end:].strip() and bool(ITEM.match(passage.text[:end].rpartition("\n")[2]))


def _lines(passage: Passage) -> list[Sentence]:
    return [Sentence(m.start(), m.end(), m[0]) for m in re.finditer(r"[^\n]+", passage.text)]


def _cut(line: Sentence, which: int) -> Sentence:
    """Take the first or the last sentence of a line: what follows an item was often the next paragraph in print."""
    kept = list(sentences(line.text))[which]
    return Sentence(line.start + kept.start, line.start + kept.end, kept.text)


def _joined(lines: Sequence[Sentence]) -> Sentence:
    return Sentence(lines[0].start, lines[-1].end, "\n".join(line.text for line in lines))
