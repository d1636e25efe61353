"""The model cache on disk.

Enters: a catalogue entry. Leaves: its folder, and whether what lies there is whole. Does not know how models are
fetched. A finished folder holds a marker with the size and SHA-256 of each file; folders are only ever renamed into
place with their marker, so a folder without one was damaged by hand.

    <cache>/<name>-<version>/   a model           <cache>/hf/       models from a hub
    <cache>/downloads/          wheels under way  <cache>/builds/   derived forms, safe to delete
"""

import errno
import hashlib
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from scoville.errors import ModelIntegrity, ModelUnavailable, StorageError
from scoville.models.catalogue import CatalogueEntry, find_entry

MARKER = "scoville-model.json"
BLOCK_BYTES = 1 << 20
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class StoredFile(BaseModel):
    """One file of a cached model."""

    model_config = ConfigDict(frozen=True)

    size: int
    sha256: str


class Marker(BaseModel):
    """What a finished folder says about itself."""

    model_config = ConfigDict(frozen=True)

    source: str
    files: dict[str, StoredFile]

    @field_validator("files")
    @classmethod
    def _stay_inside(cls, files: dict[str, StoredFile]) -> dict[str, StoredFile]:
        for name in files:
            if not is_safe_member(name):
                raise ValueError(f"{name!r} leaves the folder")
        return files


def cache_root() -> Path:
    """Give the folder of all models: ``SCOVILLE_MODELS``, else ``scoville/models`` in the user's cache."""
    if own := os.environ.get("SCOVILLE_MODELS"):
        return Path(own).expanduser().absolute()
    if conventional := os.environ.get("XDG_CACHE_HOME"):
        base = Path(conventional)
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path.home() / ".cache"
    return base.absolute() / "scoville" / "models"


def is_offline() -> bool:
    """Say whether ``SCOVILLE_OFFLINE`` forbids fetching."""
    return os.environ.get("SCOVILLE_OFFLINE", "").lower() not in ("", "0", "false", "no")


def cached_folder(entry: CatalogueEntry) -> Path:
    """Say where the model lies once it is fetched."""
    return cache_root() / entry.folder_name


def is_cached(entry: CatalogueEntry) -> bool:
    """Say whether the model was fetched; a damaged one counts as fetched."""
    return cached_folder(entry).is_dir()


def checked_folder(entry: CatalogueEntry) -> Path:
    """Give the folder of a cached model after comparing file sizes; raises ModelIntegrity when it is damaged."""
    folder = cached_folder(entry)
    if problems := _problems(entry, folder, hashed=False):
        raise ModelIntegrity(
            f"{entry.name}: {folder} is damaged: {'; '.join(problems)}. "
            f"Fetch it again with `scoville models pull {entry.name} --force`"
        )
    return folder


def weights_sha256(entry: CatalogueEntry) -> str:
    """Say which of the pinned weights a cached model has."""
    return Marker.model_validate_json((cached_folder(entry) / MARKER).read_bytes()).files[entry.weights].sha256


def verify(name: str, *, entries: Sequence[CatalogueEntry] | None = None) -> tuple[str, ...]:
    """Hash every file of a cached model and list what is wrong; empty means that all is well.

    Raises ModelUnavailable when the model is not in the cache.
    """
    entry = find_entry(name, entries)
    if not is_cached(entry):
        raise ModelUnavailable(f"{entry.name} is not in {cache_root()}; fetch it with `scoville models pull {name}`")
    return tuple(_problems(entry, cached_folder(entry), hashed=True))


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_safe_member(name: str) -> bool:
    """Say whether a name from an archive or marker stays inside the folder it is put into."""
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name)


def make_folder(path: Path) -> Path:
    """Create a folder of the cache."""
    with storage_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def storage_errors(place: Path, needed_bytes: int = 0) -> Generator[None]:
    """Turn what a disk says into a StorageError with what to do next."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise StorageError(out_of_space(place, needed_bytes)) from error
        raise StorageError(
            f"{place}: {error.strerror or error}; make it writable or set SCOVILLE_MODELS to a folder that is"
        ) from error


def out_of_space(place: Path, needed_bytes: int) -> str:
    """Say that the disk is full and what to do."""
    needed = f"; {needed_bytes / 1e6:,.0f} MB are needed" if needed_bytes else ""
    return f"{place}: no space left on the disk{needed}. Free some, or set SCOVILLE_MODELS to a folder on another disk"


def _problems(entry: CatalogueEntry, folder: Path, *, hashed: bool) -> list[str]:
    try:
        marker = Marker.model_validate_json((folder / MARKER).read_bytes())
    except (OSError, ValidationError):
        return [f"{MARKER} is missing or unreadable"]
    weights = marker.files.get(entry.weights)
    if weights is None or weights.sha256 not in entry.pinned:
        return [f"{MARKER} does not describe the pinned weights {entry.weights}"]
    problems = (_file_problem(folder, name, stored, hashed=hashed) for name, stored in marker.files.items())
    return [problem for problem in problems if problem]


def _file_problem(folder: Path, name: str, stored: StoredFile, *, hashed: bool) -> str | None:
    path = folder / name
    try:
        size = path.stat().st_size
        if size != stored.size:
            return f"{name} has {size} bytes, expected {stored.size}"
        if hashed and (found := hash_file(path)) != stored.sha256:
            return f"{name} has SHA-256 {found}, expected {stored.sha256}"
    except OSError as error:
        return f"{name}: {error.strerror or error}"
    return None
