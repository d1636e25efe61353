"""The tables of a workspace's indexes without a document in them: no row, no old version, no word in a search index.

Enters: the folder of a workspace and a subject. Leaves: what its tables say of it, and the tables without it. A row
that is deleted in LanceDB stays in its file until the fragment is written anew, and in every version before: so the
rows that stay are written anew, the search indexes built again, and all older versions dropped.
"""

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from scoville.erase.files import Found
from scoville.erase.subject import Subject, documents_subject
from scoville.index import Workspace
from scoville.index.bucket import committed
from scoville.index.lance_errors import lance_errors
from scoville.index.lance_import import import_lancedb
from scoville.index.lance_indexes import check_indexes, literal, update_indexes
from scoville.index.rows import PACKED
from scoville.recipe import Index as Settings
from scoville.release.release import FOLDER as RELEASES

COLUMNS = ("id", "source", "item", "document_id", PACKED)


class Row(NamedTuple):
    """What a table says of a passage."""

    id: str
    source: str
    item: str
    document_id: str
    packed: str

    @property
    def passage(self) -> dict[str, Any]:
        """All its fields."""
        return json.loads(self.packed)

    @property
    def text(self) -> str:
        """All of its text: its own, and what stands around it."""
        one = self.passage
        return "\n".join([one["text"], one.get("prefix", ""), one.get("title", ""), one.get("summary") or ""])


def tables_of(workspace: Workspace, *, releases: bool = True) -> list[tuple[str, Any]]:
    """Open every table of a workspace, below its folder or in a bucket: of its own index, of those built beside it, of
    releases.
    """
    found: list[tuple[str, Any]] = []
    kept_out = None if releases else workspace.folder / RELEASES
    for path in sorted(workspace.folder.rglob("*.lance")):
        if (
            path.is_dir()
            and kept_out not in path.parents
            and not any(part.endswith(".lance") for part in path.relative_to(workspace.folder).parts[:-1])
        ):
            with lance_errors(path.parent):
                table = import_lancedb().connect(path.parent).open_table(path.stem)
                found.append((path.relative_to(workspace.root).as_posix(), table))
    found += workspace.shared.tables() if workspace.shared else ()
    return found


def rows_of(table: Any) -> Iterator[Row]:
    """Read what the version of a table that is checked out says of its passages."""
    there = [name for name in COLUMNS if name in table.schema.names]
    for batch in table.search().select(there).limit(None).to_batches():
        for row in batch.to_pylist():
            yield Row(row["id"], row["source"], row.get("item") or row["source"], row["document_id"], row[PACKED])


def subject_of(workspace: Workspace, items: Sequence[str]) -> Subject:
    """Make the subject of items: of all that any table says of them, in every version that is still there."""
    chosen = set(items)
    own: dict[str, Row] = {}
    others: dict[str, Row] = {}
    for _, table in tables_of(workspace):
        for version in _versions(table):
            with suppress(Exception):  # what cannot be read any more cannot be asked for either
                table.checkout(version)
                for row in rows_of(table):
                    (own if row.item in chosen else others)[row.id] = row
        table.checkout_latest()
    return documents_subject(
        names={*items, *(row.source for row in own.values())},
        ids={id for row in own.values() for id in (row.id, row.document_id)},
        texts=[row.text for row in own.values()],
        others=(row.text for row in others.values()),
        other_names={name for row in others.values() for name in (row.source, row.item)},
    )


def texts_of(workspace: Workspace) -> Iterator[tuple[str, Iterator[str]]]:
    """Give for every table, and every version of it that can be read, the texts of its passages."""
    for place, table in tables_of(workspace):
        for version in _versions(table):
            table.checkout(version)
            yield place, (text for row in rows_of(table) for text in (row.text, row.source))
        table.checkout_latest()


def erase_tables(workspace: Workspace, subject: Subject, settings: Settings, *, apply: bool) -> list[Found]:
    """Take documents out of every table but those of releases, or only count their passages."""
    found: list[Found] = []
    for place, table in tables_of(workspace, releases=False):
        with lance_errors(place if "://" in place else workspace.folder):
            count = table.count_rows(_of(table, subject))
            if apply:
                _erase(table, subject, settings, is_alone="://" not in place)
        found += [Found(place=place, times=count)] if count else []
    return found


def _erase(table: Any, subject: Subject, settings: Settings, *, is_alone: bool) -> None:
    """``is_alone``: what a killed writer left is removed, too, since no other machine may be about to commit it."""
    committed(lambda: table.delete(_of(table, subject)))
    committed(table.optimize)
    if table.count_rows() and _has_deleted(table):
        committed(lambda: table.update(where="true", values_sql={"build": "build"}))  # each row into a new file
    committed(lambda: update_indexes(table, settings, again=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # readers of an older version ask again: see `_heals` of the index
        table.optimize(cleanup_older_than=timedelta(0), delete_unverified=is_alone)
    check_indexes(table)


def _has_deleted(table: Any) -> bool:
    latest = max(table.list_versions(), key=lambda one: one["version"])
    return latest["metadata"].get("total_deletion_file_rows", "1") != "0"


def _versions(table: Any) -> list[int]:
    return sorted(one["version"] for one in table.list_versions())


def _of(table: Any, subject: Subject) -> str:
    names = ", ".join(map(literal, subject.names))
    columns = [name for name in ("source", "item") if name in table.schema.names]  # an older version had fewer
    return " OR ".join(f"{column} IN ({names})" for column in columns)
