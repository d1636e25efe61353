"""The embedded index: LanceDB tables with vectors, BM25, metadata and provenance.

Enters: passages with their vectors. Leaves: ranked passage ids for a vector or for words, and the passages themselves.
One table holds everything, so that replacing a document's passages is one atomic commit: a kill leaves the old passages
or the new ones, never both and never neither. Knows nothing of files, models and fusing.
"""

import logging
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from scoville.errors import DamagedIndex, StorageError
from scoville.faults import machine_fault
from scoville.index.analyse import question_terms, search_terms
from scoville.index.bucket import FRESH_SECONDS, TABLES, committed, connect, names_in
from scoville.index.condition import Condition
from scoville.index.condition_sql import to_sql
from scoville.index.lance_errors import lance_errors
from scoville.index.lance_indexes import (
    TEXT_INDEX,
    check_indexes,
    keep_newest,
    literal,
    read_rows,
    update_indexes,
)  # fmt: skip
from scoville.index.lance_vectors import effort_for, near, rankings, tuned_of, unindexed
from scoville.index.lance_version import Version
from scoville.index.protocol import EVERYONE, DocumentState, IndexState, Item, Mention, Ranked
from scoville.index.rows import LANGUAGE, PACKED, groups_of, row_of, schema, table_of, unpack
from scoville.index.workspace import REBUILD, Built, Workspace
from scoville.recipe import Index as Settings
from scoville.storage import copy_tree
from scoville.types import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger("scoville")
_P = ParamSpec("_P")
_R = TypeVar("_R")
READ_ROWS = """
import sys
from scoville.index.bucket import place_of
from scoville.index.lance import LanceIndex
from scoville.index.lance_indexes import read_rows

read_rows(LanceIndex(place_of(sys.argv[1]), sys.argv[2], int(sys.argv[3]))._table)
"""
FILLED_HOURS = 1
"""How long after its last commit a table in a bucket may be one that another machine is filling."""


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
        self, folder: Path | str, table: str, dimension: int, settings: Settings | None = None, *, create: bool = False,
        fixed: bool = False,
    ) -> None:  # fmt: skip
        """``folder`` may be a place in a bucket, which other machines write to as well.

        ``fixed``: nothing of it is written, not even what could be mended.
        """
        self.folder = folder
        self.fixed = fixed
        self.name = table
        self.dimension = dimension
        self.settings = settings or Settings()
        self.healing = threading.RLock()
        self._seen: Version | None = None
        self._seen_at = 0.0
        with lance_errors(folder):
            fresh = timedelta(seconds=FRESH_SECONDS)
            self._connection = connect(folder, read_consistency_interval=fresh)
            self._table: Any = self._made() if create else self._connection.open_table(table)
            if "id" not in self._table.schema.names:
                raise ValueError("it has no passages")  # a manifest of zeros says as much

    def _made(self) -> Any:
        """Open the table; make it where there is none, or one that a kill, a full disk or an older version left."""
        import pyarrow as pa

        key, *fields = schema(self.dimension)
        if self.name in names_in(self._connection):
            with suppress(DamagedIndex), lance_errors(self.folder):
                table = self._connection.open_table(self.name)
                read_rows(table)
                if set(schema(self.dimension).names) <= set(table.schema.names):
                    return table
            self._drop(self.name)
        key = key.with_metadata({"lance-schema:unenforced-primary-key": "true"})  # set later, it is a second commit
        return self._connection.create_table(self.name, schema=pa.schema([key, *fields]), exist_ok=True)

    def _drop(self, table: str) -> None:
        if isinstance(self.folder, str):
            self._connection.drop_table(table)
        else:
            shutil.rmtree(self.folder / f"{table}.lance")  # LanceDB drops no table in a folder that it cannot read

    def refresh(self) -> None:
        """Look at what others wrote."""
        with self._writing():
            self._table.checkout_latest()

    def heal(self) -> None:
        """Build the search indexes again; DamagedIndex where the rows are damaged, too, or nothing may be written."""
        if self.fixed:
            raise DamagedIndex(f"{self.folder} is damaged, and a release is not mended: roll back to another one")
        try:
            with self._writing():
                read_rows(self._table)
                committed(lambda: update_indexes(self._table, self.settings, again=True))
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
            said = done.stderr.decode(errors="replace")
            if fault := machine_fault(MemoryError() if done.returncode == -signal.SIGKILL else RuntimeError(said)):
                raise fault  # no sign of damage: who trusted it would read everything again, with as little memory
            raise DamagedIndex(f"the index in {self.folder} cannot be read (LanceDB breaks off): {REBUILD}")

    @_heals
    def _verify(self) -> None:
        with lance_errors(self.folder):
            read_rows(self._table)
            check_indexes(self._table)

    def count(self, where: Condition | None = None, groups: Sequence[str] | None = None) -> int:
        """Count the passages."""
        with lance_errors(self.folder):
            return self._table.count_rows(self._condition(where, groups))

    def fields(self, groups: Sequence[str] | None = None) -> frozenset[str]:
        """Name the keys of metadata that passages have, as ``key_of`` writes them."""
        with lance_errors(self.folder):
            return self._version().fields(self._condition(None, groups))

    def documents(self) -> dict[str, DocumentState]:
        """Say for each source which content and build the index holds."""
        import pyarrow.compute

        arrow: Any = pyarrow.compute
        names = ["source", "document_id", "build", "item", "stamp", "origin", "readers"]
        with lance_errors(self.folder):
            there = [name for name in names if name in self._table.schema.names]  # an older version had fewer
            rows = self._table.search().select(there).to_arrow()
        if "readers" in there:  # as one text, by which Arrow can group: a row for each passage would take seconds here
            joined = arrow.binary_join(rows["readers"], "\0")
            rows = rows.set_column(there.index("readers"), "readers", joined)
        counted = rows.group_by(there, use_threads=False).aggregate([([], "count_all")])
        *values, readers = (
            counted[name].to_pylist() if name in there else [None] * counted.num_rows for name in names
        )  # fmt: skip
        # What two machines replaced at once, of which one was killed before it looked, is there twice: read it again.
        times = Counter(counted["source"].to_pylist())
        return {
            source: DocumentState(document_id, build, passages, item or source, (stamp or "") * (times[source] == 1),
                                  origin or "", groups_of((groups or "").split("\0")))
            for source, document_id, build, item, stamp, origin, groups, passages in zip(
                *values, readers, counted["count_all"].to_pylist(), strict=True
            )
        }  # fmt: skip

    @_heals
    def source_of(self, document: str, groups: Sequence[str] | None = None) -> str | None:
        """Name the source of a document by the beginning of its id; None where there is none, or not for the reader."""
        condition = self._condition(None, groups, f"starts_with(document_id, {literal(document)})")
        with lance_errors(self.folder):
            found = self._table.search().where(condition).select(["source"]).limit(1).to_arrow()
        return found["source"][0].as_py() if found.num_rows else None

    def is_current(self, build: str) -> bool:
        """Say whether every passage was built with these settings, and the table by this version."""
        with lance_errors(self.folder):
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
        with self._writing():
            if not table.num_rows:
                committed(lambda: self._table.delete(condition))
            elif isinstance(self.folder, str):
                self._merge_beside_others(table, condition)
            elif not self._table.count_rows(condition):
                self._table.add(table)  # nothing to replace: an append is one commit too, and cheaper than a merge
            else:
                self._merge(table, condition)

    def _merge(self, rows: Any, condition: str) -> None:
        merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        committed(lambda: merge.when_not_matched_by_source_delete(condition).execute(rows))

    def _merge_beside_others(self, rows: Any, condition: str) -> None:
        """Merge into a table that other machines write to as well.

        Two of them that replace an item at once, with other passages, do not conflict for LanceDB: the later commit
        holds both. Whoever made that finds it, and merges again: then the item is the later one's.
        """
        own = set(rows["id"].to_pylist())
        while True:
            before = self._table.version
            self._merge(rows, condition)
            if self._table.version == before + 1:
                return
            found = self._table.search().where(condition).select(["id", "item"]).limit(None).to_arrow()
            named = zip(found["id"].to_pylist(), found["item"].to_pylist(), strict=True)
            items = {is_own: set[str]() for is_own in (True, False)}
            for name, item in named:
                items[name in own].add(item)
            if items[True].isdisjoint(items[False]):
                return

    def remove(self, items: Sequence[str]) -> None:
        """Remove every passage of these items."""
        if items:
            with self._writing():
                committed(lambda: self._table.delete(_of(items)))

    def state(self) -> IndexState:
        """Say how the index searches."""
        with lance_errors(self.folder):
            tuned, count = tuned_of(self._table), self._table.count_rows()
            without_words = self._table.count_rows("terms = ''")
            if not tuned:
                return IndexState(count, "exact", None, 0, without_words)
            kind = f"IVF_SQ, {tuned.probes} partitions, {tuned.refined} compared exactly"
            return IndexState(count, kind, tuned.recall, unindexed(self._table), without_words)

    @_heals
    def finish(self) -> None:
        """Bring the search indexes up to date and see that they find; quick when there is nothing to do."""
        with self._writing():
            committed(lambda: update_indexes(self._table, self.settings))
            check_indexes(self._table)

    def copy_to(self, folder: Path) -> int:
        """Put what the table holds now into a folder of its own, and give the number of that version.

        The files of a table are never changed, only replaced: so the copy links to them and takes no room until the
        table moves on. It has no older versions, so that what was removed is not in it. A tag would not do: while
        there is one on an old version, LanceDB cleans up none of a table, and a rebuild drops the table with its tags.
        What lies in a bucket is fetched, and indexed again.
        """
        if isinstance(self.folder, str):
            return self._fetch_to(folder)
        with lance_errors(folder):
            copy_tree(self.folder / f"{self.name}.lance", folder / f"{self.name}.lance", linked=True)
            table = connect(folder).open_table(self.name)
            keep_newest(table)
            return table.version

    def _fetch_to(self, folder: Path) -> int:
        with lance_errors(self.folder):
            rows = self._table.search().limit(None).to_batches()
            table = connect(folder).create_table(self.name, rows)
            update_indexes(table, self.settings)
            keep_newest(table)
            return self._table.version

    def drop_others(self, kept: Collection[str]) -> None:
        """Remove the tables beside this one, those that are ``kept`` left out."""
        with lance_errors(self.folder):
            for table in names_in(self._connection) - {self.name, *kept}:
                if not isinstance(self.folder, str) or self._is_left(table):
                    self._drop(table)

    def _is_left(self, table: str) -> bool:
        """Say whether a table in a bucket is one of passages that no machine has written to of late."""
        if not table.startswith(TABLES):
            return False
        with suppress(DamagedIndex), lance_errors(self.folder):
            last = max(version["timestamp"] for version in self._connection.open_table(table).list_versions())
            return last.timestamp() < time.time() - FILLED_HOURS * 3600
        return True

    @_heals
    def dense(
        self,
        vector: "NDArray[np.float32]",
        limit: int,
        where: Condition | None = None,
        groups: Sequence[str] | None = None,
    ) -> list[Ranked]:
        """Rank by cosine similarity to ``vector`` [d], best first."""
        with lance_errors(self.folder):
            version = self._version()
            condition = self._condition(where, groups)
            if memory := version.memory():
                return [Ranked(*one) for one in memory.nearest(vector, limit, condition)]
            effort = version.tuned and effort_for(version.tuned, version.share(condition))
            found = version.rank(near(self._table, vector, limit, effort), "_distance", condition)
        return [Ranked(name, 1.0 - distance) for name, distance in found]

    @_heals
    def bm25(
        self, question: str, limit: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Ranked]:
        """Rank by BM25 over the terms of ``question``, best first; any term may match."""
        with lance_errors(self.folder):
            version = self._version()
            terms = search_terms(question, version.values_of(LANGUAGE))
            if not terms or TEXT_INDEX not in version.indexes:
                return []
            condition = self._condition(where, groups)
            if memory := version.memory():
                return [Ranked(*one) for one in memory.bm25(terms, limit, condition)]
            query = rankings(self._table).nearest_to_text(" ".join(terms), columns="terms").limit(limit)
            found = version.rank(query, "_score", condition)
        return [Ranked(name, score) for name, score in found]

    def terms(self, question: str) -> tuple[str, ...]:
        """Give the terms that ``bm25`` searches a question by; none when it has no word, so that the leg is dead."""
        with lance_errors(self.folder):
            return tuple(question_terms(question, self._version().values_of(LANGUAGE)))

    @_heals
    def passages(self, ids: Sequence[str], groups: Sequence[str] | None = None) -> list[Passage]:
        """Give passages by id, in the order asked; one that is gone or not the reader's is left out."""
        with lance_errors(self.folder):
            version = self._version()
        found = {name: passage for name in ids if (passage := version.passages.get(name))}
        if missing := [name for name in ids if name not in found]:
            found |= self._taken(version, missing)
            if missing := [name for name in missing if name not in found]:
                found |= {passage.id: passage for passage in self._passages(_in("id", missing), None, None)}
            version.keep(found.values())
        return [found[name] for name in ids if name in found and _may_read(found[name], groups)]

    @_heals
    def neighbours(
        self, source: str, first: int, last: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Passage]:
        """Give the passages of a source whose numbers are in ``[first, last]``, in the order of their numbers."""
        condition = f"source = {literal(source)} AND number BETWEEN {int(first)} AND {int(last)}"
        return sorted(self._passages(condition, where, groups), key=lambda passage: passage.number)

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

        columns = self._named("", None, where, groups)
        arrow: Any = pyarrow.compute
        counts = arrow.value_counts(arrow.list_flatten(columns["entities"]))
        return {one["values"]: one["counts"] for one in counts.to_pylist()}

    def _named(self, named: str, limit: int | None, where: Condition | None, groups: Sequence[str] | None) -> Any:
        """Give the entities of the passages for which conditions hold, as an Arrow table."""
        with lance_errors(self.folder):
            condition = self._condition(where, groups, named)
            query = self._table.search().select(["id", "source", "entities"]).limit(limit)
            return (query.where(condition) if condition else query).to_arrow()

    @_heals
    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32]":
        """Give the vectors of passages, float32 [n, d], in the order asked. KeyError for one that is gone."""
        import numpy as np

        if not ids:
            return np.empty((0, self.dimension), np.float32)
        with lance_errors(self.folder):
            if memory := self._version().held:
                return memory.vectors(ids)
            query = self._table.search().where(_in("id", ids)).select(["id", "vector"]).limit(None)
            found = query.to_arrow()
        values = found["vector"].combine_chunks().flatten().to_numpy().reshape(-1, self.dimension)
        places = {name: place for place, name in enumerate(found["id"].to_pylist())}
        return np.ascontiguousarray(values[[places[name] for name in ids]])

    def _taken(self, version: Version, ids: Sequence[str]) -> dict[str, Passage]:
        """Give those passages that this version of the table ranked lately: by their places, quicker than by id."""
        wanted = {name: place for name in ids if (place := version.places.get(name)) is not None}
        if not wanted:
            return {}
        with lance_errors(self.folder):
            rows = self._table.take_row_ids(list(wanted.values())).select(["id", PACKED]).to_arrow()
            taken = _unpacked(rows)
        # Another process may have compacted the table meanwhile: a place is then another row's.
        return {passage.id: passage for passage in taken if passage.id in wanted}

    def _passages(self, condition: str, where: Condition | None, groups: Sequence[str] | None) -> list[Passage]:
        with lance_errors(self.folder):
            query = self._table.search().where(self._condition(where, groups, condition))
            return _unpacked(query.select(["id", PACKED]).limit(None).to_arrow())

    def _condition(self, where: Condition | None, groups: Sequence[str] | None, own: str = "") -> str | None:
        """Write what a filter and the reader's groups allow, and ``own``; None where that is everything."""
        parts = [own] if own else []
        if where is not None:
            parts.append(to_sql(where, _LanceSql(), lambda key: self._version().values_of(key)))
        if groups is not None:
            parts.append(_LanceSql().has_any("readers", (EVERYONE, *groups)))
        return " AND ".join(f"({part})" for part in parts) or None

    def _version(self) -> Version:
        seen, now = self._seen, time.monotonic()
        # To ask for its number takes .3 ms, and a search needs it four times.
        if seen is None or now - self._seen_at > FRESH_SECONDS / 10:
            number = self._table.version
            if seen is None or seen.number != number:
                seen = self._seen = Version(self._table, number)
            self._seen_at = now
        return seen

    @contextmanager
    def _writing(self) -> Generator[None]:
        """Let what changes the table be seen at once."""
        try:
            with lance_errors(self.folder):
                yield
        finally:
            self._seen_at = 0.0


def open_bucket(workspace: Workspace, settings: Settings, built: Built, *, create: bool = False) -> LanceIndex:
    """Open the index in the bucket that a recipe names."""
    assert settings.url
    return LanceIndex(
        settings.url.rstrip("/"), built.table, built.dimension, settings, create=create, fixed=workspace.fixed
    )


def open_lance(workspace: Workspace, settings: Settings, built: Built, *, create: bool = False) -> LanceIndex:
    """Open the index in a workspace's own folder."""
    return LanceIndex(
        workspace.index_folder, built.table, built.dimension, settings, create=create, fixed=workspace.fixed
    )


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


def _in(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(literal(value) for value in values)})"


def _of(items: Sequence[str]) -> str:
    """Write the condition of the rows of items; rows of an older version know none, and are items by their source."""
    return _in("coalesce(item, source)", items)
