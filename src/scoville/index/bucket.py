"""Object storage: where LanceDB keeps the tables of an index that lies at ``s3://``, ``gs://`` or ``az://``.

Enters: a place. Leaves: connections of LanceDB to it, and what all machines that share a bucket have to agree on: which
table is current, what was forgotten. Credentials are those of the environment: none is written, logged or quoted.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from scoville.index.lance_errors import lance_errors
from scoville.index.lance_import import import_lancedb
from scoville.recipe.recipe import BUCKETS

TABLES = "passages"
"""What the names of tables of passages begin with: in a bucket, other tables may lie beside them."""
FRESH_SECONDS = 2
"""How long a reader may not see what another process committed."""
RETRIES = 8
"""How often a request is sent again that a bucket answers with 429 or 5xx, or not at all. LanceDB's 3 are too few: a
commit is some thirty requests."""
CONFLICT_SECONDS = 60.0
"""How long a commit is tried again that another machine's came before."""
CONFLICTS = ("conflict", "concurrent", "contention")
ENDPOINTS = ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AZURE_ENDPOINT", "AZURE_STORAGE_ENDPOINT",
             "AZURE_STORAGE_BLOB_ENDPOINT")  # fmt: skip
_R = TypeVar("_R")


def place_of(text: str) -> Path | str:
    """Give the folder that a text names, or the URL of a bucket as it is: a path would lose a slash of it."""
    return text if "://" in text else Path(text)


def connect(place: Path | str, **options: Any) -> Any:
    """Connect LanceDB to a folder or a bucket."""
    if isinstance(place, str):
        options["storage_options"] = _storage_options()
    return import_lancedb().connect(place, **options)


def committed(write: Callable[[], _R]) -> _R:
    """Do what ends in one commit, again where another machine's came before it."""
    ends, pause = time.monotonic() + CONFLICT_SECONDS, 0.05
    while True:
        try:
            return write()
        except (RuntimeError, OSError, ValueError) as error:
            if time.monotonic() > ends or not any(word in str(error).lower() for word in CONFLICTS):
                raise
        time.sleep(pause * (0.5 + int.from_bytes(os.urandom(1)) / 255))  # seeds may be the same on all machines
        pause = min(2 * pause, 2.0)


class Bucket:
    """A place in a bucket, and the values in it that all machines share."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._connected: Any = None
        self._read: dict[str, tuple[float, dict[str, Any]]] = {}

    def read(self, name: str, *, fresh: bool = False) -> dict[str, Any]:
        """Give a value by name, empty where there is none; unless ``fresh``, as it was ``FRESH_SECONDS`` ago."""
        at, value = self._read.get(name, (0.0, {}))
        if fresh or not at or time.monotonic() - at > FRESH_SECONDS:
            with lance_errors(self.url):
                value = self._value(name)
            self._read[name] = (time.monotonic(), value)
        return value

    def write(self, name: str, value: Mapping[str, Any]) -> None:
        """Put a value in the place of the one before, by one commit."""
        import pyarrow as pa

        row = pa.table({"json": [json.dumps(value, ensure_ascii=False)]})
        with lance_errors(self.url):
            committed(lambda: self._connection().create_table(name, row, mode="overwrite"))
        self._read.pop(name, None)

    def tables(self) -> Iterator[tuple[str, Any]]:
        """Open every table of passages, each with its place."""
        with lance_errors(self.url):
            for name in sorted(name for name in names_in(self._connection()) if name.startswith(TABLES)):
                yield f"{self.url}/{name}.lance", self._connection().open_table(name)

    def _value(self, name: str) -> dict[str, Any]:
        try:
            table = self._connection().open_table(name)
        except ValueError as error:
            if "was not found" in str(error):
                return {}
            raise
        return json.loads(table.to_arrow()["json"][0].as_py())

    def _connection(self) -> Any:
        if self._connected is None:
            self._connected = connect(self.url)
        return self._connected


def names_in(connection: Any) -> set[str]:
    """Name the tables that a connection has, however many they are."""
    names: set[str] = set()
    token = None
    while True:
        page = connection.list_tables(page_token=token)
        names |= set(page.tables)
        token = page.page_token
        if not token:
            return names


def shared_of(url: str | None) -> Bucket | None:
    """Give the bucket that ``index.url`` names; None where it names none."""
    return Bucket(url) if url and url.partition("://")[0] in BUCKETS else None


def _storage_options() -> dict[str, str]:
    """Say what LanceDB does not take from the environment by itself."""
    options = {} if "OBJECT_STORE_CLIENT_MAX_RETRIES" in os.environ else {"client_max_retries": str(RETRIES)}
    if any(os.environ.get(name, "").startswith("http://") for name in ENDPOINTS):
        options["allow_http"] = "true"
    return options
