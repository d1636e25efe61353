"""A page that was read as a picture and two models in, its layout out: kinds and tables as they look.

Words in a table's region become its cells by the structure that a model sees; the other words are laid out like those
of any PDF, and their blocks take the kinds of the regions in which they stand. Runs in a child, which keeps the models.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scoville.errors import ModelError, ModelUnavailable
from scoville.read.grid import Cell, lay_out
from scoville.read.ocr.engine import Upright
from scoville.read.ocr.layout import lay_out_words
from scoville.read.ocr.regions import Label, Region, RegionFinder
from scoville.read.ocr.rules import find_rules
from scoville.read.ocr.seen import SeenWord
from scoville.read.ocr.slanet import TableCell, TableCells, TableReader
from scoville.read.pdf.lines import PlacedText, Rectangle, union
from scoville.types import ElementKind

if TYPE_CHECKING:
    from scoville.read.pdf.page import Block, Page

_MARGIN = 4.0
"""Pixels around a table: the model wants to see its frame."""
_FEWEST = 2
"""Rows, and columns, of a table."""
_WITHIN = 0.6
"""Of a block: what must lie in a region for the block to be what the region is."""
_RULES_ACROSS, _RULES_DOWN = 3, 2
"""Of a table; with as many, rulings part all its rows and columns, or nearly."""
_SAME_TABLE = 0.3
_HEADING_CHARACTERS = 300
_KINDS: dict[Label, ElementKind] = {
    "title": "heading",
    "figure": "figure",
    "figure caption": "caption",
    "table caption": "caption",
}
"""Headers and footers are left to flow, which sees all pages: the model took titles for them, and their text was
lost to search (NID .936 with them, .941 without)."""


class ScanModels(NamedTuple):
    """The weights of the models."""

    regions: Path
    tables: Path


class FoundModels(NamedTuple):
    """The models, or why they are missing."""

    models: ScanModels | None = None
    reason: str = ""
    """Empty where they are not missed."""


def find_models(*, fetch: bool) -> FoundModels:
    """Find the models in the cache; ``fetch`` gets those that are not there, once in a process."""
    from scoville.models import cache_root

    found = _locate(fetch=False)
    return _fetch(cache_root()) if fetch and not found.models else found


@cache
def _fetch(_cache_root: Path) -> FoundModels:
    """Fetch once for a cache: without a network, each of many scans would wait for it."""
    return _locate(fetch=True)


def _locate(*, fetch: bool) -> FoundModels:
    from scoville.models import locate_model

    try:
        regions = locate_model("scan-regions", kind="layout", download=fetch).weights
        return FoundModels(ScanModels(regions, locate_model("scan-tables", kind="table", download=fetch).weights))
    except ModelError as error:
        missed = fetch or not isinstance(error, ModelUnavailable)
        return FoundModels(reason=str(error) if missed else "")


def lay_out_scan(
    number: int, read: Upright, dots_per_inch: float, width: float, height: float, models: ScanModels
) -> "Page":
    """Lay out an upright page of this size in points."""
    from scoville.read.pdf.page import insert_block

    finder, reader = _open(models)
    page = lay_out_words(number, read, dots_per_inch, width, height)
    regions = finder.find(read.image)
    found: list[Block] = []
    for region in _unruled(regions, [block.box for block in page.blocks if block.kind == "table"], read, dots_per_inch):
        box = _with_margin(region.box, read)
        inside = [word for line in read.lines for word in line if box.holds(word.box.x, word.box.y)]
        structure = reader.read(read.image.crop(tuple(map(round, box))))  # pyright: ignore[reportArgumentType]
        if block := table_block(number, box, inside, structure):
            found.append(block.moved(lambda box: _points(box, dots_per_inch)))
            rest = ([word for word in line if not box.holds(word.box.x, word.box.y)] for line in read.lines)
            read = read._replace(lines=[line for line in rest if line])
    if found:
        page = lay_out_words(number, read, dots_per_inch, width, height)
    placed = [region._replace(box=_points(region.box, dots_per_inch)) for region in regions]
    page.blocks = [as_seen(block, placed) for block in page.blocks]
    for block in found:
        insert_block(page.blocks, block)
    return page


def _unruled(
    regions: Sequence[Region], known: Sequence[Rectangle], read: Upright, dots_per_inch: float
) -> list[Region]:
    """Give the tables but those whose cells' rulings told the cells already: what is drawn is surer than a model."""
    tables = [region for region in regions if region.label == "table"]
    rules = find_rules(read.image, dots_per_inch) if tables and known else []
    unruled: list[Region] = []
    for table in tables:
        place = _points(table.box, dots_per_inch)
        inside = [rule for rule in rules if rule.overlap(table.box)]
        down = sum(rule.upright for rule in inside)
        ruled = len(inside) - down >= _RULES_ACROSS and down >= _RULES_DOWN
        if not ruled or all(place.overlap(box) < _SAME_TABLE * place.area for box in known):
            unruled.append(table)
    return unruled


