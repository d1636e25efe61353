"""What 10 million to a billion passages would take, by arithmetic from what was measured: bytes, hours, shards, ms, dollars.

    python benchmarks/scale_model.py

Reads results/scale.json and results/executors.json, writes results/scale.md. Every function is a formula of docs/scale.md.
What was not measured is an argument, whose source stands there. Knows no index.
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

HERE = Path(__file__).parent
HOURS = 730
"""Of a month."""
GB = 1e9


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Dollars of a list; docs/scale.md says whose and when."""

    core_hour: float = 0.0816 / 2
    """Half of an m7g.large: a core and 4 GB."""
    core_gb: float = 4.0
    storage: Sequence[tuple[float, float]] = ((50e12, 0.023), (450e12, 0.022), (math.inf, 0.021))
    """Bytes of each step of the price list, and a GB-month there."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Of one core of the machine that measured."""

    row_bytes: float
    """Of a passage: vector, text, analysed words, metadata."""
    index_bytes: float
    """Of a passage, of all search indexes."""
    write_seconds: float
    """Of a passage: analysis, rows, indexes; without reading and embedding."""
    read_seconds: float
    embed_seconds: float
    search_ms: float
    """p50 of a hybrid search in ``at`` passages."""
    search_p95_ms: float
    search_core_ms: float
    """Of processor."""
    at: int
    growth: float
    """By which power of the passages a search takes longer, above ``at``."""
    memory_bytes: float
    """Of a passage, while indexes are built."""
    memory_base: float


def line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Fit y = a + b·x by least squares; gives a and b. Two points give the line through them."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    b = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    return mean_y - b * mean_x, b


def power(low: tuple[float, float], high: tuple[float, float]) -> float:
    """Give k of y ∝ x^k through two points."""
    return math.log(high[1] / low[1]) / math.log(high[0] / low[0])


