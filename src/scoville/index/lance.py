"""The embedded index: LanceDB tables with vectors, BM25, metadata and provenance.

Enters: passages with their vectors. Leaves: ranked passage ids for a vector or for words, and the passages themselves.
One table holds everything, so that replacing a document's passages is one atomic commit: a kill leaves the old passages
or the new ones, never both and never neither. Knows nothing of files, models and fusing.
"""

import logging
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from scoville.errors import DamagedIndex, StorageError
from scoville.faults import machine_fault
from scoville.index.analyse import question_terms
from scoville.index.condition import Condition
from scoville.index.condition_sql import to_sql
from scoville.index.lance_import import import_lancedb
from scoville.index.lance_indexes import TEXT_INDEX, check_indexes, literal, read_rows, update_indexes
from scoville.index.lance_vectors import answer_of, effort_for, index_names, near, rankings, tuned_of, unindexed
from scoville.index.protocol import EVERYONE, DocumentState, IndexState, Item, Mention, Ranked
from scoville.index.rows import LANGUAGE, PACKED, groups_of, row_of, schema, table_of, unpack
from scoville.index.tuning import Tuned
from scoville.index.workspace import REBUILD, Built, Workspace
from scoville.recipe import Index as Settings
from scoville.types import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger("scoville")
_P = ParamSpec("_P")
_R = TypeVar("_R")
KEPT_SHARES = 1000
KEPT_PLACES = 10_000
READ_ROWS = """
import sys
from pathlib import Path
from scoville.index.lance import LanceIndex
from scoville.index.lance_indexes import read_rows

read_rows(LanceIndex(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))._table)
"""
NAMED_AFTER = 20
"""When so many rankings were asked of a version, the ids of all passages are read: of a million in .5 s, and a search
by two legs saves 6 ms."""
FRESH_SECONDS = 2
"""How long a reader may not see what another process committed."""


def _heals(ask: "Callable[Concatenate[LanceIndex, _P], _R]") -> "Callable[Concatenate[LanceIndex, _P], _R]":
    """Ask again where the table could not be read, once its search indexes are built again from its rows.

    Another thread or process may have done that, or compacted the table under the question: so it is asked before, too.
    """

    @wraps(ask)
    def asked(index: "LanceIndex", *given: _P.args, **named: _P.kwargs) -> _R:
        try:
            return ask(index, *given, **named)
        except DamagedIndex:
            with index.healing:
                index.refresh()
                try:
                    return ask(index, *given, **named)
                except DamagedIndex:
                    index.heal()
                return ask(index, *given, **named)

    return asked


