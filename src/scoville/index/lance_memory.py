"""A small table in memory: every passage compared and every word weighed in a millisecond, where LanceDB takes ten.

Enters: a table without a vector index. Leaves: what is nearest to a vector, and what BM25 ranks, by the formula of
LanceDB's own word index and of ``postgres.py``. It is made once a version is asked often, and belongs to that version.
20,000 passages take 60 MB. What LanceDB raises is left as it is. Knows no passages.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_HELD = 20_000
KEPT_FILTERS = 100
K1, B = 1.2, 0.75


class Memory:
    """What searches the rows of one version of a table. Several threads may ask."""

    def __init__(self, table: Any) -> None:
        import numpy as np

        rows = table.search().select(["id", "vector", "terms"]).limit(None).to_arrow()
        self._table = table
        self._ids: list[str] = rows["id"].to_pylist()
        self._rows = {name: row for row, name in enumerate(self._ids)}
        self._vectors = rows["vector"].combine_chunks().flatten().to_numpy().reshape(len(self._ids), -1)
        lengths = np.linalg.norm(self._vectors, axis=1, keepdims=True)
        self._vectors = self._vectors / np.where(lengths, lengths, 1)
        self._postings = _postings(rows["terms"])
        self._filters: dict[str, NDArray[np.bool_]] = {}

    def nearest(self, vector: "NDArray[np.float32]", limit: int, condition: str | None) -> list[tuple[str, float]]:
        """Rank by cosine similarity where a condition holds."""
        import numpy as np

        scores = self._vectors @ (vector / max(float(np.linalg.norm(vector)), 1e-9))
        return self._best(scores, limit, self._allowed(condition))

    def bm25(self, terms: Iterable[str], limit: int, condition: str | None) -> list[tuple[str, float]]:
        """Rank by BM25 over terms where a condition holds."""
        import numpy as np

        scores = np.zeros(len(self._ids), np.float32)
        for term in terms:
            if found := self._postings.get(term):
                scores[found[0]] += found[1]
        allowed = self._allowed(condition)
        return self._best(scores, limit, scores > 0 if allowed is None else allowed & (scores > 0))

    def vectors(self, ids: Sequence[str]) -> "NDArray[np.float32]":
        """Give the vectors of passages, of length 1, float32 [n, d], in the order asked. KeyError for one not there."""
        return self._vectors[[self._rows[name] for name in ids]]

    def _best(
        self, scores: "NDArray[np.float32]", limit: int, allowed: "NDArray[np.bool_] | None"
    ) -> list[tuple[str, float]]:
        import numpy as np

        rows = np.arange(len(scores)) if allowed is None else np.flatnonzero(allowed)
        if len(rows) > limit:
            rows = rows[np.sort(np.argpartition(-scores[rows], limit - 1)[:limit])]
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        return [(self._ids[row], score) for row, score in zip(rows.tolist(), scores[rows].tolist(), strict=True)]

    def _allowed(self, condition: str | None) -> "NDArray[np.bool_] | None":
        """Say for each row whether a condition holds; None where there is none."""
        import numpy as np

        if condition is None:
            return None
        allowed = self._filters.get(condition)  # another thread may empty it at any time
        if allowed is None:
            names = self._table.search().where(condition).select(["id"]).limit(None).to_arrow()["id"].to_pylist()
            allowed = np.zeros(len(self._ids), bool)
            # A table that is newer than this may hold others.
            allowed[[row for name in names if (row := self._rows.get(name)) is not None]] = True
            if len(self._filters) >= KEPT_FILTERS:
                self._filters.clear()
            self._filters[condition] = allowed
        return allowed


def _postings(terms: Any) -> "dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]]":
    """Give for each term the rows that hold it, and what it weighs there.

    BM25 (Robertson and Zaragoza 2009): ln(1 + (N - n + .5) / (n + .5)) · (k1 + 1) f / (f + k1 (1 - b + b l / mean l)).
    """
    import numpy as np
    import pyarrow.compute

    arrow: Any = pyarrow.compute
    split = arrow.split_pattern(terms.combine_chunks(), " ")
    words = split.flatten().dictionary_encode()
    rows = arrow.list_parent_indices(split).to_numpy()
    names: list[str] = words.dictionary.to_pylist()
    lengths = np.bincount(rows, minlength=len(terms)).astype(np.float32)
    keys, counts = np.unique(words.indices.to_numpy().astype(np.int64) * len(terms) + rows, return_counts=True)
    codes, rows = np.divmod(keys, max(len(terms), 1))
    held = np.bincount(codes, minlength=len(names))
    rare = np.log1p((len(terms) - held + 0.5) / (held + 0.5))
    mean = lengths.mean() if len(lengths) else 1.0
    weights = rare[codes] * (K1 + 1) * counts / (counts + K1 * (1 - B + B * lengths[rows] / mean))
    ends = np.cumsum(held)
    postings = {
        name: (rows[end - count : end], weights[end - count : end].astype(np.float32))
        for name, count, end in zip(names, held.tolist(), ends.tolist(), strict=True)
    }
    postings.pop("", None)
    return postings
