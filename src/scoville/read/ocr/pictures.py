"""Pictures inside a document in, the pieces that OCR reads from them in their places out.

A reader, in its child, collects them and puts an empty piece with a picture's number where it stands; once it is
through, the pictures are read side by side in child processes. Those without text leave nothing, for most pictures are
photos and logos. The same picture is read once: a letterhead stands on every slide.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, Picture, Piece
from scoville.read.ocr.route import is_large_enough
from scoville.read.office.package import Package, Relation
from scoville.read.sandbox.children import CHILDREN, process_count
from scoville.read.sandbox.frames import Task
from scoville.read.text.xml_tree import attribute, descendants
from scoville.types import Box, Region

if TYPE_CHECKING:
    from scoville.recipe import Read

MOST_PICTURES = 100
"""Of a file: at 1 s each, they take as long as all pages of a large one."""
_SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".tif", ".tiff", ".webp", ".bmp", ".gif")
"""The others are drawings (EMF, WMF, SVG)."""


Size = tuple[float, float]
"""Width and height in points."""


class Pictures:
    """Collects the pictures of one document that are to be read."""

    def __init__(self, wanted: bool, width: float, height: float) -> None:
        """The size is that of a page, in points."""
        self._wanted = wanted
        self._page = (width, height)
        self._seen: set[bytes] = set()
        self._left_out = 0
        self.held: list[Picture] = []

    def hold(self, find: Callable[[], bytes | None], size: Size | None, box: Box | None = None) -> int:
        """Give the number of a picture that is to be read, 0 for others.

        ``find`` gives its bytes; None where there are none, or those of a drawing. The size is that at which it is
        shown; without one, its pixels decide later whether it is large enough.
        """
        data = find() if self._wanted and (size is None or is_large_enough(*size, *self._page)) else None
        digest = hashlib.sha256(data).digest() if data else b""
        if not data or digest in self._seen:
            return 0
        self._seen.add(digest)
        if len(self.held) == MOST_PICTURES:
            self._left_out += 1
            return 0
        self.held.append(Picture(data, None if size else self._page, box))
        return len(self.held)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out."""
        over = f"{self._left_out} pictures were not searched for text: over {MOST_PICTURES} in a file"
        return (over,) if self._left_out else ()


def read_pictures(draft: ParsedFile, settings: "Read") -> ParsedFile:
    """Put what a draft's pictures say in their places."""
    deadline = monotonic() + settings.timeout_seconds
    warnings: list[str] = []

    def look(picture: Picture) -> Sequence[Piece]:
        try:
            return _recognise(picture, settings, deadline)
        except ReadFailure as failure:
            warnings.append(f"pictures were not searched for text: {failure}")
            return []

    with ThreadPoolExecutor(process_count(settings)) as threads:
        found = list(threads.map(look, draft.pictures))
    pieces: list[Piece] = []
    for piece in draft.pieces:
        number = piece.picture - 1
        pieces += (
            (_placed(new, piece, draft.pictures[number].box) for new in found[number]) if piece.picture else [piece]
        )
    return replace(draft, pieces=pieces, warnings=(*draft.warnings, *dict.fromkeys(warnings)))


def _recognise(picture: Picture, settings: "Read", deadline: float) -> Sequence[Piece]:
    limit = min(settings.page_timeout_seconds, deadline - monotonic())
    if limit <= 0:
        raise ReadFailure(f"all together take longer than read.timeout_seconds {settings.timeout_seconds}")
    arguments = (picture.data, settings.ocr_engine, settings.ocr_languages, picture.page)
    task = Task("ocr.page", "recognise_picture", arguments, {}, limit)
    return CHILDREN.do(task, most=process_count(settings))


def _placed(new: Piece, place: Piece, box: Box | None) -> Piece:
    regions = (Region(0, len(new.text), box),) if box and new.text and not new.rows else ()
    return replace(new, anchor=place.anchor, page=place.page, regions=regions, cell_boxes=())


def embedded(element: Any, package: Package, relations: Mapping[str, Relation]) -> bytes | None:
    """Give the picture that an element of Office Open XML shows, where it lies in the file and is not only linked."""
    shown = next(descendants(element, "blip"), None)
    relation = relations.get(attribute(shown, "embed")) if shown is not None else None
    return packed(package, relation.path) if relation else None


def packed(package: Package, name: str) -> bytes | None:
    """Give the picture that is a part of a package."""
    return package.read(name) if name.lower().endswith(_SUFFIXES) else None
