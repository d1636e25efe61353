"""An index in object storage beside the same one on disk: searches, and writers that share it while one is killed.

    python benchmarks/object_store.py [--commits 100] [--delay-ms 10]

The bucket is tests/bucket_server.py, which answers each request after a delay, as a bucket in the same region does.
Passages are made up, vectors random: what is timed is where the bytes lie. Three processes commit
one item of two passages each time, all to one table; one is killed half-way. Writes results/object_store.md.
"""

import argparse
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from bucket_server import NAME, BucketServer, bucket_server  # noqa: E402
from scoville.index import LanceIndex  # noqa: E402
from scoville.types import Passage  # noqa: E402

DIMENSION, ROWS, SEARCHES = 384, 5_000, 100
TABLE = "passages-1"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--delay-ms", type=float, default=10)
    parser.add_argument("--out", type=Path, default=HERE / "results/object_store.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, bucket_server(given.delay_ms / 1e3) as server:
        os.environ.update(server.environment())
        rows = [searched(place, server) for place in (Path(folder) / "index", f"s3://{NAME}/search")]
        written = writers(Path(folder), given.commits, server)
    lines = [
        "# An index in object storage", "",
        f"`benchmarks/object_store.py`: {ROWS:,} passages, vectors of {DIMENSION}; the bucket answers each request after "
        f"{given.delay_ms:g} ms. Milliseconds; *first* is that of a process that opens the index.", "",
        "| | write all, s | open and first search | p50 | p95 | a commit | requests a search |", "|---|---|---|---|---|---|---|",
        *rows, "", written,
    ]  # fmt: skip
    given.out.write_text("\n".join(lines) + "\n")
    print(given.out.read_text())


def searched(place: Path | str, server: BucketServer) -> str:
    """Give the row of a place: written, opened and searched."""
    vectors = np.random.default_rng(0).normal(size=(ROWS + SEARCHES, DIMENSION)).astype(np.float32)
    index = LanceIndex(place, TABLE, DIMENSION, create=True)
    started = time.perf_counter()
    for first in range(0, ROWS, 1_000):
        items = range(first, first + 1_000)
        index.replace([f"{one}.txt" for one in items], [passage(f"{one}.txt", str(one)) for one in items],
                      vectors[first : first + 1_000], "b")  # fmt: skip
    index.finish()
    wrote = time.perf_counter() - started
    commits = [timed(lambda n=n: put(index, f"new-{n}.txt", f"new-{n}")) for n in range(5)]
    started = time.perf_counter()
    index = LanceIndex(place, TABLE, DIMENSION)
    index.dense(vectors[ROWS], 10)
    first_ms = (time.perf_counter() - started) * 1e3
    before = server.requests
    seconds = [timed(lambda one=one: index.dense(one, 10)) for one in vectors[ROWS:]]
    asked = (server.requests - before) / SEARCHES
    name = "in the bucket" if isinstance(place, str) else "on disk"
    quantiles = statistics.quantiles(seconds, n=20)
    return (
        f"| {name} | {wrote:.1f} | {first_ms:.0f} | {statistics.median(seconds) * 1e3:.1f} | {quantiles[-1] * 1e3:.1f} "
        f"| {statistics.median(commits) * 1e3:.0f} | {asked:.1f} |"
    )


def writers(folder: Path, commits: int, server: BucketServer) -> str:
    """Let three processes write to one table and kill one; say what is in it, and how long a reader lagged behind."""
    place = f"s3://{NAME}/writers"
    LanceIndex(place, TABLE, DIMENSION, create=True)
    spawn = multiprocessing.get_context("spawn")
    logs = [folder / str(number) for number in range(3)]
    each = [spawn.Process(target=write, args=(place, log, number, commits)) for number, log in enumerate(logs)]
    started = time.perf_counter()
    for one in each:
        one.start()
    while len(said(logs[0])) < commits // 2:
        time.sleep(0.01)
    os.kill(each[0].pid or 0, signal.SIGKILL)
    for one in each:
        one.join()
    seconds = time.perf_counter() - started
    index = LanceIndex(place, TABLE, DIMENSION)
    found = Counter(index._table.search().select(["source"]).limit(None).to_arrow()["source"].to_pylist())
    done = {item for log in logs for item in said(log)}
    lost, doubled = len(done - set(found)), sum(count != 2 for count in found.values())
    index.dense(np.ones(DIMENSION, np.float32), 1)
    lags: list[float] = []
    writer = LanceIndex(place, TABLE, DIMENSION)
    for n in range(10):
        put(writer, f"late-{n}.txt", f"late-{n}")
        began = time.perf_counter()
        while f"late-{n}.txt" not in index.documents():
            time.sleep(0.01)
        lags.append(time.perf_counter() - began)
    return (
        f"Three writers, {commits} commits each, one killed after {len(said(logs[0]))}: {len(done)} commits said to be done in "
        f"{seconds:.0f} s, {lost} lost, {doubled} items with more or fewer passages than written. A reader that was open saw "
        f"ten later commits after {statistics.median(lags):.1f} s (at most {max(lags):.1f})."
    )


def write(place: str, log: Path, number: int, commits: int) -> None:
    index = LanceIndex(place, TABLE, DIMENSION)
    with log.open("w") as file:
        for count in range(commits):
            name = f"{number}-{count}"
            put(index, f"{name}.txt", f"{name}-a", f"{name}-b")
            print(f"{name}.txt", file=file, flush=True)


def said(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


def put(index: LanceIndex, item: str, *names: str) -> None:
    index.replace([item], [passage(item, name) for name in names], np.ones((len(names), DIMENSION), np.float32), "b")


def passage(item: str, name: str) -> Passage:
    text = f"Ward {name} has {len(name) + 20} days of leave and a desk by the window."
    return Passage(
        id=name,
        source=item,
        document_id=item,
        title="Wards",
        media_type="text/plain",
        start=0,
        end=len(text),
        text=text,
    )


def timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
