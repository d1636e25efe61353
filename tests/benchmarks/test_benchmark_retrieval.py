"""The measures of rankings, by hand."""

import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import retrieval  # pyright: ignore[reportMissingImports]

RELEVANT = {"a": 2, "b": 1, "c": 1}


def test_gains_are_discounted_by_rank_and_compared_with_the_best_order():
    got = 2 / math.log2(3) + 1 / math.log2(4)
    best = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert retrieval.ndcg(["x", "a", "b"], RELEVANT) == pytest.approx(got / best)
    assert retrieval.ndcg(["a", "c", "b"], RELEVANT) == pytest.approx(1)
    assert retrieval.ndcg(["x"] * 10 + ["a"], RELEVANT) == retrieval.ndcg([], RELEVANT) == 0


def test_recall_counts_the_relevant_among_the_first():
    assert retrieval.recall(["a", "x", "b"], RELEVANT, 2) == pytest.approx(1 / 3)
    assert retrieval.recall(["a", "x", "b"], RELEVANT) == pytest.approx(2 / 3)


def test_average_precision_counts_what_was_not_found_as_nothing():
    assert retrieval.average_precision(["a", "x", "b"], RELEVANT) == pytest.approx((1 + 2 / 3) / 3)
    assert retrieval.average_precision([], RELEVANT) == 0
