"""How fast an index of many passages answers, and how much it finds.

    python benchmarks/index_corpus.py --data DATA --out FOLDER --passages 100000
    python benchmarks/index_speed.py --corpus FOLDER --work WORK --out benchmarks/results/index-100k.json
    python benchmarks/index_speed.py --corpus FOLDER --work WORK --url postgres://… --out …
    benchmarks/.venv/bin/python benchmarks/peers/index_peers.py --corpus FOLDER --out …

Measured: building (analysis, vectors, indexes), disk, memory, and p50 and p95 over real questions of each leg, of both
at once in two threads with fusing, of both with a filter that leaves a tenth, and of that with the text of the best
fifteen passages. Recall@10 is against all vectors.
"""

import argparse
import itertools
import json
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from scoville.index.lance import LanceIndex
from scoville.index.protocol import Index
from scoville.recipe import Index as Settings
from scoville.search.fuse import fuse
from scoville.search.where import parse_where
from scoville.types import Passage

BATCH = 20_000
CANDIDATES = 50
FETCHED = 15
DEPARTMENT = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--url")
    parser.add_argument("--recall", type=float, default=0.97)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    vectors = np.load(given.corpus / "vectors.npy", mmap_mode="r")
    settings = Settings(recall=given.recall, url=given.url)
    index = open_index(given, vectors.shape[1], settings)
    result: dict[str, Any] = {"passages": len(vectors), "backend": "postgres" if given.url else "lance"}
    if not index.count():
        result["add_s"] = add(index, given.corpus, vectors)
    started = time.perf_counter()
    index.finish()
    result["finish_s"] = round(time.perf_counter() - started, 1)
    result["state"] = index.state()._asdict()
    result["disk_mb"] = round(sum(path.stat().st_size for path in given.work.rglob("*") if path.is_file()) / 1e6)
    result |= measure(index, given.corpus, vectors, given.questions)
    print(json.dumps(result, indent=1))
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n")


def open_index(given: argparse.Namespace, dimension: int, settings: Settings) -> Index:
    if not given.url:
        return LanceIndex(given.work, "passages", dimension, settings, create=True)
    from scoville.index.postgres import PostgresIndex

    return PostgresIndex(given.url, "speed", "passages", dimension, settings, create=True)


def add(index: Index, corpus: Path, vectors: np.ndarray) -> float:
    started = time.perf_counter()
    for first, passages in batches(corpus):
        part = np.ascontiguousarray(vectors[first : first + len(passages)])
        index.replace([passages[0].source], passages, part, "build")
    return round(time.perf_counter() - started, 1)


def batches(corpus: Path) -> Iterator[tuple[int, list[Passage]]]:
    departments = np.load(corpus / "departments.npy")
    with (corpus / "texts.txt").open(encoding="utf-8") as file:
        for first in itertools.count(0, BATCH):
            lines = list(itertools.islice(file, BATCH))
            if not lines:
                return
            yield first, [
                Passage(
                    id=str(first + at), source=f"{first}.txt", document_id="d", title="T", media_type="text/plain",
                    start=0, end=len(line) - 1, text=line[:-1], number=at, language="en",
                    metadata={"department": f"d{departments[first + at]}", "year": 2000 + (first + at) % 25},
                )
                for at, line in enumerate(lines)
            ]  # fmt: skip


def measure(index: Index, corpus: Path, vectors: np.ndarray, count: int) -> dict[str, Any]:
    questions = (corpus / "questions.txt").read_text(encoding="utf-8").split("\n")[:count]
    asked = np.load(corpus / "question_vectors.npy")[:count]
    allowed = np.load(corpus / "departments.npy") == DEPARTMENT
    where = parse_where([f"department = d{DEPARTMENT}"])
    threads = ThreadPoolExecutor(2)

    def hybrid(at: int, condition: Any = None) -> list[str]:
        words = threads.submit(index.bm25, questions[at], CANDIDATES, condition)
        dense = index.dense(asked[at], CANDIDATES, condition)
        return [one.id for one in fuse({"dense": dense, "bm25": words.result()}, {})]

    ways: dict[str, Callable[[int], Any]] = {
        "dense": lambda at: index.dense(asked[at], CANDIDATES),
        "dense_filter": lambda at: index.dense(asked[at], CANDIDATES, where),
        "bm25": lambda at: index.bm25(questions[at], CANDIDATES),
        "bm25_filter": lambda at: index.bm25(questions[at], CANDIDATES, where),
        "hybrid": hybrid,
        "hybrid_filter": lambda at: hybrid(at, where),
        "hybrid_filter_fetch": lambda at: index.passages(hybrid(at, where)[:FETCHED]),
    }
    result: dict[str, Any] = {}
    found: dict[str, list[Any]] = {}
    for name, way in ways.items():
        started = time.perf_counter()
        way(0)
        result[f"{name}_first_ms"] = round((time.perf_counter() - started) * 1e3, 1)
        worked = time.process_time()
        found[name], seconds = timed(way, range(len(questions)))
        worked = (time.process_time() - worked) / len(questions)
        result[f"{name}_ms"] = {**quantiles(seconds), "processor": round(worked * 1e3, 2)}
    result["memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    exact = nearest(asked, vectors, None), nearest(asked, vectors, allowed)
    result["recall_at_10"] = recall([[int(one.id) for one in each] for each in found["dense"]], exact[0])
    result["recall_at_10_filter"] = recall([[int(one.id) for one in each] for each in found["dense_filter"]], exact[1])
    return result


def timed(way: Callable[[int], Any], places: Sequence[int]) -> tuple[list[Any], list[float]]:
    found: list[Any] = []
    seconds: list[float] = []
    for at in places:
        started = time.perf_counter()
        found.append(way(at))
        seconds.append(time.perf_counter() - started)
    return found, seconds


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=20)
    return {"p50": round(statistics.median(seconds) * 1e3, 2), "p95": round(cuts[-1] * 1e3, 2)}


def nearest(asked: np.ndarray, vectors: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """Give the ten nearest of all vectors, block by block."""
    best = np.full((len(asked), 0), 0.0)
    places = np.full((len(asked), 0), 0)
    for first in range(0, len(vectors), 50_000):
        scores = asked @ np.asarray(vectors[first : first + 50_000]).T
        if allowed is not None:
            scores[:, ~allowed[first : first + 50_000]] = -2
        top = np.argpartition(-scores, 10, axis=1)[:, :10]
        best = np.hstack([best, np.take_along_axis(scores, top, 1)])
        places = np.hstack([places, top + first])
    return np.take_along_axis(places, np.argsort(-best, axis=1)[:, :10], 1)


def recall(found: Sequence[Sequence[int]], exact: np.ndarray) -> float:
    return round(statistics.mean(len(set(one[:10]) & set(wanted)) / 10 for one, wanted in zip(found, exact.tolist(), strict=True)), 4)  # fmt: skip


if __name__ == "__main__":
    main()
