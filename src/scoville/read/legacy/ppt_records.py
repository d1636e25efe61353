"""The stream of a PPT file in, its tree of records out ([MS-PPT] 2.3.1)."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_WIDE, _NARROW = 4000, 4008


class Record(NamedTuple):
    """One record; a container holds others."""

    type: int
    instance: int
    is_container: bool
    data: bytes


def records(data: bytes) -> Iterator[Record]:
    """Give the records one after another."""
    at = 0
    while at + 8 <= len(data):
        record = record_at(data, at)
        yield record
        at += 8 + len(record.data)


def record_at(data: bytes, at: int) -> Record:
    """Give the record at a place; raises struct.error where none fits."""
    head, type, length = struct.unpack_from("<HHI", data, at)
    return Record(type, head >> 4, head & 0xF == 0xF, data[at + 8 : at + 8 + length])


def text_of(record: Record) -> str | None:
    """Give the text that a record is; None where it is none."""
    if record.type == _WIDE:
        return record.data.decode("utf-16-le", "replace")
    return record.data.decode("latin-1") if record.type == _NARROW else None
