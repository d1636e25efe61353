"""An OLE2 file's bytes in, what Office program wrote it (by the names in its root folder), its title and author out."""

import io
import struct
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from scoville.errors import ReadFailure
from scoville.read.clean import clean_line
from scoville.types import Metadata

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAMS: tuple[tuple[str, Literal["doc", "ppt", "xls", "msg"]], ...] = (
    ("__properties_version1.0", "msg"), ("WordDocument", "doc"), ("PowerPoint Document", "ppt"), ("Workbook", "xls"),
    ("Book", "xls"),
)  # fmt: skip
_START_BYTES = 4096
_WORD_ENCRYPTED = 0x0100
_SLIDES_ENCRYPTED = bytes.fromhex("dfc4d1f3")
_SUMMARY = "\x05SummaryInformation"
_CODEPAGE, _TITLE, _AUTHOR, _CREATED, _MODIFIED = 1, 2, 4, 12, 13
_MOST_PROPERTIES = 100
_TEXT, _WIDE_TEXT, _TIME, _SHORT = 0x1E, 0x1F, 0x40, 0x02
_BIFF_END, _BIFF_ENCRYPTED = 0x000A, 0x002F


def office_97(data: bytes) -> Literal["doc", "ppt", "xls", "msg"]:
    """Tell the format of an OLE2 file. Raises ReadFailure for encrypted, damaged and other ones."""
    with open_ole2(data) as file:
        names = {entry[0] for entry in file.listdir()}
    for name, format in _STREAMS:
        if name in names:
            return format
    raise ReadFailure("is an OLE2 file of no readable format (neither DOC, PPT, XLS nor MSG); save it as PDF")


def is_encrypted(file: Any) -> bool:
    """Tell whether an open OLE2 file holds an encrypted package, or is an encrypted DOC, PPT or XLS."""
    if file.exists("EncryptedPackage"):
        return True
    flags = int.from_bytes(_start_of(file, "WordDocument")[10:12], "little")
    if flags & _WORD_ENCRYPTED or _start_of(file, "Current User")[12:16] == _SLIDES_ENCRYPTED:
        return True
    return any(_is_encrypted_workbook(_start_of(file, name)) for name in ("Workbook", "Book"))


def _start_of(file: Any, stream: str) -> bytes:
    try:
        return file.openstream(stream).read(_START_BYTES) if file.exists(stream) else b""
    except (OSError, ValueError, IndexError):  # damaged: the reader will say so
        return b""


def _is_encrypted_workbook(records: bytes) -> bool:
    at = 0
    while at + 4 <= len(records):  # the record that says so is among the first
        kind, size = struct.unpack_from("<HH", records, at)
        if kind in {_BIFF_END, _BIFF_ENCRYPTED}:
            return kind == _BIFF_ENCRYPTED
        at += 4 + size
    return False


def open_ole2(data: bytes) -> Any:
    """Open an OLE2 file. Raises ReadFailure for a damaged one."""
    import olefile

    try:
        return olefile.OleFileIO(io.BytesIO(data))
    except (OSError, ValueError, IndexError, RecursionError, MemoryError) as error:
        raise ReadFailure(f"is a damaged Office 97-2003 or Outlook file: {error}") from None


def ole2_properties(file: Any) -> tuple[str | None, Metadata]:
    """Give title and metadata that an open OLE2 file has of itself ([MS-OLEPS]); nothing for what is damaged.

    olefile's own reader believes the numbers in the file: a wrong one keeps it busy for ever.
    """
    try:
        values = _properties(file.openstream(_SUMMARY).read() if file.exists(_SUMMARY) else b"")
    except (OSError, ValueError, IndexError, struct.error, OverflowError):
        return None, {}
    page = int.from_bytes(values.get(_CODEPAGE, (_SHORT, b""))[1][:2], "little")
    found = {"author": _property(values, _AUTHOR, page)}
    found |= {"created": _property(values, _CREATED, page), "modified": _property(values, _MODIFIED, page)}
    return _property(values, _TITLE, page) or None, {key: value for key, value in found.items() if value}


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Give type and bytes of each property of the first set."""
    if len(data) < 48:
        return {}
    (start,) = struct.unpack_from("<I", data, 44)
    (count,) = struct.unpack_from("<I", data, start + 4)
    found: dict[int, tuple[int, bytes]] = {}
    for number in range(min(count, _MOST_PROPERTIES)):
        key, offset = struct.unpack_from("<II", data, start + 8 + 8 * number)
        (kind,) = struct.unpack_from("<I", data, start + offset)
        found[key] = kind, data[start + offset + 4 : start + offset + 70_000]
    return found


def _property(values: dict[int, tuple[int, bytes]], key: int, page: int) -> str:
    kind, data = values.get(key, (0, b""))
    if kind == _TIME and len(data) >= 8:
        (ticks,) = struct.unpack_from("<Q", data)  # of 0.1 microseconds
        when = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=min(ticks // 10, 10**17))
        return when.replace(tzinfo=None).isoformat() if when.year > 1970 else ""
    size = int.from_bytes(data[:4], "little")
    if kind == _WIDE_TEXT:
        return clean_line(data[4 : 4 + 2 * size].decode("utf-16-le", "replace").rstrip("\0"))
    if kind != _TEXT:
        return ""
    try:
        return clean_line(data[4 : 4 + size].decode(f"cp{page}" if page < 65_000 else "utf-8", "replace").rstrip("\0"))
    except LookupError:
        return ""
