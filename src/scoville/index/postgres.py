"""The index in PostgreSQL with pgvector, for workspaces that share a server.

Enters: passages with their vectors. Leaves: ranked passage ids for a vector or for words, and the passages themselves.
Every workspace has a schema of its own, every embedder a set of tables in it; replacing a document's passages is one
transaction. BM25 is computed here, from postings of the same terms that the embedded index counts: PostgreSQL's own
ranking knows no rareness of words (of BM25's ten best it finds two). Knows nothing of files, models and fusing.
"""

import atexit
import hashlib
import json
import os
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from scoville.errors import DamagedIndex, MissingExtra, StorageError, UsageError, WorkspaceError
from scoville.index import postgres_tables as tables
from scoville.index.analyse import question_terms, search_terms
from scoville.index.condition import Condition
from scoville.index.condition_sql import to_sql
from scoville.index.protocol import EVERYONE, DocumentState, IndexState, Item, Mention, Ranked
from scoville.index.rows import LANGUAGE, PACKED, groups_of, row_of, unpack
from scoville.index.tuning import GROWTH, RECALL_AT, Effort, Tuned, like_questions, sample_places, tune
from scoville.index.workspace import REBUILD, Built, Workspace
from scoville.recipe import Index as Settings
from scoville.types import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

URL_VARIABLE = "SCOVILLE_POSTGRES_URL"
SCAN_BELOW = 20_000
"""Where a filter leaves fewer passages, they are compared one by one: a graph of all passages would lose some."""
BREADTHS = tuple(Effort(breadth, 0) for breadth in (120, 240, 480, 1000))
"""How many passages a search of the graph holds in view. Fewer are enough for the sample (40 found .992 of 100,000) and
not for real questions (50 found .947 for these)."""
WORDS_SQL = """
    WITH asked AS MATERIALIZED (  -- the logarithm once for each term: once for each posting it takes 6 of 7 parts
        SELECT p.passages, p.counts, p.lengths,
            2.2 * ln(1 + (s.passages - d.documents + 0.5) / (d.documents + 0.5))::float8 AS weight,
            0.9 * greatest(s.passages, 1)::float8 / greatest(s.length, 1) AS slope
        FROM {postings} p
        JOIN (SELECT term, sum(cardinality(passages)) AS documents FROM {postings} WHERE term = ANY(%(terms)s)
              GROUP BY term) d USING (term)
        CROSS JOIN {totals} s
        WHERE p.term = ANY(%(terms)s)
    ), best AS (
        SELECT n, sum(a.weight * u.count / (u.count + 0.3::float8 + a.slope * u.length)) AS score
        FROM asked a, unnest(a.passages, a.counts, a.lengths) AS u(n, count, length)
        WHERE n NOT IN (SELECT n FROM {dead}) {allowed}
        GROUP BY n ORDER BY score DESC, n LIMIT %(limit)s
    )
    SELECT p.id, best.score FROM best JOIN {passages} p USING (n) ORDER BY best.score DESC, best.n
"""
"""BM25 with k1 = 1.2 and b = 0.75, as the embedded index has it: k1 + 1 = 2.2, k1 (1 - b) = 0.3, k1 b = 0.9."""

WHOLE_SQL = """
    SELECT (SELECT passages FROM {totals}) = (SELECT count(*) FROM {passages}) AND NOT EXISTS (
        SELECT FROM {passages} p LEFT JOIN (
            SELECT n, sum(count) AS length FROM {postings}, unnest(passages, counts) AS u(n, count) GROUP BY n
        ) found USING (n)
        WHERE p.length <> coalesce(found.length, 0) AND p.length < 32767  -- counts end there
    )
"""
"""Whether every passage is counted, and every word of it has its posting."""


