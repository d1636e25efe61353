"""What an index is: the values it gives and the one protocol that every backend answers.

Enters: passages with vectors. Leaves: ranked ids and passages. Knows no backend, no files, no models, no fusing.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scoville.index.condition import Condition
from scoville.types import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EVERYONE = ""
"""Stored as the reader of passages without groups; no group has this name."""


class Ranked(NamedTuple):
    """A passage as one leg ranked it."""

    id: str
    score: float


class DocumentState(NamedTuple):
    """What the index holds of one source."""

    document_id: str
    build: str
    """The hash of the settings that its passages were built with."""
    passages: int
    item: str = ""
    """The name of the item that it was made of: its own source, or that of the file it lies in."""
    stamp: str = ""
    origin: str = ""
    groups: tuple[str, ...] = ()
    """Who may read it; none: everyone."""


class Item(NamedTuple):
    """What documents were made of: a file, a page, a row. Its documents come and go together, in one commit."""

    name: str
    """The source of its own document; those of its parts begin with it."""
    stamp: str = ""
    """Changes when anything that its documents are made of changes: content, metadata, readers."""
    origin: str = ""
    """Key of the source of the recipe that listed it; empty when it was added by hand."""


class Mention(NamedTuple):
    """A passage and what it names: a node of the graph with its edges."""

    id: str
    source: str
    entities: tuple[str, ...]


class IndexState(NamedTuple):
    """How an index searches."""

    passages: int
    vectors: str
    """``exact``, or the kind of vector index with its parameters."""
    recall: float | None
    """Recall@10 of the vector index as measured when it was built, in 0..1; None where every search is exact."""
    unindexed: int
    """Passages that came after the vector index was built; they are searched exactly beside it."""
    without_words: int
    """Passages in which the analyser finds no word, so that BM25 can never find them."""


class Index(Protocol):
    """One table of passages.

    ``where`` is what ``parse_where`` gives; ``groups`` are the groups of the reader: passages that have groups are
    found only by readers of one of them; None asks for no restriction. Both hold before ranking.
    """

    def count(self, where: Condition | None = None, groups: Sequence[str] | None = None) -> int:
        """Count the passages."""
        ...

    def fields(self, groups: Sequence[str] | None = None) -> frozenset[str]:
        """Name the keys of metadata that passages have, as ``key_of`` writes them."""
        ...

    def documents(self) -> dict[str, DocumentState]:
        """Say for each source which content and build the index holds."""
        ...

    def source_of(self, document: str, groups: Sequence[str] | None = None) -> str | None:
        """Name the source of a document by the beginning of its id; None where there is none, or not for the reader."""
        ...

    def is_current(self, build: str) -> bool:
        """Say whether every passage was built with these settings."""
        ...

    def state(self) -> IndexState:
        """Say how the index searches."""
        ...

    def replace(
        self,
        items: Sequence[str],
        passages: Sequence[Passage],
        vectors: "NDArray[np.float32]",
        build: str,
        made_of: Mapping[str, Item] | None = None,
    ) -> None:
        """Make these passages the only ones of these items, in one commit. ``vectors`` is float32 [n, d].

        ``made_of`` says for each source of the passages of which item it is; a source that it leaves out is one itself.
        """
        ...

    def remove(self, items: Sequence[str]) -> None:
        """Remove every passage of these items."""
        ...

    def finish(self) -> None:
        """Bring what speeds searching up to date, and build again what of it is damaged; quick if nothing is to do."""
        ...

    def verify(self) -> None:
        """Read every passage and search in every way; DamagedIndex where that cannot be mended by ``finish``."""
        ...

    def copy_to(self, folder: Path) -> int:
        """Put what it holds now into a folder, for a release to search, and give the number of that version."""
        ...

    def drop_others(self, kept: Collection[str]) -> None:
        """Remove the tables of the workspace beside this one, those that are ``kept`` left out."""
        ...

    def dense(
        self,
        vector: "NDArray[np.float32]",
        limit: int,
        where: Condition | None = None,
        groups: Sequence[str] | None = None,
    ) -> list[Ranked]:
        """Rank by cosine similarity to ``vector`` [d], best first."""
        ...

    def bm25(
        self, question: str, limit: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Ranked]:
        """Rank by BM25 over the terms of ``question``, best first; any term may match."""
        ...

    def terms(self, question: str) -> tuple[str, ...]:
        """Give the terms that ``bm25`` searches a question by; none when it has no word, so that the leg is dead."""
        ...

    def passages(self, ids: Sequence[str], groups: Sequence[str] | None = None) -> list[Passage]:
        """Give passages by id, in the order asked; one that is gone or not the reader's is left out."""
        ...

    def neighbours(
        self, source: str, first: int, last: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Passage]:
        """Give the passages of a source whose numbers are in ``[first, last]``, in the order of their numbers."""
        ...

    def mentions(
        self, names: Sequence[str], limit: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Mention]:
        """Give passages that name any of these entities, at most ``limit``, by id."""
        ...

    def entities(self, where: Condition | None = None, groups: Sequence[str] | None = None) -> Mapping[str, int]:
        """Say for every entity how many passages name it. Reads all of them."""
        ...

    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32]":
        """Give the vectors of passages, float32 [n, d], in the order asked. KeyError for one that is gone."""
        ...
