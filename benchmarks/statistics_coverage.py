"""Do 95 % intervals hold 95 %, and does a test at 5 % raise 5 % false alarms? By simulation, for several methods.

    python benchmarks/statistics_coverage.py --out benchmarks/results/statistics_coverage.md

Scores of questions about documents, alike within a document (intra-cluster correlation 0.1), documents with unequally
many questions (Dirichlet 2). The true mean is known, so it can be counted how often an interval holds it. Seeded.
"""

import argparse
import time
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from scoville.evaluate.paired import flip_test
from scoville.evaluate.statistics import (
    Sums,
    bounded_interval,
    student_interval,
    student_quantile,
    wilson,
)

REPLICATIONS = 4000
DRAWS = 999
SIZES = ((30, 6), (30, 30), (100, 6), (100, 12), (100, 30), (300, 6), (300, 12), (300, 30))
SCORES = {
    "rate 0.5": (0.5, "0 or 1"), "rate 0.8": (0.8, "0 or 1"), "rate 0.95": (0.95, "0 or 1"),
    "skewed to 1": (0.8, "1, else Beta(1, 2): like recall"), "skewed to 0": (0.3, "0, else Beta(1, 4)"),
}  # fmt: skip
POINTS = 1.5


class World(NamedTuple):
    sums: Sums
    mean: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/statistics_coverage.md")
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    given = parser.parse_args()
    started = time.process_time()
    chance = np.random.default_rng(2024)
    error = 100 * (0.95 * 0.05 / given.replications) ** 0.5
    parts = [
        "# How often 95 % intervals hold the truth, and how often tests raise a false alarm\n",
        "Made by `benchmarks/statistics_coverage.py`: "
        f"{given.replications:,} replications a line, {DRAWS} resamples, intra-cluster correlation 0.1, documents with "
        f"unequally many cases. A coverage is uncertain by ± {2 * error:.1f} points; **bold** is within 95 ± {POINTS}. In "
        "brackets: the mean width. *shipped* is what `estimate` and `compare` use.\n",
        "\n## Means of scores from 0 to 1\n", table(lambda n, g: bounded(chance, n, g, given.replications), SCORES, SIZES),
        "\n## Means of values without bounds (seconds)\n",
        table(lambda n, g: unbounded(chance, n, g, given.replications), ("gamma", "log-normal"), SIZES),
        "\n## Paired: false alarms at 5 %\n",
        table(lambda n, g: alarms(chance, n, g, given.replications), ("same rate", "same mean, shifted by document"), SIZES),
    ]  # fmt: skip
    seconds = time.process_time() - started
    given.out.write_text("\n".join([*parts, f"\n{seconds:.0f} s of one core.\n"]), encoding="utf-8")
    print(given.out.read_text(encoding="utf-8"))


def table(run, kinds, sizes) -> str:
    """Write a line for each kind and size; ``run`` gives kind → method → cell."""
    lines: list[str] = []
    for place, (n, clusters) in enumerate(sizes):
        for kind, cells in run(n, clusters).items():
            if not place and not lines:
                lines += [f"| | n | documents | {' | '.join(cells)} |", f"|---|{'--:|' * (len(cells) + 2)}"]
            lines.append(f"| {kind} | {n} | {clusters} | {' | '.join(cells.values())} |")
    head, body = lines[:2], lines[2:]
    order = {kind: place for place, kind in enumerate(kinds)}
    return "\n".join([*head, *sorted(body, key=lambda line: order[line.split("|")[1].strip()])])


