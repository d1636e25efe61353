"""Retrieval, citations, refusal, cost and grounding, on examples computed by hand."""

import importlib
import math
import random
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scoville.evaluate import metrics
from scoville.evaluate.metrics.cost import score_cost, summarise_cost
from scoville.evaluate.metrics.grounded import cosine
from scoville.evaluate.metrics.places import holds_quote
from scoville.evaluate.metrics.ranking import average_precision, hit, ndcg, precision, recall, reciprocal_rank
from scoville.evaluate.metrics.refusal import aurc, risk_coverage, risks
from scoville.evaluate.metrics.retrieval import diversity, rank_passages
from scoville.evaluate.result import Cited, Result, Retrieved
from scoville.evaluate.statistics import Estimate, percentile
from scoville.types import Case, Evidence, Score

GOLD = (Evidence(document="a.pdf", page=7, quote="Staff have thirty days of leave."),)


def case(*expected: str, name: str = "1", evidence: Sequence[Evidence] = GOLD, **values: Any) -> Case:
    question = "How many days of leave do staff have?"
    return Case(id=name, question=question, expected=expected, evidence=tuple(evidence), **values)


def result(text: str = "30 days", *, name: str = "1", refused: bool = False, **values: Any) -> Result:
    return Result(case_id=name, text=text, refused=refused, **values)


def passage(document: str, *pages: int, text: str = "Nothing of use.") -> Retrieved:
    return Retrieved(id=f"{document}{pages}{text}", document=document, pages=pages, text=text)


def cited(document: str, *pages: int, verified: bool = True) -> Cited:
    return Cited(document=document, pages=pages, quote="", verified=verified)


def values(scores: Iterable[Score]) -> dict[str, float | None]:
    return {score.metric: score.value for score in scores}


def means(summary: Mapping[str, Estimate | float | None]) -> dict[str, float | None]:
    return {name: one.mean if isinstance(one, Estimate) else one for name, one in summary.items()}


def test_measures_of_a_ranking_by_hand():
    gains = [0.0, 1.0, 0.0, 1.0]
    relevant = [False, True, True, True]  # the third meets again what the second met
    assert (hit(relevant, 1), hit(relevant, 2)) == (0, 1)
    assert (precision(relevant, 5), precision(relevant, 2)) == (3 / 5, 1 / 2)
    assert (recall(gains, 3, 2), recall(gains, 3, 10)) == (1 / 3, 2 / 3)
    assert (reciprocal_rank(relevant, 10), reciprocal_rank(relevant, 1)) == (1 / 2, 0)
    assert average_precision(gains, 3, 10) == pytest.approx((1 / 2 + 2 / 4) / 3)
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert ndcg(gains, [1, 1, 1], 10) == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)


def test_graded_gains_are_discounted():
    assert ndcg([1, 3], [3, 1], 10) == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))
    assert ndcg([2, 0], [1, 1], 10) == 1  # one passage with both pieces of evidence is no better than the best
    assert ndcg([1], [], 10) == ndcg([], [1], 10) == 0


def test_ir_measures_agrees():
    ir = pytest.importorskip("ir_measures", exc_type=ImportError)
    drawn = random.Random(4)
    for _ in range(40):
        gains = [float(drawn.random() < 0.3) for _ in range(drawn.randint(1, 15))]
        wanted = max(1, int(sum(gains)) + drawn.randint(0, 2))
        judged = {f"d{at}": 1 for at, gain in enumerate(gains) if gain}
        judged |= {f"lost{at}": 1 for at in range(wanted - len(judged))}
        run = {"q": {f"d{at}": float(-at) for at in range(len(gains))}}
        names = ("P@5", "R@5", "AP@10", "nDCG@10", "RR@10", "Success@5")
        theirs = {
            str(name): value
            for name, value in ir.calc_aggregate(map(ir.parse_measure, names), {"q": judged}, run).items()
        }
        relevant = [bool(gain) for gain in gains]
        ours = (
            precision(relevant, 5), recall(gains, wanted, 5), average_precision(gains, wanted, 10),
            ndcg(gains, [1.0] * wanted, 10), reciprocal_rank(relevant, 10), hit(relevant, 5),
        )  # fmt: skip
        assert dict(zip(names, ours, strict=True)) == pytest.approx(theirs)


RANKED = (passage("b.pdf", 4), passage("x/a.pdf", 9), passage("x/A.PDF", 5, 6), passage("a.pdf", 7))


