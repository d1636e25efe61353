"""Do 95 % intervals hold 95 %, and does a test at 5 % raise 5 % false alarms? By simulation, for several methods.

    python benchmarks/statistics_coverage.py --out benchmarks/results/statistics_coverage.md

Scores of questions about documents, alike within a document (intra-cluster correlation 0.1 where nothing else is said),
documents with unequally many questions (Dirichlet 2). The true mean is known, so it can be counted how often an
interval holds it. Seeded.
"""

import argparse
import re
import time
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from scoville.evaluate.paired import Gaps, paired_interval, paired_test
from scoville.evaluate.statistics import (
    Sums,
    binomial,
    bounded_interval,
    gamma_interval,
    student_interval,
    student_quantile,
    student_quantiles,
    wilson,
)

REPLICATIONS = 4000
DRAWS = 999
LIKENESS = 0.1
SIZES = ((30, 6), (30, 30), (100, 6), (100, 12), (100, 30), (300, 6), (300, 12), (300, 30))
FEW = ((20, 3), (20, 4), (30, 5), (100, 3), (100, 5))
SCORES = {
    "rate 0.5": (0.5, 0.5), "rate 0.8": (0.8, 0.8), "rate 0.95": (0.95, 0.95), "skewed to 1": (0.8, 0.8), "skewed to 0": (0.3, 0.3),
}  # fmt: skip
"""The lowest and the highest true rate; skewed to 1: 1, else Beta(1, 2), like recall; skewed to 0: 0, else Beta(1, 4)."""
RANGES = {"rate 0.45 to 0.55": (0.45, 0.55), "rate 0.75 to 0.85": (0.75, 0.85), "rate 0.93 to 0.97": (0.93, 0.97)}
SECONDS = ("gamma", "log-normal")
OTHERS = ("log-normal, deviation 1.2", "normal")
PAIRS = ("same rate", "same mean, shifted by document")
MORE_PAIRS = ("same rate 0.5", "same rate 0.95", "each alike in its own way", "most are ties, else recall")
POINTS = 1.5
NOT_HELD = """\
- Rates of 0.95, few documents, to 100 cases: covers 97 to 98 %. That all answers are right leaves 0.95 possible, so that
  no interval is too high; with a lower side that misses 2.5 %, as it should, 97.5 % is the least.
- Rates of 0.95, 300 cases in 6 or 12 documents: covers 92 to 93 %, and 80 % with a correlation of 0.3. Few documents
  hold most of the errors, and the cases do not show a document that is not among them. Only a guess of the correlation
  helps: a beta-binomial posterior with the correlation Beta(1, 3) beforehand covers 95 to 96 % here, and too much
  (97 %) at rates of 0.5. It is not used: the guess would be that of this simulation.
- 30 cases in 6 documents or 20 in 3: too wide, at most 98 %.
- Seconds with 30 cases of a log-normal distribution: 93 %, of a heavier one 91 %. What was not seen is what matters.
- False alarms for systems that are right in 95 %: too few, as hardly any case differs; with 20 to 30 cases in 5 or 6
  documents up to 6.8 %."""


