"""Who may read the documents of an item: what the recipe says, and no more people than before unless that is agreed to.

Enters: the entries of the recipe, an item, what groups earlier runs gave. Leaves: the groups of the item's passages.
A file belongs to every entry that it really lies in, whatever path or link it was reached by and whatever command reads
it, and only the groups that each of them names may read it. That is never wider than the entries say, and narrower for
who is in one group of each and in none that they share: a passage has one list of groups, not one for each entry. Knows
nothing of reading and of the index.
"""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scoville.recipe import Recipe
from scoville.recipe.sources import Entry
from scoville.sources import FileSource, Item, Place, Source, open_entries, source_of_files

NOBODY = "\x1fnobody"
"""The one group of what nobody may read; no recipe can name it."""

Groups = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Widening:
    """An item that the recipe opens to readers who could not read it before."""

    path: str
    before: Groups
    after: Groups
    """What the recipe says; none: everyone."""
    done: bool
    """Whether that was agreed to; else nobody reads it who could not before."""


class Ruling(NamedTuple):
    """Who may read an item."""

    groups: Groups
    widening: Widening | None = None


class _Restricted(NamedTuple):
    """An entry that has groups."""

    groups: Groups
    source: Source
    files: FileSource | None
    """What it covers on this machine; None where it lies elsewhere."""


def narrowest(*lists: Sequence[str]) -> Groups:
    """Give the groups that are in each of the lists that name any: none for everyone, NOBODY where they share none."""
    restricted = [groups for groups in lists if groups]
    if not restricted:
        return ()
    return tuple(group for group in restricted[0] if all(group in groups for groups in restricted)) or (NOBODY,)


def is_wider(after: Sequence[str], before: Sequence[str]) -> bool:
    """Say whether somebody may read with the groups ``after`` who could not with those ``before``."""
    return bool(before) and (not after or not set(after) - {NOBODY} <= set(before))


class Access:
    """Decides for the items of one run."""

    def __init__(
        self,
        recipe: Recipe,
        place: Place,
        before: Mapping[str, Groups],
        digests: Mapping[str, str],
        *,
        widens: bool = False,
    ) -> None:
        """``before`` has the groups of the items that are or were in the index, ``digests`` name their contents."""
        self._restricted = [
            _Restricted(entry.groups, source, source_of_files(entry, place))
            for entry, source in (
                open_entries(recipe, place) if any(entry.groups for entry in recipe.sources.entries) else ()
            )
            if entry.groups
        ]
        self._before = before
        self._widens = widens
        self._by_content: dict[str, list[Groups]] = defaultdict(list)
        if any(before.values()):
            for name, digest in digests.items():
                if digest and name in before:
                    self._by_content[digest].append(before[name])

    def of(self, entry: Entry, item: Item, *, origin: str = "", digest: str = "") -> Ruling:
        """Decide who may read an item that ``entry`` listed, or that of ``origin`` when it was read before.

        What is new under its name was readable by those who can read the same content under another.
        """
        after = narrowest(entry.groups, *self._covering(item, origin))
        before = self._before[item.name] if item.name in self._before else self._of_content(digest)
        if not is_wider(after, before):
            return Ruling(after)
        widening = Widening(path=item.name, before=before, after=after, done=self._widens)
        return Ruling(after if self._widens else narrowest(before, after), widening)

    def _covering(self, item: Item, origin: str) -> list[Groups]:
        """Give the groups of each entry that an item lies in."""
        if not self._restricted:
            return []
        places = _places(item.path) if item.path else ()
        return [
            entry.groups
            for entry in self._restricted
            if (
                any(map(entry.files.takes, places))
                if entry.files and places
                else _names(entry.source, item.name, origin)
            )
        ]

    def _of_content(self, digest: str) -> Groups:
        """Give who can read a content under any of its names; everyone where nobody knows it."""
        known = self._by_content.get(digest, [])
        return () if () in known else tuple(dict.fromkeys(group for groups in known for group in groups))


def _places(path: Path) -> tuple[Path, ...]:
    """Give where a file lies by its path, and where it really lies."""
    folder, name = os.path.split(os.path.abspath(path))
    return tuple({Path(os.path.realpath(folder), name), Path(os.path.realpath(path))})


def _names(source: Source, name: str, origin: str) -> bool:
    if isinstance(source, FileSource):
        return False
    return origin == source.key or source.covers(name)
