"""What every source gives: a list of items, and what an item holds.

Knows no kind of source, and nothing of documents and the index.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from scoville.types import Metadata, Scalar


class Gone(Exception):
    """An item that was listed is not there: what came from it goes too."""


class NotThere(Gone):
    """What somebody named is not there: a failure where it was never read, since the name may be wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What an item holds now."""

    data: bytes | Path
    """A path where the content is a file that need not be loaded to be compared."""
    file_name: str
    """Its suffix decides between text formats."""
    title: str = ""
    """Where the source knows it better than the content."""
    metadata: Metadata = field(default_factory=dict[str, Scalar])
    validator: str = ""
    """Stands for this content when it is opened again; empty where only the content itself can tell."""


class Item(NamedTuple):
    """One thing that a source lists: a file, a page, a row, a message."""

    name: str
    """The source of its document."""
    open: Callable[[str], Content | None]
    """Give the content, or None where it is still that of this validator (``""``: never).

    Raises Gone, ReadFailure for what it holds, SourceError where that cannot be known, and SourceUnavailable where
    trying again can help.
    """
    path: Path | None = None
    """The file of this machine that it is, or lies in; None for what lies elsewhere."""


class Place(NamedTuple):
    """The folder that paths are relative to, and what its files are called."""

    root: Path
    name_of: Callable[[Path], str]
    path_of: Callable[[str], Path]


class Source(Protocol):
    """A place that documents come from."""

    key: str
    """Names it in the index; empty for what is added by hand."""

    def items(self) -> Iterable[Item]:
        """List what is there now; SourceError when that cannot be known."""
        ...

    def covers(self, name: str) -> bool:
        """Say whether an item of this name can only have come from here."""
        ...

    def gone(self, names: Collection[str]) -> set[str]:
        """Say, after listing, which of these items, which were known and not listed, are there no more."""
        ...

    def close(self) -> None:
        """Let go of connections and temporary files; no item can be opened any more."""
        ...


@dataclass(kw_only=True)
class Listing:
    """A source whose list is complete: what it does not list is gone."""

    key: str
    prefix: str
    """Begins the names of all its items, and of no others."""

    def covers(self, name: str) -> bool:
        """Say whether an item of this name can only have come from here."""
        return name.startswith(self.prefix)

    def gone(self, names: Collection[str]) -> set[str]:
        """Say which of these items, which were known and not listed, are there no more: all."""
        return set(names)

    def close(self) -> None:
        """Let go of nothing."""