@pytest.mark.parametrize(("tolerance", "rank"), [(0, 4), (1, 3), (2, 2)])
def test_pages_near_the_evidence_are_relevant(tolerance: int, rank: int):
    relevant = rank_passages(RANKED, GOLD, "page", tolerance).relevant
    assert relevant.index(True) + 1 == rank


def test_evidence_counts_once_however_often_it_is_met():
    ranking = rank_passages(RANKED, GOLD, "page")
    assert ranking == ([False, False, True, True], [0, 0, 1, 0], 1)
    assert rank_passages(RANKED, GOLD, "document") == ([False, True, True, True], [0, 1, 0, 0], 1)


def test_a_passage_on_a_page_of_evidence_is_not_taken_for_the_next_page():
    two = [Evidence(document="a.pdf", page=7), Evidence(document="a.pdf", page=8)]
    assert rank_passages([passage("a.pdf", 7)], two, "page").gains == [1]
    assert rank_passages([passage("a.pdf", 7, 8)], two, "page").gains == [2]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Rules. STAFF have\nthirty  days of leave. More.", True),
        ("Leave: each of the staff has 30 days.", True),
        ("Staff have no parking.", False),
    ],
)
def test_a_passage_holds_a_quote_by_its_words(text: str, held: bool):
    assert holds_quote(passage("a.pdf", text=text), GOLD[0]) is held


def test_a_document_is_named_whole_or_by_its_end():
    assert Evidence(document="leave.pdf").is_in("docs/Leave.pdf")
    assert Evidence(document="docs/leave.pdf").is_in("docs\\leave.pdf")
    assert not Evidence(document="leave.pdf").is_in("docs/unleave.pdf")


def test_a_document_is_the_same_wherever_the_workspace_stands_beside_it():
    for wanted in ("../docs/leave.pdf", "docs/leave.pdf", "../../docs/leave.pdf", "/home/ana/project/docs/leave.pdf"):
        for found in ("../docs/leave.pdf", "docs/leave.pdf"):
            assert Evidence(document=wanted).is_in(found)
        assert not Evidence(document=wanted).is_in("other/leave.pdf")
    assert not Evidence(document="/home/ana/docs/leave.pdf").is_in("leave.pdf")


def test_retrieval_is_scored_by_page_document_and_quote():
    found = values(metrics.score_retrieval(case(), result(passages=RANKED)))
    assert (found["page_hit@1"], found["page_hit@5"], found["page_mrr@10"]) == (0, 1, pytest.approx(1 / 3))
    assert (found["document_mrr@10"], found["document_precision@5"]) == (1 / 2, 3 / 5)
    assert (found["page_map@10"], found["page_ndcg@10"]) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert found["quote_hit@10"] == 0
    assert len(found) == 3 * 9 + 1


def test_measures_look_as_deep_as_they_say_where_the_system_tells_what_it_found():
    found = tuple(passage(f"{number}.pdf", 1) for number in range(7)) + (passage("a.pdf", 7),)
    scored = values(metrics.score_retrieval(case(), result(passages=found[:5], ranking=found)))
    assert (scored["page_hit@5"], scored["page_hit@10"], scored["document_mrr@10"]) == (0, 1, 1 / 8)
    assert values(metrics.score_retrieval(case(), result(passages=found[:5])))["page_hit@10"] == 0


def test_a_document_has_one_rank_however_many_of_its_passages_are_found():
    found = (passage("b.pdf", 1), passage("b.pdf", 2), passage("b.pdf", 3), passage("a.pdf", 7), passage("a.pdf", 8))
    scored = values(metrics.score_retrieval(case(), result(passages=found)))
    assert (scored["document_mrr@10"], scored["document_precision@5"], scored["page_mrr@10"]) == (1 / 2, 1 / 5, 1 / 4)


def test_units_that_the_evidence_does_not_name_are_left_out():
    found = values(metrics.score_retrieval(case(evidence=[Evidence(document="a.pdf")]), result(passages=RANKED)))
    assert {name.partition("_")[0] for name in found} == {"document", "passage"}
    assert not list(metrics.score_retrieval(case(answerable=False), result()))


def test_what_a_system_does_not_tell_is_unscored_and_what_it_did_not_find_is_zero():
    silent = list(metrics.score_retrieval(case(), result()))
    assert {score.value for score in silent} == {None} and "does not say" in silent[0].reason
    empty = values(metrics.score_retrieval(case(), result(refused=True, reason="no_documents")))
    assert set(empty.values()) == {0}
    assert {score.reason for score in metrics.score_retrieval(case(), result(error="down"))} == {"down"}


