"""Picture files in, their frames out: upright, in grey, at a size that OCR can read.

Looks at a file's header before it decodes anything: a small file can claim a picture of many gigabytes. Frames are
decoded in the child that reads them.
"""

import warnings
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from scoville.errors import ReadFailure

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
"""Pillow knows more, some of them by calling other programs."""
MOST_PIXELS = 25_000_000
REFUSED_PIXELS = 250_000_000
MOST_FRAMES = 2_000
_LEAST_SIDE = 8
_USUAL_DPI = (70, 1200)
"""Outside of this, a resolution in a file says nothing: cameras and programs write 1, or 72 for anything."""
_PAPER_INCHES = 11.0
_SHARP_SIDE = 1_000
"""Pixels: smaller pictures (screenshots, clippings) are enlarged, since OCR wants letters of 20 pixels and more."""


class Picture(NamedTuple):
    """A rendered page."""

    image: "Image"
    dpi: float
    width: float
    """In points."""
    height: float


def count_frames(path: str) -> tuple[int, str]:
    """Give the number of frames and the media type. Raises ReadFailure for what had better not be decoded."""
    with _open(path) as image:
        count = int(getattr(image, "n_frames", 1))
        media_type = f"image/{(image.format or '').lower()}"
        if image.format in {"GIF", "WEBP", "PNG", "MPO"}:
            count = 1  # an animation's first picture; a camera's preview is no second page
    if count > MOST_FRAMES:
        raise ReadFailure(f"has {count:,} pages, over {MOST_FRAMES:,}; split it")
    return count, media_type


def pixels_of(data: IO[bytes]) -> tuple[int, int]:
    """Give width and height of a picture. Raises ReadFailure for what had better not be decoded."""
    with _open(data) as image:
        return image.size


def open_frame(path: str | IO[bytes], number: int) -> Picture:
    """Decode a frame upright as its file says, on white, in grey."""
    from PIL import Image, ImageOps

    with _open(path) as image:
        try:
            image.seek(number - 1)
            _check(image)
            resolution = image.info.get("dpi", (0, 0))
            frame = ImageOps.exif_transpose(image)
            if frame.mode in {"RGBA", "LA", "PA"} or "transparency" in frame.info:
                frame = frame.convert("RGBA")
                frame = Image.alpha_composite(Image.new("RGBA", frame.size, "white"), frame)
            if frame.mode[:1] in {"I", "F"}:  # 16 bits and more: Pillow would cut them off at 255
                brightest: Any = frame.getextrema()[1]
                frame = frame.convert("F").point(lambda grey: grey * (255 / max(brightest, 255)))
            frame = frame.convert("L")
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise ReadFailure(f"is a damaged picture (cut off?): {' '.join(str(error).split())[:200]}") from None
    points = 72 / _dots_per_inch(frame, resolution)
    width, height = frame.width * points, frame.height * points
    frame = _resized(frame)
    return Picture(frame, frame.width / width * 72, width, height)


def _open(path: str | IO[bytes]) -> "Image":
    from PIL import Image

    # The limit below is ours; Pillow's is a warning first and an error at twice the size.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(path, formats=_FORMATS)
    except (OSError, ValueError, SyntaxError) as error:
        reason = " ".join(str(error).replace(str(path), "it").split())[:200]
        raise ReadFailure(f"is a damaged picture (cut off?): {reason}") from None
    _check(image)
    return image


def _check(image: "Image") -> None:
    width, height = image.size
    if width * height > REFUSED_PIXELS:
        raise ReadFailure(
            f"is {width:,} x {height:,} pixels, over {REFUSED_PIXELS:,}: not decoded; scale it down or split it"
        )
    if min(width, height) < _LEAST_SIDE:
        raise ReadFailure(f"is {width} x {height} pixels: too small to hold text")


def _dots_per_inch(frame: "Image", resolution: tuple[float, float]) -> float:
    """Give the resolution that the file tells, or the one at which the long side is a sheet's."""
    told = float(resolution[0] or 0)
    inches = max(frame.size) / told if told else 0
    if _USUAL_DPI[0] <= told <= _USUAL_DPI[1] and _PAPER_INCHES / 2 <= inches <= 2 * _PAPER_INCHES:
        return told
    return max(frame.size) / _PAPER_INCHES


def _resized(frame: "Image") -> "Image":
    from PIL import Image

    pixels = frame.width * frame.height
    if pixels > MOST_PIXELS:
        factor = (MOST_PIXELS / pixels) ** 0.5
    elif max(frame.size) < _SHARP_SIDE:
        factor = 2.0
    else:
        return frame
    size = (max(round(frame.width * factor), 1), max(round(frame.height * factor), 1))
    return frame.resize(size, Image.Resampling.LANCZOS)
