"""A citation as a picture: the page that it names, with its words boxed.

Enters: a citation and the workspace that its document came from. Leaves: a PIL image. Only files are drawn that are
still what was read: a page of a changed file would show other words in the box.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scoville.errors import ReadFailure, UsageError
from scoville.index import Workspace
from scoville.read.picture import DRAWN, PagePicture, render_page
from scoville.types import Answer, Box, Citation

if TYPE_CHECKING:
    from PIL.Image import Image

COLOUR = (211, 47, 47)


@dataclass(frozen=True, kw_only=True)
class PageOpener:
    """Opens the page of a citation of one document."""

    workspace: Workspace
    source: str
    document_id: str
    media_type: str

    def __call__(self, citation: Citation) -> "Image":
        """Draw the page with the words boxed; UsageError, with the reason, where it cannot be drawn."""
        from PIL import Image

        boxes = [box for box in citation.boxes if box.page == citation.page]
        return Image.open(io.BytesIO(boxed(self.picture(citation.page), boxes)))

    def picture(self, page: int | None) -> PagePicture:
        """Draw a page as it is."""
        if page is None or not self.media_type.startswith(DRAWN):
            raise UsageError(f"{self.source} has no pages that can be drawn: its quote is in citation.quote")
        file = self.workspace.path_of(self.source)
        if not file.is_file():
            raise UsageError(f"{self.source} is no file on this machine: pages of PDF files and pictures are drawn")
        if hashlib.sha256(file.read_bytes()).hexdigest() != self.document_id:
            raise UsageError(f"{self.source} has changed since it was read: add it again, and ask again")
        try:
            return render_page(file, self.media_type, page)
        except ReadFailure as failure:
            raise UsageError(f"page {page} of {self.source} cannot be drawn: {failure}") from None


def with_images(answer: Answer, workspace: Workspace) -> Answer:
    """Give an answer whose citations know their pages."""
    passages = {hit.passage.id: hit.passage for hit in answer.hits}
    citations = tuple(
        replace(one, opener=PageOpener(workspace=workspace, source=passage.source, document_id=passage.document_id,
                                       media_type=passage.media_type))
        if (passage := passages.get(one.passage_id or "")) else one
        for one in answer.citations
    )  # fmt: skip
    return replace(answer, citations=citations)


def boxed(picture: PagePicture, boxes: Sequence[Box]) -> bytes:
    """Draw boxes around words of a page; the page as it is, PNG, where there are none."""
    if not boxes:
        return picture.png
    from PIL import Image, ImageDraw

    image = Image.open(io.BytesIO(picture.png)).convert("RGB")
    draw = ImageDraw.Draw(image)
    scale = image.width / picture.width
    for box in boxes:
        x0, y0, x1, y1 = (scale * edge for edge in box[1:])
        draw.rectangle((x0 - 2, y0 - 2, x1 + 2, y1 + 2), outline=COLOUR, width=max(2, round(scale)))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
