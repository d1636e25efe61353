"""From which probability on to answer, so that at most a chosen share of the answers is wrong.

Enters: of some answers how likely each was held to be right, and whether it was an error. Leaves: the risk at each
coverage, and for an error rate the threshold, with how sure it is. Geifman and El-Yaniv 2017 (selection with guaranteed
risk); Clopper and Pearson 1934. Knows no text.
"""

from collections.abc import Sequence
from itertools import dropwhile, takewhile
from math import ceil, exp, fsum, lgamma, log, log1p, log2
from typing import NamedTuple

CONFIDENCE = 0.9


class Point(NamedTuple):
    """An answer that could be given."""

    probability: float
    """How likely it was held to be right."""
    error: bool


class Risk(NamedTuple):
    """What it means to give the answers from one probability on."""

    threshold: float
    answered: int
    errors: int
    coverage: float
    """Of all that could be given."""

    @property
    def error(self) -> float:
        """The share of those given that is wrong."""
        return self.errors / self.answered


class Threshold(NamedTuple):
    """From where on to answer."""

    risk: Risk
    bound: float
    """With ``CONFIDENCE`` the true error is below this, however many thresholds were looked at."""
    holds: bool
    """Whether the bound is within what was asked for; if not, only the expected error is."""


def risks(points: Sequence[Point]) -> list[Risk]:
    """Give the risk at each threshold, the highest first; answers of one probability are given together."""
    ranked = sorted(points, key=lambda point: -point.probability)
    errors = 0
    found: list[Risk] = []
    for number, point in enumerate(ranked, 1):
        errors += point.error
        if number == len(ranked) or ranked[number].probability < point.probability:
            found.append(Risk(point.probability, number, errors, number / len(ranked)))
    return found


def choose(points: Sequence[Point], max_error: float) -> Threshold | None:
    """Find the lowest threshold that keeps an error rate; None where these answers show none.

    One that keeps it with confidence comes first. Without one, too few answers are known to be sure, and the last is
    taken of which, from the surest down, the expected error is within: one more answer counted as an error, as
    conformal prediction does. What lies behind the first that is not may be within by chance.
    """
    level = _level(points)
    every = risks(points)
    sure = [one for one in every if one.error <= max_error and _chance(one.errors, one.answered, max_error) <= level]
    beyond = dropwhile(lambda one: not _expected(one, max_error), every)
    within = list(takewhile(lambda one: _expected(one, max_error), beyond))
    chosen = (sure or within)[-1:]
    return next((Threshold(one, upper_bound(one.errors, one.answered, level), bool(sure)) for one in chosen), None)


def least_error(points: Sequence[Point]) -> float:
    """Give the lowest error rate for which ``choose`` finds a threshold; 1 without answers."""
    return min(((one.errors + 1) / (one.answered + 1) for one in risks(points)), default=1.0)


def bounds(points: Sequence[Point]) -> list[float]:
    """Give for each of ``risks`` what ``Threshold.bound`` is there."""
    return [upper_bound(one.errors, one.answered, _level(points)) for one in risks(points)]


def _level(points: Sequence[Point]) -> float:
    """Give the chance of being wrong that is left to each threshold."""
    return (1 - CONFIDENCE) / max(1, ceil(log2(len(points) + 1)))


def _expected(risk: Risk, max_error: float) -> bool:
    return (risk.errors + 1) / (risk.answered + 1) <= max_error


def upper_bound(errors: int, answered: int, level: float) -> float:
    """Give the error rate at which so few errors, or fewer, have just this chance (Clopper and Pearson, one-sided)."""
    if errors == answered:
        return 1.0
    low, high = errors / answered, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _chance(errors, answered, middle) > level else (low, middle)
    return high


def _chance(errors: int, answered: int, share: float) -> float:
    """Give the chance of so few errors, or fewer, at a true error rate."""
    return fsum(
        exp(
            lgamma(answered + 1) - lgamma(count + 1) - lgamma(answered - count + 1)
            + count * log(share) + (answered - count) * log1p(-share)
        )
        for count in range(errors + 1)
    )  # fmt: skip
