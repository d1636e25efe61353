"""The measures of ``benchmarks/measure.py`` on examples computed by hand."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


def load_measure() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "measure.py"
    spec = importlib.util.spec_from_file_location("benchmark_measure", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmark_measure"] = module
    spec.loader.exec_module(module)
    return module


measure = load_measure()
Place = measure.Place


@pytest.mark.parametrize(
    ("truth", "places"),
    [
        ("A co-pay.[plan.pdf#page=7]", [("plan.pdf", 7)]),
        ("Both.[a.pdf#page=7][b.pdf#page=3]", [("a.pdf", 7), ("b.pdf", 3)]),
        ("Both. [a.pdf#page=7, b.pdf#page=13]", [("a.pdf", 7), ("b.pdf", 13)]),
        ("Twice [a.pdf#page=7] and again [a.pdf#page=7]", [("a.pdf", 7)]),
        ("Two pages [Rates 2024.pdf#page=1; Rates 2024.pdf#page=2]", [("Rates 2024.pdf", 1), ("Rates 2024.pdf", 2)]),
        ("Loose [a.pdf # page = 12]", [("a.pdf", 12)]),
        ("Short [a.pdf#4]", [("a.pdf", 4)]),
        ("A file [notes.md]", [("notes.md", None)]),
        ("No citation [sic], marker [2].", []),
        ("", []),
    ],
)
def test_citations_of_a_gold_answer_are_read(truth: str, places: list[tuple[str, int | None]]) -> None:
    assert measure.parse_truth(truth) == places


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("A co-pay.[plan.pdf#page=7]", "A co-pay."),
        ("A [1] and B [2, 3]. C [4-5]", "A and B. C"),
        ("Both.[a.pdf#page=7] [b.pdf#page=3]", "Both."),
        ("He wrote 'teh' [sic].", "He wrote 'teh' [sic]."),
    ],
)
def test_only_citations_are_stripped(text: str, bare: str) -> None:
    assert measure.strip_citations(text) == bare


RANKED = [Place("b.pdf", 4), Place("a.pdf", 9), Place("A.PDF", 6), Place("a.pdf", 7)]
GOLD = [Place("a.pdf", 7)]


@pytest.mark.parametrize(("tolerance", "rank"), [(0, 4), (1, 3), (2, 2)])
def test_page_rank_is_the_first_page_within_the_tolerance(tolerance: int, rank: int) -> None:
    assert measure.page_rank(RANKED, GOLD, tolerance) == rank


def test_file_rank_ignores_pages() -> None:
    assert measure.file_rank(RANKED, GOLD) == 2
    assert measure.file_rank(RANKED, [Place("a.pdf", None)]) == 2


def test_a_citation_without_page_is_no_page_hit() -> None:
    assert measure.page_rank(RANKED, [Place("a.pdf", None)]) is None
    assert measure.page_rank([Place("a.pdf", None)], GOLD) is None


def test_what_is_not_found_has_no_rank() -> None:
    assert measure.page_rank(RANKED, [Place("c.pdf", 4)]) is None
    assert measure.file_rank([], GOLD) is None


@pytest.mark.parametrize(("rank", "k", "value"), [(1, 1, 1), (2, 1, 0), (5, 5, 1), (6, 5, 0), (None, 5, 0)])
def test_hit_counts_ranks_up_to_k(rank: int | None, k: int, value: float) -> None:
    assert measure.hit(rank, k) == value


@pytest.mark.parametrize(("rank", "k", "value"), [(4, None, 0.25), (4, 3, 0), (3, 3, 1 / 3), (None, None, 0)])
def test_reciprocal_rank_is_cut_off(rank: int | None, k: int | None, value: float) -> None:
    assert measure.reciprocal_rank(rank, k) == value


def test_distinct_keeps_the_first_of_each_page() -> None:
    ranked = [Place("a.pdf", 1), Place("a.pdf", 1), Place("b.pdf", 1), Place("a.pdf", 1), Place("a.pdf", 2)]
    assert measure.distinct(ranked) == [Place("a.pdf", 1), Place("b.pdf", 1), Place("a.pdf", 2)]


def test_rankings_are_scored_by_page_and_by_file() -> None:
    ranked = [RANKED, [Place("b.pdf", 1)], [], RANKED]
    gold = [GOLD, [Place("b.pdf", 2)], [Place("c.pdf", 1)], []]  # the last cites nothing and is left out
    scores = measure.score_ranked(ranked, gold)
    means = {name: score.mean for name, score in scores.items()}
    assert means["page_hit@1"] == pytest.approx(1 / 3)
    assert means["page_hit@5"] == pytest.approx(2 / 3)
    assert means["page_mrr@10"] == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert means["file_hit@1"] == pytest.approx(1 / 3)
    assert means["file_mrr@10"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert {score.n for score in scores.values()} == {3}


def test_the_cut_off_of_the_reciprocal_rank_is_in_its_name() -> None:
    scores = measure.score_ranked([RANKED], [GOLD], tolerance=0, cutoff=3)
    assert scores["page_mrr@3"].mean == 0
    assert scores["file_mrr@3"].mean == 0.5


def test_normalising_drops_case_punctuation_and_articles() -> None:
    assert measure.normalise("The “Co-Pay” is $20, isn’t it — a lot?") == ["copay", "is", "20", "isnt", "it", "lot"]


@pytest.mark.parametrize(
    ("answer", "gold", "score"),
    [
        ("The cat sat.", "a cat SAT", 1.0),
        ("cat sat on mat", "cat mat", 2 / 3),  # shared 2, of 4 and of 2
        ("cat cat cat", "cat dog", 0.4),  # shared 1, of 3 and of 2: repeating does not help
        ("cat [1]", "cat[a.pdf#page=2]", 1.0),
        ("dog", "cat", 0.0),
        ("", "cat", 0.0),
        ("the", "a", 1.0),
    ],
)
def test_gold_token_f1_is_that_of_squad(answer: str, gold: str, score: float) -> None:
    assert measure.gold_token_f1(answer, gold) == pytest.approx(score)


def test_gold_token_recall_is_the_share_of_content_words_said() -> None:
    gold = "The deductible is $1,500, and it is reset each year.[plan.pdf#page=13]"
    # Content: deductible, 1500, reset, each, year.
    assert measure.gold_token_recall("Your deductible of 1,500 dollars resets every year [1].", gold) == pytest.approx(
        0.6
    )
    assert measure.gold_token_recall(gold, gold) == 1
    assert measure.gold_token_recall("It is and it is the", gold) == 0


def test_gold_token_recall_without_content_words_is_unscored() -> None:
    assert measure.gold_token_recall("anything", "It is.") is None


def test_refusals_are_scored_as_a_detector() -> None:
    scored = measure.refusals([True, True, False, False, True], [True, False, True, False, True])
    assert scored == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3, 3)


def test_refusals_that_never_happen_have_no_precision() -> None:
    assert measure.refusals([False, False], [True, False]) == (None, 0.0, 0, 1)
    assert measure.refusals([True], [False]) == (0.0, None, 1, 0)


def test_the_bootstrap_interval_is_near_the_normal_one() -> None:
    interval = measure.bootstrap_interval([0.0] * 50 + [1.0] * 50)
    assert interval.mean == 0.5 and interval.n == 100
    # Standard error .05, so .402 to .598.
    assert interval.low == pytest.approx(0.402, abs=0.015)
    assert interval.high == pytest.approx(0.598, abs=0.015)


def test_clusters_widen_the_interval_when_their_values_agree() -> None:
    values = [0.0] * 50 + [1.0] * 50
    interval = measure.bootstrap_interval(values, [index // 10 for index in range(100)])
    # Ten clusters of equal values: standard error .158, so about .2 to .8.
    assert interval.low == pytest.approx(0.2, abs=0.02)
    assert interval.high == pytest.approx(0.8, abs=0.02)


def test_clusters_weigh_by_their_size() -> None:
    interval = measure.bootstrap_interval([1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"])
    assert interval == (0.75, 0.0, 1.0, 4)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [0.1, 0.9, 0.4, 0.7, 0.2]
    assert measure.bootstrap_interval(values, seed=3) == measure.bootstrap_interval(values, seed=3)


def test_no_values_have_no_mean() -> None:
    with pytest.raises(ValueError, match="at least one"):
        measure.bootstrap_interval([])


def test_a_constant_gain_is_certain_when_paired() -> None:
    second = [0.0, 0.5, 0.25, 0.75]
    assert measure.paired_difference([value + 0.25 for value in second], second) == (0.25, 0.25, 0.25, 4)


def test_pairing_needs_the_same_cases() -> None:
    with pytest.raises(ValueError):
        measure.paired_difference([1.0, 0.0], [1.0])


def test_the_machine_multiplies_matrices() -> None:
    pytest.importorskip("openvino")
    assert measure.bf16_matmul_gflops(sizes=(64,), runs=1) > 0
    assert measure.matmul_precision() in {"bf16", "f16", "f32"}
