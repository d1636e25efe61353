"""Pictures inside a document in, the pieces that OCR reads from them in their places out.

A reader puts an empty piece where a picture stands; once it is through, the pictures are read side by side in child
processes. Those without text leave nothing, for most pictures are photos and logos. The same picture is read once:
a letterhead stands on every slide. Does not know formats of documents.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import Piece
from scoville.read.children import CHILDREN
from scoville.read.ocr_route import is_large_enough
from scoville.read.pdf_child import Task
from scoville.read.xml_tree import attribute, descendants
from scoville.types import Box, Region

if TYPE_CHECKING:
    from scoville.recipe import Read

MOST_PICTURES = 100
"""Of a file: at 1 s each, they take as long as all pages of a large one."""
_SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".tif", ".tiff", ".webp", ".bmp", ".gif")
"""The others are drawings (EMF, WMF, SVG)."""


class _Held(NamedTuple):
    place: Piece
    data: bytes
    box: Box | None


class Pictures:
    """The pictures of one document."""

    def __init__(self, settings: "Read | None", width: float, height: float) -> None:
        """Without settings nothing is read; the size is that of a page, in points."""
        self._settings = settings if settings and settings.ocr != "never" else None
        self._page = (width, height)
        self._held: dict[int, _Held] = {}
        self._seen: set[bytes] = set()
        self._left_out = 0
        self.warnings: list[str] = []

    def hold(self, place: Piece, element: Any, part: Any, width: float, height: float, box: Box | None = None) -> bool:
        """Say whether the picture that an element shows is to be read, and remember it for this place."""
        data = _embedded(element, part) if self._settings and is_large_enough(width, height, *self._page) else None
        digest = hashlib.sha256(data).digest() if data else b""
        if not data or digest in self._seen:
            return False
        self._seen.add(digest)
        if len(self._held) == MOST_PICTURES:
            self._left_out += 1
            return False
        self._held[id(place)] = _Held(place, data, box)
        return True

    def read(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Put what the pictures say in their places."""
        settings = self._settings
        if settings is None or not self._held:
            return list(pieces)
        processes = settings.processes or os.cpu_count() or 1
        deadline = monotonic() + settings.timeout_seconds

        def look(held: _Held) -> list[Piece]:
            try:
                return [_placed(new, held) for new in _recognise(held.data, settings, processes, deadline)]
            except ReadFailure as failure:
                self.warnings.append(f"pictures were not searched for text: {failure}")
                return []

        with ThreadPoolExecutor(processes) as threads:
            found = dict(zip(self._held, threads.map(look, self._held.values()), strict=True))
        if self._left_out:
            self.warnings.append(
                f"{self._left_out} pictures were not searched for text: over {MOST_PICTURES} in a file"
            )
        self.warnings = list(dict.fromkeys(self.warnings))
        return [one for piece in pieces for one in found.get(id(piece), [piece])]


def _recognise(data: bytes, settings: "Read", processes: int, deadline: float) -> Sequence[Piece]:
    limit = min(settings.page_timeout_seconds, deadline - monotonic())
    if limit <= 0:
        raise ReadFailure(f"all together take longer than read.timeout_seconds {settings.timeout_seconds}")
    task = Task("ocr_page", "recognise_picture", (data, settings.ocr_engine, settings.ocr_languages), {}, limit)
    return CHILDREN.do(task, most=processes)


def _placed(new: Piece, held: _Held) -> Piece:
    regions = (Region(0, len(new.text), held.box),) if held.box and new.text and not new.rows else ()
    return replace(new, anchor=held.place.anchor, page=held.place.page, regions=regions, cell_boxes=())


def _embedded(element: Any, part: Any) -> bytes | None:
    """Give the picture that lies in the file, not one that is only linked."""
    shown = next(descendants(element, "blip"), None)
    relation = part.rels.get(attribute(shown, "embed")) if shown is not None else None
    if relation is None or relation.is_external:
        return None
    target = relation.target_part
    return bytes(target.blob) if str(target.partname).lower().endswith(_SUFFIXES) else None
