"""A citation as a picture: the page that it names, with its words boxed.

Enters: a citation and the workspace that its document came from. Leaves: a PIL image. Only files are drawn that are
still what was read: a page of a changed file would show other words in the box.
"""

import hashlib
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scoville.errors import ReadFailure, UsageError
from scoville.index import Workspace
from scoville.read.picture import DRAWN, render_page
from scoville.types import Answer, Citation

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
        """Draw the page; UsageError, with the reason, where it cannot be drawn."""
        if citation.page is None or not self.media_type.startswith(DRAWN):
            raise UsageError(f"{self.source} has no pages that can be drawn: its quote is in citation.quote")
        file = self.workspace.path_of(self.source)
        if not file.is_file():
            raise UsageError(f"{self.source} is no file on this machine: pages of PDF files and pictures are drawn")
        if hashlib.sha256(file.read_bytes()).hexdigest() != self.document_id:
            raise UsageError(f"{self.source} has changed since it was read: add it again, and ask again")
        try:
            picture = render_page(file, self.media_type, citation.page)
        except ReadFailure as failure:
            raise UsageError(f"page {citation.page} of {self.source} cannot be drawn: {failure}") from None
        return _boxed(picture.png, picture.width, citation)


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


def _boxed(png: bytes, width_points: float, citation: Citation) -> "Image":
    from PIL import Image, ImageDraw

    image = Image.open(io.BytesIO(png)).convert("RGB")
    draw = ImageDraw.Draw(image)
    scale = image.width / width_points
    for box in citation.boxes:
        if box.page == citation.page:
            x0, y0, x1, y1 = (scale * edge for edge in box[1:])
            draw.rectangle((x0 - 2, y0 - 2, x1 + 2, y1 + 2), outline=COLOUR, width=max(2, round(scale)))
    return image
