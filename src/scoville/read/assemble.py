"""Typed pieces in, one Document out: texts joined by blank lines, spans, heading paths, table text, regions.

The only place that computes spans. Does not know formats: a reader gives pieces in reading order. Page headers,
footers and the labels of charts go behind the body, so that a passage which runs over them is one slice of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scoville.errors import ReadFailure
from scoville.read.clean import clean, clean_line
from scoville.types import Box, Document, Element, ElementKind, Merged, Metadata, Region, Scalar

JOINT = "\n\n"
FURNITURE = {"header", "footer", "chart"}
"""What no passage holds, since it says nothing in the order of its words."""
TITLE_CHARACTERS = 300
MOST_PADDED = 5_000_000
"""Cells: in a larger table, short rows stay short."""
MediaType = str


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One typed piece of a document, before it has a place in the document's text."""

    kind: ElementKind
    text: str = ""
    """Empty for tables, whose text is made of their rows."""
    page: int | None = None
    level: int | None = None
    anchor: str | None = None
    regions: tuple[Region, ...] = ()
    """Spans count characters of ``text``, which is clean already where there are regions."""
    rows: tuple[tuple[str, ...], ...] = ()
    header_rows: int = 0
    merged: tuple[Merged, ...] = ()
    cell_boxes: tuple[tuple[Box | None, ...], ...] = ()
    """For each cell of ``rows`` where it is printed; empty where unknown."""
    picture: int = 0
    """Counts a document's pictures from 1: what is read from that one takes the place of this piece."""


class Part(NamedTuple):
    """A file inside a file: an attachment of a mail, a message of a mailbox. It is read as a document of its own."""

    name: str
    """Names it within its container; its suffix may help to recognise it."""
    data: bytes
    metadata: Metadata = {}
    """Added to that of its document: the subject of the mail it came with."""


class Picture(NamedTuple):
    """A picture inside a document, that OCR may read."""

    data: bytes
    page: tuple[float, float] | None
    """The size of what it is shown on, in points, where its pixels have to say whether it is large; else None."""
    box: Box | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedFile:
    """What a reader of one format makes of a file."""

    media_type: MediaType
    pieces: Sequence[Piece]
    title: str | None = None
    """The title that the file gives itself; None: the first heading; empty: the file's name, whatever its headings."""
    pages: int = 0
    metadata: Metadata = field(default_factory=dict[str, Scalar])
    warnings: tuple[str, ...] = ()
    parts: Sequence[Part] = ()
    pictures: Sequence[Picture] = ()
    """What the pieces' ``picture`` count."""


class _Placed(NamedTuple):
    text: str
    regions: tuple[Region, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    row_spans: tuple[tuple[int, int], ...] = ()


def assemble(draft: ParsedFile, *, id: str, source: str, name: str, max_characters: int) -> Document:
    """Join the pieces to a document; ``name`` is the title of last resort.

    Raises ReadFailure when there is no text, or more than ``max_characters``.
    """
    elements: list[Element] = []
    texts: list[str] = []
    above: list[tuple[int, str]] = []
    offset = 0
    for piece in sorted(draft.pieces, key=lambda piece: piece.kind in FURNITURE):
        placed = _place(piece)
        if not placed.text.strip():
            continue
        headings = _enter(piece, placed.text, above)
        elements.append(_element(piece, placed, offset, headings))
        texts.append(placed.text)
        offset += len(placed.text) + len(JOINT)
    if not elements:
        raise ReadFailure("has no text")
    check_length(offset - len(JOINT), max_characters)
    return Document(
        id=id,
        source=source,
        media_type=draft.media_type,
        title=_title(draft, elements, texts) or clean_line(name) or source,
        text=JOINT.join(texts),
        elements=tuple(elements),
        pages=draft.pages,
        metadata=draft.metadata,
        warnings=draft.warnings,
    )


def check_length(characters: int, limit: int) -> None:
    """Raise ReadFailure when a text is longer than read.max_characters."""
    if characters > limit:
        raise ReadFailure(
            f"has {characters:,} characters, over read.max_characters {limit:,}; "
            "raise it in the recipe or split the file"
        )


def _place(piece: Piece) -> _Placed:
    if piece.rows:
        return _place_table(piece)
    if piece.regions:
        return _Placed(piece.text, piece.regions)
    if piece.kind in {"heading", "title"}:
        return _Placed(clean_line(piece.text))
    lines = (line.rstrip() for line in clean(piece.text).split("\n"))
    return _Placed("\n".join(lines).strip("\n"))


def _place_table(piece: Piece) -> _Placed:
    """Write a table with pipes, one row per line, a rule below the header rows."""
    width = max(map(len, piece.rows))
    if width * len(piece.rows) > MOST_PADDED:  # one row of 100,000 cells above 100,000 short ones
        width = 0
    rows = tuple(tuple(clean_line(cell) for cell in (*row, *[""] * (width - len(row)))) for row in piece.rows)
    if not any(map(any, rows)):
        return _Placed("")
    lines: list[str] = []
    spans: list[tuple[int, int]] = []
    regions: list[Region] = []
    offset = 0
    for number, row in enumerate(rows):
        line = f"| {' | '.join(row)} |"
        boxes = piece.cell_boxes[number] if piece.cell_boxes else ()
        regions += _cell_regions(row, boxes, offset)
        spans.append((offset, offset + len(line)))
        if number + 1 == piece.header_rows:
            line += "\n|" + " --- |" * len(row)
        lines.append(line)
        offset += len(line) + 1
    return _Placed("\n".join(lines), tuple(regions), rows, tuple(spans))


def _cell_regions(row: Sequence[str], boxes: Sequence[Box | None], start: int) -> list[Region]:
    regions: list[Region] = []
    start += len("| ")
    for cell, box in zip(row, boxes, strict=False):
        if cell and box:
            regions.append(Region(start, start + len(cell), box))
        start += len(cell) + len(" | ")
    return regions


def _enter(piece: Piece, text: str, above: list[tuple[int, str]]) -> tuple[str, ...]:
    """Give the path of headings above a piece and, when it is a heading itself, make it part of the path."""
    if piece.kind == "title":
        above.clear()
    elif piece.kind == "heading":
        level = piece.level or 1
        while above and above[-1][0] >= level:
            above.pop()
        path = tuple(heading for _, heading in above)
        above.append((level, " ".join(text.split())))
        return path
    return tuple(heading for _, heading in above)


def _element(piece: Piece, placed: _Placed, offset: int, headings: tuple[str, ...]) -> Element:
    return Element(
        kind=piece.kind,
        start=offset,
        end=offset + len(placed.text),
        page=piece.page,
        level=piece.level,
        headings=headings,
        regions=tuple(Region(start + offset, end + offset, box) for start, end, box in placed.regions),
        rows=placed.rows,
        row_spans=tuple((start + offset, end + offset) for start, end in placed.row_spans),
        header_rows=min(piece.header_rows, len(placed.rows)),
        merged=piece.merged if placed.rows else (),
        anchor=piece.anchor,
    )


def _title(draft: ParsedFile, elements: Sequence[Element], texts: Sequence[str]) -> str:
    given = clean_line(draft.title or "")
    for element, text in zip(elements, texts, strict=True):
        if given or draft.title is not None:
            break
        if element.kind in {"title", "heading"}:
            given = " ".join(text.split())
    return given[:TITLE_CHARACTERS]
