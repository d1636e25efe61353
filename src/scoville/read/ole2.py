"""An OLE2 file's bytes in, what Office program wrote it out: by the names in its root folder."""

import io
from typing import Any, Literal

from scoville.errors import ReadFailure

_STREAMS: tuple[tuple[str, Literal["doc", "ppt", "xls", "msg"]], ...] = (
    ("__properties_version1.0", "msg"), ("WordDocument", "doc"), ("PowerPoint Document", "ppt"), ("Workbook", "xls"),
    ("Book", "xls"),
)  # fmt: skip


def office_97(data: bytes) -> Literal["doc", "ppt", "xls", "msg"]:
    """Tell the format of an OLE2 file. Raises ReadFailure for encrypted, damaged and other ones."""
    with open_ole2(data) as file:
        names = {entry[0] for entry in file.listdir()}
    if "EncryptedPackage" in names:
        raise ReadFailure("is encrypted; save it without a password")
    for name, format in _STREAMS:
        if name in names:
            return format
    raise ReadFailure("is an OLE2 file of no readable format (neither DOC, PPT, XLS nor MSG); save it as PDF")


def open_ole2(data: bytes) -> Any:
    """Open an OLE2 file. Raises ReadFailure for a damaged one."""
    import olefile

    try:
        return olefile.OleFileIO(io.BytesIO(data))
    except (OSError, ValueError, IndexError, RecursionError, MemoryError) as error:
        raise ReadFailure(f"is a damaged Office 97-2003 or Outlook file: {error}") from None
