"""Pictures inside a document in, the pieces that OCR reads from them in their places out.

A reader puts an empty piece with a picture's number where it stands; once it is through, the pictures are read side
by side in child processes. Those without text leave nothing, for most pictures are photos and logos. The same picture
is read once: a letterhead stands on every slide.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.assemble import Piece
from scoville.read.ocr.route import is_large_enough
from scoville.read.office.package import Package
from scoville.read.sandbox.child import Task
from scoville.read.sandbox.children import CHILDREN, process_count
from scoville.read.text.xml_tree import attribute, descendants
from scoville.types import Box, Region

if TYPE_CHECKING:
    from scoville.recipe import Read

MOST_PICTURES = 100
"""Of a file: at 1 s each, they take as long as all pages of a large one."""
_SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".tif", ".tiff", ".webp", ".bmp", ".gif")
"""The others are drawings (EMF, WMF, SVG)."""


Picture = Callable[[], bytes | None]
"""Gives a picture's bytes once it is to be read; None where there are none, or those of a drawing."""
Size = tuple[float, float]
"""Width and height in points."""


class _Held(NamedTuple):
    data: bytes
    has_size: bool
    box: Box | None


class Pictures:
    """The pictures of one document."""

    def __init__(self, settings: "Read | None", width: float, height: float) -> None:
        """Without settings nothing is read; the size is that of a page, in points."""
        self._settings = settings if settings and settings.ocr != "never" else None
        self._page = (width, height)
        self._held: list[_Held] = []
        self._seen: set[bytes] = set()
        self._left_out = 0
        self.warnings: list[str] = []

    def hold(self, picture: Picture, size: Size | None, box: Box | None = None) -> int:
        """Give the number of a picture that is to be read, 0 for others.

        The size is that at which it is shown; without one, its pixels decide later whether it is large enough.
        """
        data = picture() if self._settings and (size is None or is_large_enough(*size, *self._page)) else None
        digest = hashlib.sha256(data).digest() if data else b""
        if not data or digest in self._seen:
            return 0
        self._seen.add(digest)
        if len(self._held) == MOST_PICTURES:
            self._left_out += 1
            return 0
        self._held.append(_Held(data, size is not None, box))
        return len(self._held)

    def read(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Put what the pictures say in their places."""
        settings = self._settings
        if settings is None or not self._held:
            return list(pieces)
        processes = process_count(settings)
        deadline = monotonic() + settings.timeout_seconds

        def look(held: _Held) -> Sequence[Piece]:
            try:
                return self._recognise(held, settings, processes, deadline)
            except ReadFailure as failure:
                self.warnings.append(f"pictures were not searched for text: {failure}")
                return []

        with ThreadPoolExecutor(processes) as threads:
            found = list(threads.map(look, self._held))
        if self._left_out:
            self.warnings.append(
                f"{self._left_out} pictures were not searched for text: over {MOST_PICTURES} in a file"
            )
        self.warnings = list(dict.fromkeys(self.warnings))
        read: list[Piece] = []
        for piece in pieces:
            held = piece.picture - 1
            read += (_placed(new, piece, self._held[held].box) for new in found[held]) if piece.picture else [piece]
        return read

    def _recognise(self, held: _Held, settings: "Read", processes: int, deadline: float) -> Sequence[Piece]:
        limit = min(settings.page_timeout_seconds, deadline - monotonic())
        if limit <= 0:
            raise ReadFailure(f"all together take longer than read.timeout_seconds {settings.timeout_seconds}")
        arguments = (held.data, settings.ocr_engine, settings.ocr_languages, None if held.has_size else self._page)
        return CHILDREN.do(Task("ocr.page", "recognise_picture", arguments, {}, limit), most=processes)


def _placed(new: Piece, place: Piece, box: Box | None) -> Piece:
    regions = (Region(0, len(new.text), box),) if box and new.text and not new.rows else ()
    return replace(new, anchor=place.anchor, page=place.page, regions=regions, cell_boxes=())


def embedded(element: Any, part: Any) -> bytes | None:
    """Give the picture that an element of Office Open XML shows, where it lies in the file and is not only linked."""
    shown = next(descendants(element, "blip"), None)
    relation = part.rels.get(attribute(shown, "embed")) if shown is not None else None
    if relation is None or relation.is_external:
        return None
    target = relation.target_part
    return bytes(target.blob) if str(target.partname).lower().endswith(_SUFFIXES) else None


def packed(package: Package, name: str) -> bytes | None:
    """Give the picture that is a part of a package."""
    return package.read(name) if name.lower().endswith(_SUFFIXES) else None
