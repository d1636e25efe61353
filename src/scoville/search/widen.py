"""What was found is given with what stands around it: the neighbours, or the whole section.

Enters: hits, best first. Leaves: hits whose passages are joined slices of their documents, none given twice. What the
reader may not read, or a filter keeps out, ends a slice.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from scoville.index import Index
from scoville.search.legs import Scope
from scoville.split import join_passages
from scoville.types import Hit, Passage

REACH = 16
"""Passages of a section that are looked for on either side at first."""


class Widened(NamedTuple):
    """A hit, and the passage it grew from."""

    hit: Hit
    found: str


def widen(index: Index, hits: Sequence[Hit], neighbours: int, limit: int, scope: Scope) -> list[Widened]:
    """Give the first ``limit`` hits with their neighbours and sections; a hit inside a better one is left out."""
    given: dict[str, set[int]] = {}
    widened: list[Widened] = []
    for hit in hits:
        passage = hit.passage
        taken = given.setdefault(passage.source, set())
        if len(widened) == limit:
            break
        if not neighbours and not passage.section:
            widened.append(Widened(hit, passage.id))
        elif passage.number not in taken:
            around = _around(index, passage, neighbours, scope)
            run = _run([other for other in around if other.number not in taken], passage)
            taken.update(other.number for other in run)
            widened.append(Widened(replace(hit, passage=join_passages(run)), passage.id))
    return widened


def _around(index: Index, passage: Passage, neighbours: int, scope: Scope) -> list[Passage]:
    """Give the passages of the section, and so many on either side of it."""
    reach = REACH if passage.section else 0
    while True:
        first, last = max(passage.number - reach - neighbours, 0), passage.number + reach + neighbours
        around = [other for other in index.neighbours(passage.source, first, last, scope.where, scope.groups)
                  if other.document_id == passage.document_id]  # fmt: skip
        inside = [other.number for other in around if passage.section and other.section == passage.section]
        begin, end = min(inside, default=passage.number), max(inside, default=passage.number)
        whole = (begin > first or not first) and (end < last or len(around) < last - first + 1)
        if not reach or whole:
            return [other for other in around if begin - neighbours <= other.number <= end + neighbours]
        reach *= 2


def _run(around: Sequence[Passage], passage: Passage) -> list[Passage]:
    """Give the consecutive passages around one."""
    numbered = {other.number: other for other in around} | {passage.number: passage}
    first = last = passage.number
    while first - 1 in numbered:
        first -= 1
    while last + 1 in numbered:
        last += 1
    return [numbered[number] for number in range(first, last + 1)]
