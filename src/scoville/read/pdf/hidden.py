"""An open page in, the text on it that nobody can see out, with its rectangles.

Text in the invisible mode or in white is only under suspicion: it is hidden when the rendered page shows one flat
colour where it stands. So the text layer of a scan stays, as does white print on a dark box, and shading needs no
understanding. Does not know liteparse; rectangles are points, origin at the top left of the page as shown.
"""

import ctypes
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.read.pdf.lines import Rectangle, union

if TYPE_CHECKING:
    import numpy as np
    import pypdfium2

_INVISIBLE = frozenset({3, 7})
_WHITE = 250
_FLAT = 12
"""Levels of grey by which a flat place may vary."""
_SCALE = 1.5
_LEAST = 2.0


class Hidden(NamedTuple):
    """A piece of text that is written on a page and not seen there."""

    box: Rectangle
    text: str


def hidden_text(page: "pypdfium2.PdfPage", words: "pypdfium2.PdfTextPage") -> list[Hidden]:
    """Give the hidden text of a page, whose text is ``words``."""
    suspects = _suspects(page, words)
    return _flat(page, suspects) if suspects else []


def _suspects(page: "pypdfium2.PdfPage", words: "pypdfium2.PdfTextPage") -> list[Hidden]:
    """Give the pieces of invisible, transparent and white text; none where all text is so: the layer of a scan."""
    from pypdfium2 import raw

    suspects: list[Any] = []
    plain = pictures = 0
    colour = [ctypes.c_uint() for _ in range(4)]
    for index in range(raw.FPDFPage_CountObjects(page)):
        item = raw.FPDFPage_GetObject(page, index)
        kind = raw.FPDFPageObj_GetType(item)
        pictures += kind == raw.FPDF_PAGEOBJ_IMAGE
        if kind != raw.FPDF_PAGEOBJ_TEXT:
            continue
        raw.FPDFPageObj_GetFillColor(item, *colour)
        white = all([value.value >= _WHITE for value in colour[:3]])
        if white or colour[3].value == 0 or raw.FPDFTextObj_GetTextRenderMode(item) in _INVISIBLE:
            suspects.append(item)
        else:
            plain += 1
    return [*_written(page, words, suspects)] if suspects and (plain or not pictures) else []


def _written(page: "pypdfium2.PdfPage", words: "pypdfium2.PdfTextPage", items: Iterable[Any]) -> Iterator[Hidden]:
    from pypdfium2 import raw

    for item in items:
        length = raw.FPDFTextObj_GetText(item, words, None, 0)  # bytes of UTF-16, with a zero at the end
        written = (ctypes.c_ushort * (length // 2))()
        raw.FPDFTextObj_GetText(item, words, written, length)
        text = bytes(written).decode("utf-16-le", "replace").rstrip("\0")
        if text.strip():  # else there is nothing to hide, and no need to draw the page
            yield Hidden(_rectangle(page, item), text)


def _rectangle(page: "pypdfium2.PdfPage", item: Any) -> Rectangle:
    """Give an object's rectangle on the page as shown."""
    from pypdfium2 import raw

    edges = [ctypes.c_float() for _ in range(4)]
    raw.FPDFPageObj_GetBounds(item, *edges)
    left, bottom, right, top = (edge.value for edge in edges)
    width, height = page.get_size()
    corners: list[tuple[float, float]] = []
    for x, y in ((left, bottom), (right, top)):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, int(width * 10), int(height * 10), 0, x, y, across, down)
        corners.append((across.value / 10, down.value / 10))
    (x0, x1), (y0, y1) = sorted(x for x, _ in corners), sorted(y for _, y in corners)
    return Rectangle(x0, y0, x1, y1)


def _flat(page: "pypdfium2.PdfPage", places: Iterable[Hidden]) -> list[Hidden]:
    """Keep the pieces where the rendered page shows one colour."""
    scale: Any = _SCALE  # annotated as int, documented as float
    places = [place for place in places if min(place.box.width, place.box.height) >= _LEAST]  # smaller ones are spaces
    if not places:
        return []
    width, height = (math.ceil(_SCALE * side) for side in page.get_size())
    around = union(place.box for place in places)
    left, top = _within(around.x0, width - 1), _within(around.y0, height - 1)
    right, bottom = max(_within(around.x1, width - 1), left) + 1, max(_within(around.y1, height - 1), top) + 1
    beside: Any = [(pixels - 0.5) / _SCALE for pixels in (left, height - bottom, width - right, top)]  # rounded up
    image: np.ndarray = page.render(scale=scale, grayscale=True, crop=beside).to_numpy()
    flat: list[Hidden] = []
    for place in places:
        x0, y0, x1, y1 = (int(_SCALE * edge) for edge in place.box)
        part = image[max(y0 - top, 0) : max(y1 + 1 - top, 0), max(x0 - left, 0) : max(x1 + 1 - left, 0)]
        if not part.size or int(part.max()) - int(part.min()) <= _FLAT:
            flat.append(place)
    return flat


def _within(edge: float, most: int) -> int:
    return min(max(int(_SCALE * edge), 0), most)
