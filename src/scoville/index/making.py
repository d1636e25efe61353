"""The bytes of one item in, its passages out, with vectors where asked for: the work that can be done elsewhere.

Knows no workspace and no index, so that it runs the same way in this process, in another one and on another machine.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.embed import Embedder
from scoville.guards import Guards
from scoville.metadata import describe_document
from scoville.read.reader import Reading, read_bytes, read_file
from scoville.recipe import Recipe
from scoville.sources import Content
from scoville.split import split_document
from scoville.types import Document, Finding, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Made(NamedTuple):
    """What was made of one item."""

    digest: str
    """The SHA-256 of the bytes that were read."""
    passages: Sequence[Passage]
    documents: int
    """That have text."""
    failures: Sequence[tuple[str, str]]
    """Source and reason of what in it could not be read."""
    findings: Sequence[Finding]
    remarks: int
    read_seconds: float
    split_seconds: float
    vectors: "NDArray[np.float32] | None" = None
    """Of the passages, where they were embedded, too."""
    embed_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Maker:
    """What an item is read, split and embedded with."""

    recipe: Recipe
    embedder: Embedder
    guards: Guards
    summarise: Callable[[str], str] | None = None
    describe: Callable[[str], str] | None = None

    def read(self, name: str, content: Content) -> Reading:
        """Read an item."""
        settings = self.recipe.read
        if isinstance(content.data, Path):
            return read_file(content.data, source=name, settings=settings)
        return read_bytes(
            content.data, name=content.file_name, source=name, settings=settings, metadata=content.metadata
        )

    def make(
        self, name: str, content: Content, metadata: Mapping[str, Any], read: Callable[[], Reading] | None = None
    ) -> Made:
        """Read and split an item; ``metadata`` is what the recipe says of it. Raises what reading raises."""
        started = time.perf_counter()
        reading = read() if read else self.read(name, content)
        read_seconds = time.perf_counter() - started
        failures = list(reading.failures)
        write = self.summarise
        summarise = None if write is None else lambda text: write(self.guards.clean_text(text))
        passages: list[Passage] = []
        findings: list[Finding] = []
        documents = remarks = 0
        for number, document in enumerate(reading.documents):
            marked = _marked(document, content if number == 0 else None, metadata)
            shown = self.guards.clean_document(marked) if self.describe else None
            described = describe_document(marked, self.recipe.metadata, ask=self.describe, shown=shown)
            made = split_document(described, self.recipe.split, self.embedder, summarise=summarise)
            passages += made
            findings += self.guards.check_document(described)
            remarks += len(described.warnings)
            documents += bool(made)
            if not made:
                failures.append((document.source, "has no text"))
        split_seconds = time.perf_counter() - started - read_seconds
        return Made(
            reading.documents[0].id, passages, documents, failures, findings, remarks, read_seconds, split_seconds
        )

    def embedded(self, made: Made) -> Made:
        """Add the vectors of the passages."""
        started = time.perf_counter()
        vectors = self.embedder.embed([passage.searched for passage in made.passages])
        return made._replace(vectors=vectors, embed_seconds=time.perf_counter() - started)


def _marked(document: Document, content: Content | None, metadata: Mapping[str, Any]) -> Document:
    """Add what the source knows of a document, and what the recipe says of it; ``content`` is None for a part."""
    title = content.title if content else ""
    if not title and not metadata:
        return document
    return replace(document, title=title or document.title, metadata={**document.metadata, **metadata})
