"""How hard a vector index searches follows from what it is asked to find."""

import numpy as np
import pytest

from scoville.index.lance_vectors import effort_for
from scoville.index.tuning import Effort, Tuned, like_questions, recall_of, sample_places, tune

EFFORTS = tuple(Effort(probes, 0) for probes in (1, 2, 4))


def tuned_for(asked: float) -> Tuned:
    """Tune a search that finds a quarter of four things with each partition."""

    def search(question: np.ndarray, effort: Effort) -> list[str]:
        return list("abcd")[: effort.probes]

    return tune(np.zeros((3, 2), np.float32), [list("abcd")] * 3, search, asked, 100, EFFORTS)


@pytest.mark.parametrize(("asked", "probes", "recall"), [(0.0, 4, 1.0), (-0.6, 2, 0.5), (0.6, 4, 1.0), (1.0, 4, 1.0)])
def test_the_least_effort_that_finds_enough_with_a_margin_is_taken(asked: float, probes: int, recall: float):
    assert tuned_for(asked) == Tuned(probes, 0, recall, asked, 100)


def test_the_most_is_taken_where_nothing_finds_enough():
    tuned = tune(np.zeros((1, 2), np.float32), [["x"]], lambda question, effort: ["y"], 0.9, 5, EFFORTS)
    assert (tuned.probes, tuned.recall) == (4, 0.0)


def test_recall_is_the_share_of_what_is_wanted():
    assert recall_of([["a", "b"], ["c", "x"]], [["a", "b"], ["c", "d"]]) == 0.75
    assert recall_of([[]], [[]]) == 1.0


def test_a_sample_is_spread_over_all_places():
    assert sample_places(0) == []
    assert sample_places(3) == [0, 1, 2]
    assert sample_places(1000) == list(range(0, 1000, 10))


def test_moved_vectors_have_length_1_and_lie_45_degrees_off():
    vectors = np.eye(50, 384, dtype=np.float32)
    moved = like_questions(vectors)
    assert np.linalg.norm(moved, axis=1) == pytest.approx(1)
    assert float(np.mean(np.sum(moved * vectors, axis=1))) == pytest.approx(0.71, abs=0.03)


def test_a_filter_asks_for_more_partitions_and_a_narrow_one_for_all_passages():
    tuned = Tuned(10, 100, 0.98, 0.97, 100_000)
    assert effort_for(tuned, 1.0) == Effort(10, 100)
    assert effort_for(tuned, 0.1) == Effort(14, 100)
    assert effort_for(tuned, 1 / 2**6) == Effort(17, 100)
    assert effort_for(tuned, 0.009) is None
    assert effort_for(tuned, 0.0) is None
