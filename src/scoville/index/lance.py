"""The embedded index: LanceDB tables with vectors, BM25, metadata and provenance.

Enters: passages with their vectors. Leaves: ranked passage ids for a vector or for words, and the passages themselves.
One table holds everything, so that replacing a document's passages is one atomic commit: a kill leaves the old passages
or the new ones, never both and never neither. Knows nothing of files, models and fusing.
"""

import json
import re
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.errors import StorageError, WorkspaceError
from scoville.types import Box, Passage, Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TEXT_INDEX = "content_idx"
KEPT_VERSIONS_HOURS = 1  # older versions of the table are removed; readers of another process may still use these
BASIC_COLUMNS = (
    "id", "source", "document_id", "title", "media_type", "start", "end", "content", "prefix", "headings", "page",
    "regions", "tokens", "metadata",
)  # fmt: skip


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


class LanceIndex:
    """One table of passages."""

    def __init__(self, folder: Path, table: str, dimension: int, *, create: bool = False) -> None:
        import lancedb

        self.folder = folder
        self.name = table
        self.dimension = dimension
        with _lance_errors(folder):
            self._connection = lancedb.connect(folder)
            if create and table not in self._connection.list_tables().tables:
                self._table: Any = self._connection.create_table(table, schema=_schema(dimension))
                self._table.set_unenforced_primary_key("id")
            else:
                self._table = self._connection.open_table(table)

    def count(self) -> int:
        """Count the passages."""
        with _lance_errors(self.folder):
            return self._table.count_rows()

    def documents(self) -> dict[str, DocumentState]:
        """Say for each source which content and build the index holds."""
        with _lance_errors(self.folder):
            columns = self._table.search().select(["source", "document_id", "build"]).to_arrow()
        states: dict[str, DocumentState] = {}
        rows = zip(*(columns[name].to_pylist() for name in ("source", "document_id", "build")), strict=True)
        for source, document_id, build in rows:
            known = states.get(source)
            states[source] = DocumentState(document_id, build, known.passages + 1 if known else 1)
        return states

    def is_current(self, build: str) -> bool:
        """Say whether every passage was built with these settings."""
        with _lance_errors(self.folder):
            return self._table.count_rows(f"build != {_literal(build)}") == 0

    def replace(
        self, sources: Sequence[str], passages: Sequence[Passage], vectors: "NDArray[np.float32]", build: str
    ) -> None:
        """Make these passages the only ones of these sources, in one commit. ``vectors`` is float32 [n, d]."""
        rows = _rows(passages, vectors, build, self.dimension)
        condition = f"source IN ({', '.join(_literal(source) for source in sources)})"
        with _lance_errors(self.folder):
            if not rows.num_rows:
                self._table.delete(condition)
            elif not self._table.count_rows(condition):
                self._table.add(rows)  # nothing to replace: an append is one commit too, and cheaper than a merge
            else:
                merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
                merge.when_not_matched_by_source_delete(condition).execute(rows)

    def remove(self, sources: Sequence[str]) -> None:
        """Remove every passage of these sources."""
        if sources:
            with _lance_errors(self.folder):
                self._table.delete(f"source IN ({', '.join(_literal(source) for source in sources)})")

    def finish(self) -> None:
        """Bring the text index up to date, compact, and drop old versions."""
        from datetime import timedelta

        from lancedb.index import FTS

        with _lance_errors(self.folder):
            if self._table.count_rows() and not self._has_text_index():
                words = FTS(language="English", stem=True, remove_stop_words=True, ascii_folding=True)
                self._table.create_index("content", config=words, name=TEXT_INDEX)
            self._table.optimize(cleanup_older_than=timedelta(hours=KEPT_VERSIONS_HOURS))

    def drop_others(self, kept: Collection[str]) -> None:
        """Remove the tables beside this one, those that are ``kept`` left out."""
        with _lance_errors(self.folder):
            for table in set(self._connection.list_tables().tables) - {self.name, *kept}:
                self._connection.drop_table(table)

    def dense(self, vector: "NDArray[np.float32]", limit: int, where: str | None = None) -> list[Ranked]:
        """Rank by cosine similarity to ``vector`` [d], best first."""
        with _lance_errors(self.folder):
            query = self._table.search(vector, vector_column_name="vector").distance_type("cosine").limit(limit)
        return [Ranked(row["id"], 1.0 - row["_distance"]) for row in self._run(query, "_distance", where)]

    def bm25(self, question: str, limit: int, where: str | None = None) -> list[Ranked]:
        """Rank by BM25 over the stemmed words of ``question``, best first; any word may match."""
        words = " ".join(re.findall(r"\w+", question))
        with _lance_errors(self.folder):
            if not words or not self._has_text_index():
                return []
            query = self._table.search(words, query_type="fts", fts_columns="content").limit(limit)
        return [Ranked(row["id"], row["_score"]) for row in self._run(query, "_score", where)]

    def passages(self, ids: Sequence[str]) -> list[Passage]:
        """Give passages by id, in the order asked; an id that is gone is left out."""
        if not ids:
            return []
        condition = f"id IN ({', '.join(_literal(name) for name in ids)})"
        with _lance_errors(self.folder):
            rows = self._table.search().where(condition).select(list(BASIC_COLUMNS)).limit(len(ids)).to_list()
        found = {row["id"]: _passage(row) for row in rows}
        return [found[name] for name in ids if name in found]

    def _has_text_index(self) -> bool:
        return TEXT_INDEX in {index.name for index in self._table.list_indices()}

    def _run(self, query: Any, score: str, where: str | None) -> list[dict[str, Any]]:
        with _lance_errors(self.folder):
            if where:
                query = query.where(where, prefilter=True)
            return query.select(["id", score]).to_list()


