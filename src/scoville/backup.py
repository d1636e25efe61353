"""A workspace in one file, taken while it is used, and put back somewhere else.

Enters: a workspace. Leaves: a `.tar.gz` of its recipe, cases, uploads and everything in `.scoville`; and from such a
file a workspace. While it is taken nobody adds or forgets, and everybody may ask: the index is that of one moment,
databases are copied by SQLite's own backup, and what is appended to is taken up to where it was. The last member lists
all others with their SHA-256. Documents that lie elsewhere are not in it: the index holds their passages.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from scoville.errors import StorageError, UsageError
from scoville.index import Workspace
from scoville.storage import TEMPORARY, Journal, storage_errors

FORMAT = 1
MANIFEST = "backup.json"
MADE = "backups.jsonl"
"""In the folder of the workspace: which backups were made, so that whoever forgets a document knows where it still is.
"""
BESIDE = ("cases", "uploads", "rows", "prompts")
SETTINGS = frozenset({".yaml", ".yml"})
LEFT = (".tmp", ".part", ".lock", "-wal", "-shm", "-journal")
CHUNK = 1 << 20
MOST_LISTED = 64 << 20
"""Bytes of the list of files: some 400,000 of them."""
MOST_UNPACKED = 200
"""So many times its own size a backup may unpack to, and SPARE bytes more: JSON is packed some thirty times."""
SPARE = 64 << 20
TWICE = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)
"""What a name that is there twice, or below a file, leads to."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """What is in a backup."""

    file: str
    files: int
    bytes: int
    """Of its files, unpacked."""
    made: float
    """When, in Unix time."""


def back_up(workspace: Workspace, file: Path, *, on_wait: Callable[[], None] | None = None) -> Backup:
    """Write a workspace into a new file, whole or not at all; waits for whoever adds, and whoever adds waits for it."""
    if file.exists():
        raise UsageError(f"{file} exists; expected the name of a new file")
    if not workspace.folder.is_dir():
        raise UsageError(f"{workspace.root} is no workspace: it has no {workspace.folder.name} folder")
    part = file.with_name(f"{file.name}.part")
    with workspace.writing(on_wait), storage_errors(file.parent):
        known: dict[str, dict[str, Any]] = {}
        made = time.time()
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds all that the workspace does
        with os.fdopen(handle, "wb") as out:
            with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
                for path in _files(workspace, part):
                    known[path.relative_to(workspace.root).as_posix()] = _put(archive, path, workspace.root)
                _put_manifest(archive, {"format": FORMAT, "made": made, "files": known})
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
        Journal(workspace.folder / MADE).add(
            {"file": str(file.resolve()), "time": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(made))}
        )
    return Backup(file=str(file), files=len(known), bytes=sum(one["bytes"] for one in known.values()), made=made)


def restore(file: Path, folder: Path) -> Backup:
    """Put the workspace of a backup into a folder that is new or empty, whole or not at all.

    UsageError where the folder holds anything, or the file is no backup, damaged, or has names that lead elsewhere.
    """
    if not file.is_file():
        raise UsageError(f"{file}: no such file; expected a backup that `scoville backup FILE` wrote")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty: expected a new folder, since a service may be running in this one")
    beside = folder.with_name(f".{folder.name}.restoring")
    with storage_errors(folder.parent):
        shutil.rmtree(beside, ignore_errors=True)  # of a process that was killed
        beside.mkdir(parents=True, mode=0o700)
    try:
        backup = _unpacked(file, beside)
        with storage_errors(folder.parent):
            beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return backup


def _files(workspace: Workspace, part: Path) -> Iterator[Path]:
    yield from (path for path in sorted(workspace.root.iterdir()) if path.suffix in SETTINGS and path.is_file())
    for folder in (*(workspace.root / name for name in BESIDE), workspace.folder):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path != part and path.name != "lock" and not path.name.endswith(LEFT):
                yield path


def _put(archive: tarfile.TarFile, path: Path, root: Path) -> dict[str, Any]:
    name = path.relative_to(root).as_posix()
    if path.suffix == ".db":
        with tempfile.TemporaryDirectory(dir=TEMPORARY.path()) as place:
            return _put_as(archive, name, _copied(path, Path(place) / "copy.db"))
    return _put_as(archive, name, path)


def _copied(database: Path, copy: Path) -> Path:
    """Copy a database as it is at one moment, whoever writes to it."""
    try:
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise StorageError(f"{database} cannot be copied: {error}") from error
    return copy


def _put_as(archive: tarfile.TarFile, name: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        about = tarfile.TarInfo(name)
        about.size, about.mode = os.fstat(file.fileno()).st_size, 0o600
        reader = _Hashing(file, about.size)
        archive.addfile(about, reader)  # pyright: ignore[reportArgumentType]
    return {"bytes": about.size, "sha256": reader.digest.hexdigest()}


class _Hashing:
    """Reads so many bytes of a file and hashes them; what is appended meanwhile is left out."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file = file
        self.left = size
        self.digest = hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        data = self.file.read(min(size, self.left))
        self.left -= len(data)
        self.digest.update(data)
        return data


