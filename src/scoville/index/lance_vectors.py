"""The vector index of a LanceDB table: built where it pays, searched as hard as it must be.

Enters: a table. Leaves: its vector index, and queries. The index puts passages in partitions by nearness and keeps a
byte for each number (IVF_SQ): of 100,000 passages it is built in 6 s where product quantisation takes 220 s. What it
was tuned to is kept in the table, beside the vectors, so that both change in one place. Knows no passages.
"""

import json
import math
from typing import TYPE_CHECKING, Any

from scoville.index.tuning import GROWTH, RECALL_AT, Effort, Tuned, like_questions, sample_places, tune
from scoville.recipe import Index as Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VECTOR_INDEX = "vector_idx"
TUNED = b"scoville.tuned"
PARTITION = 2048
"""Passages of a partition."""
FILTER_POWER = 1 / 8
COMPARED_BELOW = 1000
"""Where a filter leaves fewer passages, they are compared one by one."""
LEAST_TO_TRAIN = 1000


def tuned_of(table: Any) -> Tuned | None:
    """Say what the vector index was tuned to; None where there is none, so that every passage is compared."""
    kept = (table.schema.field("vector").metadata or {}).get(TUNED)
    return Tuned(**json.loads(kept)) if kept else None


def index_names(table: Any) -> set[str]:
    """Name the indexes that there are, of any kind."""
    return {index.name for index in table.list_indices()}


def unindexed(table: Any) -> int:
    """Count the passages that came after the vector index was built."""
    return table.index_stats(VECTOR_INDEX).num_unindexed_rows


def index_vectors(table: Any, settings: Settings, *, again: bool = False) -> None:
    """Build, build again or drop the vector index; what comes in between is added to it by ``optimize``.

    ``again`` builds it even where it has what it needs.
    """
    from lancedb.index import IvfSq

    count, tuned = table.count_rows(), tuned_of(table)
    if settings.recall == 1 or count < max(settings.exact_below, LEAST_TO_TRAIN):
        if tuned:
            _keep(table, None)
        if VECTOR_INDEX in index_names(table):
            table.drop_index(VECTOR_INDEX)
        return
    if tuned and count < GROWTH * tuned.rows and not again:
        if tuned.asked == settings.recall:
            return
    else:
        config = IvfSq(distance_type="cosine", target_partition_size=PARTITION)
        table.create_index("vector", config=config, name=VECTOR_INDEX)
    _keep(table, _tune(table, settings.recall, count))


def rankings(table: Any) -> Any:
    """Give the query of the asynchronous table that LanceDB's synchronous one asks.

    Of a million passages, a search by two legs at once took 19 ms through the one and 13 ms through the other.
    """
    return table._table.query()


def answer_of(query: Any) -> Any:
    """Run such a query; gives an Arrow table."""
    from lancedb.background_loop import LOOP

    return LOOP.run(query.to_arrow())


def near(table: Any, vector: "NDArray[np.float32]", limit: int, effort: Effort | None) -> Any:
    """Ask for what is nearest to a vector; without an effort, of all passages."""
    query = rankings(table).nearest_to(vector).column("vector").distance_type("cosine").limit(limit)
    if not effort:
        return query.bypass_vector_index()
    return query.nprobes(effort.probes).refine_factor(-(-effort.refined // limit))


def effort_for(tuned: Tuned, share: float) -> Effort | None:
    """Say how hard to search where a filter leaves a share of the passages; None where it leaves so few that all count.

    What is nearest of a part of the passages lies in more partitions, but not in many more. Of a million passages, 80
    partitions found .992 of it, .985 where a filter left a tenth and .96 where it left .4 %; there, 160 found .987.
    """
    if share * tuned.rows < COMPARED_BELOW:
        return None
    return Effort(math.ceil(tuned.probes / share**FILTER_POWER), tuned.refined)


def _tune(table: Any, asked: float, count: int) -> Tuned:
    stored = _vectors(table.take_offsets(sample_places(count)).select(["vector"]).to_arrow()["vector"].combine_chunks())
    questions = like_questions(stored)

    def search(question: "NDArray[np.float32]", effort: Effort) -> list[str]:
        found = answer_of(near(table, question, RECALL_AT, effort).select(["id", "_distance"]))
        return found["id"].to_pylist()

    return tune(questions, _nearest(table, questions), search, asked, count)


def _nearest(table: Any, questions: "NDArray[np.float32]") -> list[list[str]]:
    """Give the ids of the ten nearest to each question, by one pass over all vectors."""
    import numpy as np

    best = np.empty((len(questions), 0), np.float32)
    ids = np.empty((len(questions), 0), object)
    for batch in table.search().select(["id", "vector"]).limit(None).to_batches():
        vectors = _vectors(batch["vector"])
        lengths = np.linalg.norm(vectors, axis=1)
        best = np.hstack([best, questions @ vectors.T / np.where(lengths, lengths, 1)])
        ids = np.hstack([ids, np.tile(batch["id"].to_numpy(zero_copy_only=False), (len(questions), 1))])
        order = np.argsort(-best, axis=1)[:, :RECALL_AT]
        best, ids = np.take_along_axis(best, order, 1), np.take_along_axis(ids, order, 1)
    return ids.tolist()


def _vectors(column: Any) -> "NDArray[np.float32]":
    return column.flatten().to_numpy().reshape(len(column), -1)


def _keep(table: Any, tuned: Tuned | None) -> None:
    kept = {TUNED.decode(): json.dumps(tuned._asdict()) if tuned else None}
    table.update_field_metadata({"path": "vector", "metadata": kept})