def test_diversity_is_the_mean_unlikeness_of_pairs():
    assert diversity(["a b c d", "a b c d"]) == 0
    assert diversity(["a b c d", "w x y z"]) == 1
    # Runs abc bcd, abc bcx: 1 of 3 shared; each of them with the third: none.
    assert diversity(["a b c d", "a b c x", "k l m n"]) == pytest.approx(1 - (1 / 3) / 3)
    assert diversity(["one"]) == 1


def test_the_cosine_needs_no_vectors_of_unit_length():
    assert cosine([1, 1], [1, 0]) == pytest.approx(math.sqrt(0.5)) and cosine([0, 0], [1, 0]) == 0


TWO = (Evidence(document="a.pdf", page=7), Evidence(document="notes.md"))


def test_citations_are_right_by_page_and_by_document():
    answer = result(citations=(cited("docs/a.pdf", 8, verified=False), cited("a.pdf", 1), cited("b.pdf", 7)))
    assert values(metrics.score_citations(case(evidence=TWO), answer)) == {
        "citation_precision": pytest.approx(1 / 3),
        "citation_recall": 1 / 2,
        "citation_document_precision": pytest.approx(2 / 3),
        "citation_document_recall": 1 / 2,
        "citation_page_hit": 0,  # the one that is right is not verified
        "citation_verified": pytest.approx(2 / 3),
    }
    assert values(metrics.score_citations(case(evidence=TWO), result(citations=(cited("x/notes.md"),))))[
        "citation_page_hit"
    ]


def test_an_answer_without_citations_has_no_precision():
    nothing = {"citation_recall": 0, "citation_document_recall": 0, "citation_page_hit": 0}
    assert values(metrics.score_citations(case(), result())) == nothing
    assert values(metrics.score_citations(case(), result(refused=True))) == nothing
    assert values(metrics.score_citations(case(answerable=False), result())) == {}
    assert set(values(metrics.score_citations(case(), result(error="down"))).values()) == {None}


def test_refusals_are_scored_as_a_detector_of_the_unanswerable():
    cases = [case(name=str(number), answerable=number % 2 == 1) for number in range(6)]
    said = [True, True, False, False, True, False]  # right: 0, 4; wrong: 1; missed: 2
    results = {str(number): result(name=str(number), refused=refused) for number, refused in enumerate(said)}
    summary = means(metrics.summarise_refusals(cases, results, {}))
    assert [summary[name] for name in ("refusal_precision", "refusal_recall", "refusal_f1")] == pytest.approx(
        [2 / 3] * 3
    )
    right = [value for one in cases for value in values(metrics.score_refusal(one, results[one.id])).values()]
    assert right == [1, 0, 0, 1, 1, 1]


def test_an_error_is_neither_a_refusal_nor_an_answer():
    failed = {"1": result(error="down")}
    assert values(metrics.score_refusal(case(), failed["1"])) == {"refusal_right": None}
    assert set(means(metrics.summarise_refusals([case()], failed, {})).values()) == {None}


def test_refusals_have_an_interval_and_how_many_they_are_of():
    cases = [case(name=str(number), answerable=number % 2 == 1, evidence=()) for number in range(40)]
    results = {one.id: result(name=one.id, refused=int(one.id) % 4 < 2, confidence=0.5) for one in cases}
    results["0"] = result(name="0", error="down")
    found = metrics.summarise_refusals(cases, results, {})
    assert (found["refusal_precision"].n, found["refusal_recall"].n, found["refusal_f1"].n) == (19, 19, 29)
    for name in ("refusal_precision", "refusal_recall", "refusal_f1"):
        one = found[name]
        assert one.mean is not None and one.low is not None and one.high is not None
        assert 0.2 < one.low < one.mean < one.high < 0.75
        assert one.unscored == 1


def test_refusals_about_few_documents_are_less_sure():
    def width(documents: int) -> float:
        cases = [
            case(name=str(at), answerable=False, evidence=[Evidence(document=f"{at % documents}.md")])
            for at in range(60)
        ]
        results = {one.id: result(name=one.id, refused=int(one.id) % documents % 2 == 0) for one in cases}
        found = metrics.summarise_refusals(cases, results, {})["refusal_recall"]
        assert found.low is not None and found.high is not None
        return found.high - found.low

    assert width(12) > 1.5 * width(60)


def test_the_risk_coverage_curve_begins_with_the_surest():
    points = risk_coverage([(0.2, 1.0), (0.9, 0.0), (0.5, 1.0)])
    assert points == [(pytest.approx(1 / 3), 0), (pytest.approx(2 / 3), 1 / 2), (1, pytest.approx(2 / 3))]
    assert aurc([(0.2, 1.0), (0.9, 0.0), (0.5, 1.0)]) == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)
    assert aurc([]) is None


