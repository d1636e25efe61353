"""Files of an object store, or of any other file system that fsspec knows.

Enters: an entry of the recipe. Leaves: its files as items, named by their URLs without users and secrets. Credentials
are found by the file system's own rules, mostly in the environment. Which library is needed is said when it is missing.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from scoville.errors import MissingExtra, ReadFailure, ScovilleError, SourceError, SourceUnavailable
from scoville.recipe import Recipe
from scoville.recipe.sources import RemoteEntry
from scoville.sources.fetch import MEGABYTE
from scoville.sources.item import Content, Gone, Item, Listing, Place, Source
from scoville.sources.pattern import chooser
from scoville.sources.secret import expand, expand_url, scrub, without_user
from scoville.sources.webdav import WebdavSource

PACKAGES = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs",
    "adl": "adlfs", "sftp": "paramiko", "ssh": "paramiko", "smb": "smbprotocol", "hdfs": "pyarrow", "oss": "ossfs",
}  # fmt: skip
TOKENS = ("ETag", "etag", "content_md5", "md5Hash", "crc32c", "versionId", "LastModified", "last_modified", "updated",
          "mtime", "modified", "created")  # fmt: skip
"""What file systems call what changes with the content; the first that there is counts, with the size."""


class RemoteSource(Listing):
    """Files below a URL."""

    def __init__(self, entry: RemoteEntry, recipe: Recipe, key: str) -> None:
        self.entry = entry
        base = without_user(entry.remote).rstrip("/")
        super().__init__(key=key, prefix=base)
        self._base = base
        self._max_bytes = recipe.read.max_megabytes * MEGABYTE
        self._takes = chooser(entry)

    def covers(self, name: str) -> bool:
        """Say whether an item lies at or below the URL."""
        return name == self._base or name.startswith(f"{self._base}/")

    def items(self) -> Iterator[Item]:
        """List the files, by name."""
        system, root = self._open_system()
        try:
            system.invalidate_cache()
            found: Mapping[str, Any] = system.find(root, detail=True)
            if not found and not system.exists(root):
                raise SourceUnavailable(f"{self._base} is not there")
        except ScovilleError:
            raise
        except FileNotFoundError as error:
            raise SourceUnavailable(f"{self._base} is not there: {self._said(error)}") from None
        except Exception as error:  # each file system raises errors of its own
            if _is_refusal(error):
                raise SourceError(f"{self._base} may not be listed: {self._said(error)}") from None
            raise SourceUnavailable(f"{self._base} cannot be listed: {self._said(error)}") from None
        folders = {path.rpartition("/")[0] for path in found}
        for path, details in sorted(found.items()):
            if path.endswith("/") or (details.get("size") == 0 and path in folders):  # an object that stands for one
                continue
            below = path.removeprefix(root).removeprefix("/")  # one slash: `a//b` is another object than `a/b`
            if self._takes(below or PurePosixPath(path).name):
                name = f"{self._base}/{below}" if below else self._base
                yield Item(
                    name,
                    partial(self._open, system, path, details),
                    Path(path) if local_folder(self.entry.remote) else None,
                )

    def _open_system(self) -> tuple[Any, str]:
        protocol = self.entry.remote.partition("://")[0].partition("::")[0]
        if protocol in ("http", "https"):
            raise SourceError(f"{self._base} is a URL of the web: write it as `url:`")
        _check_scheme(protocol, self._base)
        try:
            from fsspec.core import url_to_fs

            options = {
                key: expand(value) if isinstance(value, str) else value for key, value in self.entry.options.items()
            }
            system, root = url_to_fs(expand_url(self.entry.remote), **options)
        except ImportError as error:
            package = PACKAGES.get(protocol)
            advice = f"pip install {package}" if package else str(error)
            raise MissingExtra(f"{protocol}:// needs a library that is not installed: {advice}") from None
        except ScovilleError:
            raise
        except Exception as error:  # each file system raises errors of its own, some connect here
            raise SourceUnavailable(f"{self._base} cannot be opened: {self._said(error)}") from None
        return system, str(root).rstrip("/")

    def _open(self, system: Any, path: str, details: Mapping[str, Any], validator: str) -> Content | None:
        token = next((f"{details[key]}" for key in TOKENS if details.get(key)), "")
        size = details.get("size")
        now = f"{size}-{token}" if token else ""
        if now and now == validator:
            return None
        if size == 0:  # also what stands for an empty folder, which adlfs cannot open
            return Content(data=b"", file_name=PurePosixPath(path).name, validator=now)
        try:
            with system.open(path, "rb") as file:
                data = file.read(self._max_bytes + 1)
        except FileNotFoundError:
            raise Gone(path) from None
        except PermissionError as error:
            raise ReadFailure(f"may not be opened: {self._said(error)}") from None
        except Exception as error:  # each file system raises errors of its own
            raise SourceUnavailable(f"cannot be fetched: {self._said(error)}") from None
        if len(data) > self._max_bytes:
            raise ReadFailure(f"is over {self._max_bytes // MEGABYTE} MB, over read.max_megabytes")
        return Content(data=data, file_name=PurePosixPath(path).name, validator=now)

    def _said(self, error: Exception) -> str:
        texts = (self.entry.remote, *(str(option) for option in self.entry.options.values()))
        return scrub(f"{type(error).__name__}: {error}", texts)


def open_remote(entry: RemoteEntry, recipe: Recipe, place: Place, key: str) -> Source:
    """Open a `remote` of the recipe; WebDAV is spoken directly, the rest by fsspec."""
    if entry.remote.startswith(("webdav+http://", "webdav+https://")):
        return WebdavSource(entry, recipe, key)
    return RemoteSource(entry, recipe, key)


def local_folder(url: str) -> Path | None:
    """Give the folder of a URL of this machine's file system, as fsspec calls it; None for any other."""
    scheme, _, path = url.partition("://")
    return Path(path) if scheme in ("file", "local") else None


def _check_scheme(protocol: str, url: str) -> None:
    """Refuse a scheme that nobody knows, with those that are most used."""
    from fsspec import available_protocols
    from fsspec.registry import registry

    if protocol not in available_protocols() and protocol not in registry:
        raise SourceError(
            f"{url}: nothing opens {protocol}://; expected https, http, file, webdav+https, {', '.join(PACKAGES)}, "
            "or another file system of fsspec"
        )


def _is_refusal(error: Exception) -> bool:
    """Say whether a store knows who asks, or wants to, and trying again cannot help."""
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    name = type(error).__name__.lower()
    return isinstance(error, PermissionError) or status in (401, 403) or "credential" in name or "auth" in name
