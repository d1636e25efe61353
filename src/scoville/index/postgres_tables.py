"""The tables of an index in PostgreSQL, and what changes them.

Enters: rows and a cursor in a transaction. Leaves: nothing. Knows neither questions nor connections.

    passages    a row a passage, with its vector
    postings    for each term and commit, the passages that hold it, how often, and how long they are
    dead        passages that are gone and still stand in postings, until the next merge
    facets      the values that metadata has
    totals      one row: how many passages and terms, and what the vector index was tuned to
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoville.index.rows import schema
from scoville.index.tuning import Tuned

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MERGE_COMMITS = 8
"""Postings of so many commits are merged into one: a term is then read from one place."""
DEAD_SHARE = 0.1
MAX_DIMENSION = 2000
"""pgvector indexes no longer vectors; these are compared one by one."""
PARTS = ("passages", "postings", "dead", "facets", "totals")
TYPES = {"string": "text", "int32": "integer", "int64": "bigint", "list<item: string>": "text[]"}


@dataclass(frozen=True, slots=True)
class Names:
    """The quoted names of one set of tables."""

    schema: str
    table: str

    def of(self, part: str) -> str:
        """Name a part of the set, which is none of its tables without one."""
        return f'"{self.schema}"."{self.table}-{part}"'

    def __iter__(self) -> Iterator[str]:
        return map(self.of, PARTS)

    @property
    def passages(self) -> str:
        """A row for each passage."""
        return self.of("passages")

    @property
    def postings(self) -> str:
        """A row for each term and commit."""
        return self.of("postings")

    @property
    def dead(self) -> str:
        """Passages that are gone and still stand in postings."""
        return self.of("dead")

    @property
    def facets(self) -> str:
        """The values of each key."""
        return self.of("facets")

    @property
    def totals(self) -> str:
        """One row about all."""
        return self.of("totals")


def clean(text: str) -> str:
    """Replace the one character that PostgreSQL holds in no text."""
    return text.replace("\0", "\ufffd")


def vector_text(vector: "NDArray[np.float32]") -> str:
    """Write a vector as pgvector reads it."""
    return f"[{','.join(map(repr, vector.tolist()))}]"


def exist(cursor: Any, names: Names) -> bool:
    """Say whether all the tables are there, and the row about all."""
    (there,) = cursor.execute(
        "SELECT bool_and(to_regclass(t) IS NOT NULL) FROM unnest(%s::text[]) t", ([*names],)
    ).fetchone()
    return there and bool(cursor.execute(f"SELECT 1 FROM {names.totals}").fetchall())


def create(cursor: Any, names: Names, dimension: int) -> None:
    """Make the tables where they are missing, and the columns that an older version did not know."""
    stored = [f'"{field.name}" {TYPES[str(field.type)]}' for field in schema(1) if field.name in _stored()]
    if exist(cursor, names):
        added = ", ".join(f"ADD COLUMN IF NOT EXISTS {column}" for column in stored)
        cursor.execute(f"ALTER TABLE {names.passages} {added}")
        return
    columns = ", ".join(stored)
    for statement in (
        *(f"DROP TABLE IF EXISTS {name}" for name in names),  # what is left where some are gone
        "CREATE EXTENSION IF NOT EXISTS vector",
        f'CREATE SCHEMA IF NOT EXISTS "{names.schema}"',
        f"CREATE TABLE {names.passages} (n integer PRIMARY KEY, length integer, {columns}, vector vector({dimension}))",
        # In the row and not beside it: a filter that leaves few passages compares them one by one.
        f"ALTER TABLE {names.passages} ALTER COLUMN vector SET STORAGE PLAIN",
        f"CREATE UNIQUE INDEX ON {names.passages} (id)",
        f"CREATE INDEX ON {names.passages} (item)",
        f"CREATE INDEX ON {names.passages} (source, number)",
        f"CREATE INDEX ON {names.passages} USING gin (facets)",
        f"CREATE INDEX ON {names.passages} USING gin (entities)",
        f"CREATE INDEX ON {names.passages} (folded_source text_pattern_ops)",
        f"CREATE TABLE {names.postings} (term text, commit integer, passages integer[], counts smallint[], "
        "lengths smallint[], PRIMARY KEY (term, commit))",
        f"CREATE TABLE {names.dead} (n integer PRIMARY KEY)",
        f"CREATE TABLE {names.facets} (key text, value text, PRIMARY KEY (key, value))",
        f"CREATE TABLE {names.totals} (passages integer, length bigint, last integer, commits integer, "
        "changed boolean, tuned jsonb)",
        f"INSERT INTO {names.totals} VALUES (0, 0, 0, 0, false, '{{}}')",
    ):
        cursor.execute(statement)


def add(cursor: Any, names: Names, rows: Sequence[Mapping[str, Any]], vectors: "NDArray[np.float32]") -> None:
    """Add rows with their vectors."""
    if not rows:
        return
    counted = [Counter(row["terms"].split()) for row in rows]
    lengths = [counts.total() for counts in counted]
    last, commit = cursor.execute(
        f"UPDATE {names.totals} SET passages = passages + %s, length = length + %s, last = last + %s, "
        "commits = commits + 1, changed = true RETURNING last, commits",
        (len(rows), sum(lengths), len(rows)),
    ).fetchone()
    first = last - len(rows) + 1
    stored = _stored()
    columns = ", ".join(f'"{name}"' for name in stored)
    with cursor.copy(f"COPY {names.passages} (n, length, {columns}, vector) FROM STDIN") as copy:
        for n, (row, length, vector) in enumerate(zip(rows, lengths, vectors, strict=True), start=first):
            copy.write_row((n, length, *(_clean(row[name]) for name in stored), vector_text(vector)))
    _add_postings(cursor, names, commit, first, counted, lengths)
    found = {tuple(clean(facet).split("=", 1)) for row in rows for facet in row["facets"] if "=" in facet}
    cursor.executemany(f"INSERT INTO {names.facets} VALUES (%s, %s) ON CONFLICT DO NOTHING", sorted(found))


def remove(cursor: Any, names: Names, items: Sequence[str]) -> None:
    """Remove the rows of items."""
    gone = cursor.execute(
        f"DELETE FROM {names.passages} WHERE item = ANY(%s) RETURNING n, length", ([clean(item) for item in items],)
    ).fetchall()
    if gone:
        cursor.execute(f"INSERT INTO {names.dead} SELECT unnest(%s::integer[])", ([n for n, _ in gone],))
        cursor.execute(
            f"UPDATE {names.totals} SET passages = passages - %s, length = length - %s, changed = true",
            (len(gone), sum(length for _, length in gone)),
        )


def merge_postings(cursor: Any, names: Names, *, always: bool = False) -> bool:
    """Make one row of each term's postings where they are many or many of them dead; say whether anything changed."""
    passages, commits, changed = cursor.execute(
        f"UPDATE {names.totals} AS t SET changed = false FROM {names.totals} AS before "
        "RETURNING t.passages, t.commits, before.changed"
    ).fetchone()
    (dead,) = cursor.execute(f"SELECT count(*) FROM {names.dead}").fetchone()
    if always or (changed and (commits > MERGE_COMMITS or dead > DEAD_SHARE * passages)):
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute(
            "CREATE TEMP TABLE merged ON COMMIT DROP AS "
            "SELECT term, 1 AS commit, array_agg(n) AS passages, array_agg(count) AS counts, "
            "array_agg(length) AS lengths "
            f"FROM {names.postings} p, unnest(p.passages, p.counts, p.lengths) AS u(n, count, length) "
            f"WHERE n NOT IN (SELECT n FROM {names.dead}) GROUP BY term"
        )
        cursor.execute(f"TRUNCATE {names.postings}, {names.dead}")
        cursor.execute(f"INSERT INTO {names.postings} SELECT * FROM merged")
        cursor.execute(f"UPDATE {names.totals} SET commits = 1")
    return changed


