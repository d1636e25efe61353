"""PDF bytes in, a ParsedFile out, by way of docling, which the user installs with its models.

Runs in a child, like every reader. Does not know geometry.
"""

import io
from typing import Any

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, Piece
from scoville.types import Box, ElementKind, Region

_KINDS: dict[str, ElementKind] = {
    "title": "title", "section_header": "heading", "list_item": "list_item", "code": "code", "caption": "caption",
    "footnote": "footnote", "page_header": "header", "page_footer": "footer",
}  # fmt: skip


def read_with_docling(data: bytes, password: str | None, max_megabytes: int) -> ParsedFile:
    """Read a PDF as docling does by default. Raises ReadFailure when docling is not installed or fails."""
    try:
        from docling.datamodel.base_models import DocumentStream  # pyright: ignore[reportMissingImports]
        from docling.document_converter import DocumentConverter  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ReadFailure(
            f"read.pdf is 'docling', which cannot be imported ({error}): `pip install docling`, or set it to 'auto'"
        ) from None
    if password:
        raise ReadFailure("is read by docling, which takes no password here; set read.pdf to 'auto'")
    stream = DocumentStream(name="file.pdf", stream=io.BytesIO(data))
    document: Any = DocumentConverter().convert(stream, max_file_size=max_megabytes * 1_000_000).document
    pieces = [piece for item, level in document.iterate_items() if (piece := _piece(item, level, document))]
    return ParsedFile(media_type="application/pdf", pieces=pieces, pages=len(document.pages))


def _piece(item: Any, level: int, document: Any) -> Piece | None:
    kind = _KINDS.get(str(getattr(item.label, "value", item.label)), "paragraph")
    box = _box(item, document)
    if hasattr(item, "export_to_dataframe"):
        cells: list[list[Any]] = item.data.grid
        return Piece(
            kind="table",
            page=box and box.page,
            rows=tuple(tuple(str(cell.text) for cell in row) for row in cells),
            header_rows=sum(1 for row in cells if row and all(cell.column_header for cell in row)),
            cell_boxes=tuple(tuple(box for _ in row) for row in cells),
        )
    text = str(getattr(item, "text", "")).strip()
    if not text:
        return None
    regions = (Region(0, len(text), box),) if box else ()
    heading_level = int(getattr(item, "level", None) or 1) if kind == "heading" else None
    depth = level if kind == "list_item" else heading_level
    return Piece(kind=kind, text=text, page=box and box.page, level=depth, regions=regions)


def _box(item: Any, document: Any) -> Box | None:
    """Give the first place of an item, which docling counts from the bottom left."""
    if not getattr(item, "prov", None):
        return None
    place = item.prov[0]
    box = place.bbox.to_top_left_origin(page_height=document.pages[place.page_no].size.height)
    return Box(place.page_no, round(box.l, 2), round(box.t, 2), round(box.r, 2), round(box.b, 2))
