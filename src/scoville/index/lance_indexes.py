"""The search indexes of a LanceDB table: which there are, that they find what is there, and how they are built again.

Enters: a table. Leaves: its indexes up to date. All of them can be made from the rows at any time, and each is made
beside the one that it replaces, in one commit. What LanceDB raises is left as it is. Knows no passages.
"""

import warnings
from datetime import timedelta
from typing import Any

from scoville.index.lance_vectors import answer_of, index_names, index_vectors, near, rankings, tuned_of
from scoville.recipe import Index as Settings

TEXT_INDEX = "terms_idx"
SCAN_BELOW = 10_000
"""With fewer passages nothing but BM25 needs an index: a look at all of them takes 2 ms."""
KEPT_VERSIONS_HOURS = 1  # older versions of the table are removed; readers of another process may still use these
LISTS = ("facets", "readers", "entities")
TRIED = 3


def update_indexes(table: Any, settings: Settings, *, again: bool = False) -> None:
    """Bring the indexes up to date, compact, and drop old versions; quick when there is nothing to do.

    ``again`` builds anew those that there are.
    """
    from lancedb.index import FTS, BTree, LabelList

    kinds: dict[str, Any] = {"id": BTree(), "source": BTree(), **{name: LabelList() for name in LISTS}}
    kinds["terms"] = FTS(
        base_tokenizer="whitespace", stem=False, remove_stop_words=False, ascii_folding=False, lower_case=False,
        max_token_length=None,
    )  # fmt: skip
    count, names = table.count_rows(), index_names(table)
    for column, kind in kinds.items():
        name = f"{column}_idx"
        is_missing = name not in names and count >= (1 if name == TEXT_INDEX else SCAN_BELOW)
        if is_missing or (again and name in names):
            table.create_index(column, config=kind, name=name)
    if again:
        index_vectors(table, settings, again=True)  # LanceDB optimises no table with a vector index that is damaged
    table.optimize(cleanup_older_than=timedelta(hours=KEPT_VERSIONS_HOURS))
    index_vectors(table, settings)


def keep_newest(table: Any) -> None:
    """Remove every older version of a table that nobody else has open, with what only these hold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that others could read these versions
        table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)


def read_rows(table: Any) -> None:
    """Read everything that a table holds, and what is kept of its older versions: it is cleared by reading it."""
    table.list_versions()
    for _ in table.search().limit(None).to_batches():
        pass


def check_indexes(table: Any) -> None:
    """Search for some rows by each index; ValueError for one that does not find them."""
    import numpy as np

    names = index_names(table)
    columns = ["id", "source", "terms", "vector", *LISTS]
    rows = table.search().select(columns).where("terms != ''").limit(TRIED).to_arrow().to_pylist()
    for row in rows:
        own = f"id = {literal(row['id'])}"
        words = " ".join(row["terms"].split()[:TRIED])
        queries = {TEXT_INDEX: rankings(table).nearest_to_text(words, columns="terms").where(own)}
        queries |= {f"{name}_idx": rankings(table).where(f"{name} = {literal(row[name])}") for name in ("id", "source")}
        queries |= {
            f"{name}_idx": rankings(table).where(f"{own} AND array_has_any({name}, [{literal(row[name][0])}])")
            for name in LISTS
            if row[name]
        }
        if tuned := tuned_of(table):
            queries["vector_idx"] = near(table, np.array(row["vector"], np.float32), TRIED, tuned.effort)
        for name in queries.keys() & names:
            if not answer_of(queries[name].limit(1).select(["id"])).num_rows:
                raise ValueError(f"{name} does not find what is there")


def literal(text: str) -> str:
    """Write a SQL string."""
    return "'" + text.replace("'", "''") + "'"
