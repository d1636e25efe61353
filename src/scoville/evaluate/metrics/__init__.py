"""Metrics: small pure functions of a case and a result; docs/metrics.md lists them.

Enters: cases and results. Leaves: scores of each, and what can be said only of all of them. Knows no run and no judge.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite

from scoville.errors import UsageError
from scoville.evaluate.metrics.citations import METRICS as CITATIONS_METRICS
from scoville.evaluate.metrics.citations import score_citations
from scoville.evaluate.metrics.cost import METRICS as COST_METRICS
from scoville.evaluate.metrics.cost import SUMMARIES as COST_SUMMARIES
from scoville.evaluate.metrics.cost import score_cost, summarise_cost
from scoville.evaluate.metrics.grounded import METRICS as GROUNDED_METRICS
from scoville.evaluate.metrics.grounded import embedded_scorer, faithfulness, score_grounded, supported
from scoville.evaluate.metrics.metric import Family, Metric, Scorer, Scores, Summary
from scoville.evaluate.metrics.perplexity import METRICS as PERPLEXITY_METRICS
from scoville.evaluate.metrics.perplexity import perplexity_scorer
from scoville.evaluate.metrics.refusal import METRICS as REFUSAL_METRICS
from scoville.evaluate.metrics.refusal import SUMMARIES as REFUSAL_SUMMARIES
from scoville.evaluate.metrics.refusal import aurc, risk_coverage, risks, score_refusal, summarise_refusals
from scoville.evaluate.metrics.retrieval import METRICS as RETRIEVAL_METRICS
from scoville.evaluate.metrics.retrieval import score_retrieval
from scoville.evaluate.metrics.right import METRICS as RIGHT_METRICS
from scoville.evaluate.metrics.text import METRICS as TEXT_METRICS
from scoville.evaluate.metrics.text import SUMMARIES as TEXT_SUMMARIES
from scoville.evaluate.metrics.text import score_text, summarise_text
from scoville.evaluate.metrics.toxicity import METRICS as TOXICITY_METRICS
from scoville.evaluate.metrics.toxicity import score_toxicity, toxicity_scorer
from scoville.evaluate.result import Result
from scoville.evaluate.statistics import Estimate
from scoville.registry import find, names, plugged_in
from scoville.types import Case, Score

logger = logging.getLogger("scoville")

METRICS: Mapping[str, Metric] = {
    **RIGHT_METRICS, **TEXT_METRICS, **RETRIEVAL_METRICS, **CITATIONS_METRICS, **GROUNDED_METRICS, **REFUSAL_METRICS,
    **PERPLEXITY_METRICS, **TOXICITY_METRICS, **COST_METRICS,
}  # fmt: skip
"""What is scored of each answer."""
SUMMARY_METRICS: Mapping[str, Metric] = {**TEXT_SUMMARIES, **REFUSAL_SUMMARIES, **COST_SUMMARIES}
"""What is said of a set of answers."""


def families() -> dict[str, Family]:
    """Give the families that need no model, those that plugins add too."""
    added = set(plugged_in("metric"))
    found: dict[str, Family] = {name: find("metric", name)() for name in names("metric")}
    return {name: _careful(name, one) if name in added else one for name, one in found.items()}


def scorers() -> dict[str, Scorer]:
    """Give what scores an answer by each family."""
    return {name: family.score for name, family in families().items()}


def described() -> dict[str, Metric]:
    """Describe every metric of single answers, those that plugins add too."""
    return {**METRICS, **plugged_metrics()}


def plugged_metrics() -> dict[str, Metric]:
    """Describe the metrics that plugins add. Raises UsageError for a name that is taken."""
    found = {
        name: metric for family in plugged_in("metric") for name, metric in find("metric", family)().metrics.items()
    }
    if taken := sorted(found.keys() & METRICS.keys()):
        raise UsageError(f"metric {taken[0]!r} of a plugin is built in; give the plugin's another name")
    return found


def summaries(
    cases: Sequence[Case], results: Mapping[str, Result], scores: Scores
) -> dict[str, Estimate | float | None]:
    """Sum up a set of answers; None where nothing can be divided by, or something is not known."""
    summed = [one.summarise(cases, results, scores) for one in families().values() if one.summarise]
    return {name: value for values in summed for name, value in values.items()}


def _careful(name: str, family: Family) -> Family:
    """Give a plugin's family such that whatever its code raises or gives costs its own metrics alone."""

    def score(case: Case, result: Result) -> Iterable[Score]:
        try:
            return [_own(one, family) for one in family.score(case, result)]
        except Exception as error:  # whatever a stranger's code raises
            return [metric.score(None, f"{type(error).__name__}: {error}") for metric in family.metrics.values()]

    def summarise(
        cases: Sequence[Case], results: Mapping[str, Result], scores: Scores
    ) -> dict[str, Estimate | float | None]:
        try:
            found = family.summarise(cases, results, scores) if family.summarise else {}
            return {key: _finite(value) for key, value in found.items() if key not in SUMMARY_METRICS}
        except Exception as error:
            logger.warning("metrics of %s sum up nothing: %s: %s", name, type(error).__name__, error)
            return {}

    return replace(family, score=score, summarise=summarise)


def _own(score: object, family: Family) -> Score:
    if not isinstance(score, Score) or score.metric not in family.metrics:
        raise TypeError(f"{score!r}; expected a Score of {', '.join(family.metrics)}")
    return score


def _finite(value: Estimate | float | None) -> Estimate | float | None:
    if isinstance(value, Estimate):
        limits = (_finite(limit) for limit in (value.mean, value.low, value.high))
        mean, low, high = (limit if isinstance(limit, float) else None for limit in limits)
        return replace(value, mean=mean, low=low, high=high)
    return None if value is None or not isfinite(value) else float(value)


__all__ = [
    "METRICS", "SUMMARY_METRICS", "Family", "Metric", "Scorer", "Scores", "Summary", "aurc", "described",
    "embedded_scorer", "faithfulness", "perplexity_scorer", "plugged_metrics", "risk_coverage",
    "risks", "score_citations", "score_cost", "score_grounded", "score_refusal", "score_retrieval", "score_text",
    "score_toxicity", "scorers", "summaries", "summarise_cost", "summarise_refusals", "summarise_text", "supported",
    "toxicity_scorer",
]  # fmt: skip
