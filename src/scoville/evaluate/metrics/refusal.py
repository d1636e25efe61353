"""Whether a system refuses what has no answer and answers what has one, and whether it knows how sure it is.

Enters: cases, results and their scores. Leaves: refusals as a detector of the unanswerable, and the
risk–coverage curve. Knows no text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from scoville.evaluate.clusters import clusters_of
from scoville.evaluate.metrics.metric import Family, Scores, table
from scoville.evaluate.result import Result
from scoville.evaluate.statistics import Estimate, estimate, jackknife
from scoville.types import Case, Score

METRICS = table("refusal", ("refusal_right", "an unanswerable question is refused, an answerable one is not"))
SUMMARIES = table(
    "refusal",
    ("refusal_precision", "share of the refusals that are of unanswerable questions"),
    ("refusal_recall", "share of the unanswerable questions that are refused"),
    ("refusal_f1", "harmonic mean of refusal precision and recall"),
) | table(
    "refusal",
    ("aurc", "mean risk of giving only the surest answers, over every share of them", "Geifman et al., 2018"),
    ("risk", "mean risk of all answers: the aurc of a confidence that knows nothing"),
    higher_is_better=False,
)
QUALITY = ("correctness", "choice_match", "final_number", "correctness_words")
"""The risk of an answer is 1 - the first of these that it has."""


class Point(NamedTuple):
    """One point of the risk–coverage curve."""

    coverage: float
    """Share of the answers, the surest, that are given."""
    risk: float
    """Their mean loss."""


def score_refusal(case: Case, result: Result) -> Iterable[Score]:
    """Say whether a refusal, or an answer, was right."""
    value = None if result.error else float(result.refused != case.answerable)
    yield METRICS["refusal_right"].score(value, result.error)


def summarise_refusals(cases: Sequence[Case], results: Mapping[str, Result], scores: Scores) -> dict[str, Estimate]:
    """Give refusal precision, recall and F1, and the area under the risk–coverage curve."""
    clusters = clusters_of(cases)[1]
    told = [
        (results[case.id].refused, not case.answerable, clusters[case.id]) for case in cases if _answered(case, results)
    ]
    unscored = len(cases) - len(told)
    given, losses = _risky(cases, results, scores)
    return {
        "refusal_precision": _share([(wanted, cluster) for refused, wanted, cluster in told if refused], unscored),
        "refusal_recall": _share([(refused, cluster) for refused, wanted, cluster in told if wanted], unscored),
        "refusal_f1": _f1(told, unscored),
        "aurc": jackknife(aurc, losses, [clusters[case.id] for case in given]),
        "risk": estimate([loss for _, loss in losses], [clusters[case.id] for case in given]),
    }


def _share(told: Sequence[tuple[bool, str]], unscored: int) -> Estimate:
    found = estimate([float(right) for right, _ in told], [cluster for _, cluster in told])
    return replace(found, unscored=unscored)


def _f1(told: Sequence[tuple[bool, bool, str]], unscored: int) -> Estimate:
    """Give F1: of refusals and unanswerable questions, both counted, the share that are of one case."""
    marked = [
        (refused and wanted, cluster) for refused, wanted, cluster in told for _ in range(int(refused) + int(wanted))
    ]
    counted = sum(refused or wanted for refused, wanted, _ in told)
    return replace(_share(marked, unscored), n=counted)


def risks(cases: Iterable[Case], results: Mapping[str, Result], scores: Scores) -> list[tuple[float, float]]:
    """Give confidence and loss of each answer that has both; an answer to an unanswerable case has loss 1.

    Refusals are left out: the system gave no answer whose risk could be taken.
    """
    return _risky(cases, results, scores)[1]


def _risky(
    cases: Iterable[Case], results: Mapping[str, Result], scores: Scores
) -> tuple[list[Case], list[tuple[float, float]]]:
    given: list[Case] = []
    found: list[tuple[float, float]] = []
    for case in cases:
        if not _answered(case, results) or results[case.id].refused:
            continue
        confidence = results[case.id].confidence
        quality = _quality(scores.get(case.id, ())) if case.answerable else 0.0
        if confidence is not None and quality is not None:
            given.append(case)
            found.append((confidence, 1 - quality))
    return given, found


def risk_coverage(risks: Iterable[tuple[float, float]]) -> list[Point]:
    """Give the mean loss of the surest 1, 2, … n of (confidence, loss).

    Answers of one confidence have no order: each stands for the mean of them, as if drawn at random.
    """
    ranked = sorted(risks, key=lambda one: -one[0])
    losses: list[float] = []
    for _, tied in groupby(ranked, key=lambda one: one[0]):
        group = [loss for _, loss in tied]
        losses += [sum(group) / len(group)] * len(group)
    total = 0.0
    points: list[Point] = []
    for number, loss in enumerate(losses, 1):
        total += loss
        points.append(Point(number / len(losses), total / number))
    return points


def aurc(risks: Iterable[tuple[float, float]]) -> float | None:
    """Give the mean risk over the points of the risk–coverage curve (Geifman, Uziel and El-Yaniv, 2018)."""
    points = risk_coverage(risks)
    return sum(point.risk for point in points) / len(points) if points else None


def _answered(case: Case, results: Mapping[str, Result]) -> bool:
    return case.id in results and not results[case.id].error


def _quality(scores: Iterable[Score]) -> float | None:
    values = {score.metric: score.value for score in scores}
    return next((value for name in QUALITY if (value := values.get(name)) is not None), None)


def open_family() -> Family:
    """Give what is scored without a model."""
    return Family(score=score_refusal, metrics=METRICS, summarise=summarise_refusals)
