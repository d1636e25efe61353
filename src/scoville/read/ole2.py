"""An OLE2 file's bytes in, what Office program wrote it out: by the names in its root folder."""

import io
import struct
from typing import Any, Literal

from scoville.errors import ReadFailure

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAMS: tuple[tuple[str, Literal["doc", "ppt", "xls", "msg"]], ...] = (
    ("__properties_version1.0", "msg"), ("WordDocument", "doc"), ("PowerPoint Document", "ppt"), ("Workbook", "xls"),
    ("Book", "xls"),
)  # fmt: skip
_START_BYTES = 4096
_WORD_ENCRYPTED = 0x0100
_SLIDES_ENCRYPTED = bytes.fromhex("dfc4d1f3")
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
