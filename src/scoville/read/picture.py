"""A page of a file as a picture. Enters: a file, its media type, a page. Leaves: PNG and the page's size.

The file is not to be trusted, so a child process draws it.
"""

from pathlib import Path
from typing import NamedTuple

DRAWN = ("application/pdf", "image/")
"""The media types whose pages are pictures."""
RENDER_SECONDS = 30


class PagePicture(NamedTuple):
    """A rendered page: PNG, and its size in points."""

    png: bytes
    width: float
    height: float


def render_page(file: Path, media_type: str, number: int) -> PagePicture:
    """Draw a page, counted from 1; ReadFailure with the reason where it cannot be."""
    from scoville.read.ocr.page import Source
    from scoville.read.sandbox.children import CHILDREN
    from scoville.read.sandbox.frames import Task

    source = Source("image" if media_type.startswith("image/") else "pdf", str(file.resolve()))
    return PagePicture(*CHILDREN.do(Task("ocr.page", "png_of", (source, number), {}, RENDER_SECONDS), most=1))