class LanceIndex:
    """One table of passages."""

    def __init__(
        self, folder: Path, table: str, dimension: int, settings: Settings | None = None, *, create: bool = False
    ) -> None:
        self.folder = folder
        self.name = table
        self.dimension = dimension
        self.settings = settings or Settings()
        self.healing = threading.RLock()
        self._seen: _Version | None = None
        with _lance_errors(folder):
            fresh = timedelta(seconds=FRESH_SECONDS)
            self._connection = import_lancedb().connect(folder, read_consistency_interval=fresh)
            self._table: Any = self._made() if create else self._connection.open_table(table)
            if "id" not in self._table.schema.names:
                raise ValueError("it has no passages")  # a manifest of zeros says as much

    def _made(self) -> Any:
        """Open the table; make it where there is none, or one that a kill, a full disk or an older version left."""
        import pyarrow as pa

        key, *fields = schema(self.dimension)
        if self.name in self._connection.list_tables().tables:
            with suppress(DamagedIndex), _lance_errors(self.folder):
                table = self._connection.open_table(self.name)
                read_rows(table)
                if set(schema(self.dimension).names) <= set(table.schema.names):
                    return table
            self._drop(self.name)
        key = key.with_metadata({"lance-schema:unenforced-primary-key": "true"})  # set later, it is a second commit
        return self._connection.create_table(self.name, schema=pa.schema([key, *fields]))

    def _drop(self, table: str) -> None:
        shutil.rmtree(self.folder / f"{table}.lance")  # LanceDB drops no table that it cannot read

    def refresh(self) -> None:
        """Look at what others wrote."""
        with _lance_errors(self.folder):
            self._table.checkout_latest()

    def heal(self) -> None:
        """Build the search indexes again; DamagedIndex where the rows are damaged, too."""
        try:
            with _lance_errors(self.folder):
                read_rows(self._table)
                update_indexes(self._table, self.settings, again=True)
                check_indexes(self._table)
        except StorageError as error:
            raise DamagedIndex(
                f"a search index in {self.folder} is damaged, and cannot be built again: {error}"
            ) from error
        logger.warning(
            "A search index in %s was damaged; it was built again from the passages, and finds them.", self.folder
        )

    def verify(self) -> None:
        """Read every passage and search by each index; DamagedIndex where that fails."""
        self._outlive_reading()
        self._verify()

    def _outlive_reading(self) -> None:
        """Read the rows in another process first: some bytes make LanceDB end the process that reads them."""
        given = [str(self.folder), self.name, str(self.dimension)]
        done = subprocess.run([sys.executable, "-P", "-c", READ_ROWS, *given], capture_output=True)
        if done.returncode < 0:
            raise DamagedIndex(f"the index in {self.folder} cannot be read (LanceDB breaks off): {REBUILD}")

    @_heals
    def _verify(self) -> None:
        with _lance_errors(self.folder):
            read_rows(self._table)
            check_indexes(self._table)

    def count(self) -> int:
        """Count the passages."""
        with _lance_errors(self.folder):
            return self._table.count_rows()

    def documents(self) -> dict[str, DocumentState]:
        """Say for each source which content and build the index holds."""
        names = ["source", "document_id", "build", "item", "stamp", "origin", "readers"]
        with _lance_errors(self.folder):
            there = [name for name in names if name in self._table.schema.names]  # an older version had fewer
            columns = self._table.search().select(there).to_arrow()
            *values, readers = (
                columns[name].to_pylist() if name in there else [None] * columns.num_rows for name in names
            )
        counted = Counter(zip(*values, map(groups_of, readers), strict=True))
        return {
            source: DocumentState(document_id, build, passages, item or source, stamp or "", origin or "", groups)
            for (source, document_id, build, item, stamp, origin, groups), passages in counted.items()
        }

    def is_current(self, build: str) -> bool:
        """Say whether every passage was built with these settings, and the table by this version."""
        with _lance_errors(self.folder):
            if set(schema(self.dimension).names) - set(self._table.schema.names):
                return False
            return self._table.count_rows(f"build != {literal(build)}") == 0

    @_heals
    def replace(
        self,
        items: Sequence[str],
        passages: Sequence[Passage],
        vectors: "NDArray[np.float32]",
        build: str,
        made_of: Mapping[str, Item] | None = None,
    ) -> None:
        """Make these passages the only ones of these items, in one commit. ``vectors`` is float32 [n, d]."""
        rows = [row_of(passage, build, made_of) for passage in passages]
        table = table_of(rows, vectors, self.dimension)
        condition = _of(items)
        with _lance_errors(self.folder):
            if not table.num_rows:
                self._table.delete(condition)
            elif not self._table.count_rows(condition):
                self._table.add(table)  # nothing to replace: an append is one commit too, and cheaper than a merge
            else:
                merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
                merge.when_not_matched_by_source_delete(condition).execute(table)

    def remove(self, items: Sequence[str]) -> None:
        """Remove every passage of these items."""
        if items:
            with _lance_errors(self.folder):
                self._table.delete(_of(items))

    def state(self) -> IndexState:
        """Say how the index searches."""
        with _lance_errors(self.folder):
            tuned, count = tuned_of(self._table), self._table.count_rows()
            without_words = self._table.count_rows("terms = ''")
            if not tuned:
                return IndexState(count, "exact", None, 0, without_words)
            kind = f"IVF_SQ, {tuned.probes} partitions, {tuned.refined} compared exactly"
            return IndexState(count, kind, tuned.recall, unindexed(self._table), without_words)

    @_heals
    def finish(self) -> None:
        """Bring the search indexes up to date and see that they find; quick when there is nothing to do."""
        with _lance_errors(self.folder):
            update_indexes(self._table, self.settings)
            check_indexes(self._table)

    def drop_others(self, kept: Collection[str]) -> None:
        """Remove the tables beside this one, those that are ``kept`` left out."""
        with _lance_errors(self.folder):
            for table in set(self._connection.list_tables().tables) - {self.name, *kept}:
                self._drop(table)

    @_heals
    def dense(
        self,
        vector: "NDArray[np.float32]",
        limit: int,
        where: Condition | None = None,
        groups: Sequence[str] | None = None,
    ) -> list[Ranked]:
        """Rank by cosine similarity to ``vector`` [d], best first."""
        with _lance_errors(self.folder):
            version = self._version()
            condition = self._condition(where, groups, version)
            effort = version.tuned and effort_for(version.tuned, self._share(condition, version))
            found = self._run(near(self._table, vector, limit, effort), "_distance", condition, version)
        return [Ranked(name, 1.0 - distance) for name, distance in found]

    def _share(self, condition: str | None, version: "_Version") -> float:
        """Say what share of the passages a condition leaves; counted once for each version of the table."""
        if not condition:
            return 1.0
        share = version.shares.get(condition)  # another thread may empty it at any time
        if share is None:
            if len(version.shares) >= KEPT_SHARES:
                version.shares.clear()
            share = version.shares[condition] = self._table.count_rows(condition) / max(self._table.count_rows(), 1)
        return share

    @_heals
    def bm25(
        self, question: str, limit: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Ranked]:
        """Rank by BM25 over the terms of ``question``, best first; any term may match."""
        with _lance_errors(self.folder):
            version = self._version()
            terms = question_terms(question, self._values_of(LANGUAGE, version))
            if not terms or TEXT_INDEX not in version.indexes:
                return []
            query = rankings(self._table).nearest_to_text(" ".join(terms), columns="terms").limit(limit)
            found = self._run(query, "_score", self._condition(where, groups, version), version)
        return [Ranked(name, score) for name, score in found]

    def terms(self, question: str) -> tuple[str, ...]:
        """Give the terms that ``bm25`` searches a question by; none when it has no word, so that the leg is dead."""
        with _lance_errors(self.folder):
            return tuple(question_terms(question, self._values_of(LANGUAGE, self._version())))

    @_heals
    def passages(self, ids: Sequence[str], groups: Sequence[str] | None = None) -> list[Passage]:
        """Give passages by id, in the order asked; one that is gone or not the reader's is left out."""
        found = self._taken(ids, groups) if ids else {}
        if missing := [name for name in ids if name not in found]:
            found |= {passage.id: passage for passage in self._passages(_in("id", missing), groups)}
        return [found[name] for name in ids if name in found]

    @_heals
    def neighbours(self, source: str, first: int, last: int, groups: Sequence[str] | None = None) -> list[Passage]:
        """Give the passages of a source whose numbers are in ``[first, last]``, in the order of their numbers."""
        condition = f"source = {literal(source)} AND number BETWEEN {int(first)} AND {int(last)}"
        return sorted(self._passages(condition, groups), key=lambda passage: passage.number)

    @_heals
    def mentions(
        self, names: Sequence[str], limit: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Mention]:
        """Give passages that name any of these entities, at most ``limit``, by id."""
        if not names:
            return []
        named = _LanceSql().has_any("entities", names)
        found = self._named(named, limit, where, groups)
        return sorted(Mention(row["id"], row["source"], tuple(row["entities"])) for row in found.to_pylist())

    @_heals
    def entities(self, where: Condition | None = None, groups: Sequence[str] | None = None) -> Mapping[str, int]:
        """Say for every entity how many passages name it. Reads all of them."""
        import pyarrow.compute

        columns = self._named(None, None, where, groups)
        arrow: Any = pyarrow.compute
        counts = arrow.value_counts(arrow.list_flatten(columns["entities"]))
        return {one["values"]: one["counts"] for one in counts.to_pylist()}

    def _named(
        self, named: str | None, limit: int | None, where: Condition | None, groups: Sequence[str] | None
    ) -> Any:
        """Give the entities of the passages for which conditions hold, as an Arrow table."""
        with _lance_errors(self.folder):
            allowed = self._condition(where, groups, self._version())
            condition = " AND ".join(f"({part})" for part in (allowed, named) if part)
            query = self._table.search().select(["id", "source", "entities"]).limit(limit)
            return (query.where(condition) if condition else query).to_arrow()

    @_heals
    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32]":
        """Give the vectors of passages, float32 [n, d], in the order asked. KeyError for one that is gone."""
        import numpy as np

        if not ids:
            return np.empty((0, self.dimension), np.float32)
        with _lance_errors(self.folder):
            query = self._table.search().where(_in("id", ids)).select(["id", "vector"]).limit(None)
            found = query.to_arrow()
        values = found["vector"].combine_chunks().flatten().to_numpy().reshape(-1, self.dimension)
        places = {name: place for place, name in enumerate(found["id"].to_pylist())}
        return np.ascontiguousarray(values[[places[name] for name in ids]])

    def _taken(self, ids: Sequence[str], groups: Sequence[str] | None) -> dict[str, Passage]:
        """Give those passages that this version of the table ranked lately: by their places, quicker than by id."""
        with _lance_errors(self.folder):
            places = self._version().places
            wanted = {name: place for name in ids if (place := places.get(name)) is not None}
            if not wanted:
                return {}
            rows = self._table.take_row_ids(list(wanted.values())).select(["id", PACKED]).to_arrow()
            taken = _unpacked(rows)
        # Another process may have compacted the table between the two lines before: a place is then another row's.
        return {passage.id: passage for passage in taken if passage.id in wanted and _may_read(passage, groups)}

    def _passages(self, condition: str, groups: Sequence[str] | None) -> list[Passage]:
        with _lance_errors(self.folder):
            query = self._table.search().where(_both(condition, groups)).select(["id", PACKED]).limit(None)
            return _unpacked(query.to_arrow())

    def _run(self, query: Any, score: str, condition: str | None, version: "_Version") -> Iterable[tuple[str, float]]:
        """Give the ids that a query ranks, with their scores."""
        if condition:
            query = query.where(condition)
        names = self._names(version)
        rows = answer_of(query.with_row_id().select([score] if names else ["id", score]))
        places = rows["_rowid"]
        ids = (names.at(places) if names else rows["id"]).to_pylist()
        if len(version.places) > KEPT_PLACES:
            version.places.clear()
        version.places.update(zip(ids, places.to_pylist(), strict=True))
        return zip(ids, rows[score].to_pylist(), strict=True)

    def _names(self, version: "_Version") -> "_Names | None":
        """Give the ids of all passages once a version is asked often; a command that asks once reads those it finds."""
        version.asked += 1
        names = version.names
        if names is None and version.asked > NAMED_AFTER:
            rows = self._table.search().select(["id"]).with_row_id(True).limit(None).to_arrow()
            order = rows["_rowid"].to_numpy().argsort(kind="stable")  # ascending already, but nobody promises that
            names = version.names = _Names(rows["_rowid"].to_numpy()[order], rows["id"].combine_chunks().take(order))
        return names

    def _condition(self, where: Condition | None, groups: Sequence[str] | None, version: "_Version") -> str | None:
        """Write what a filter and the reader's groups allow; None where that is everything."""
        if where is None:
            return _both(None, groups)
        return _both(to_sql(where, _LanceSql(), lambda key: self._values_of(key, version)), groups)

    def _values_of(self, key: str, version: "_Version") -> Collection[str]:
        """Give the distinct values of a key of facets; read once for each version of the table."""
        if version.values is None:
            import pyarrow.compute

            arrow: Any = pyarrow.compute
            facets = self._table.search().select(["facets"]).limit(None).to_arrow()["facets"]
            values: dict[str, list[str]] = {}
            for facet in arrow.unique(arrow.list_flatten(facets)).to_pylist():
                name, equals, value = facet.partition("=")
                if equals:
                    values.setdefault(name, []).append(value)
            version.values = values
        return version.values.get(key, [])

    def _version(self) -> "_Version":
        number = self._table.version
        seen = self._seen
        if seen is None or seen.number != number:
            seen = self._seen = _Version(number, tuned_of(self._table), index_names(self._table))
        return seen


