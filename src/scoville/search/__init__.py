"""Stage 5: question, index → hits.

hybrid    Searcher: the whole way of a question      trace     its steps
rewrite   what is searched in place of a question    legs      dense, BM25, graph
fuse      rankings become one                        rerank    the best are read again
distinct  copies are left out                        widen     neighbours and sections
graph     what is connected to what                  where     filters as people write them
focus     hits → the sentences nearest to a question
"""

from scoville.search.focus import Focus, nearest_sentences
from scoville.search.fuse import fuse
from scoville.search.graph import Connections, Edge, connections
from scoville.search.hybrid import Found, Searcher, check_question, make_searcher, open_current_index, open_searcher
from scoville.search.rerank import Reranker
from scoville.search.rewrite import Ask, Rewriter, Rewritten
from scoville.search.trace import Step
from scoville.search.where import parse_where

__all__ = [
    "Ask", "Connections", "Edge", "Focus", "Found", "Reranker", "Rewriter", "Rewritten", "Searcher", "Step",
    "check_question", "connections", "fuse", "make_searcher", "nearest_sentences", "open_current_index",
    "open_searcher", "parse_where",
]  # fmt: skip
