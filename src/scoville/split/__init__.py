"""Stage 2: Document → passages."""

from scoville.split.splitter import SPLITTER_VERSION, split_document

__all__ = ["SPLITTER_VERSION", "split_document"]
