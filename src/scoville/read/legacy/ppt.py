"""PPT bytes (PowerPoint 97-2003) in, for each slide its title, texts, tables and notes out.

The file is a tree of records ([MS-PPT]); the texts of placeholders lie apart from the slides that show them. Which
version of a record holds, a chain of directories says, since saving only adds.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, Piece
from scoville.read.legacy.ole2 import ole2_properties, open_ole2
from scoville.read.legacy.ppt_records import Record, record_at, records, text_of
from scoville.read.legacy.ppt_table import GROUP, drawn_table
from scoville.types import ElementKind

_DOCUMENT, _SLIDE, _NOTES, _SLIDE_LIST, _PERSIST = 1000, 1006, 1008, 4080, 1011
_HEADER = 3999
_EDIT, _DIRECTORY = 4085, 6002
_TITLES = frozenset({0, 6})
_NOTE_TEXT = 2
_MOST_NESTED = 30
_MOST_EDITS = 10_000


class _Text(NamedTuple):
    kind: int
    text: str
    table: Piece | None = None
    """Takes the place of the text."""


def read_ppt(data: bytes) -> ParsedFile:
    """Read a PowerPoint 97-2003 presentation. Raises ReadFailure when it is damaged."""
    with open_ole2(data) as file:
        stream: bytes = file.openstream("PowerPoint Document").read()
        current: bytes = file.openstream("Current User").read() if file.exists("Current User") else b""
        title, metadata = ole2_properties(file)
    try:
        places = _directory(stream, current)
        document = next(
            (r for r in map(lambda place: record_at(stream, place), places.values()) if r.type == _DOCUMENT), None
        )
        if document is None:
            raise ReadFailure("is a damaged presentation: it lacks its document")
        slides = list(_slides(document, stream, places))
    except (struct.error, RecursionError) as error:
        raise ReadFailure(f"is a damaged presentation: {error}") from None
    pieces = [piece for number, texts in enumerate(slides, 1) for piece in _pieces(number, texts)]
    return ParsedFile(
        media_type="application/vnd.ms-powerpoint", pieces=pieces, title=title, pages=len(slides), metadata=metadata
    )


def _pieces(number: int, texts: list[_Text]) -> Iterator[Piece]:
    seen: set[str] = set()
    for kind, text, table in sorted(texts, key=lambda text: text.kind not in _TITLES):
        if table:
            yield replace(table, page=number, anchor=f"slide {number}")
        for paragraph in text.replace("\x0b", "\n").split("\r"):
            if not paragraph.strip() or paragraph.strip() == "*":  # the place of a number or date
                continue
            named: ElementKind = "heading" if kind in _TITLES else "callout" if kind == _NOTE_TEXT else "paragraph"
            if named == "heading" and paragraph in seen:
                continue
            seen.add(paragraph)
            level = 1 if named == "heading" else None
            anchor = f"slide {number}{' notes' if named == 'callout' else ''}"
            yield Piece(kind=named, text=paragraph, level=level, page=number, anchor=anchor)


def _slides(document: Record, stream: bytes, places: dict[int, int]) -> Iterator[list[_Text]]:
    """Give the texts of each slide: those of its placeholders, those drawn on it, those of its notes."""
    lists = [record for record in records(document.data) if record.type == _SLIDE_LIST]
    notes = {number: id for id, number in _entries(lists, 2)}
    for (slide_id, number), texts in _outline(next((record for record in lists if record.instance == 0), None)):
        place = places.get(number)
        drawn = list(_texts(record_at(stream, place).data, 0)) if place is not None else []
        known = {text.text for text in texts}
        found = [*texts, *(text for text in drawn if text.table or text.text not in known)]
        for note in notes:
            if (place := places.get(note)) is not None and _notes_of(record_at(stream, place).data) == slide_id:
                found += [text for text in _texts(record_at(stream, place).data, 0) if text.kind == _NOTE_TEXT]
        yield found


def _entries(lists: list[Record], instance: int) -> Iterator[tuple[int, int]]:
    for record in lists:
        if record.instance == instance:
            yield from (key for key, _ in _outline(record))


def _outline(slide_list: Record | None) -> Iterator[tuple[tuple[int, int], list[_Text]]]:
    """Give id and number of each slide in order, with the texts of its placeholders."""
    key: tuple[int, int] | None = None
    texts: list[_Text] = []
    kind = 4
    for record in records(slide_list.data) if slide_list else ():
        if record.type == _PERSIST:
            if key:
                yield key, texts
            number, _, _, id = struct.unpack_from("<IIiI", record.data)
            key, texts = (id, number), []
        elif record.type == _HEADER:
            (kind,) = struct.unpack_from("<I", record.data)
        elif (text := text_of(record)) is not None:
            texts.append(_Text(kind, text))
    if key:
        yield key, texts


def _notes_of(data: bytes) -> int:
    """Give the id of the slide that notes belong to."""
    atom = next((record for record in records(data) if record.type == 1009), None)
    return struct.unpack_from("<I", atom.data)[0] if atom else -1


def _texts(data: bytes, depth: int) -> Iterator[_Text]:
    kind = 4
    for record in records(data):
        if record.type == _HEADER:
            (kind,) = struct.unpack_from("<I", record.data)
        elif (text := text_of(record)) is not None:
            yield _Text(kind, text)
        elif record.type == GROUP and (table := drawn_table(record)):
            yield _Text(4, "", table)
        elif (record.is_container or record.type == 0xF00D) and depth < _MOST_NESTED:
            yield from _texts(record.data, depth + 1)


def _directory(stream: bytes, current: bytes) -> dict[int, int]:
    """Give the place of each numbered record, newest first."""
    places: dict[int, int] = {}
    (edit,) = struct.unpack_from("<I", current, 16)
    for _ in range(_MOST_EDITS):
        record = record_at(stream, edit)
        if record.type != _EDIT:
            break
        _, _, before, directory = struct.unpack_from("<IIII", record.data)
        entries, at = record_at(stream, directory).data, 0
        while at + 4 <= len(entries):
            (head,) = struct.unpack_from("<I", entries, at)
            first, count = head & 0xFFFFF, head >> 20
            for number, (place,) in enumerate(struct.iter_unpack("<I", entries[at + 4 : at + 4 + 4 * count])):
                places.setdefault(first + number, place)
            at += 4 + 4 * count
        if not before:
            break
        edit = before
    return places
