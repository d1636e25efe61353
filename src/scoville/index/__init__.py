"""Stage 4: passages and vectors → an index on disk that can be searched."""

from scoville.index.add import AddProgress, AddReport, add_paths, build_hash
from scoville.index.lance import DocumentState, LanceIndex, Ranked
from scoville.index.workspace import Built, Failure, Workspace

__all__ = [
    "AddProgress", "AddReport", "Built", "DocumentState", "Failure", "LanceIndex", "Ranked", "Workspace", "add_paths",
    "build_hash",
]  # fmt: skip
