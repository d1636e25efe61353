"""Metrics: small pure functions of a case and a result; docs/metrics.md lists them.

Enters: cases and results. Leaves: scores of each, and what can be said only of all of them. Knows no run and no judge.
"""

from collections.abc import Mapping, Sequence

from scoville.evaluate.metrics.citations import METRICS as CITATIONS_METRICS
from scoville.evaluate.metrics.citations import score_citations
from scoville.evaluate.metrics.cost import METRICS as COST_METRICS
from scoville.evaluate.metrics.cost import SUMMARIES as COST_SUMMARIES
from scoville.evaluate.metrics.cost import percentile, score_cost, summarise_cost
from scoville.evaluate.metrics.grounded import METRICS as GROUNDED_METRICS
from scoville.evaluate.metrics.grounded import embedded_scorer, faithfulness, score_grounded, supported
from scoville.evaluate.metrics.metric import Metric, Scorer, Scores, Summary
from scoville.evaluate.metrics.perplexity import METRICS as PERPLEXITY_METRICS
from scoville.evaluate.metrics.perplexity import perplexity_scorer
from scoville.evaluate.metrics.refusal import METRICS as REFUSAL_METRICS
from scoville.evaluate.metrics.refusal import SUMMARIES as REFUSAL_SUMMARIES
from scoville.evaluate.metrics.refusal import aurc, risk_coverage, risks, score_refusal, summarise_refusals
from scoville.evaluate.metrics.retrieval import METRICS as RETRIEVAL_METRICS
from scoville.evaluate.metrics.retrieval import score_retrieval
from scoville.evaluate.metrics.text import METRICS as TEXT_METRICS
from scoville.evaluate.metrics.text import SUMMARIES as TEXT_SUMMARIES
from scoville.evaluate.metrics.text import score_text, summarise_text
from scoville.evaluate.metrics.toxicity import METRICS as TOXICITY_METRICS
from scoville.evaluate.metrics.toxicity import score_toxicity, toxicity_scorer
from scoville.evaluate.result import Result
from scoville.types import Case

SCORERS: Mapping[str, Scorer] = {
    "text": score_text,
    "retrieval": score_retrieval,
    "citations": score_citations,
    "grounded": score_grounded,
    "refusal": score_refusal,
    "toxicity": score_toxicity,
    "cost": score_cost,
}
"""The families that need no model."""
METRICS: Mapping[str, Metric] = {
    **TEXT_METRICS, **RETRIEVAL_METRICS, **CITATIONS_METRICS, **GROUNDED_METRICS, **REFUSAL_METRICS,
    **PERPLEXITY_METRICS, **TOXICITY_METRICS, **COST_METRICS,
}  # fmt: skip
"""What is scored of each answer."""
SUMMARIES: Mapping[str, Summary] = {"text": summarise_text, "refusal": summarise_refusals, "cost": summarise_cost}
SUMMARY_METRICS: Mapping[str, Metric] = {**TEXT_SUMMARIES, **REFUSAL_SUMMARIES, **COST_SUMMARIES}
"""What is said of a set of answers."""


def summaries(cases: Sequence[Case], results: Mapping[str, Result], scores: Scores) -> dict[str, float | None]:
    """Sum up a set of answers; None where nothing can be divided by, or something is not known."""
    return {name: value for summary in SUMMARIES.values() for name, value in summary(cases, results, scores).items()}


__all__ = [
    "METRICS", "SCORERS", "SUMMARIES", "SUMMARY_METRICS", "Metric", "Scorer", "Scores", "Summary", "aurc",
    "embedded_scorer", "faithfulness", "percentile", "perplexity_scorer", "risk_coverage", "risks", "score_citations",
    "score_cost", "score_grounded", "score_refusal", "score_retrieval", "score_text", "score_toxicity", "summaries",
    "summarise_cost", "summarise_refusals", "summarise_text", "supported", "toxicity_scorer",
]  # fmt: skip