class World(NamedTuple):
    sums: Sums
    mean: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/statistics_coverage.md")
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    given = parser.parse_args()
    count, started = given.replications, time.process_time()
    chance = np.random.default_rng(2024)
    error = 100 * (0.95 * 0.05 / count) ** 0.5
    tables = {
        "Means of scores from 0 to 1": table(lambda *size: bounded(chance, SCORES, *size, count), SIZES),
        "Means of scores, for a range of true rates": table(lambda *size: bounded(chance, RANGES, *size, count), SIZES),
        "Means of values without an upper bound (seconds)": table(lambda *size: unbounded(chance, SECONDS, *size, count), SIZES),
        "Values without an upper bound, of other shapes": table(lambda *size: unbounded(chance, OTHERS, *size, count), SIZES),
        "Paired: false alarms at 5 %": table(lambda *size: alarms(chance, PAIRS, *size, count), SIZES),
        "Paired, of other shapes: false alarms at 5 %": table(lambda *size: alarms(chance, MORE_PAIRS, *size, count), SIZES),
    }  # fmt: skip
    parts = [
        "# How often 95 % intervals hold the truth, and how often tests raise a false alarm\n",
        "Made by `benchmarks/statistics_coverage.py`: "
        f"{count:,} replications a line, {DRAWS} resamples, intra-cluster correlation {LIKENESS}, documents with "
        f"unequally many cases. A coverage is uncertain by ± {2 * error:.1f} points; **bold** is within 95 ± {POINTS}. In "
        "brackets: the mean width, and of *shipped*, what `estimate` and `compare` use, how often all of the interval is "
        "too high + too low. *Before* is what they used until then.\n",
        counted(tables),
        *(f"\n## {name}\n\n{text}" for name, text in tables.items()),
        "\n## Intervals of a difference\n", "Binary scores, 0.7 and 0.8; half of the second system's verdicts are the first's.\n",
        table(lambda *size: differences(chance, *size, count), SIZES),
        "\n## Few documents\n", table(lambda *size: few(chance, *size, count), FEW),
        "\n## How alike the cases of a document are\n",
        "*Shipped* on the 40 lines of the first table and the 24 of the second: how many are within, and the least coverage.\n",
        alike(chance, count),
        "\n## Fewer than ten documents, so that pages are the clusters\n",
        "Rate 0.8, correlation 0.1 within documents and 0.1 more within pages. *These*: the mean over all that could be "
        "asked about these documents. *Others*: over documents that were not seen. Half as many replications.\n",
        table(lambda *size: pages(chance, *size, count // 2), ((100, 4, 5), (100, 6, 5), (100, 8, 8), (300, 6, 20), (300, 9, 20))),
        "\n## What is not held, and why\n", NOT_HELD,
        "\n## What can be reached at all: rates without documents, exactly\n",
        "Which counts' intervals hold the rate decides; *nearest*: the run of counts whose probability is nearest to 95 %.\n",
        exact(),
        f"\n{time.process_time() - started:.0f} s of one core.\n",
    ]  # fmt: skip
    given.out.write_text("\n".join(parts), encoding="utf-8")
    print(given.out.read_text(encoding="utf-8"))


def table(run, sizes) -> str:
    """Write a line for each kind and size; ``run`` gives kind → method → cell."""
    found = [(size, kind, cells) for size in sizes for kind, cells in run(*size).items()]
    order = list(dict.fromkeys(kind for _, kind, _ in found))
    names = ["", "n", "documents", "pages each"][: 1 + len(sizes[0])]
    lines = ["| " + " | ".join([*names, *found[0][2]]) + " |", f"|---|{'--:|' * (len(names) - 1 + len(found[0][2]))}"]
    for size, kind, cells in sorted(found, key=lambda line: order.index(line[1])):
        lines.append("| " + " | ".join([kind, *map(str, size), *cells.values()]) + " |")
    return "\n".join(lines)


def counted(tables: dict[str, str]) -> str:
    """Count the lines that are within, and find the worst, by method."""
    lines = ["| | lines | method | within | least | most |", "|---|--:|---|--:|--:|--:|"]
    for name, text in tables.items():
        head, _, *body = ([cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines())
        for place, method in enumerate(head):
            if method.split(":")[0] in ("before", "shipped"):
                cells = [row[place] for row in body]
                numbers = [float(re.findall(r"[\d.]+", cell)[0]) for cell in cells]
                within = sum("**" in cell for cell in cells)
                lines.append(f"| {name} | {len(cells)} | {method} | {within} | {min(numbers)} | {max(numbers)} |")
    return "\n".join(lines)


def places(chance, n: int, clusters: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the sizes ``[count, clusters]``, and for each case the number of its document among all."""
    if clusters == n:
        sizes = np.ones((count, n), dtype=int)
    else:
        sizes = 1 + chance.multinomial(n - clusters, chance.dirichlet(np.full(clusters, 2.0), count))
    labels = np.repeat(np.tile(np.arange(clusters), count), sizes.ravel()).reshape(count, n)
    return sizes, labels + np.arange(count)[:, None] * clusters


def summed(values: np.ndarray, place: np.ndarray, sizes: np.ndarray, mean: np.ndarray) -> World:
    totals = np.bincount(place.ravel(), values.ravel(), minlength=sizes.size).reshape(sizes.shape)
    return World(Sums(totals, sizes.astype(float)), mean)


def rates(chance, rate, shape: tuple[int, int], place: np.ndarray, likeness: float = LIKENESS) -> np.ndarray:
    spread = (1 - likeness) / likeness
    return chance.beta(rate * spread, (1 - rate) * spread, shape).ravel()[place]


def scores(chance, kind: str, span: tuple[float, float], n: int, clusters: int, count: int, likeness: float) -> World:
    sizes, place = places(chance, n, clusters, count)
    rate = chance.uniform(*span, (count, 1))
    right = chance.random((count, n)) < rates(chance, rate, sizes.shape, place, likeness)
    values, mean = right.astype(float), rate[:, 0]
    if kind == "skewed to 1":
        values, mean = np.where(right, 1.0, chance.beta(1, 2, (count, n))), mean + (1 - mean) / 3
    if kind == "skewed to 0":
        values, mean = np.where(right, chance.beta(1, 4, (count, n)), 0.0), mean / 5
    return summed(values, place, sizes, mean)


def bounded(chance, kinds, n: int, clusters: int, count: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for kind, span in kinds.items():
        world = scores(chance, kind, span, n, clusters, count, LIKENESS)
        methods = {
            **bootstraps(chance, world.sums), "Student's t, jackknife": student_interval(world.sums),
            "Wilson, cases as if independent": wilson(world.sums.mean, np.full(count, float(n))),
            "before: Wilson, effective n, Student's t": bounded_interval(world.sums),
            "shipped: of rates with more degrees of freedom": bounded_interval(world.sums, binary="rate" in kind),
        }  # fmt: skip
        found[kind] = {name: cell(limits, world.mean, 0, 1, name) for name, limits in methods.items()}
    return found


def alike(chance, count: int) -> str:
    lines = ["| correlation | within, of 40 | least | within, of 24 | least |", "|---|--:|--:|--:|--:|"]
    for likeness in (0.02, LIKENESS, 0.3):
        cells: list[str] = []
        for kinds in (SCORES, RANGES):
            held: list[float] = []
            for kind, span in kinds.items():
                for size in SIZES:
                    world = scores(chance, kind, span, *size, count, likeness)
                    low, high = bounded_interval(world.sums, binary="rate" in kind)
                    held.append(100 * float(((low <= world.mean) & (world.mean <= high)).mean()))
            cells += [str(sum(abs(one - 95) <= POINTS for one in held)), f"{min(held):.1f}"]
        lines.append(f"| {likeness} | {' | '.join(cells)} |")
    return "\n".join(lines)


def unbounded(chance, kinds, n: int, clusters: int, count: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for kind in kinds:
        sizes, place = places(chance, n, clusters, count)
        level = chance.gamma(25, 0.04, sizes.shape).ravel()[place]
        spread = {
            "gamma": lambda: chance.gamma(2, 0.5, (count, n)), "normal": lambda: chance.normal(1, 0.4, (count, n)),
            "log-normal": lambda: np.exp(chance.normal(-0.32, 0.8, (count, n))),
            "log-normal, deviation 1.2": lambda: np.exp(chance.normal(-0.72, 1.2, (count, n))),
        }[kind]()  # fmt: skip
        world = summed(level * spread, place, sizes, np.ones(count))
        methods = bootstraps(chance, world.sums)
        student = student_interval(world.sums)
        before = methods["studentised bootstrap"] if clusters >= 10 else student
        methods |= {"Student's t, jackknife": student, "before: of the two": before, "shipped: skewed as gamma": gamma_interval(world.sums)}  # fmt: skip
        found[kind] = {name: cell(limits, world.mean, name=name) for name, limits in methods.items()}
    return found


def gaps(chance, kind: str, n: int, clusters: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give differences whose mean is 0, the sizes of documents, and the document of each difference."""
    sizes, place = places(chance, n, clusters, count)
    if "shifted" in kind:
        return chance.normal(0, 0.1, sizes.shape).ravel()[place] + chance.normal(0, 0.25, (count, n)), sizes, place
    rate = float(kind.split()[-1]) if kind[-1].isdigit() else 0.8
    first = rates(chance, rate, sizes.shape, place)
    second = rates(chance, rate, sizes.shape, place) if "own" in kind else first
    one, other = ((chance.random((count, n)) < level).astype(float) for level in (first, second))
    if "recall" in kind:
        one, other = (np.where(right > 0, 1.0, chance.beta(1, 2, (count, n))) for right in (one, other))
    if "own" not in kind:
        other = np.where(chance.random((count, n)) < 0.5, one, other)
    return other - one, sizes, place


def with_changes(values: np.ndarray, sizes: np.ndarray, place: np.ndarray) -> Gaps:
    sums = summed(values, place, sizes, np.zeros(1)).sums
    if not np.isin(values, (-1, 0, 1)).all():
        return Gaps(sums)
    changed = summed(values**2, place, sizes, np.zeros(1)).sums.totals
    return Gaps(sums, changed.sum(1), (changed > 0).sum(1))


def alarms(chance, kinds, n: int, clusters: int, count: int) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for kind in kinds:
        values, sizes, place = gaps(chance, kind, n, clusters, count)
        paired = with_changes(values, sizes, place)
        error = values.std(1, ddof=1) / n**0.5
        alone = np.abs(values.mean(1)) > student_quantile(n - 1) * error
        low, high = bootstraps(chance, paired.sums)["percentile bootstrap"]
        plain, middle = flips(chance, paired.sums)
        methods = {
            "paired t, cases as if independent": alone,
            "percentile bootstrap": (low > 0) | (high < 0),
            "Student's t, jackknife": np.abs(paired.sums.mean) > np.subtract(*student_interval(paired.sums)[::-1]) / 2,
            "sign flips, plain p": plain <= 0.05,
            "before: sign flips, mid-p": middle <= 0.05,
            "shipped: score test of rates, else Student's t": alarmed(paired),
        }
        found[kind] = {name: marked(100 * float(alarm.mean()), 5) for name, alarm in methods.items()}
    return found


def alarmed(paired: Gaps) -> np.ndarray:
    value, known = paired_test(paired)
    return value > student_quantiles(known)


def differences(chance, n: int, clusters: int, count: int) -> dict[str, dict[str, str]]:
    sizes, place = places(chance, n, clusters, count)
    level = rates(chance, 0.7, sizes.shape, place)
    one = (chance.random((count, n)) < level).astype(float)
    other = np.where(chance.random((count, n)) < 0.5, one, chance.random((count, n)) < level)
    other = np.where(chance.random((count, n)) < 1 / 3, 1.0, other)  # 0.7 + 0.3 / 3
    paired = with_changes(other - one, sizes, place)
    methods = {"Student's t, jackknife": student_interval(paired.sums), "shipped": paired_interval(paired)}
    return {"0.7 and 0.8": {name: cell(limits, np.full(count, 0.1), -1, 1, name) for name, limits in methods.items()}}


def few(chance, n: int, clusters: int, count: int) -> dict[str, dict[str, str]]:
    world = scores(chance, "rate 0.8", (0.8, 0.8), n, clusters, count, LIKENESS)
    limits = bounded_interval(world.sums, binary=True)
    cells = {"shipped: mean": cell(limits, world.mean, 0, 1, "shipped")}
    for kind in ("same rate", "each alike in its own way"):
        alarm = alarmed(with_changes(*gaps(chance, kind, n, clusters, count)))
        cells[f"false alarms, {kind}"] = marked(100 * float(alarm.mean()), 5)
    return {"rate 0.8": cells}


def pages(chance, n: int, documents: int, each: int, count: int) -> dict[str, dict[str, str]]:
    """Give what intervals and tests by page and by document hold, of these documents and of others."""
    sizes, place = places(chance, n, documents, count)
    page = place * each + chance.integers(0, each, place.shape)

    def answers() -> tuple[np.ndarray, np.ndarray]:
        level = chance.beta(0.8 * 9, 0.2 * 9, sizes.shape).ravel().clip(1e-3, 1 - 1e-3)
        local = chance.beta(*(np.repeat(part * 9, each) for part in (level, 1 - level)))
        return level[place].mean(1), (chance.random(place.shape) < local[page]).astype(float)

    def by(where: np.ndarray, values: np.ndarray, most: int) -> list[np.ndarray]:
        return [np.bincount(where.ravel(), one.ravel(), minlength=count * most).reshape(count, most) for one in (values, np.ones(place.shape))]  # fmt: skip

    (these, one), (_, other) = answers(), answers()
    cells: dict[str, str] = {}
    for name, where, most in (("page", page, documents * each), ("document", place, documents)):
        limits = by_cluster(bounded_interval, by(where, one, most))
        cells[f"by {name}, these"] = cell(limits, these, 0, 1)
        cells[f"by {name}, others"] = cell(limits, np.full(count, 0.8), 0, 1)
        totals, number = by(where, other - one, most)
        changed = by(where, (other - one) ** 2, most)[0]
        alarm = [alarmed(Gaps(Sums(t[k > 0], k[k > 0]), c.sum(), (c > 0).sum())) for t, k, c in zip(totals, number, changed, strict=True)]  # fmt: skip
        cells[f"by {name}: false alarms on others"] = marked(100 * float(np.mean(alarm)), 5)
    return {"rate 0.8": cells}


def by_cluster(interval, sums: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Give the intervals of replications that have unequally many clusters."""
    found = [interval(Sums(total[size > 0], size[size > 0]), binary=True) for total, size in zip(*sums, strict=True)]
    low, high = np.array(found).T
    return low, high


def exact() -> str:
    """Write the exact coverage of intervals of a rate without documents, and the nearest that any could have."""
    lines = ["| n | rate | Wilson | Clopper and Pearson | nearest | Wilson, mean over rate ± 0.02 |", "|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    for n in (30, 100, 300):
        low, high = wilson(np.arange(n + 1) / n, n)
        for rate in (0.5, 0.8, 0.95):
            of = {near: np.array([binomial(count, n, near) for count in range(n + 1)]) for near in np.linspace(rate - 0.02, rate + 0.02, 41)}  # fmt: skip
            held = [100 * float(chances[(low <= near) & (near <= high)].sum()) for near, chances in of.items()]
            chances = of[rate]
            below = np.concatenate([[0.0], np.cumsum(chances)])
            central = (below[1:] > 0.025) & (1 - below[:-1] > 0.025)
            runs = 100 * (below[None, :] - below[:, None]).ravel()
            nearest = runs[np.abs(runs - 95).argmin()]
            cells = [held[20], 100 * float(chances[central].sum()), nearest, float(np.mean(held))]
            lines.append(f"| {n} | {rate} | {' | '.join(marked(one, 95) for one in cells)} |")
    return "\n".join(lines)


def flips(chance, sums: Sums) -> tuple[np.ndarray, np.ndarray]:
    """Give the p of sign flips in which ties count whole, and half; up to 12 clusters of every way."""
    clusters = sums.sizes.shape[-1]
    if clusters <= 12:
        signs = 1.0 - 2.0 * ((np.arange(2**clusters)[:, None] >> np.arange(clusters)) & 1)
    else:
        signs = 1.0 - 2.0 * chance.integers(0, 2, (2 * DRAWS, clusters))
    seen = np.abs(sums.totals.sum(-1))[:, None]
    found = np.abs(sums.totals @ signs.T)
    least = (found >= seen - 1e-9).mean(-1)
    return least, np.where(seen[:, 0] < 1e-9, 1.0, (least + (found > seen + 1e-9).mean(-1)) / 2)


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


def cell(limits, mean: np.ndarray, least: float = -np.inf, most: float = np.inf, name: str = "") -> str:
    low, high = np.maximum(limits[0], least), np.minimum(limits[1], most)
    above, below = (100 * float(side.mean()) for side in (low > mean + 1e-12, high < mean - 1e-12))
    sides = f"; {above:.1f} + {below:.1f}" if name.startswith("shipped") else ""
    return f"{marked(100 - above - below, 95)} ({float((high - low).mean()):.2f}{sides})"


def marked(percent: float, wanted: float) -> str:
    return f"**{percent:.1f}**" if abs(percent - wanted) <= POINTS else f"{percent:.1f}"


if __name__ == "__main__":
    main()
