"""The databases of a workspace without a document or a person in them.

Enters: a file of SQLite and a subject. Leaves: the same without it, and nothing of what was deleted on the disk. Traces
that found a document go as a whole, with the turns and the feedback that belong to them; of a person the texts are
blotted out, and everywhere else the names. Replies that were kept say not of which documents they were made: all go.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from scoville.erase.files import Found
from scoville.erase.subject import Subject
from scoville.errors import StorageError

BUSY_SECONDS = 30.0
BY_TRACE = ("spans", "turns", "feedback")
"""Tables of what was asked; spans first: they say what a question found."""
KEPT_REPLIES = "replies"


def erase_records(path: Path, subject: Subject, *, apply: bool) -> list[Found]:
    """Take a subject out of a database, or only count its rows, by table."""
    found: list[Found] = []
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE" if apply else "BEGIN")
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            traces: set[str] = set()
            for table in sorted(tables, key=lambda name: (*BY_TRACE, name).index(name)):
                if table == "keys" or table.startswith("sqlite_"):  # a key is known by its name until it is revoked
                    continue
                count = _Table(database, table).erase(subject, traces)
                found += [Found(place=f"{path.name}: {table}", times=count)] if count else []
            database.execute("COMMIT" if apply else "ROLLBACK")
            if apply:  # also where nothing is found: what was deleted before may still lie in free pages
                database.execute("VACUUM")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageError(
            f"cannot take what is to be forgotten out of {path}: {error}; end what else uses it, and run it again"
        ) from error
    return found


class _Table:
    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self.database = database
        self.name = name
        known = database.execute(f'PRAGMA table_info("{name}")').fetchall()
        self.texts = [column for _, column, kind, _, _, key in known if not key and kind.upper() in ("TEXT", "")]
        self.keys = [column for _, column, _, _, _, key in known if key]

    def erase(self, subject: Subject, traces: set[str]) -> int:
        if self.name == KEPT_REPLIES:
            return self.database.execute(f"DELETE FROM {self.name}").rowcount
        is_ours = "trace_id" in self.texts and self.keys == ["id"]  # and no table of another program
        if self.name in BY_TRACE and is_ours and subject.kind == "document":
            return self._erase_traces(subject, traces)
        return self._blot(subject)

    def _erase_traces(self, subject: Subject, traces: set[str]) -> int:
        """Delete what belongs to traces that found a document, or is of it itself."""
        rows = self.database.execute(f"SELECT id, trace_id, {', '.join(self.texts)} FROM {self.name}").fetchall()
        own = [(id, trace) for id, trace, *texts in rows if any(map(subject.touches, filter(None, texts)))]
        traces |= {trace for _, trace in own if trace}
        gone = {id for id, _ in own} | {id for id, trace, *_ in rows if trace in traces}
        self.database.executemany(f"DELETE FROM {self.name} WHERE id = ?", [(id,) for id in gone])
        return len(gone)

    def _blot(self, subject: Subject) -> int:
        if not self.texts or not self.keys:
            return 0
        changed: list[tuple[object, ...]] = []
        columns = ", ".join(f'"{name}"' for name in (*self.texts, *self.keys))
        for row in self.database.execute(f'SELECT {columns} FROM "{self.name}"').fetchall():
            texts = row[: len(self.texts)]
            without = [subject.without(text) if isinstance(text, str) else text for text in texts]
            if without != list(texts):
                changed.append((*without, *row[len(self.texts) :]))
        sets = ", ".join(f'"{name}" = ?' for name in self.texts)
        where = " AND ".join(f'"{name}" = ?' for name in self.keys)
        self.database.executemany(f'UPDATE "{self.name}" SET {sets} WHERE {where}', changed)
        return len(changed)
