"""How sure a mean, a rate or a percentile is, when cases come in clusters.

Enters: one value per case (None: unscored), and the cluster of each: the document that it asks about, as questions
about one document stand and fall together. Leaves: the mean with its 95 % interval. Knows no metric and no system;
nothing here is NaN or infinite.

The methods were chosen by simulation (benchmarks/results/statistics_coverage.md): with 6 documents the percentile and
BCa bootstraps cover 67 to 88 %, not 95 %; what is here covers 93 to 99 %, too much with 30 cases or rates near 1.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

LEVEL = 0.95
RESAMPLES = 10_000
LEAST_CLUSTERS = 10
"""With fewer, a studentised bootstrap is up to twice as wide as Student's t, and covers no better."""
BLOCK = 500
"""Resamples that are drawn at once: 300 clusters of so many stay in the processor's cache."""


class Interval(NamedTuple):
    """Two limits; 95 % where nothing else is said."""

    low: float
    high: float


class Percentile(NamedTuple):
    """A percentile with its interval; a limit is None where there are too few values for it."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A mean, and how sure it is."""

    mean: float | None
    """None: no case is scored."""
    low: float | None
    """Of the 95 % interval; None where one value, or none, says nothing of how much values differ."""
    high: float | None
    n: int
    """Scored cases."""
    unscored: int = 0


class Sums(NamedTuple):
    """The sum and the number of the values of each cluster, ``[..., clusters]``."""

    totals: "Array"
    sizes: "Array"

    @property
    def mean(self) -> "Array":
        """Give the mean over all cases."""
        return self.totals.sum(-1) / self.sizes.sum(-1)


def estimate(
    values: Sequence[float | None], clusters: Sequence[Hashable] | None = None, *,
    low: float = 0.0, high: float | None = 1.0, seed: int = 0,
) -> Estimate:  # fmt: skip
    """Give the mean of the values with its 95 % interval.

    Without ``clusters``, and where all cases are in one, each case counts as its own. ``low`` and ``high`` are the
    metric's bounds; None, or values outside: it has none, and its mean is bootstrapped. Their order does not matter.
    """
    labels = range(len(values)) if clusters is None else clusters
    kept = [(value, label) for value, label in zip(values, labels, strict=True) if value is not None]
    scored, n, unscored = [value for value, _ in kept], len(kept), len(values) - len(kept)
    if not scored:
        return Estimate(mean=None, low=None, high=None, n=0, unscored=unscored)
    least, most = min(scored), max(scored)
    mean = min(max(math.fsum(scored) / n, least), most)
    bounded = high is not None and low <= least and most <= high
    if not bounded and least == most:
        return Estimate(mean=mean, low=None, high=None, n=n, unscored=unscored)
    base, scale = (low, high - low) if bounded and high is not None else (0.0, 1.0)
    sums = cluster_sums([(value - base) / scale for value in scored], [label for _, label in kept])
    if bounded:
        limits = bounded_interval(sums)
    else:
        limits = bootstrap_interval(sums, seed=seed) if len(sums.sizes) >= LEAST_CLUSTERS else student_interval(sums)
    first, last = (float(limit) * scale + base for limit in limits)
    return Estimate(mean=mean, low=min(first, mean), high=max(last, mean), n=n, unscored=unscored)


