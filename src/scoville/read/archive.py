"""Whether a ZIP file is safe to open: bytes in, its member names out, or a ReadFailure.

Decompresses every member once, in slices and without keeping them, because the sizes in a ZIP's headers can lie.
"""

import io
import zipfile
import zlib

from scoville.errors import ReadFailure

MAX_MEMBERS = 10_000
MAX_BYTES = 400_000_000
MAX_RATIO = 200
RATIO_FROM_BYTES = 10_000_000
"""Smaller members may be compressed more: an empty spreadsheet or a uniform picture is."""
_SLICE = 1 << 20


def member_names(data: bytes) -> list[str]:
    """List the members of a ZIP without decompressing them. Raises ReadFailure when there is no readable list."""
    return [member.filename for member in _open(data).infolist()]


def check_archive(data: bytes) -> None:
    """Raise ReadFailure for a ZIP that is damaged, encrypted or built to exhaust the machine."""
    with _open(data) as archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise ReadFailure(f"holds {len(members):,} files, over {MAX_MEMBERS:,}: not opened, it may be a ZIP bomb")
        budget = MAX_BYTES
        for member in members:
            _check_name(member)
            budget -= _measure(archive, member, budget)


def _open(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise ReadFailure(f"is a damaged ZIP file: {error}") from None


def _check_name(member: zipfile.ZipInfo) -> None:
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        raise ReadFailure(f"holds a file with the unsafe name {member.filename[:100]!r}: not opened")
    if member.flag_bits & 1:
        raise ReadFailure("is encrypted; save it without a password")


def _measure(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: int) -> int:
    """Count the real bytes of one member."""
    size = 0
    ratio_limit = max(RATIO_FROM_BYTES, MAX_RATIO * member.compress_size)
    try:
        with archive.open(member) as stream:
            while block := stream.read(_SLICE):
                size += len(block)
                if size > budget or size > ratio_limit:
                    megabytes = min(MAX_BYTES, ratio_limit) // 1_000_000
                    raise ReadFailure(f"unpacks to over {megabytes} MB: not opened, it may be a ZIP bomb")
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ReadFailure(f"is a damaged ZIP file: {member.filename[:100]!r}: {error}") from None
    return size
