"""Cases → train, dev and test, so that nothing that is asked in one was seen in another.

Enters: cases. Leaves: the same with their ``split``, or the places where sets share a question or its evidence. Knows
no files and no index.

What belongs together goes to one part: cases with evidence on the same page or on pages next to each other, where a
section runs on and evidence counts as found (of the same document, where one of them names no page), with the same tag
``section:NAME``, or with nearly the same question. Where cases ask about more than ten pages in a row, these are cut at
every tenth: cases on the page of the cut get a part only where both sides have the same. The part is the hash of the
group, so it depends on neither the order nor the other groups. What is divided is frozen: a case that has a split
keeps it, and a new case joins the part of those that it belongs to. A new case that belongs to two parts gets none:
it would leak wherever it went. Without the old splits, a new case may join two groups and so move one of them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count, takewhile
from math import isclose
from typing import NamedTuple

from scoville.cases.alike import Finder, Shared, alike, plain
from scoville.cases.files import SPLITS
from scoville.errors import LeakageError, UsageError
from scoville.types import Case

SECTION = "section:"
"""Begins the tag that says where a case comes from: a conversation, or an article that no evidence names."""
SHOWN = 3
MOST_PAGES = 10
"""So many pages in a row stay together; of more every tenth is a cut."""


class Place(NamedTuple):
    """Where a case comes from: a page, a document, or what a tag names."""

    name: str
    page: int | None = None

    @property
    def near(self) -> "tuple[Place, ...]":
        """The pages before and after it."""
        return () if self.page is None else tuple(Place(self.name, self.page + way) for way in (-1, 1))

    def __str__(self) -> str:
        """Write it as a link does."""
        return self.name if self.page is None else f"{self.name}#page={self.page}"


class Leak(NamedTuple):
    """A case that shares something with what it must not."""

    case_id: str
    other: str
    """The id of the other case, or ``text N`` of the other texts, from 1."""
    what: Shared
    detail: str


def divide(cases: Sequence[Case], shares: Mapping[str, float], seed: int = 0) -> list[Case]:
    """Give each case without a split one: ``shares`` says which part of all goes where, and holds on average.

    A case that belongs to cases of two parts stays without. Raises UsageError for shares that are not all of it.
    """
    _check_shares(shares)
    divided = list(cases)
    places = _places(cases)
    cuts = _cuts(places)
    found = groups(cases)
    for group in sorted(found, key=lambda group: any(cuts & places[number] for number in group)):
        frozen = {divided[number].split for number in group} - {""}
        frozen |= _beside(divided, places, {place for number in group for place in places[number]} & cuts)
        if len(frozen) < 2:
            part = frozen.pop() if frozen else _part(_name(cases, group), shares, seed)
            for number in group:
                divided[number] = replace(cases[number], split=part)
    return divided


def _beside(cases: Sequence[Case], places: Sequence[set[Place]], cuts: set[Place]) -> set[str]:
    """Give the parts of the cases on the pages beside a cut."""
    near = {one for place in cuts for one in place.near}
    return {case.split for case, held in zip(cases, places, strict=True) if held & near} - {""} if near else set()


def groups(cases: Sequence[Case]) -> list[list[int]]:
    """Give the places of the cases that belong together, group by group; pages next to a cut are not among them."""
    above = list(range(len(cases)))

    def top(number: int) -> int:
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    places = _places(cases)
    cuts = _cuts(places)
    first: dict[Place, int] = {}
    for number, held in enumerate(places):
        for place in held:
            above[top(number)] = top(first.setdefault(place, number))
    for place, number in first.items():
        for near in place.near:
            if near in first and not cuts & {place, near}:
                above[top(number)] = top(first[near])
    for pair in alike(cases):
        above[top(pair.second)] = top(pair.first)
    found: dict[int, list[int]] = defaultdict(list)
    for number in range(len(cases)):
        found[top(number)].append(number)
    return list(found.values())


def _cuts(places: Sequence[set[Place]]) -> set[Place]:
    """Give every tenth page of the stretches of more than ten pages that cases ask about."""
    known = {place for held in places for place in held if place.page is not None}
    found: set[Place] = set()
    for place in known:
        if place.near[0] in known:
            continue
        stretch = list(takewhile(known.__contains__, (Place(place.name, page) for page in count(place.page or 0))))
        if len(stretch) > MOST_PAGES:
            found |= {one for one in stretch[1:-1] if (one.page or 0) % MOST_PAGES == 0}
    return found


def leaks(cases: Sequence[Case]) -> list[Leak]:
    """Find the cases of a later split (train, dev, test) that share a question or evidence with an earlier one."""
    ordered = [case for split in SPLITS for case in cases if case.split == split]
    return _leaks(ordered, [SPLITS.index(case.split) for case in ordered])


def overlap(cases: Sequence[Case], others: Iterable[Case | str]) -> list[Leak]:
    """Find the cases that share a question or evidence with other cases or texts, such as rows of training."""
    known, texts = list[Case](), list[str]()
    for other in others:
        known.append(other) if isinstance(other, Case) else texts.append(other)
    found = {leak.case_id: leak for leak in _leaks([*known, *cases], [0] * len(known) + [1] * len(cases))}
    finder = Finder(cases)
    for number, text in enumerate(texts, start=1):
        for place, what in finder.find(text):
            case = cases[place]
            found.setdefault(case.id, Leak(case.id, f"text {number}", what, f"its {what} stands in text {number}"))
    return list(found.values())


def check_leakage(seen: Iterable[Case | str], cases: Sequence[Case]) -> None:
    """Raise LeakageError when any case shares a question or evidence with what was seen, such as rows of training."""
    found = overlap(cases, seen)
    if found:
        shown = "; ".join(f"{leak.case_id}: {leak.detail}" for leak in found[:SHOWN])
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise LeakageError(
            f"{len(found)} of {len(cases)} cases leak: {shown}{more}. Leave them out, or divide the cases with "
            "`scoville cases split` and take only `train` for training"
        )


def _leaks(cases: Sequence[Case], ranks: Sequence[int]) -> list[Leak]:
    """Find, for each case, one of a lower rank that it shares something with; a question rather than evidence.

    The cases come in the order of their ranks.
    """
    found: dict[int, Leak] = {}
    for first, second, likeness in alike(cases):
        same = "the same" if likeness == 1 else f"nearly the same ({likeness:.2f})"
        detail = f"asks {same} as {cases[first].id}{_of(cases[first])}"
        if ranks[first] < ranks[second]:
            found.setdefault(second, Leak(cases[second].id, cases[first].id, "question", detail))
        elif first in found and likeness == 1:  # the first of the copies stands for the others
            found.setdefault(second, found[first]._replace(case_id=cases[second].id))
    places = _places(cases)
    first_at: dict[Place, int] = {}
    for number, held in enumerate(places):
        for place in held:
            first_at.setdefault(place, number)
    for number, held in enumerate(places):
        for place in sorted(held, key=str):
            for near in (place, *place.near):
                first = first_at.get(near, number)
                if ranks[number] > ranks[first]:
                    where = f"in {place}" if near == place else f"in {place}, beside {near}"
                    detail = f"has its evidence {where}, as {cases[first].id}{_of(cases[first])}"
                    found.setdefault(number, Leak(cases[number].id, cases[first].id, "evidence", detail))
    return [found[number] for number in sorted(found)]


def _of(case: Case) -> str:
    return f" of {case.split}" if case.split else ""


def _places(cases: Sequence[Case]) -> list[set[Place]]:
    """Give the places that each case comes from.

    A name that is the end of another one's path means the same document. One case that names a document without a
    page makes the whole of it a place.
    """
    names = {evidence.document for case in cases for evidence in case.evidence}
    shortest = {name: next(end for end in _ends(name) if end in names) for name in names}
    whole = {shortest[evidence.document] for case in cases for evidence in case.evidence if evidence.page is None}
    found: list[set[Place]] = []
    for case in cases:
        held = {Place(tag) for tag in case.tags if tag.startswith(SECTION)}
        for one in case.evidence:
            document = shortest[one.document]
            held.add(Place(document, None if document in whole else one.page))
        found.append(held)
    return found


def _ends(name: str) -> list[str]:
    """Give the ends of a path, the shortest first."""
    parts = name.split("/")
    return ["/".join(parts[at:]) for at in range(len(parts) - 1, -1, -1)]


def _name(cases: Sequence[Case], group: Sequence[int]) -> str:
    """Name a group by what is least likely to change when another case joins it."""
    members = [cases[number] for number in group]
    keys = {f"{one.document}#{one.page}" for case in members for one in case.evidence}
    keys |= {tag for case in members for tag in case.tags if tag.startswith(SECTION)}
    return min(keys or {plain(case.question) for case in members})


def _part(name: str, shares: Mapping[str, float], seed: int) -> str:
    """Throw the same die for the same name; 2**32 sides."""
    thrown = int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:4]) / 2**32
    reached = 0.0
    parts = [part for part in SPLITS if shares.get(part)]
    for part in parts:
        reached += shares[part]
        if thrown < reached:
            return part
    return parts[-1]


def _check_shares(shares: Mapping[str, float]) -> None:
    unknown = [part for part in shares if part not in SPLITS]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no part; the parts are {', '.join(SPLITS)}")
    if any(share < 0 for share in shares.values()) or not isclose(sum(shares.values()), 1, abs_tol=1e-6):
        given = ", ".join(f"{part} {share:g}" for part, share in shares.items())
        raise UsageError(f"the shares are {given}; expected shares from 0 to 1 that make 1 together")
