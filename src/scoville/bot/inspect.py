"""What a file is read as, and what it is split into; needs no index.

Enters: a file and a bot. Leaves: its documents with their elements and passages, as values, JSON or one HTML page. No
model is asked: summaries are extracted, and metadata come from file, text and rules.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoville.answer.contract import box_json
from scoville.bot.inspect_page import Inspected, html_page
from scoville.bot.opened import Opened
from scoville.embed import open_embedder
from scoville.errors import ReadFailure, ScovilleError, UsageError
from scoville.metadata import describe_document
from scoville.read.reader import read_file
from scoville.split import split_document
from scoville.storage import write_whole
from scoville.types import Element, Passage

logger = logging.getLogger("scoville")


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The documents of a file: its own, and those of files that it holds."""

    file: Path
    page: int | None
    """The only one that is shown."""
    documents: Sequence[Inspected]
    failures: Sequence[tuple[str, str]]
    """What the file holds and could not be read: its name and the reason."""

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        failures = [{"path": path, "reason": reason} for path, reason in self.failures]
        return {"documents": [_document_json(one) for one in self.documents], "failures": failures}

    def write(self, path: Path | str) -> Path:
        """Draw elements and passages over the pages, into one HTML file that loads nothing."""
        write_whole(Path(path), html_page(self.file, self.documents, self.page))
        return Path(path)


def inspect(bot: Opened, file: Path, page: int | None = None) -> Inspection:
    """Read and split a file as `add` would; UsageError for a page on which nothing stands."""
    recipe = bot.recipe
    if recipe.split.summary_model or recipe.metadata.model:
        logger.info("No model is asked here: summaries are extracted, and metadata come from file, text and rules.")
    try:
        reading = read_file(file, source=bot.workspace.source_of(file), settings=recipe.read)
    except ReadFailure as failure:
        raise ScovilleError(f"{file} {failure}") from None
    bot.fetch_models(llm=False)
    embedder = open_embedder(recipe.embed)
    documents: list[Inspected] = []
    for read in reading.documents:
        document = describe_document(read, recipe.metadata)
        passages = split_document(document, recipe.split, embedder)
        documents.append(_on_page(Inspected(document, document.elements, passages), page))
    if page and not any(one.elements for one in documents):
        pages = max(one.document.pages for one in documents)
        raise UsageError(f"page {page}: nothing stands there; {file} has {pages} pages")
    return Inspection(file=file, page=page, documents=documents, failures=reading.failures)


def _on_page(one: Inspected, page: int | None) -> Inspected:
    if page is None:
        return one
    return Inspected(
        one.document,
        [element for element in one.elements if page in _pages(element)],
        [passage for passage in one.passages if page in _pages(passage)],
    )


def _pages(part: Element | Passage) -> set[int | None]:
    return {region.box.page for region in part.regions} or {part.page}


def _document_json(one: Inspected) -> dict[str, Any]:
    text = one.document.text
    return {
        "document": one.document.source,
        "title": one.document.title,
        "media_type": one.document.media_type,
        "pages": one.document.pages,
        "metadata": dict(one.document.metadata),
        "warnings": list(one.document.warnings),
        "elements": [
            {
                "kind": element.kind, "level": element.level, "page": element.page, "anchor": element.anchor,
                "headings": list(element.headings), "start": element.start, "end": element.end,
                "text": text[element.start : element.end],
                "boxes": [box_json(region.box) for region in element.regions],
            }
            for element in one.elements
        ],
        "passages": [
            {
                "number": passage.number, "id": passage.id, "page": passage.page, "anchor": passage.anchor,
                "headings": list(passage.headings), "start": passage.start, "end": passage.end,
                "tokens": passage.tokens, "language": passage.language, "section": passage.section,
                "prefix": passage.prefix, "text": passage.text, "summary": passage.summary,
                "boxes": [box_json(box) for box in passage.boxes()],
            }
            for passage in one.passages
        ],
    }  # fmt: skip
