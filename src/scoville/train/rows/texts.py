"""Texts for continued pretraining, cut into stretches of whole paragraphs.

Enters: texts. Leaves: stretches of about a size, in order, that together are the text. Knows no tokens: whoever trains
packs them.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from scoville.cases.importers.shape import objects
from scoville.cases.rows import text_of
from scoville.train.examples import Text

CHARACTERS = 4000
"""About a thousand tokens of English."""
_BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?])\s+"), re.compile(r"\s+"))
"""Where a text may be cut: the better places first."""


def chunks(text: str, source: str, characters: int = CHARACTERS) -> Iterator[Text]:
    """Cut a text between paragraphs, else lines, sentences, words, else anywhere; blank text gives nothing."""
    text = text.strip()
    start = 0
    while start < len(text):
        end = _end(text, start, characters)
        part = text[start:end].strip()
        if part:
            yield Text(id=f"{source}:{start}", text=part, source=source, group=source)
        start = end


def text_files(path: Path) -> Iterator[Text | str]:
    """Read a text, or JSON lines with ``text``, as hubs of data sets have it."""
    if path.suffix.lower() in {".jsonl", ".ndjson", ".json"}:
        for line, row in objects(path):
            found = row.get("text")
            whole = isinstance(found, str) and found.strip()
            yield from chunks(str(found), f"{path.name}:{line}") if whole else ["no text"]
        return
    yield from chunks(text_of(path), path.name)


def joined(parts: Iterable[tuple[str, str]]) -> str:
    """Join the passages of a document, each with what stands between it and the one before."""
    return "".join(f"{joint or chr(10)}{text}" for joint, text in parts)


def _end(text: str, start: int, characters: int) -> int:
    """Find the last good place for a cut in the second half of a stretch."""
    most = start + characters
    if most >= len(text):
        return len(text)
    for pattern in _BREAKS:
        cuts = [found.end() for found in pattern.finditer(text, start + characters // 2, most)]
        if cuts:
            return cuts[-1]
    return most