def cluster_sums(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Sums:
    """Add up values by cluster, in an order that does not depend on that of the cases.

    Each case counts as its own cluster where there is one cluster only, and where clusters have one mean though their
    values differ: then clusters say nothing of how means vary.
    """
    import numpy as np

    names = dict.fromkeys(clusters if clusters is not None else ())
    labels: Sequence[Hashable] = clusters if clusters is not None and len(names) > 1 else range(len(values))
    places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    where = np.array([places[label] for label in labels], dtype=int)
    totals, sizes = np.bincount(where, np.asarray(values, dtype=float)), np.bincount(where).astype(float)
    if len(sizes) < len(values) and np.ptp(totals / sizes) < 1e-12 < max(values) - min(values):
        return cluster_sums(values)
    order = np.lexsort((totals.round(12), sizes))
    return Sums(totals[order], sizes[order])


def jackknife_variance(sums: Sums) -> "Array":
    """Give the variance of the mean, by leaving out one cluster at a time.

    CV3 of MacKinnon, Nielsen and Webb, "Cluster-robust inference: A guide to empirical practice", 2023. Needs two
    clusters.
    """
    totals, sizes = sums
    count = sizes.shape[-1]
    without = (totals.sum(-1)[..., None] - totals) / (sizes.sum(-1)[..., None] - sizes)
    return (count - 1) / count * ((without - sums.mean[..., None]) ** 2).sum(-1)


def effective_clusters(sums: Sums) -> "Array":
    """Count clusters as if they were of one size (Kish, 1965): n² / Σ sizes²."""
    return sums.sizes.sum(-1) ** 2 / (sums.sizes**2).sum(-1)


def bounded_interval(sums: Sums) -> tuple["Array", "Array"]:
    """Give the interval of the mean of values from 0 to 1; ``[..., clusters]`` in, ``[...]`` out.

    Wilson's formula with the effective number of cases, mean (1 - mean) / variance, as Korn and Graubard (1998) do for
    rates in surveys, and Student's t for the few clusters. Where all values are equal each case counts.
    """
    import numpy as np

    mean, n = sums.mean, sums.sizes.sum(-1)
    if sums.sizes.shape[-1] < 2:
        return wilson(mean, n)
    variance = jackknife_variance(sums)
    spread = variance > 1e-14
    effective = np.where(spread, mean * (1 - mean) / np.where(spread, variance, 1), n)
    return wilson(mean, np.maximum(effective, 1e-9), _student(sums))


def student_interval(sums: Sums) -> tuple["Array", "Array"]:
    """Give the interval of the mean of values without bounds: Student's t with the jackknife's variance."""
    import numpy as np

    half = _student(sums) * np.sqrt(jackknife_variance(sums))
    return sums.mean - half, sums.mean + half


def bootstrap_interval(sums: Sums, *, resamples: int = RESAMPLES, seed: int = 0) -> tuple["Array", "Array"]:
    """Give the interval of one mean by the studentised bootstrap over clusters.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, 12.5; the error of each resample is that of a
    ratio of sums.
    """
    import numpy as np

    sizes, mean, count = sums.sizes, sums.mean, len(sums.sizes)
    residuals = sums.totals - mean * sizes
    bessel = count / (count - 1)
    terms = np.stack([sizes, residuals, residuals**2, residuals * sizes, sizes**2], axis=1)
    n, total, *squares = np.concatenate([counts @ terms for counts in _draws(count, resamples, seed)]).T
    shifts = total / n
    errors = np.sqrt(np.maximum(squares[0] - 2 * shifts * squares[1] + shifts**2 * squares[2], 0) * bessel) / n
    error = np.sqrt((residuals**2).sum() * bessel) / sizes.sum()
    usable = errors > 1e-6 * error
    if usable.mean() < LEVEL:
        return student_interval(sums)
    low, high = np.quantile(shifts[usable] / errors[usable], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return mean - high * error, mean - low * error


def wilson(share: Any, n: Any, quantile: Any = 1.959964) -> tuple[Any, Any]:
    """Give the score interval of a rate (Wilson, 1927), of single numbers or arrays; ``n`` need not be whole."""
    ratio = quantile**2 / n
    middle = (share + ratio / 2) / (1 + ratio)
    half = (ratio * share * (1 - share) + ratio**2 / 4) ** 0.5 / (1 + ratio)
    return _clipped(middle - half), _clipped(middle + half)


def percentile(values: Sequence[float], share: float) -> Percentile | None:
    """Give a percentile (``share`` from 0 to 1) with its interval; None of nothing.

    The limits are order statistics; how many values lie below the percentile is binomial (Conover, "Practical
    Nonparametric Statistics", 1999, 3.2). Needs no shape of the distribution.
    """
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    place = share * (n - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    below_it = list(accumulate(binomial(count, n, share) for count in range(n + 1)))
    first, last = bisect_right(below_it, (1 - LEVEL) / 2), bisect_left(below_it, (1 + LEVEL) / 2)
    return Percentile(
        below + (above - below) * (place - math.floor(place)),
        ordered[first - 1] if first else None,
        ordered[last] if last < n else None,
    )


def binomial(count: int, n: int, share: float) -> float:
    """Give the probability of ``count`` of ``n``."""
    if share in (0.0, 1.0):
        return float(count == n * share)
    ways = math.lgamma(n + 1) - math.lgamma(count + 1) - math.lgamma(n - count + 1)
    return math.exp(ways + count * math.log(share) + (n - count) * math.log1p(-share))


def student_quantile(freedom: float, share: float = (1 + LEVEL) / 2) -> float:
    """Give the quantile of Student's t for a ``share`` over 0.5; ``freedom`` from 1, need not be whole."""
    import numpy as np

    angles, chances = _student_angles(freedom)
    return math.sqrt(freedom) * math.tan(np.interp(2 * share - 1, chances, angles))


def student_chance(value: float, freedom: float) -> float:
    """Give the two-sided p of a value of Student's t."""
    import numpy as np

    angles, chances = _student_angles(freedom)
    return 1 - float(np.interp(math.atan(abs(value) / math.sqrt(freedom)), angles, chances))


@lru_cache(maxsize=64)
def _student_angles(freedom: float) -> "tuple[Array, Array]":
    """Give angles from 0 and the chance of less: with t = √freedom · tan(angle) the density is cos^(freedom - 1)."""
    import numpy as np

    angles = np.linspace(0, np.pi / 2, 8001)
    heights = np.cos(angles) ** (freedom - 1)
    below = np.concatenate([[0.0], np.cumsum(heights[1:] + heights[:-1])])
    return angles, below / below[-1]


def freedom(sums: Sums) -> "Array":
    """Give the degrees of freedom of the jackknife's variance: one less than clusters of one size, from 1 to 5000."""
    return (effective_clusters(sums) - 1).clip(1, 5000).round(2)


def _student(sums: Sums) -> "Array":
    import numpy as np

    found, places = np.unique(freedom(sums), return_inverse=True)
    return np.array([student_quantile(float(one)) for one in found])[places].reshape(sums.mean.shape)


def _clipped(value: Any) -> Any:
    return value.clip(0.0, 1.0) if hasattr(value, "clip") else min(max(value, 0.0), 1.0)


def _draws(count: int, resamples: int, seed: int) -> "Iterator[Array]":
    """Give how often each cluster is drawn, in blocks ``[resamples, clusters]``."""
    import numpy as np

    chance = np.random.default_rng(seed)
    for start in range(0, resamples, BLOCK):
        rows = min(BLOCK, resamples - start)
        places = chance.integers(0, count, (rows, count), dtype=np.uint32) + np.arange(rows)[:, None] * count
        yield np.bincount(places.ravel(), minlength=rows * count).reshape(rows, count).astype(float)