def _schema(dimension: int) -> Any:
    import pyarrow as pa

    text, number = pa.string(), pa.int32()
    return pa.schema(
        [
            pa.field("id", text, nullable=False),
            ("source", text), ("document_id", text), ("build", text), ("title", text), ("media_type", text),
            ("start", pa.int64()), ("end", pa.int64()), ("content", text), ("prefix", text),
            ("headings", pa.list_(text)), ("page", number), ("regions", text), ("tokens", number),
            ("metadata", text), ("tags", pa.list_(text)), ("vector", pa.list_(pa.float32(), dimension)),
        ]
    )  # fmt: skip


def _rows(passages: Sequence[Passage], vectors: "NDArray[np.float32]", build: str, dimension: int) -> Any:
    import pyarrow as pa

    columns: dict[str, Any] = {
        "id": [passage.id for passage in passages],
        "source": [passage.source for passage in passages],
        "document_id": [passage.document_id for passage in passages],
        "build": [build] * len(passages),
        "title": [passage.title for passage in passages],
        "media_type": [passage.media_type for passage in passages],
        "start": [passage.start for passage in passages],
        "end": [passage.end for passage in passages],
        "content": [passage.content for passage in passages],
        "prefix": [passage.prefix for passage in passages],
        "headings": [list(passage.headings) for passage in passages],
        "page": [passage.page for passage in passages],
        "regions": [_pack_regions(passage.regions) for passage in passages],
        "tokens": [passage.tokens for passage in passages],
        "metadata": [json.dumps(dict(passage.metadata), ensure_ascii=False) for passage in passages],
        "tags": [tags(passage.metadata) for passage in passages],
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), dimension),
    }
    return pa.table(columns, schema=_schema(dimension))


def tags(metadata: Mapping[str, Any]) -> list[str]:
    """Write metadata as ``key=value`` strings, the form in which it is filtered."""
    return [f"{key}={value}" for key, value in sorted(metadata.items())]


def _pack_regions(regions: Sequence[Region]) -> str:
    packed = [[r.start, r.end, r.box.page, *(round(edge, 1) for edge in r.box[1:])] for r in regions]
    return json.dumps(packed, separators=(",", ":"))


def _passage(row: Mapping[str, Any]) -> Passage:
    prefix = row["prefix"]
    return Passage(
        id=row["id"],
        source=row["source"],
        document_id=row["document_id"],
        title=row["title"],
        media_type=row["media_type"],
        start=row["start"],
        end=row["end"],
        text=row["content"][len(prefix) + 1 :] if prefix else row["content"],
        prefix=prefix,
        headings=tuple(row["headings"]),
        page=row["page"],
        regions=tuple(Region(start, end, Box(*box)) for start, end, *box in json.loads(row["regions"])),
        tokens=row["tokens"],
        metadata=json.loads(row["metadata"]),
    )


def _literal(text: str) -> str:
    """Write a SQL string."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _lance_errors(folder: Path) -> Generator[None]:
    """Turn what LanceDB raises (RuntimeError, OSError, ValueError) into errors that say what to do."""
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:
        message = " ".join(str(error).split())
        lowered = message.lower()
        if "no space left" in lowered or "os error 28" in lowered:
            advice = "free some space and run the command again: what was added so far is kept"
            raise StorageError(f"the disk of {folder} is full; {advice}") from error
        if "permission denied" in lowered or "read-only" in lowered:
            raise StorageError(f"{folder} cannot be written: check its permissions") from error
        advice = f"if it is damaged, delete {folder} and add the documents again"
        raise WorkspaceError(f"the index in {folder} failed: {message[:300]}; {advice}") from error