def test_ties_of_confidence_have_no_order():
    tied = [(0.5, 0.0), (0.5, 1.0), (0.5, 1.0), (0.5, 0.0)]
    assert aurc(tied) == aurc(tied[::-1]) == 1 / 2
    # The surest is right; of the two that are tied, one is wrong: 0, 1/4, 1/3.
    assert aurc([(0.9, 0.0), (0.5, 1.0), (0.5, 0.0)]) == pytest.approx((0 + 1 / 4 + 1 / 3) / 3)


def test_the_risk_of_an_answer_is_what_its_quality_lacks():
    cases = [case(name="1"), case(name="2", answerable=False), case(name="3"), case(name="4"), case(name="5")]
    results = {
        "1": result(name="1", confidence=0.9), "2": result(name="2", confidence=0.4), "3": result(name="3"),
        "4": result(name="4", refused=True, confidence=0.1), "5": result(name="5", error="down", confidence=0.3),
    }  # fmt: skip
    scores = {"1": [Score(metric="token_f1", value=0.1), Score(metric="correctness_words", value=0.75)]}
    assert risks(cases, results, scores) == [(0.9, 0.25), (0.4, 1.0)]
    summary = means(metrics.summaries(cases, results, scores))
    assert (summary["aurc"], summary["risk"]) == (pytest.approx((0.25 + 0.625) / 2), 0.625)


def test_percentiles_are_those_of_numpy():
    numpy = pytest.importorskip("numpy")
    drawn = [random.Random(1).random() for _ in range(11)] + [0.5, 0.5]
    for percent in (0, 5, 50, 95, 99, 100):
        assert percentile(drawn, percent / 100).mean == pytest.approx(float(numpy.percentile(drawn, percent)))
    assert percentile([1, 2], 0.5).mean == 1.5
    assert percentile([], 0.5).mean is None


def test_a_price_that_is_not_known_is_not_nothing():
    cases = [case(name="1"), case(name="2"), case(name="3")]
    known = {
        "1": result(name="1", cost_usd=0.25, prompt_tokens=10, seconds={"total": 1.0, "search": None}),
        "2": result(name="2", cost_usd=0.75, completion_tokens=3, seconds={"total": 3.0}),
        "3": result(name="3", error="down", cost_usd=None, seconds={"total": 99.0}),
    }
    summary = means(summarise_cost(cases, known, {}))
    assert (summary["cost_usd_sum"], summary["cost_usd_per_1000"], summary["cost_unknown"]) == (1, 500, 0)
    assert (summary["seconds_total_p50"], summary["seconds_search_p50"]) == (2, None)
    assert (summary["prompt_tokens_sum"], summary["completion_tokens_sum"]) == (10, 3)
    unknown = known | {"2": result(name="2", cost_usd=None)}
    summary = summarise_cost(cases, unknown, {})
    assert (summary["cost_usd_sum"], summary["cost_usd_known_sum"], summary["cost_unknown"]) == (None, 0.25, 1)
    assert summarise_cost([], {}, {})["cost_usd_sum"] is None


def test_what_one_answer_took_is_scored():
    found = values(score_cost(case(), result(cost_usd=None, prompt_tokens=5, seconds={"total": 2.0, "search": None})))
    assert found == {"seconds_total": 2, "prompt_tokens": 5, "completion_tokens": 0, "cost_usd": None}
    assert set(values(score_cost(case(), result(error="down"))).values()) == {None}
    assert values(score_cost(case(), result(seconds={"total": math.inf})))["seconds_total"] is None


LEAVE = passage("a.pdf", 7, text="Staff have thirty days of leave in a year. Contractors have none.")
PARKING = passage("b.pdf", 1, text="The car park behind the office is open on weekdays.")


def test_faithfulness_is_how_far_passages_hold_what_is_claimed():
    text = "Staff have 30 days of leave in a year [1]. They also receive a free bicycle from the company."
    assert metrics.supported(text, [LEAVE.text]) == [True, False]
    found = values(metrics.score_grounded(case(), result(text, passages=(PARKING, LEAVE))))
    assert found["faithfulness"] == pytest.approx(5 / 9)  # of the words that are claimed
    assert metrics.faithfulness("Shall I go on?", [LEAVE.text]) is None
    assert metrics.faithfulness("Staff have 31 days of leave in a year.", [LEAVE.text]) == 0


