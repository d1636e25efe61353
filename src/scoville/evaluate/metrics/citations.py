"""Whether an answer cites the evidence.

Enters: a case with evidence, and a result with citations. Leaves: scores. A citation is right when it points at the
page of a piece of evidence (at most one page off), or at its document where it names no page. Knows no text.
"""

from collections.abc import Iterable

from scoville.evaluate.metrics.metric import Family, table
from scoville.evaluate.metrics.places import met_on_page
from scoville.evaluate.result import Result
from scoville.types import Case, Score

METRICS = table(
    "citations",
    ("citation_precision", "share of the citations that point at evidence, by page"),
    ("citation_recall", "share of the evidence that is cited, by page"),
    ("citation_document_precision", "share of the citations that name a document of the evidence"),
    ("citation_document_recall", "share of the evidence's documents that are cited"),
    ("citation_page_hit", "1 when a verified citation points at evidence, by page"),
    ("citation_verified", "share of the citations whose quote stands in the passage and holds the sentence"),
)


def score_citations(case: Case, result: Result) -> Iterable[Score]:
    """Score the citations. An answer without any has no precision; a refusal of an answerable case has recall 0."""
    values = _shares(result)
    if case.answerable and case.evidence:
        values = _against_evidence(case, result) | values
    for name, value in values.items():
        yield METRICS[name].score(None if result.error else value, result.error)


def _shares(result: Result) -> dict[str, float]:
    cited = result.citations
    return {"citation_verified": sum(one.verified for one in cited) / len(cited)} if cited else {}


def _against_evidence(case: Case, result: Result) -> dict[str, float]:
    cited = () if result.refused else result.citations
    met = [met_on_page(one, case.evidence) for one in cited]
    documents = {one.document: one for one in case.evidence}
    named = [{name for name, evidence in documents.items() if evidence.is_in(one.document)} for one in cited]
    values = {
        "citation_recall": len(set[int]().union(*met)) / len(case.evidence),
        "citation_document_recall": len(set[str]().union(*named)) / len(documents),
        "citation_page_hit": float(any(one.verified and found for one, found in zip(cited, met, strict=True))),
    }
    if cited:
        values["citation_precision"] = sum(map(bool, met)) / len(cited)
        values["citation_document_precision"] = sum(map(bool, named)) / len(cited)
    return values


def open_family() -> Family:
    """Give what is scored without a model."""
    return Family(score=score_citations, metrics=METRICS)
