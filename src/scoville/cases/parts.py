"""Cases → train, dev and test, so that nothing that is asked in one was seen in another.

Enters: cases. Leaves: the same with their ``split``, or the places where sets share a question or its evidence. Knows
no files and no index.

What belongs together goes to one part: cases with evidence on the same page (of the same document, where one of them
names no page), with the same tag ``section:NAME``, or with nearly the same question. The part is the hash of the
group, so it depends on neither the order nor the other groups. What is divided is frozen: a case that has a split
keeps it, and a new case joins the part of those that it belongs to. A new case that belongs to two parts gets none:
it would leak wherever it went. Without the old splits, a new case may join two groups and so move one of them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isclose
from typing import NamedTuple

from scoville.cases.alike import Finder, Shared, alike, plain
from scoville.cases.files import SPLITS
from scoville.errors import LeakageError, UsageError
from scoville.types import Case

SECTION = "section:"
"""Begins the tag that says where a case comes from: a conversation, or an article that no evidence names."""
SHOWN = 3


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
    for group in groups(cases):
        frozen = {cases[number].split for number in group} - {""}
        if len(frozen) < 2:
            part = frozen.pop() if frozen else _part(_name(cases, group), shares, seed)
            for number in group:
                divided[number] = replace(cases[number], split=part)
    return divided


def groups(cases: Sequence[Case]) -> list[list[int]]:
    """Give the places of the cases that belong together, group by group."""
    above = list(range(len(cases)))

    def top(number: int) -> int:
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    first: dict[str, int] = {}
    for number, keys in enumerate(_sections(cases)):
        for key in keys:
            above[top(number)] = top(first.setdefault(key, number))
    for pair in alike(cases):
        above[top(pair.second)] = top(pair.first)
    found: dict[int, list[int]] = defaultdict(list)
    for number in range(len(cases)):
        found[top(number)].append(number)
    return list(found.values())


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
    holders: dict[str, list[int]] = defaultdict(list)
    for number, keys in enumerate(_sections(cases)):
        for key in keys:
            holders[key].append(number)
    for key, numbers in holders.items():
        first = numbers[0]
        for number in numbers[1:]:
            if ranks[number] > ranks[first]:
                detail = f"has its evidence in {key}, as {cases[first].id}{_of(cases[first])}"
                found.setdefault(number, Leak(cases[number].id, cases[first].id, "evidence", detail))
    return [found[number] for number in sorted(found)]


def _of(case: Case) -> str:
    return f" of {case.split}" if case.split else ""


def _sections(cases: Sequence[Case]) -> list[list[str]]:
    """Name the sections that each case comes from.

    A name that is the end of another one's path means the same document. One case that names a document without a
    page makes the whole of it a section.
    """
    names = {evidence.document for case in cases for evidence in case.evidence}
    shortest = {name: next(end for end in _ends(name) if end in names) for name in names}
    whole = {shortest[evidence.document] for case in cases for evidence in case.evidence if evidence.page is None}
    found: list[list[str]] = []
    for case in cases:
        keys = [tag for tag in case.tags if tag.startswith(SECTION)]
        for one in case.evidence:
            document = shortest[one.document]
            keys.append(document if document in whole else f"{document}#page={one.page}")
        found.append(sorted(set(keys)))
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