def test_context_is_judged_by_evidence_or_by_the_expected_answer():
    answer = result(passages=(PARKING, LEAVE))
    expected = "Staff have 30 days of leave. Each of them may also work from a beach in Portugal."
    found = values(metrics.score_grounded(case(expected), answer))
    assert (found["context_precision"], found["context_recall"]) == (1 / 2, 1 / 2)
    found = values(metrics.score_grounded(case(expected, evidence=()), answer))
    assert found["context_precision"] == 1 / 2
    assert values(metrics.score_grounded(case(expected), result(passages=(PARKING,))))["context_precision"] == 0


def test_grounding_says_what_it_cannot_tell():
    reasons = {score.metric: score.reason for score in metrics.score_grounded(case("30 days"), result())}
    assert all("does not say" in reason for reason in reasons.values()) and len(reasons) == 3
    assert values(metrics.score_grounded(case(answerable=False), result(refused=True))) == {}
    assert set(values(metrics.score_grounded(case("30 days"), result(error="down"))).values()) == {None}


VECTORS = {"30 days": [1.0, 0.0], "thirty": [0.6, 0.8], "How many days of leave do staff have?": [0.0, 2.0]}


def test_an_embedder_compares_answer_question_and_expected():
    def embed(texts: Sequence[str]) -> list[list[float]]:
        return [VECTORS.get(text, [0.8, 0.6]) for text in texts]

    def scored(one: Case, given: Result) -> dict[str, float | None]:
        return values(metrics.embedded_scorer(embed, [one], {one.id: given})(one, given))

    found = scored(case("thirty", "other"), result("30 days [1]"))
    assert found == {"answer_relevance": 0, "answer_similarity": pytest.approx(0.8)}
    assert scored(case("thirty"), result(refused=True)) == {"answer_relevance": 0, "answer_similarity": 0}
    assert set(scored(case("thirty"), result(error="down")).values()) == {None}
    assert scored(case("thirty", answerable=False), result()) == {}
    assert scored(case(), result("")) == {"answer_relevance": 0}


def test_the_texts_of_all_cases_are_embedded_once_and_the_embedder_is_named():
    batches: list[Sequence[str]] = []

    def embed(texts: Sequence[str]) -> list[list[float]]:
        batches.append(texts)
        return [[1.0, 0.0] for _ in texts]

    cases = [replace(case("thirty"), id=name, answerable=name != "c") for name in "abcd"]
    results = {name: result("30 days" if name != "b" else "20 days") for name in "abc"}  # d was not asked
    score = metrics.embedded_scorer(embed, cases, results, "minilm")
    assert batches == [["30 days", cases[0].question, "thirty", "20 days"]]
    given = [one for case in cases[:2] for one in score(case, results[case.id])]
    assert {one.judge for one in given} == {"minilm"} and [one.value for one in given] == [1, 1, 1, 1]
    assert len(batches) == 1


def everything() -> dict[str, float | None]:
    answer = result(
        "Staff have 30 days of leave [1].", passages=(LEAVE, PARKING), citations=(cited("a.pdf", 7),), confidence=0.5,
        seconds=dict.fromkeys(("search", "first_token", "generate", "total"), 1.0),
    )  # fmt: skip
    one = case("30 days")
    scores = [score for scorer in metrics.scorers().values() for score in scorer(one, answer)]
    assert len({score.metric for score in scores}) == len(scores)
    assert all(score.version == metrics.METRICS[score.metric].version for score in scores)
    return values(scores) | means(metrics.summaries([one], {"1": answer}, {"1": scores}))


def test_every_metric_is_described_and_in_range():
    described = {**metrics.METRICS, **metrics.SUMMARY_METRICS}
    found = everything()
    assert found.keys() <= described.keys()
    plugged = {"choice_match", "final_number", "perplexity", "bits_per_byte", "toxicity", "answer_relevance"}
    assert described.keys() - found.keys() == plugged | {"answer_similarity"}
    for name, value in found.items():
        metric = described[name]
        assert metric.name == name and metric.description and metric.version >= 1
        assert value is None or (metric.low <= value and (metric.high is None or value <= metric.high))


def test_the_documentation_lists_every_metric():
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`([a-z_0-9@]+)`", text))
    plain = {*metrics.METRICS, *metrics.SUMMARY_METRICS}
    assert not plain - listed


def test_metrics_load_no_heavy_library():
    code = "import sys, scoville.evaluate.metrics; print(sorted({'sacrebleu', 'numpy', 'openvino'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_exports_are_there():
    module = importlib.import_module("scoville.evaluate.metrics")
    assert all(hasattr(module, name) for name in module.__all__)
