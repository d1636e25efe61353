"""Whether the passages that a system was given hold the evidence, and how high they stand.

Enters: a case with evidence, and a result with passages in their order: those that the search found, as deep as the
measures look, where the system tells; else those that it was given. Leaves: scores by page, by document and by quote.
Each rank is a passage; by document, a document, where its first passage stands, as trec_eval and BEIR have it. A piece
of evidence counts once, where it is first met, however many passages meet it: so recall, MAP and nDCG cannot be raised
by copies. Knows no answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Literal, NamedTuple

from scoville.evaluate.metrics.metric import Family, table
from scoville.evaluate.metrics.overlap import runs
from scoville.evaluate.metrics.places import PAGE_TOLERANCE, holds_quote, met_on_page
from scoville.evaluate.metrics.ranking import average_precision, hit, ndcg, precision, recall, reciprocal_rank
from scoville.evaluate.result import Result, Retrieved
from scoville.types import Case, Evidence, Score
from scoville.words import word_tokens

Unit = Literal["page", "document", "quote"]
UNITS: dict[Unit, str] = {
    "page": f"a passage on the evidence's page, or at most {PAGE_TOLERANCE} page from it",
    "document": "a document of the evidence, each ranked once, by its best passage",
    "quote": "a passage that holds the evidence's quote, or 80 % of its content words",
}
CUT_OFFS = {"hit": (1, 5, 10), "precision": (5,), "recall": (5, 10), "mrr": (10,), "map": (10,), "ndcg": (10,)}
DEPTH = max(k for ks in CUT_OFFS.values() for k in ks)
"""Ranks that measures look at."""
MEANINGS = {
    "hit": "1 when the first {k} have {unit}",
    "precision": "share of the first {k} ranks with {unit}",
    "recall": "share of the evidence met by the first {k}: {unit}",
    "mrr": "1 / rank of the first that is {unit}, 0 behind rank {k}",
    "map": "mean precision at the ranks that meet new evidence, to rank {k}: {unit}",
    "ndcg": "discounted gain as a share of the best order, to rank {k}: {unit}",
}
SOURCES = {"mrr": "Voorhees, 1999", "map": "Manning et al., 2008, 8.4", "ndcg": "Järvelin and Kekäläinen, 2002"}
SHINGLE = 3
"""Words of a run by which passages are compared."""
NOTHING_FOUND = frozenset({"no_documents", "weak_evidence"})
"""Reasons of a refusal with which an empty list of passages is what was found; otherwise the system does not tell."""

_RANKED = table(
    "retrieval",
    *(
        (f"{unit}_{measure}@{k}", MEANINGS[measure].format(k=k, unit=meaning), SOURCES.get(measure, ""))
        for unit, meaning in UNITS.items()
        for measure, ks in CUT_OFFS.items()
        for k in ks
    ),
)
METRICS = {name: replace(one, version=2) for name, one in _RANKED.items()} | table(
    "retrieval",
    ("passage_diversity", f"1 - mean likeness (Jaccard) of two passages by their runs of {SHINGLE} words"),
)
"""In version 1 no rank was behind those that were given, and each passage of a document had a rank of its own."""


class Ranking(NamedTuple):
    """What each rank is worth."""

    relevant: list[bool]
    gains: list[float]
    """How many pieces of evidence it is the first to meet."""
    wanted: int
    """How many there are."""


def rank_passages(
    passages: Sequence[Retrieved], evidence: Sequence[Evidence], unit: Unit, tolerance: int = PAGE_TOLERANCE
) -> Ranking:
    """Look through the passages for the evidence; only that which names a page, or a quote, counts for those units."""
    named = {
        "page": [one for one in evidence if one.page is not None],
        "document": [Evidence(document=name) for name in dict.fromkeys(one.document for one in evidence)],
        "quote": [one for one in evidence if one.quote.strip()],
    }[unit]
    ranked = {one.document: one for one in passages}.values() if unit == "document" else passages
    met = [_met(passage, named, unit, tolerance) for passage in ranked]
    seen: set[int] = set()
    gains: list[float] = []
    for numbers in met:
        gains.append(float(len(numbers - seen)))
        seen |= numbers
    return Ranking([bool(numbers) for numbers in met], gains, len(named))


def score_retrieval(case: Case, result: Result) -> Iterable[Score]:
    """Score the passages by page, by document and by quote, as far as the evidence names them."""
    reason = unscored(result)
    if case.answerable:
        for unit in UNITS:
            yield from _score_unit(case, result, unit, reason)
    if not reason and len(result.passages) > 1:
        yield METRICS["passage_diversity"].score(diversity([passage.text for passage in result.passages]))


def unscored(result: Result) -> str:
    """Say why nothing can be said of the passages; empty when it can."""
    if result.error:
        return result.error
    told = result.ranking or result.passages or (result.refused and result.reason in NOTHING_FOUND)
    return "" if told else "the system does not say which passages it was given"


def diversity(texts: Sequence[str]) -> float:
    """Give 1 - the mean Jaccard likeness of two texts by their runs of three words; 1 for fewer than two."""
    shingles = [set(runs(tokens, min(SHINGLE, max(len(tokens), 1)))) for tokens in map(word_tokens, texts)]
    likeness = [len(one & other) / len(one | other) if one | other else 1.0 for one, other in combinations(shingles, 2)]
    return 1 - sum(likeness) / len(likeness) if likeness else 1.0


def _met(passage: Retrieved, evidence: Sequence[Evidence], unit: Unit, tolerance: int) -> set[int]:
    if unit == "page":
        return met_on_page(passage, evidence, tolerance)
    meets = holds_quote if unit == "quote" else lambda place, one: one.is_in(place.document)
    return {number for number, one in enumerate(evidence) if meets(passage, one)}


def _score_unit(case: Case, result: Result, unit: Unit, reason: str) -> Iterable[Score]:
    relevant, gains, wanted = rank_passages(result.ranking or result.passages, case.evidence, unit)
    if not wanted:
        return
    measures = {
        "hit": lambda k: hit(relevant, k),
        "precision": lambda k: precision(relevant, k),
        "recall": lambda k: recall(gains, wanted, k),
        "mrr": lambda k: reciprocal_rank(relevant, k),
        "map": lambda k: average_precision(gains, wanted, k),
        "ndcg": lambda k: ndcg(gains, [1.0] * wanted, k),
    }
    for measure, ks in CUT_OFFS.items():
        for k in ks:
            yield METRICS[f"{unit}_{measure}@{k}"].score(None if reason else measures[measure](k), reason)


def open_family() -> Family:
    """Give what is scored without a model."""
    return Family(score=score_retrieval, metrics=METRICS)