class PostgresIndex:
    """One set of tables in the schema of a workspace."""

    def __init__(
        self, url: str, schema: str, table: str, dimension: int, settings: Settings, *, create: bool = False
    ) -> None:
        self.name = table
        self.dimension = dimension
        self.settings = settings
        self._names = tables.Names(schema=schema, table=table)
        self._connections = _connections(url)
        with self._transaction() as cursor:
            if create:
                tables.create(cursor, self._names, dimension)
            elif not tables.exist(cursor, self._names):
                raise DamagedIndex(f"the database has no index {schema}.{table} (any more): {REBUILD}")
            self._tuned = tables.tuned(cursor, self._names)

    def count(self, where: Condition | None = None, groups: Sequence[str] | None = None) -> int:
        """Count the passages."""
        condition, values = self._allowed(where, groups)
        if condition:
            return int(self._rows(f"SELECT count(*) FROM {{passages}} WHERE {condition}", **values)[0][0])
        return int(self._rows("SELECT passages FROM {totals}")[0][0])

    def fields(self, groups: Sequence[str] | None = None) -> frozenset[str]:
        """Name the keys of metadata that passages have, as ``key_of`` writes them."""
        condition, values = self._allowed(None, groups)
        query = f"SELECT DISTINCT facet FROM {{passages}}, unnest(facets) AS facet WHERE {condition or 'true'}"
        return frozenset(facet for (facet,) in self._rows(query, **values) if "=" not in facet)

    def documents(self) -> dict[str, DocumentState]:
        """Say for each source which content and build the index holds."""
        rows = self._rows(
            "SELECT source, document_id, build, count(*), item, stamp, origin, readers FROM {passages} "
            "GROUP BY source, document_id, build, item, stamp, origin, readers"
        )
        return {source: DocumentState(*state, groups=groups_of(readers)) for source, *state, readers in rows}

    def source_of(self, document: str, groups: Sequence[str] | None = None) -> str | None:
        """Name the source of a document by the beginning of its id; None where there is none, or not for the reader."""
        condition, values = self._allowed(None, groups)
        rows = self._rows(
            "SELECT source FROM {passages} WHERE starts_with(document_id, %(document)s)"
            f"{f' AND {condition}' if condition else ''} LIMIT 1", document=tables.clean(document), **values,
        )  # fmt: skip
        return rows[0][0] if rows else None

    def is_current(self, build: str) -> bool:
        """Say whether every passage was built with these settings."""
        return not self._rows("SELECT 1 FROM {passages} WHERE build <> %(build)s LIMIT 1", build=build)

    def state(self) -> IndexState:
        """Say how the index searches."""
        tuned = self._tuned
        (without_words,) = self._rows("SELECT count(*) FROM {passages} WHERE length = 0")[0]
        vectors = f"HNSW, {tuned.probes} passages in view" if tuned else "exact"
        return IndexState(self.count(), vectors, tuned and tuned.recall, 0, without_words)

    def replace(
        self,
        items: Sequence[str],
        passages: Sequence[Passage],
        vectors: "NDArray[np.float32]",
        build: str,
        made_of: Mapping[str, Item] | None = None,
    ) -> None:
        """Make these passages the only ones of these items, in one transaction. ``vectors`` is float32 [n, d]."""
        rows = [row_of(passage, build, made_of) for passage in passages]
        with self._transaction() as cursor:
            tables.remove(cursor, self._names, items)
            tables.add(cursor, self._names, rows, vectors)

    def remove(self, items: Sequence[str]) -> None:
        """Remove every passage of these items."""
        if items:
            with self._transaction() as cursor:
                tables.remove(cursor, self._names, items)

    def verify(self) -> None:
        """Read every passage, count its words, and search for some; DamagedIndex where that fails."""
        with self._transaction() as cursor:
            for _ in cursor.stream(self._sql(f"SELECT {PACKED}, vector FROM {{passages}}")):
                pass
        (whole,) = self._rows(WHOLE_SQL)[0]
        if not (whole and all(map(self._finds, self._rows("SELECT id, vector::text FROM {passages} LIMIT 3")))):
            raise DamagedIndex(f"the index {self._names.schema}.{self.name} does not find what is there: {REBUILD}")

    def _finds(self, row: tuple[str, str]) -> bool:
        import numpy as np

        vector = np.array(json.loads(row[1]), np.float32)
        near = self._dense(vector, 1, self._tuned.probes if self._tuned else 0)
        return bool(self.passages([row[0]]) and (near or not vector.any()))

    def finish(self) -> None:
        """Merge the postings, and build or drop the vector index; quick when there is nothing to do."""
        with self._transaction() as cursor:
            changed = tables.merge_postings(cursor, self._names)
        if not changed:
            return
        count, asked, tuned = self.count(), self.settings.recall, self._tuned
        wanted = asked < 1 and count >= self.settings.exact_below and self.dimension <= tables.MAX_DIMENSION
        with self._transaction() as cursor:
            tables.index_vectors(cursor, self._names, wanted)
            cursor.execute(self._sql("ANALYZE {passages}"))
        if not (wanted and tuned and tuned.asked == asked and count < GROWTH * tuned.rows):
            self._tuned = self._tune(count) if wanted else None
        with self._transaction() as cursor:
            tables.keep_tuned(cursor, self._names, self._tuned)

    def purge(self) -> None:
        """Leave nothing of removed passages: their words in no table, and their bytes in no file of one.

        What the server keeps apart from tables, such as its write-ahead log and backups, is its own.
        """
        with self._transaction() as cursor:
            tables.purge(cursor, self._names)
        with self._connections.one() as connection:
            for name in self._names:
                connection.execute(f"VACUUM FULL {name}")

    def copy_to(self, folder: Path) -> int:
        """Refuse: a release holds the files of its index."""
        raise UsageError(
            "a release holds the files of its index, and one in PostgreSQL has none here: leave index.url out, and add "
            "the documents again, to make releases"
        )

    def drop_others(self, kept: Collection[str]) -> None:
        """Remove the tables of the workspace beside these, those that are ``kept`` left out."""
        with self._transaction() as cursor:
            tables.drop_others(cursor, self._names, {self.name, *kept})

    def dense(
        self,
        vector: "NDArray[np.float32]",
        limit: int,
        where: Condition | None = None,
        groups: Sequence[str] | None = None,
    ) -> list[Ranked]:
        """Rank by cosine similarity to ``vector`` [d], best first."""
        return self._dense(vector, limit, self._tuned.probes if self._tuned else 0, *self._allowed(where, groups))

    def bm25(
        self, question: str, limit: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Ranked]:
        """Rank by BM25 over the terms of ``question``, best first; any term may match."""
        terms = search_terms(question, self._values_of(LANGUAGE))
        condition, values = self._allowed(where, groups)
        # Compared with true, so that it is hashed once and not joined for each posting, which takes five times as long.
        allowed = f"AND (n IN (SELECT n FROM {self._names.passages} WHERE {condition})) = true" if condition else ""
        query = WORDS_SQL.replace("{allowed}", allowed)
        found = self._rows(query, terms=list(terms), limit=limit, **values) if terms else []
        return [Ranked(name, score) for name, score in found]

    def terms(self, question: str) -> tuple[str, ...]:
        """Give the terms that ``bm25`` searches a question by; none when it has no word, so that the leg is dead."""
        return tuple(question_terms(question, self._values_of(LANGUAGE)))

    def passages(self, ids: Sequence[str], groups: Sequence[str] | None = None) -> list[Passage]:
        """Give passages by id, in the order asked; one that is gone or not the reader's is left out."""
        found = {passage.id: passage for passage in self._passages("id = ANY(%(ids)s)", None, groups, ids=list(ids))}
        return [found[name] for name in ids if name in found]

    def neighbours(
        self, source: str, first: int, last: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Passage]:
        """Give the passages of a source whose numbers are in ``[first, last]``, in the order of their numbers."""
        condition = "source = %(source)s AND number BETWEEN %(first)s AND %(last)s"
        found = self._passages(condition, where, groups, source=tables.clean(source), first=first, last=last)
        return sorted(found, key=lambda passage: passage.number)

    def mentions(
        self, names: Sequence[str], limit: int, where: Condition | None = None, groups: Sequence[str] | None = None
    ) -> list[Mention]:
        """Give passages that name any of these entities, at most ``limit``, by id."""
        condition, values = self._allowed(where, groups)
        query = "SELECT id, source, entities FROM {passages} WHERE entities && %(names)s"
        rows = self._rows(
            f"{query}{f' AND {condition}' if condition else ''} ORDER BY id LIMIT %(limit)s",
            names=[tables.clean(name) for name in names], limit=limit, **values,
        )  # fmt: skip
        return sorted(Mention(name, source, tuple(entities)) for name, source, entities in rows)

    def entities(self, where: Condition | None = None, groups: Sequence[str] | None = None) -> Mapping[str, int]:
        """Say for every entity how many passages name it. Reads all of them."""
        condition, values = self._allowed(where, groups)
        query = "SELECT entity, count(*) FROM {passages}, unnest(entities) AS entity"
        return dict(self._rows(f"{query}{f' WHERE {condition}' if condition else ''} GROUP BY entity", **values))

    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32]":
        """Give the vectors of passages, float32 [n, d], in the order asked. KeyError for one that is gone."""
        import numpy as np

        found = dict(self._rows("SELECT id, vector::text FROM {passages} WHERE id = ANY(%(ids)s)", ids=list(ids)))
        return np.array([json.loads(found[name]) for name in ids], np.float32).reshape(len(ids), self.dimension)

    def _passages(
        self, condition: str, where: Condition | None, groups: Sequence[str] | None, **values: Any
    ) -> list[Passage]:
        allowed, more = self._allowed(where, groups)
        query = f"SELECT id, {PACKED} FROM {{passages}} WHERE {condition}{f' AND {allowed}' if allowed else ''}"
        return [unpack(name, packed) for name, packed in self._rows(query, **values, **more)]

    def _dense(
        self,
        vector: "NDArray[np.float32]",
        limit: int,
        breadth: int,
        condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> list[Ranked]:
        """Rank by cosine; ``breadth`` 0 compares with every passage."""
        values = values or {}
        exact = not breadth or bool(condition and self._leaves_few(condition, values))
        allowed = f"WHERE {condition}" if condition else ""
        query = (
            f"SELECT id, 1 - (vector <=> %(vector)s::vector) FROM {{passages}} {allowed} "
            "ORDER BY vector <=> %(vector)s::vector LIMIT %(limit)s"
        )
        with self._transaction() as cursor:
            if exact:
                cursor.execute("SET LOCAL enable_indexscan = off")  # no graph; a filter still finds its rows by bitmap
            else:
                cursor.execute(f"SET LOCAL hnsw.ef_search = {min(max(breadth, limit), 1000)}")
                cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
            cursor.execute(self._sql(query), {**values, "vector": tables.vector_text(vector), "limit": limit})
            return [Ranked(name, score) for name, score in cursor.fetchall() if score == score]

    def _leaves_few(self, condition: str, values: Mapping[str, Any]) -> bool:
        query = f"SELECT count(*) FROM (SELECT 1 FROM {{passages}} WHERE {condition} LIMIT {SCAN_BELOW}) AS first_ones"
        return self._rows(query, **values)[0][0] < SCAN_BELOW

    def _tune(self, count: int) -> Tuned:
        """Find the smallest breadth that reaches the recall asked for."""
        import numpy as np

        rows = self._rows(
            "SELECT vector::text FROM (SELECT vector, row_number() OVER (ORDER BY n) - 1 AS place FROM {passages}) "
            "AS numbered WHERE place = ANY(%(places)s)",
            places=sample_places(count),
        )
        questions = like_questions(np.array([json.loads(text) for (text,) in rows], np.float32))
        wanted = [self._nearest(question, 0) for question in questions]
        return tune(questions, wanted, self._try, self.settings.recall, count, BREADTHS)

    def _try(self, question: "NDArray[np.float32]", effort: Effort) -> list[str]:
        return self._nearest(question, effort.probes)

    def _nearest(self, question: "NDArray[np.float32]", breadth: int) -> list[str]:
        return [ranked.id for ranked in self._dense(question, RECALL_AT, breadth)]

    def _allowed(self, where: Condition | None, groups: Sequence[str] | None) -> tuple[str, dict[str, Any]]:
        """Write what a filter and the reader's groups allow; empty where that is everything."""
        dialect = _PostgresSql()
        parts = [to_sql(where, dialect, self._values_of)] if where else []
        if groups is not None:
            parts.append(dialect.has_any("readers", (EVERYONE, *groups)))
        return " AND ".join(parts), dialect.values

    def _values_of(self, key: str) -> Collection[str]:
        rows = self._rows("SELECT value FROM {facets} WHERE key = %(key)s", key=tables.clean(key))
        return [value for (value,) in rows]

    def _sql(self, query: str) -> Any:
        """Fill in the names of the tables, which are made here and never given."""
        for name in tables.PARTS:
            query = query.replace(f"{{{name}}}", cast(str, getattr(self._names, name)))
        return query

    def _rows(self, query: str, **values: Any) -> list[Any]:
        with self._transaction() as cursor:
            return cursor.execute(self._sql(query), values).fetchall()

    @contextmanager
    def _transaction(self) -> Generator[Any]:
        with self._connections.one() as connection, connection.transaction(), connection.cursor() as cursor:
            yield cursor


def open_postgres(workspace: Workspace, settings: Settings, built: Built, *, create: bool = False) -> PostgresIndex:
    """Open an index on a server, in a schema of its own."""
    url = os.environ.get(URL_VARIABLE) or settings.url or ""
    name = settings.name or f"scoville_{hashlib.sha256(str(workspace.root).encode()).hexdigest()[:12]}"
    return PostgresIndex(url, name, built.table, built.dimension, settings, create=create)


class _Connections:
    """Connections to one server that are used again: each does one thing at a time, and legs search from threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.idle: list[Any] = []

    @contextmanager
    def one(self) -> Generator[Any]:
        """Give a connection that nobody else has; one that broke is not used again."""
        import psycopg

        try:
            try:
                connection = self.idle.pop()
            except IndexError:
                connection = psycopg.connect(self.url, autocommit=True, connect_timeout=10)
            try:
                yield connection
            finally:
                if not connection.closed:
                    self.idle.append(connection)
        except psycopg.Error as error:
            raise _explained(error) from error


_opened: dict[str, _Connections] = {}


def _connections(url: str) -> _Connections:
    if not find_spec("psycopg"):
        raise MissingExtra("an index in PostgreSQL needs more: pip install 'scoville[postgres]'")
    if not _opened:
        atexit.register(close_connections)
    return _opened.setdefault(url, _Connections(url))


def close_connections() -> None:
    """End the connections that wait to be used again."""
    for connections in _opened.values():
        while connections.idle:
            connections.idle.pop().close()


class _PostgresSql:
    """How PostgreSQL is given values: as parameters."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def text(self, value: str) -> str:
        return self._parameter(tables.clean(value))

    def has_any(self, column: str, values: Sequence[str]) -> str:
        return f"{column} && {self._parameter([tables.clean(value) for value in values])}::text[]"

    def _parameter(self, value: Any) -> str:
        name = f"value{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"


def _explained(error: Exception) -> Exception:
    """Turn what psycopg raises into errors that say what to do; no message of a connection holds its password."""
    import psycopg

    message = " ".join(str(error).split())[:300]
    match error:
        case psycopg.errors.DiskFull():
            return StorageError(f"the disk of the database is full: {message}")
        case psycopg.errors.DataCorrupted() | psycopg.errors.IndexCorrupted():
            return DamagedIndex(f"the database cannot read the index: {message}: {REBUILD}")
        case psycopg.errors.InsufficientPrivilege():
            return WorkspaceError(f"the database refuses: {message}; ask its owner for CREATE on the database")
        case psycopg.OperationalError():
            advice = "check index.url and that the server runs; the password comes from PGPASSWORD"
            return WorkspaceError(f"no connection to the database: {message}; {advice}")
        case _:
            return WorkspaceError(f"the database failed: {message}")
