"""Stage 5: question, index → hits."""

from scoville.search.fuse import fuse
from scoville.search.hybrid import Found, Searcher, check_question, open_searcher
from scoville.search.where import parse_where

__all__ = ["Found", "Searcher", "check_question", "fuse", "open_searcher", "parse_where"]
