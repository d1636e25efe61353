"""Stage 5: question, index → hits."""

from scoville.search.focus import Focus, nearest_sentences
from scoville.search.fuse import fuse
from scoville.search.hybrid import Found, Searcher, check_question, open_searcher
from scoville.search.where import parse_where

__all__ = [
    "Focus",
    "Found",
    "Searcher",
    "check_question",
    "fuse",
    "nearest_sentences",
    "open_searcher",
    "parse_where",
]
