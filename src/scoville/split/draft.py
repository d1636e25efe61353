"""A passage in the making, and what stands in front of it.

Enters: a document and the embedder whose tokens count. Leaves: prefixes with their costs. Knows no way of splitting.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from scoville.embed import Embedder
from scoville.split.tokens import Span, TokenMap
from scoville.types import Document

TAG_SHARE = 4
"""The tags take at most the size divided by this, and with headings and a table's header at most half of the size."""
FURNITURE = {"header", "footer", "chart"}
WORD = re.compile(r"[^\W\d_]{3}")


@dataclass(kw_only=True)
class DraftPassage:
    """A passage in the making."""

    span: Span
    tokens: int
    headings: tuple[str, ...] = ()
    prefix: str = ""
    opens: bool = False
    """Whether it begins with a heading."""
    section: str = ""
    summary: str = ""


class Prefixes:
    """Writes the prefixes of one document's passages, and knows how many tokens each takes."""

    def __init__(self, document: Document, embedder: Embedder, size: int, tags: Sequence[str]) -> None:
        self.embedder = embedder
        self.limit = size // 2
        self._costs = {"": 0}
        self._written: dict[tuple[tuple[str, ...], str], str] = {}
        self._title = label(document)
        self.tags = self._tags(document, tags, size // TAG_SHARE)

    def write(self, headings: tuple[str, ...], line: str = "") -> str:
        """Give title and headings, the tags and one more line: as many of the inner headings as there is room for."""
        key = (headings, line)
        if key not in self._written:
            self._written[key] = self._write(headings, line)
        return self._written[key]

    def _write(self, headings: tuple[str, ...], line: str) -> str:
        title = self._title
        path = [*([title] if title and title not in headings[:1] else []), *headings]
        longest_first = [
            "\n".join(filter(None, (" > ".join(path[above:]), self.tags, line))) for above in range(len(path) + 1)
        ]
        choices = (*longest_first, line, self.tags)
        return next((prefix for prefix in choices if self.cost(prefix) <= self.limit), "")

    def cost(self, prefix: str) -> int:
        """Count the tokens of a prefix."""
        if prefix not in self._costs:
            self._costs[prefix] = self.count(prefix)
        return self._costs[prefix]

    def count(self, text: str) -> int:
        """Count the tokens of a text that will not be asked for again."""
        return len(TokenMap(text, self.embedder).starts)

    def _tags(self, document: Document, tags: Sequence[str], limit: int) -> str:
        """Write the metadata that the recipe names, without those for which there is no room."""
        line = ""
        for key in tags:
            if key in document.metadata:
                longer = "; ".join(filter(None, (line, f"{key}: {document.metadata[key]}")))
                line = longer if self.cost(longer) <= limit else line
        return line


def label(document: Document) -> str:
    """Name a document for its passages: its file's name where that says something the title does not, else its title.

    A title taken from a first heading is often the company's name, or what stands on every report. Measured on six PDFs
    of one company: page hit@1 .79 with titles, .86 with names; on a pile of reports that look alike the right document
    is among the first five passages in .89 of questions without the numbers of names (year, quarter), .97 with them.
    """
    words = re.findall(r"[^\W_]+", PurePosixPath(document.source).stem)
    name = " ".join(words)
    says_something = len(words) > 1 and any(WORD.search(word) for word in words)
    return name if says_something and name.casefold() not in document.title.casefold() else document.title
