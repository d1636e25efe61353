"""Replies that were given before, by the hash of everything that they depend on.

Enters: a key and a reply. Leaves: the reply that was kept first. Several processes may
share a folder: SQLite keeps them apart. A cache that is damaged or cannot be written is announced and done without.
"""

import hashlib
import json
import logging
import sqlite3
import threading
from pathlib import Path
from typing import Any

FILE = "replies.db"
BUSY_SECONDS = 30.0

logger = logging.getLogger("scoville")


def cache_key(**parts: Any) -> str:
    """Name a request by its content."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode(errors="replace")).hexdigest()


class KeptReplies:
    """Keeps replies in a folder; without one it keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        if folder:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._database = sqlite3.connect(folder / FILE, timeout=BUSY_SECONDS, check_same_thread=False)
                with self._database:
                    self._database.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT)")
            except (sqlite3.Error, OSError) as error:
                self._do_without(error, f"{folder / FILE}")

    def get(self, key: str) -> str | None:
        """Give what was kept."""
        with self._lock:
            if self._database is None:
                return None
            try:
                row = self._database.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
            except sqlite3.Error as error:
                self._do_without(error, FILE)
                return None
            return row[0] if row else None

    def put(self, key: str, reply: str) -> None:
        """Keep a reply, unless there is one: what two processes asked at once has the first one's answer."""
        with self._lock:
            if self._database is None:
                return
            try:
                with self._database:
                    self._database.execute("INSERT OR IGNORE INTO replies VALUES (?, ?)", (key, reply))
            except sqlite3.Error as error:
                self._do_without(error, FILE)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._database:
                self._database.close()
            self._database = None

    def _do_without(self, error: Exception, place: str) -> None:
        logger.warning("Replies are not kept from here on: %s: %s; delete it if it is damaged", place, error)
        if self._database:
            self._database.close()
        self._database = None
