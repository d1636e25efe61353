"""A run gets its scores, and what they come to over all its cases.

Enters: a run, perhaps a judge and scorers with a model. Leaves: ``scores.json`` of the run. Asks no system; without
those no model either, so that a run can be scored again in a second when a metric changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from scoville.evaluate.clusters import clusters_of
from scoville.evaluate.judge.judge import Judge
from scoville.evaluate.judge.metrics import METRICS as JUDGED
from scoville.evaluate.judge.metrics import judge_all
from scoville.evaluate.metrics import Metric, Scorer, described, scorers, summaries
from scoville.evaluate.noise import estimate_scores
from scoville.evaluate.result import Result
from scoville.evaluate.rightness import HEADLINE, rightness
from scoville.evaluate.run_cases import OnCase, score_cases
from scoville.evaluate.runs import Run
from scoville.evaluate.statistics import Estimate
from scoville.types import Case, Score


def score_run(
    run: Run,
    *,
    judge: Judge | None = None,
    more: Mapping[str, Scorer] | None = None,
    wrong_costs: float = 1.0,
    on_case: OnCase | None = None,
) -> None:
    """Score every answer of a run and write the scores down; earlier ones are replaced.

    ``more`` are scorers besides those that need no model; a wrong answer costs ``wrong_costs`` refusals.
    """
    cases, results = run.cases(), run.results()
    scores = score_cases(cases, results, scorers())
    for case_id, found in score_cases(cases, results, more, on_case=on_case).items() if more else ():
        scores[case_id] += found
    if judge:
        for case_id, found in judge_all(judge, cases, results, on_done=on_case).items():
            scores[case_id] += found
    for case in cases:
        if case.id in scores:
            scores[case.id] += rightness(case, results[case.id], scores[case.id], wrong_costs)
    weights = {"unanswerable": sum(not case.answerable for case in cases) / len(cases), "wrong_costs": wrong_costs}
    run.write_scores(scores, summarise(cases, results, scores) | {"weights": weights})


def known_metrics() -> dict[str, Metric]:
    """Describe everything that a case may have a score of: the headline, by comparison, by a judge, by plugins."""
    return {**HEADLINE, **described(), **JUDGED}


def summarise(
    cases: Sequence[Case], results: Mapping[str, Result], scores: Mapping[str, Sequence[Score]]
) -> dict[str, Any]:
    """Give the mean of each metric with its interval, and what only a set of cases has."""
    known = known_metrics()
    names = dict.fromkeys(score.metric for found in scores.values() for score in found)
    by, clusters = clusters_of(cases)
    by_case = [(clusters[case_id], {score.metric: score for score in found}) for case_id, found in scores.items()]
    metrics: dict[str, Any] = {}
    noise: dict[str, Any] = {}
    for name in names:
        if name in known and known[name].family == "cost":  # of these percentiles and sums tell more
            continue
        given = [(of[name], cluster) for cluster, of in by_case if name in of]
        found, repeated = estimate_scores(
            [score for score, _ in given], [cluster for _, cluster in given],
            high=known[name].high if name in known else 1.0,
        )  # fmt: skip
        metrics[name] = asdict(found)
        if repeated:
            noise[name] = {"verdict": repeated.case_deviation, "round": repeated.run_deviation}
    counts = {
        "cases": len(cases),
        "answered": sum(not one.refused and not one.error for one in results.values()),
        "refused": sum(one.refused for one in results.values()),
        "errors": sum(bool(one.error) for one in results.values()),
        "missing": sum(case.id not in results for case in cases),
    }
    sets = summaries(cases, results, scores)
    metrics |= {name: asdict(found) for name, found in sets.items() if isinstance(found, Estimate)}
    values = {name: found.mean if isinstance(found, Estimate) else found for name, found in sets.items()}
    return {"counts": counts, "clusters": by, "metrics": metrics, "sets": values, **({"noise": noise} if noise else {})}