def _put_manifest(archive: tarfile.TarFile, manifest: Mapping[str, Any]) -> None:
    data = json.dumps(manifest, ensure_ascii=False, indent=1).encode("utf-8", "surrogateescape")
    about = tarfile.TarInfo(MANIFEST)
    about.size = len(data)
    archive.addfile(about, io.BytesIO(data))


class _Listed(NamedTuple):
    """The list of files of a backup."""

    format: int
    made: float
    digests: Mapping[str, str]
    bytes: int


def _unpacked(file: Path, folder: Path) -> Backup:
    """Unpack a backup into a folder and compare every file with its list."""
    found: dict[str, str] = {}
    listed: _Listed | None = None
    left = file.stat().st_size * MOST_UNPACKED + SPARE
    try:
        with tarfile.open(file, mode="r|gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None or not _is_within(member.name) or listed:
                    raise UsageError(f"{file} is no backup of Scoville: {member.name!r} does not belong into one")
                left -= member.size
                if left < 0 or (member.name == MANIFEST and member.size > MOST_LISTED):
                    raise UsageError(f"{file} is no backup of Scoville: it unpacks to far more than one does")
                if member.name == MANIFEST:
                    listed = _listed(json.loads(content.read()))
                else:
                    found[member.name] = _write(folder / member.name, content)
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno and not isinstance(error, TWICE):
            raise StorageError(f"{file} cannot be restored into {folder}: {error.strerror}") from error
        raise UsageError(f"{file} is no backup of Scoville, or is damaged: {error}") from None
    digests = listed.digests if listed else {}
    if listed and listed.format > FORMAT:
        raise UsageError(f"{file} was made by a newer version of Scoville: install that")
    if wrong := sorted(dict(found.items() ^ digests.items())):
        raise UsageError(f"{file} is damaged: {wrong[0]} is not as it was written; take another backup")
    if not listed or not digests:
        raise UsageError(f"{file} is no backup of Scoville: it has no list of files")
    return Backup(file=str(file), files=len(found), bytes=listed.bytes, made=listed.made)


def _listed(manifest: Any) -> _Listed:
    """Read the list of files; ValueError where it is none."""
    try:
        files: dict[str, Any] = manifest["files"]
        digests = {name: str(one["sha256"]) for name, one in files.items()}
        size = sum(int(one["bytes"]) for one in files.values())
        return _Listed(int(manifest["format"]), float(manifest["made"]), digests, size)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ValueError("its list of files is not as it was written") from None


def _is_within(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name and bool(path.parts)


def _write(path: Path, content: IO[bytes]) -> str:
    """Write a file that is not there yet, and give its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while data := content.read(CHUNK):
            digest.update(data)
            out.write(data)
    return digest.hexdigest()
