"""The workspace's own records, in one SQLite file: runs, costs, traces, lineage, conversations, keys, audit, feedback.

Enters: rows. Leaves: rows. A kill loses at most the write under way, several processes write at once, and a file of a
newer version is refused, not changed. Knows what no row means.

Nothing else needs this file: without it documents are still found and questions answered.
"""

import sqlite3
import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from scoville.errors import ScovilleError, StorageError, WorkspaceError

FILE_NAME = "track.db"
APPLICATION_ID = 0x53434F56  # "SCOV", so that `file` and we tell it from any other database
BUSY_SECONDS = 10.0
SCHEMA = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, started REAL NOT NULL,
        finished REAL, recipe_hash TEXT NOT NULL, summary TEXT NOT NULL
    );
    CREATE TABLE params (
        run_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run_id, key)
    ) WITHOUT ROWID;
    CREATE TABLE metrics (
        run_id TEXT NOT NULL, name TEXT NOT NULL, step INTEGER NOT NULL, value REAL NOT NULL,
        PRIMARY KEY (run_id, name, step)
    ) WITHOUT ROWID;
    CREATE TABLE ledger (
        id INTEGER PRIMARY KEY, time REAL NOT NULL, activity TEXT NOT NULL, model TEXT NOT NULL, runtime TEXT NOT NULL,
        prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, seconds REAL NOT NULL, fee_usd REAL,
        hardware_usd REAL NOT NULL, run_id TEXT NOT NULL
    );
    CREATE INDEX ledger_time ON ledger (time);
    CREATE TABLE spans (
        id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT NOT NULL,
        name TEXT NOT NULL, started INTEGER NOT NULL, finished INTEGER NOT NULL, status TEXT NOT NULL,
        attributes TEXT NOT NULL
    );
    CREATE INDEX spans_trace ON spans (trace_id);
    CREATE TABLE artifacts (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER,
        created REAL NOT NULL
    );
    CREATE INDEX artifacts_name ON artifacts (name);
    CREATE TABLE edges (
        child TEXT NOT NULL, parent TEXT NOT NULL, PRIMARY KEY (child, parent)
    ) WITHOUT ROWID;
    CREATE INDEX edges_parent ON edges (parent);
    """,
    """
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY, conversation TEXT NOT NULL, time REAL NOT NULL, question TEXT NOT NULL,
        answer TEXT NOT NULL, refused INTEGER NOT NULL, trace_id TEXT NOT NULL
    );
    CREATE INDEX turns_conversation ON turns (conversation);
    """,
    """
    CREATE TABLE keys (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest TEXT NOT NULL UNIQUE, scopes TEXT NOT NULL,
        groups TEXT, per_minute INTEGER NOT NULL, created REAL NOT NULL, revoked REAL
    ) WITHOUT ROWID;
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY, time REAL NOT NULL, caller TEXT NOT NULL, address TEXT NOT NULL, method TEXT NOT NULL,
        path TEXT NOT NULL, status INTEGER NOT NULL, about TEXT NOT NULL
    );
    CREATE INDEX audit_caller ON audit (caller);
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY, time REAL NOT NULL, caller TEXT NOT NULL, trace_id TEXT NOT NULL,
        rating TEXT NOT NULL, reason TEXT NOT NULL, answer TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE feedback ADD COLUMN answerable INTEGER NOT NULL DEFAULT 1;
    """,
)
"""Each entry leads from one version to the next; a released one is never changed."""


class Store:
    """One connection, which threads share."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Open the file; without ``create`` WorkspaceError when there is none."""
        self.path = path
        self._lock = threading.RLock()
        if not create and not path.is_file():
            raise WorkspaceError(f"nothing is recorded yet in {path.parent}: ask, add or evaluate something first")
        with self._errors():
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._errors():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read rows."""
        with self._lock, self._errors():
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Generator["Store"]:
        """Make what is written within one transaction: all of it, or nothing."""
        with self._lock, self._errors():
            nested = self._connection.in_transaction
            if not nested:
                self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self
                if not nested:
                    self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled back by itself
                    if not nested:
                        self._connection.execute("ROLLBACK")
                raise

    def write(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows, in a transaction of their own unless one is open."""
        with self.writing(), self._errors():
            self._connection.executemany(sql, rows)

    def overwrite_deleted(self) -> None:
        """Leave nothing of deleted rows on the disk: neither in free pages of the file nor in its journal."""
        with self._lock, self._errors():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def __enter__(self) -> Self:
        """Give the store."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        execute = self._connection.execute
        version = self._version()
        if version < len(SCHEMA):
            execute("PRAGMA journal_mode = WAL")  # readers and the one writer do not wait for each other
            execute("BEGIN IMMEDIATE")
            for number in range(self._version(), len(SCHEMA)):  # again: another process may have been first
                for statement in SCHEMA[number].split(";"):
                    execute(statement)
                execute(f"PRAGMA user_version = {number + 1:d}")
            execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
            execute("COMMIT")
        execute("PRAGMA synchronous = NORMAL")  # with WAL no kill damages the file; a power cut may cost the last rows

    def _version(self) -> int:
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        owner = int(self._connection.execute("PRAGMA application_id").fetchone()[0])
        tables = int(self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
        if tables and owner != APPLICATION_ID:
            raise WorkspaceError(f"{self.path} is a database of something else: move it away")
        if version > len(SCHEMA):
            raise WorkspaceError(
                f"{self.path} has version {version} and this version of Scoville knows up to {len(SCHEMA)}: "
                "install a newer Scoville, or move the file away"
            )
        return version

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explained(self.path, error) from error
        except OSError as error:
            raise StorageError(f"cannot write to {self.path}: {error.strerror or error}") from error


def _explained(path: Path, error: sqlite3.Error) -> ScovilleError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_FULL:
            return StorageError(f"cannot write to {path}: the disk is full; free some space and run the command again")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StorageError(f"{path} was in use for {BUSY_SECONDS:g} s; is another command stuck?")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR | sqlite3.SQLITE_MISMATCH:
            return WorkspaceError(
                f"{path} is damaged ({error}): move it away; a new one is begun, and runs and the index are kept"
            )
        case _:
            return StorageError(f"cannot use {path}: {error}; check the disk and the permissions of the folder")