def purge(cursor: Any, names: Names) -> None:
    """Take the words and the metadata that only removed passages had out of the tables beside them."""
    merge_postings(cursor, names, always=True)
    cursor.execute(
        f"DELETE FROM {names.facets} AS known WHERE NOT EXISTS (SELECT FROM {names.passages}, unnest(facets) AS facet "
        "WHERE facet = known.key || '=' || known.value)"
    )


def index_vectors(cursor: Any, names: Names, wanted: bool) -> None:
    """Build the graph of the vectors, or drop it."""
    name = f"{names.table}-vectors"
    if not wanted:
        cursor.execute(f'DROP INDEX IF EXISTS "{names.schema}"."{name}"')
        return
    cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
    cursor.execute(f'CREATE INDEX IF NOT EXISTS "{name}" ON {names.passages} USING hnsw (vector vector_cosine_ops)')


def tuned(cursor: Any, names: Names) -> Tuned | None:
    """Give what the vector index was tuned to; nothing where there is none."""
    (kept,) = cursor.execute(f"SELECT tuned FROM {names.totals}").fetchone()
    return Tuned(**kept) if kept else None


def keep_tuned(cursor: Any, names: Names, values: Tuned | None) -> None:
    """Keep what the vector index was tuned to."""
    cursor.execute(f"UPDATE {names.totals} SET tuned = %s", (json.dumps(values._asdict() if values else {}),))


def drop_others(cursor: Any, names: Names, kept: Collection[str]) -> None:
    """Remove the sets of tables in the schema but those that are kept."""
    rows = cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (names.schema,)).fetchall()
    for (name,) in rows:
        if name.rpartition("-")[0] not in kept:
            cursor.execute(f'DROP TABLE "{names.schema}"."{name}"')


def _add_postings(
    cursor: Any, names: Names, commit: int, first: int, counted: Sequence[Counter[str]], lengths: Sequence[int]
) -> None:
    postings: dict[str, list[tuple[int, int, int]]] = {}
    for n, (counts, length) in enumerate(zip(counted, lengths, strict=True), start=first):
        for term, count in counts.items():
            postings.setdefault(term, []).append((n, min(count, 32767), min(length, 32767)))
    with cursor.copy(f"COPY {names.postings} FROM STDIN") as copy:
        for term, found in postings.items():
            copy.write_row((term, commit, *map(list, zip(*found, strict=True))))


def _stored() -> list[str]:
    return [name for name in schema(1).names if name not in ("terms", "vector")]


def _clean(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case list():
            return [_clean(item) for item in value]
        case _:
            return value