def open_lance(workspace: Workspace, settings: Settings, built: Built, *, create: bool = False) -> LanceIndex:
    """Open the index in a workspace's own folder."""
    return LanceIndex(workspace.index_folder, built.table, built.dimension, settings, create=create)


class _Names(NamedTuple):
    """The ids of all passages of a version; of a million, 30 MB."""

    places: "NDArray[np.uint64]"
    """Ascending."""
    ids: Any
    """A string for each place."""

    def at(self, places: Any) -> Any:
        """Give the ids at places, both columns."""
        return self.ids.take(self.places.searchsorted(places.to_numpy()))


@dataclass
class _Version:
    """What was learned of one version of the table; asking LanceDB each time takes half a millisecond a piece."""

    number: int
    tuned: Tuned | None
    indexes: Collection[str]
    shares: dict[str, float] = field(default_factory=dict[str, float])
    """What share of the passages a condition leaves."""
    places: dict[str, int] = field(default_factory=dict[str, int])
    """Where the passages lie that were ranked last, by id."""
    asked: int = 0
    """How many rankings it gave."""
    names: _Names | None = None
    values: dict[str, list[str]] | None = None
    """The distinct values of each key of facets."""


class _LanceSql:
    """How LanceDB writes values."""

    def text(self, value: str) -> str:
        return literal(value)

    def has_any(self, column: str, values: Sequence[str]) -> str:
        return f"array_has_any({column}, [{', '.join(map(literal, values))}])"


