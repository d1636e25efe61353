"""What a file calls its title in, that title out unless a program put it there without being asked."""

import re
from pathlib import PurePath

from scoville.read.clean import clean_line

_NO_TITLE = re.compile(
    r"\W*(?:untitled|anonymous|unknown|no title|title|unbenannt|ohne titel|sans titre|sin título)(?: document| \d+)?\W*"
    r"|(?:document|dokument|slide|presentation|book) ?\d*|powerpoint presentation|powerpoint-präsentation"
    r"|microsoft (?:word|powerpoint|excel)\b.*|[\W\d_]*",
    re.IGNORECASE,
)
_FILE_SUFFIXES = frozenset(
    ".doc .docx .dot .dvi .eps .fm .htm .html .indd .odp .ods .odt .p65 .pdf .ppt .pptx .ps .qxd .rtf .tex .txt .wpd "
    ".xls .xlsx".split()
)
_TITLE_LEAST = 3


def own_title(title: str) -> str | None:
    """Refuse a file's name and a placeholder: the first heading says more."""
    title = clean_line(title)
    if len(title) < _TITLE_LEAST or _NO_TITLE.fullmatch(title) or PurePath(title).suffix.lower() in _FILE_SUFFIXES:
        return None
    return title