@cache
def _open(models: ScanModels) -> tuple[RegionFinder, TableReader]:
    return RegionFinder(models.regions), TableReader(models.tables)


def table_block(number: int, box: Rectangle, words: Sequence[SeenWord], structure: TableCells) -> "Block | None":
    """Fill a table's cells, which are placed from the corner of ``box``, with words; None where it is no table."""
    from scoville.read.pdf.page import Block

    cells = [cell._replace(box=_moved(cell.box, box)) for cell in structure.cells]
    if not words or len({cell.row for cell in cells}) < _FEWEST:
        return None
    contents = _contents(words, cells)
    rows: list[list[Cell]] = [[] for _ in range(cells[-1].row + 1)]
    for index, cell in enumerate(cells):
        rows[cell.row].append(Cell(str(index), cell.columns, cell.rows))
    header_rows = min(structure.header_rows, len(rows) - 1)
    grid = lay_out(rows, header_rows)
    columns = max(map(len, grid.rows))
    if columns < _FEWEST:
        return None
    found = [[contents.get(index) for index in (*row, *[""] * (columns - len(row)))] for row in grid.rows]
    return Block(
        "table",
        number,
        box,
        PlacedText(" ".join(word.text for word in words), [], []),
        rows=tuple(tuple(" ".join(word.text for word in cell or ()) for cell in row) for row in found),
        header_rows=header_rows,
        merged=grid.merged,
        cell_boxes=tuple(tuple(union(word.box for word in cell) if cell else None for cell in row) for row in found),
    )


def _contents(words: Sequence[SeenWord], cells: Sequence[TableCell]) -> Mapping[str, list[SeenWord]]:
    """Give each word to the cell that it lies in most, else to the nearest; by the cells' numbers."""
    contents: dict[str, list[SeenWord]] = defaultdict(list)
    for word in words:

        def fit(index: int, box: Rectangle = word.box) -> tuple[float, float]:
            cell = cells[index].box
            far = max(cell.x0 - box.x, box.x - cell.x1, 0) + max(cell.y0 - box.y, box.y - cell.y1, 0)
            return box.overlap(cell), -far

        contents[str(max(range(len(cells)), key=fit))].append(word)
    return contents


def as_seen(block: "Block", regions: Sequence[Region]) -> "Block":
    """Give a block the kind of the region in which it stands."""
    if block.kind in {"table", "title"} or not regions:
        return block
    within = max(regions, key=lambda region: block.box.overlap(region.box))
    kind = _KINDS.get(within.label)
    if kind in {None, block.kind} or block.box.overlap(within.box) < _WITHIN * block.box.area:
        return block
    if kind == "heading" and len(block.text) > _HEADING_CHARACTERS:
        return block
    return replace(block, kind=kind, level=1 if kind == "heading" else None)


def _points(box: Rectangle, dots_per_inch: float) -> Rectangle:
    return Rectangle(*(round(edge * 72 / dots_per_inch, 2) for edge in box))


def _with_margin(box: Rectangle, read: Upright) -> Rectangle:
    width, height = read.image.size
    return Rectangle(
        max(box.x0 - _MARGIN, 0), max(box.y0 - _MARGIN, 0), min(box.x1 + _MARGIN, width), min(box.y1 + _MARGIN, height)
    )


def _moved(box: Rectangle, by: Rectangle) -> Rectangle:
    return Rectangle(box.x0 + by.x0, box.y0 + by.y0, box.x1 + by.x0, box.y1 + by.y0)