def places(chance, n: int, clusters: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the sizes ``[count, clusters]``, and for each case the number of its document among all."""
    if clusters == n:
        sizes = np.ones((count, n), dtype=int)
    else:
        sizes = 1 + chance.multinomial(n - clusters, chance.dirichlet(np.full(clusters, 2.0), count))
    labels = np.repeat(np.tile(np.arange(clusters), count), sizes.ravel()).reshape(count, n)
    return sizes, labels + np.arange(count)[:, None] * clusters


def summed(values: np.ndarray, place: np.ndarray, sizes: np.ndarray, mean: float) -> World:
    totals = np.bincount(place.ravel(), values.ravel(), minlength=sizes.size).reshape(sizes.shape)
    return World(Sums(totals, sizes.astype(float)), mean)


def rates(chance, rate: float, shape: tuple[int, int], place: np.ndarray) -> np.ndarray:
    return chance.beta(rate * 9, (1 - rate) * 9, shape).ravel()[place]


def bounded(chance, n: int, clusters: int, count: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for kind, (rate, _) in SCORES.items():
        sizes, place = places(chance, n, clusters, count)
        right = chance.random((count, n)) < rates(chance, rate, sizes.shape, place)
        values, mean = right.astype(float), rate
        if kind == "skewed to 1":
            values, mean = np.where(right, 1.0, chance.beta(1, 2, (count, n))), rate + (1 - rate) / 3
        if kind == "skewed to 0":
            values, mean = np.where(right, chance.beta(1, 4, (count, n)), 0.0), rate / 5
        world = summed(values, place, sizes, mean)
        methods = {
            **bootstraps(chance, world.sums), "Student's t, jackknife": student_interval(world.sums),
            "Wilson, cases as if independent": wilson(world.sums.mean, np.full(count, float(n))),
            "shipped: Wilson, effective n": bounded_interval(world.sums),
        }  # fmt: skip
        found[kind] = {name: cell(limits, world.mean, 0, 1) for name, limits in methods.items()}
    return found


def unbounded(chance, n: int, clusters: int, count: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for kind in ("gamma", "log-normal"):
        sizes, place = places(chance, n, clusters, count)
        level = chance.gamma(25, 0.04, sizes.shape).ravel()[place]
        spread = chance.gamma(2, 0.5, (count, n)) if kind == "gamma" else np.exp(chance.normal(-0.32, 0.8, (count, n)))
        world = summed(level * spread, place, sizes, 1.0)
        methods = bootstraps(chance, world.sums)
        shipped = methods["studentised bootstrap"] if clusters >= 10 else student_interval(world.sums)
        methods |= {"Student's t, jackknife": student_interval(world.sums), "shipped": shipped}
        found[kind] = {name: cell(limits, 1.0) for name, limits in methods.items()}
    return found


def alarms(chance, n: int, clusters: int, count: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for kind in ("same rate", "same mean, shifted by document"):
        sizes, place = places(chance, n, clusters, count)
        if kind == "same rate":
            level = rates(chance, 0.8, sizes.shape, place)
            one = chance.random((count, n)) < level
            other = np.where(chance.random((count, n)) < 0.5, one, chance.random((count, n)) < level)
            values = other.astype(float) - one
        else:
            values = chance.normal(0, 0.1, sizes.shape).ravel()[place] + chance.normal(0, 0.25, (count, n))
        world = summed(values, place, sizes, 0.0)
        error = values.std(1, ddof=1) / n**0.5
        alone = np.abs(values.mean(1)) > student_quantile(n - 1) * error
        low, high = bootstraps(chance, world.sums)["percentile bootstrap"]
        methods = {
            "paired t, cases as if independent": alone,
            "percentile bootstrap": (low > 0) | (high < 0),
            "Student's t, jackknife": np.abs(world.sums.mean) > np.subtract(*student_interval(world.sums)[::-1]) / 2,
            "sign flips, plain p": plain(chance, world.sums) <= 0.05,
            "shipped: sign flips, mid-p": flip_test(world.sums) <= 0.05,
        }
        found[kind] = {name: marked(100 * float(alarm.mean()), 5) for name, alarm in methods.items()}
    return found


def plain(chance, sums: Sums) -> np.ndarray:
    """Give the p of the sign flips in which ties count whole; up to 12 clusters of every way."""
    clusters = sums.sizes.shape[-1]
    if clusters <= 12:
        signs = 1.0 - 2.0 * ((np.arange(2**clusters)[:, None] >> np.arange(clusters)) & 1)
    else:
        signs = 1.0 - 2.0 * chance.integers(0, 2, (10 * DRAWS, clusters))
    seen = np.abs(sums.totals.sum(-1))
    return (np.abs(sums.totals @ signs.T) >= (seen - 1e-9)[:, None]).mean(-1)


def bootstraps(chance, sums: Sums) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Give the three bootstraps of all replications at once, over the same draws of clusters."""
    totals, sizes = sums
    count = sizes.shape[-1]
    drawn = chance.multinomial(count, np.full(count, 1 / count), DRAWS).T.astype(float)
    mean, n = sums.mean[:, None], sizes @ drawn
    means = (totals @ drawn) / n
    ranked = np.sort(means, axis=1)
    rest = totals - mean * sizes
    shift = means - mean
    squares = (rest**2) @ drawn - 2 * shift * ((rest * sizes) @ drawn) + shift**2 * (sizes**2 @ drawn)
    errors = np.sqrt(np.maximum(squares, 0) * count / (count - 1)) / n
    error = np.sqrt((rest**2).sum(1) * count / (count - 1)) / sizes.sum(1)
    # As shipped: without the resamples that do not vary, and by Student's t where those are many.
    usable = errors > 1e-6 * np.maximum(error, 1e-12)[:, None]
    ratios = np.sort(np.where(usable, shift / np.where(usable, errors, 1), np.nan), axis=1)
    last = usable.sum(1) - 1
    low, high = (np.take_along_axis(ratios, np.maximum((share * last).round().astype(int), 0)[:, None], 1)[:, 0] for share in (0.025, 0.975))  # fmt: skip
    fallback = usable.mean(1) < 0.95
    student = student_interval(sums)
    studentised = tuple(
        np.where(fallback, other, sums.mean - ratio * error) for ratio, other in zip((high, low), student, strict=True)
    )
    return {
        "percentile bootstrap": (ranked[:, 24], ranked[:, 974]),
        "BCa bootstrap": bca(sums, means, ranked),
        "studentised bootstrap": studentised,
    }  # fmt: skip


def bca(sums: Sums, means: np.ndarray, ranked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Efron and Tibshirani, 1993, 14.3; acceleration by leaving out one cluster at a time."""
    totals, sizes = sums
    normal = NormalDist()
    cdf, inverse = np.vectorize(normal.cdf), np.vectorize(normal.inv_cdf)
    mean = sums.mean[:, None]
    below = ((means < mean - 1e-12).mean(1) + (means <= mean + 1e-12).mean(1)) / 2
    bias = inverse(below.clip(1e-3, 1 - 1e-3))
    without = (totals.sum(1, keepdims=True) - totals) / (sizes.sum(1, keepdims=True) - sizes)
    gap = without.mean(1, keepdims=True) - without
    speed = (gap**3).sum(1) / (6 * np.maximum((gap**2).sum(1), 1e-18) ** 1.5)
    limits: list[np.ndarray] = []
    for z in (-1.959964, 1.959964):
        share = cdf(bias + (bias + z) / (1 - speed * (bias + z)))
        limits.append(np.take_along_axis(ranked, (share * DRAWS).astype(int).clip(0, DRAWS - 1)[:, None], 1)[:, 0])
    return limits[0], limits[1]


def cell(limits: tuple[np.ndarray, np.ndarray], mean: float, least: float = -np.inf, most: float = np.inf) -> str:
    low, high = np.maximum(limits[0], least), np.minimum(limits[1], most)
    held = 100 * float(((low <= mean + 1e-12) & (mean <= high + 1e-12)).mean())
    return f"{marked(held, 95)} ({float((high - low).mean()):.2f})"


def marked(percent: float, wanted: float) -> str:
    return f"**{percent:.1f}**" if abs(percent - wanted) <= POINTS else f"{percent:.1f}"


if __name__ == "__main__":
    main()