def _unpacked(rows: Any) -> list[Passage]:
    return [unpack(*row) for row in zip(rows["id"].to_pylist(), rows[PACKED].to_pylist(), strict=True)]


def _may_read(passage: Passage, groups: Sequence[str] | None) -> bool:
    return groups is None or not passage.groups or not set(passage.groups).isdisjoint(groups)


def _both(where: str | None, groups: Sequence[str] | None) -> str | None:
    """Join a condition with that of the reader's groups."""
    if groups is None:
        return where
    allowed = _LanceSql().has_any("readers", (EVERYONE, *groups))
    return f"({where}) AND {allowed}" if where else allowed


def _in(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(literal(value) for value in values)})"


def _of(items: Sequence[str]) -> str:
    """Write the condition of the rows of items; rows of an older version know none, and are items by their source."""
    return _in("coalesce(item, source)", items)


@contextmanager
def _lance_errors(folder: Path) -> Generator[None]:
    """Turn what LanceDB raises (RuntimeError, OSError, ValueError, a panic of Rust) into errors that say what to do."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, RuntimeError | OSError | ValueError) and type(error).__name__ != "RustPanic":
            raise
        message = " ".join(str(error).split())
        lowered = message.lower()
        if "no space left" in lowered or "os error 28" in lowered:
            advice = "free some space and run the command again: what was added so far is kept"
            raise StorageError(f"the disk of {folder} is full; {advice}") from error
        if "permission denied" in lowered or "read-only" in lowered:
            raise StorageError(f"{folder} cannot be written: check its permissions") from error
        if fault := machine_fault(error):
            raise fault from error
        said = message.partition(", /")[0][:300]  # the rest is where in LanceDB it happened
        raise DamagedIndex(f"the index in {folder} cannot be read ({said}): {REBUILD}") from error
