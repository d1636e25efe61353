"""What was learned of one version of a LanceDB table: asking LanceDB each time takes half a millisecond a piece.

Enters: a table and the number of its version. Leaves: what searching it needs: its indexes, the values of facets, the
share of the passages that a filter leaves, and the ids that a query ranks. Several threads may ask. What LanceDB raises
is left as it is. Knows no passages.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.index.lance_memory import MOST_HELD, Memory
from scoville.index.lance_vectors import answer_of, index_names, tuned_of
from scoville.types import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT_SHARES = 1000
KEPT_PLACES = 10_000
KEPT_PASSAGES = 5000
"""Passages with their boxes take 5 kB each."""
NAMED_AFTER = 20
"""When so many rankings were asked of a version, a small one is held in memory, and of others the ids of all passages
are read: of a million in .5 s, and a search by two legs saves 6 ms."""


class Version:
    """One version of a table."""

    def __init__(self, table: Any, number: int) -> None:
        self.number = number
        self.tuned = tuned_of(table)
        self.indexes = index_names(table)
        self.places: dict[str, int] = {}
        """Where the passages lie that were ranked last, by id."""
        self.passages: dict[str, Passage] = {}
        """Those that were read lately, by id."""
        self._table = table
        self._asked = 0
        """How many rankings it gave."""
        self._names: _Names | None = None
        self.held: Memory | None = None
        """The table in memory, once there is need of it."""
        self._is_small = not self.tuned and table.count_rows() <= MOST_HELD
        self._shares: dict[str, float] = {}
        self._values: dict[str, list[str]] | None = None
        self._fields: dict[str | None, frozenset[str]] = {}

    def share(self, condition: str | None) -> float:
        """Say what share of the passages a condition leaves."""
        if not condition:
            return 1.0
        share = self._shares.get(condition)  # another thread may empty it at any time
        if share is None:
            if len(self._shares) >= KEPT_SHARES:
                self._shares.clear()
            share = self._shares[condition] = self._table.count_rows(condition) / max(self._table.count_rows(), 1)
        return share

    def values_of(self, key: str) -> Collection[str]:
        """Give the distinct values of a key of facets."""
        if self._values is None:
            values: dict[str, list[str]] = {}
            for facet in self._facets(None):
                name, equals, value = facet.partition("=")
                if equals:
                    values.setdefault(name, []).append(value)
            self._values = values
        return self._values.get(key, [])

    def fields(self, condition: str | None) -> frozenset[str]:
        """Give the keys of metadata that passages have for which a condition holds."""
        if condition not in self._fields:
            self._fields[condition] = frozenset(facet for facet in self._facets(condition) if "=" not in facet)
        return self._fields[condition]

    def _facets(self, condition: str | None) -> list[str]:
        import pyarrow.compute

        arrow: Any = pyarrow.compute
        query = self._table.search().select(["facets"]).limit(None)
        facets = (query.where(condition) if condition else query).to_arrow()["facets"]
        return arrow.unique(arrow.list_flatten(facets)).to_pylist()

    def memory(self) -> Memory | None:
        """Give the table as it is held in memory: once a small one is asked often."""
        self._asked += 1
        if self.held is None and self._asked > NAMED_AFTER and self._is_small:
            self.held = Memory(self._table)
        return self.held

    def keep(self, passages: Iterable[Passage]) -> None:
        """Remember passages that were read."""
        if len(self.passages) > KEPT_PASSAGES:
            self.passages.clear()
        self.passages.update((passage.id, passage) for passage in passages)

    def rank(self, query: Any, score: str, condition: str | None) -> Iterable[tuple[str, float]]:
        """Give the ids that a query ranks where a condition holds, with their scores, and keep their places."""
        if condition:
            query = query.where(condition)
        names = self._named()
        rows = answer_of(query.with_row_id().select([score] if names else ["id", score]))
        named = names.at(rows["_rowid"]) if names else rows["id"]
        if named is None:  # another thread has looked at a newer version meanwhile
            rows = answer_of(query.select(["id", score]))
            named = rows["id"]
        places, ids = rows["_rowid"], named.to_pylist()
        if len(self.places) > KEPT_PLACES:
            self.places.clear()
        self.places.update(zip(ids, places.to_pylist(), strict=True))
        return zip(ids, rows[score].to_pylist(), strict=True)

    def _named(self) -> "_Names | None":
        """Give the ids of all passages once it is asked often; a command that asks once reads those it finds."""
        names = self._names
        if names is None and self._asked > NAMED_AFTER:
            rows = self._table.search().select(["id"]).with_row_id(True).limit(None).to_arrow()
            order = rows["_rowid"].to_numpy().argsort(kind="stable")  # ascending already, but nobody promises that
            names = self._names = _Names(rows["_rowid"].to_numpy()[order], rows["id"].combine_chunks().take(order))
        return names


class _Names(NamedTuple):
    """The ids of all passages of a version; of a million, 30 MB."""

    places: "NDArray[np.uint64]"
    """Ascending."""
    ids: Any
    """A string for each place."""

    def at(self, places: Any) -> Any:
        """Give the ids at places, both columns; None where one is of another version. No place is used twice."""
        asked = places.to_numpy()
        found = self.places.searchsorted(asked)
        if (found == len(self.places)).any() or (self.places[found] != asked).any():
            return None
        return self.ids.take(found)