def shards_for(passages: int, most: int) -> int:
    return max(1, -(-passages // most))


def search_ms(of: Measured, passages: float) -> float:
    """Give the p50 of a search in one shard."""
    return of.search_ms * max(1.0, passages / of.at) ** of.growth


def sigma_of(p50: float, p95: float) -> float:
    """Give the spread of a lognormal with these two quantiles."""
    return math.log(p95 / p50) / NormalDist().inv_cdf(0.95)


def slowest_ms(p50: float, sigma: float, shards: int, share: float = 0.5) -> float:
    """Give a quantile of the slowest of so many shards that answer independently, each lognormal: F(x)^shards = share."""
    return p50 * math.exp(sigma * NormalDist().inv_cdf(share ** (1 / shards)))


def hit_rate(parts: int, held: int, exponent: float) -> float:
    """Give the share of reads that the ``held`` most wanted of ``parts`` answer, where the r-th is wanted as r^-exponent.

    Sums are exact up to 10,000 and an integral beyond.
    """

    def total(n: int) -> float:
        exact = sum(rank**-exponent for rank in range(1, min(n, 10_000) + 1))
        if n <= 10_000:
            return exact
        if exponent == 1:
            return exact + math.log(n / 10_000)
        return exact + (n ** (1 - exponent) - 10_000 ** (1 - exponent)) / (1 - exponent)

    return total(min(held, parts)) / total(parts)


def read_ms(reads: float, hits: float, local_ms: float, remote_ms: float, at_once: int) -> float:
    """Give what the reads of a search wait: misses go to object storage, so many side by side."""
    return reads * hits * local_ms + math.ceil(reads * (1 - hits) / at_once) * remote_ms


def storage_usd(stored: float, prices: Prices) -> float:
    """Give dollars a month for bytes, by the steps of the price list."""
    total, left = 0.0, stored
    for step, price in prices.storage:
        total += min(left, step) / GB * price
        left -= min(left, step)
    return total


def build_hours(of: Measured, passages: int, cores: int) -> float:
    """Give hours of reading, embedding, writing where all is shared by ``cores`` and each shard has its own writer."""
    return passages * (of.read_seconds + of.embed_seconds + of.write_seconds) / cores / 3600


def serving_cores(of: Measured, passages: int, shards: int, per_second: float, use: float = 0.5) -> float:
    """Give the cores that searches need: every shard works on each, at a share of use that leaves queues short."""
    each = of.search_core_ms * max(1.0, passages / shards / of.at) ** of.growth
    return per_second * shards * each / 1e3 / use


def month(
    of: Measured,
    passages: int,
    most: int,
    per_second: float,
    prices: Prices,
    *,
    copies: int = 2,
    memory_share: float = 0.2,
) -> dict[str, float]:
    """Give what a month of serving takes: shards, bytes, cores by work and by memory, dollars."""
    shards = shards_for(passages, most)
    stored = passages * (of.row_bytes + of.index_bytes)
    by_work = serving_cores(of, passages, shards, per_second)
    by_memory = copies * memory_share * stored / GB / prices.core_gb
    cores = max(by_work, by_memory, copies)
    sigma = sigma_of(of.search_ms, of.search_p95_ms)
    one = search_ms(of, passages / shards)
    return {
        "shards": shards,
        "stored_gb": stored / GB,
        "cores_by_work": by_work,
        "cores_by_memory": by_memory,
        "p50_ms": slowest_ms(one, sigma, shards),
        "p95_ms": slowest_ms(one, sigma, shards, 0.95),
        "core_usd": cores * prices.core_hour * HOURS,
        "storage_usd": storage_usd(2 * stored, prices),
        "usd": cores * prices.core_hour * HOURS + storage_usd(2 * stored, prices),
        "build_core_hours": build_hours(of, passages, 1),
        "build_usd": build_hours(of, passages, 1) * prices.core_hour,
        "writer_memory_gb": (of.memory_base + passages / shards * of.memory_bytes) / GB,
    }


def measured(scale: dict[str, Any], executors: dict[str, Any]) -> Measured:
    """Take the figures of the model from those of the benchmarks; passages of 160 words, searches of a million."""
    real, low, high = (scale[name] for name in ("100000-160", "100000-40", "1000000-40"))
    base, each = line([(one["passages"], one["memory_mb_while_building"] * 1e6) for one in (low, high)])
    adding = executors["mixed"]["local"]
    return Measured(
        row_bytes=real["rows_mb"] * 1e6 / real["passages"],
        index_bytes=real["indexes_mb"] * 1e6 / real["passages"],
        write_seconds=real["processor_s"] / real["passages"],
        read_seconds=0.0,
        embed_seconds=2 * adding["s"] / adding["rows"],  # reading too; two cores worked
        search_ms=high["hybrid_ms"]["p50"],
        search_p95_ms=high["hybrid_ms"]["p95"],
        search_core_ms=high["hybrid_ms"]["processor"],
        at=high["passages"],
        growth=power((low["passages"], low["hybrid_ms"]["p50"]), (high["passages"], high["hybrid_ms"]["p50"])),
        memory_bytes=each,
        memory_base=base,
    )


def report(of: Measured, prices: Prices) -> str:
    """Write results/scale.md."""
    lines = [
        "# What more passages would take",
        "",
        "`benchmarks/scale_model.py`, from [scale.json](scale.json) and [executors.json](executors.json) by the formulas of",
        "[docs/scale.md](../../docs/scale.md). The first table was measured; all else is arithmetic.",
        "",
        *measured_table(of),
        "",
        f"Shards of {MOST / 1e6:g} million passages, {PER_SECOND} searches a second, two copies of each shard.",
        "",
        "| passages | shards | stored | p50 | p95 | cores by work | cores by memory | writer's memory | a month | built once |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for passages in (1_000_000, 10_000_000, 100_000_000, 1_000_000_000):
        one = month(of, passages, MOST, PER_SECOND, prices)
        lines.append(
            f"| {passages / 1e6:,.0f} M | {one['shards']:,.0f} | {one['stored_gb']:,.0f} GB | {one['p50_ms']:.0f} ms "
            f"| {one['p95_ms']:.0f} ms | {one['cores_by_work']:,.1f} | {one['cores_by_memory']:,.1f} "
            f"| {one['writer_memory_gb']:.1f} GB | ${one['usd']:,.0f} (${one['storage_usd']:,.0f} storage) "
            f"| {one['build_core_hours']:,.0f} core hours, ${one['build_usd']:,.0f} |"
        )
    lines += [
        "",
        f"A search that reads {READS} parts of an index, {AT_ONCE} at once: {LOCAL_MS:g} ms each from memory or disk, {REMOTE_MS:g} ms from a "
        "bucket, by the share of parts held here and how unevenly they are wanted (Zipf's exponent).",
        "",
        "| held | " + " | ".join(f"exponent {one:g}: hits, ms" for one in EXPONENTS) + " |",
        "|---" * (len(EXPONENTS) + 1) + "|",
    ]
    for share in (0.01, 0.05, 0.2, 0.5, 1.0):
        hits = [hit_rate(PARTS, int(share * PARTS), one) for one in EXPONENTS]
        shown = [f"{one:.2f}, {read_ms(READS, one, LOCAL_MS, REMOTE_MS, AT_ONCE):.0f}" for one in hits]
        lines.append(f"| {share:.0%} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


MOST, PER_SECOND = 5_000_000, 10
READS, AT_ONCE, LOCAL_MS, REMOTE_MS = 20, 8, 0.2, 150.0
PARTS, EXPONENTS = 100_000, (0.6, 0.8, 1.0)


def measured_table(of: Measured) -> list[str]:
    """Give what a passage and a search take as lines of a table."""
    rows = {
        "bytes of a passage's row, of its search indexes": f"{of.row_bytes:,.0f}, {of.index_bytes:,.0f}",
        "core seconds to read and embed a passage, to write and index it": f"{of.embed_seconds:.4f}, {of.write_seconds:.4f}",
        "a hybrid search of a million, p50, p95, of a core": f"{of.search_ms:.1f}, {of.search_p95_ms:.1f}, {of.search_core_ms:.1f} ms",
        "it grows with the passages to the power": f"{of.growth:.2f}",
        "memory while indexes are built": f"{of.memory_base / GB:.2f} GB and {of.memory_bytes:,.0f} bytes a passage",
    }
    return ["| measured | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    scale, executors = (json.loads((HERE / f"results/{name}.json").read_text()) for name in ("scale", "executors"))
    text = report(measured(scale, executors), Prices())
    (HERE / "results/scale.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
