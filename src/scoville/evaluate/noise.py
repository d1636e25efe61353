"""How unsure a mean or a difference is because a judge does not always say the same.

Enters: scores, of which a judge's hold what it said in each round. Leaves: means with intervals that hold its noise.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from statistics import NormalDist

from scoville.evaluate.paired import Noise, judged_again
from scoville.evaluate.statistics import LEVEL, Estimate, estimate, student_quantile
from scoville.types import Score


def estimate_scores(
    scores: Sequence[Score], clusters: Sequence[Hashable], *, high: float | None = 1.0
) -> tuple[Estimate, Noise | None]:
    """Give the mean with its interval; where a judge was asked more than once, its noise is in that, and given."""
    values = [score.value for score in scores]
    rounds = count_rounds(scores)
    if rounds < 2:
        return estimate(values, clusters, high=high), None
    given = [(_rounds(score, rounds), label) for score, label in zip(scores, clusters, strict=True) if score.rounds or score.value is not None]  # fmt: skip  # noqa: E501
    found = judged_again([said for said, _ in given], [label for _, label in given])
    return replace(found.once, unscored=values.count(None)), found


def round_variance(first: Sequence[Score], second: Sequence[Score]) -> float:
    """Give the variance of a difference between runs that is common to all cases of a round of judging.

    What differs from verdict to verdict is in the spread over the cases already. It is as much larger as few rounds
    know little of it. 0 where either run was judged once.
    """
    rounds = min(count_rounds(first), count_rounds(second))
    if rounds < 2:
        return 0.0
    gaps = [
        [other - one for one, other in zip(_rounds(before, rounds), _rounds(now, rounds), strict=True)]
        for before, now in zip(first, second, strict=True)
        if None not in (before.value, now.value)
    ]
    if not gaps:
        return 0.0
    few = student_quantile(rounds - 1) / NormalDist().inv_cdf((1 + LEVEL) / 2)
    return (judged_again(gaps).run_deviation * few) ** 2 / rounds


def count_rounds(scores: Sequence[Score]) -> int:
    """Give how often a judge was asked; 0 where it was asked once, or not at all."""
    return max((len(score.rounds) for score in scores), default=0)


def _rounds(score: Score, rounds: int) -> Sequence[float]:
    """Give what was said of an answer in each round; what needed no judge is the same each time."""
    said = score.rounds[:rounds]
    return said if len(said) == rounds else [score.value or 0.0] * rounds
