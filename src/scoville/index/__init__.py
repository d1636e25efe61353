"""Stage 4: passages and vectors → an index that can be searched."""

from scoville.index.add import (
    AddReport,
    add_paths,
    build_again,
    build_hash,
    is_named,
    remove_documents,
    sync_sources,
)
from scoville.index.ingest import AddProgress
from scoville.index.lance import LanceIndex
from scoville.index.look import Writers
from scoville.index.open import open_index
from scoville.index.protocol import DocumentState, Index, IndexState, Mention, Ranked
from scoville.index.reading_cache import ReadingCache
from scoville.index.workspace import Built, Failure, Workspace

__all__ = [
    "AddProgress", "AddReport", "Built", "DocumentState", "Failure", "Index", "IndexState", "LanceIndex", "Mention",
    "Ranked", "ReadingCache", "Workspace", "Writers", "add_paths", "build_again", "build_hash", "is_named",
    "open_index", "remove_documents", "sync_sources",
]  # fmt: skip
