"""Plain text in, one paragraph per block between blank lines out. Knows no markup."""

import re

from scoville.read.assemble import ParsedFile, Piece
from scoville.read.clean import clean

_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def read_text(text: str) -> ParsedFile:
    """Read plain text; line ends within a paragraph stay."""
    paragraphs = _BLANK.split(clean(text.replace("\f", "\n\n")))
    return ParsedFile(
        media_type="text/plain", pieces=[Piece(kind="paragraph", text=paragraph) for paragraph in paragraphs]
    )
