"""What an index takes as it grows: build, disk, memory, milliseconds, recall; the figures that docs/scale.md starts from.

    python benchmarks/scale.py --work WORK --passages 10000 100000 1000000
    python benchmarks/scale.py --work WORK --passages 100000 --words 160

Passages are made up: 40 words, or as many as asked for, drawn by Zipf's law from 50,000; vectors of 384 numbers from 2,000 overlapping groups in
a space of 48 dimensions, with a little noise, so that neighbours are neither all alike nor all equally far. Questions
are vectors of the same kind, and five words of one passage. The index is built and searched by `index_speed.py`, as the
product does it: once to build, and again in a new process to search. Writes results/scale.json.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
DIMENSION, INNER, GROUPS, NOISE = 384, 48, 2000, 0.02
VOCABULARY = 50_000
QUESTIONS = 200
BLOCK = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--out", type=Path, default=HERE / "results/scale.json")
    given = parser.parse_args()
    result: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    for count in given.passages:
        name = f"{count}-{given.words}"
        corpus, index = given.work / f"corpus-{name}", given.work / f"index-{name}"
        if not (corpus / "done").exists():
            write_corpus(corpus, count, given.words)
        before = result.get(name, {})
        result[name] = {
            **before,
            "words": given.words,
            **measured(corpus, index, "build"),
            **measured(corpus, index, "search"),
            **sizes(index),
        }
        given.out.write_text(json.dumps(result, indent=1) + "\n")
        print(json.dumps(result[name]))


def write_corpus(out: Path, count: int, length: int) -> None:
    """Write what `index_speed.py` reads."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    words = vocabulary(rng)
    shares = 1 / (np.arange(VOCABULARY) + 2.7)
    bounds = np.cumsum(shares / shares.sum())
    vectors = np.lib.format.open_memmap(out / "vectors.npy", "w+", np.float32, (count, DIMENSION))
    made = like_passages(rng)
    asked: list[str] = []
    with (out / "texts.txt").open("w", encoding="utf-8") as file:
        for first in range(0, count, BLOCK):
            size = min(BLOCK, count - first)
            places = np.minimum(np.searchsorted(bounds, rng.random((size, length))), VOCABULARY - 1)
            file.writelines(" ".join(row) + ".\n" for row in words[places])
            asked += [" ".join(words[rng.choice(row, 5)]) for row in places[:QUESTIONS]]
            vectors[first : first + size] = next(made)[:size]
    vectors.flush()
    np.save(out / "departments.npy", rng.integers(0, 10, count).astype(np.int8))
    np.save(out / "question_vectors.npy", next(made)[:QUESTIONS])
    (out / "questions.txt").write_text("\n".join(rng.permutation(asked)[:QUESTIONS]), encoding="utf-8")
    (out / "done").touch()


def vocabulary(rng: np.random.Generator) -> np.ndarray:
    """Give words of two to four syllables, none twice."""
    syllables = [a + b for a in "bcdfghjklmnprstvw" for b in ("a", "e", "i", "o", "u", "ar", "en", "il", "or", "us")]
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        found["".join(rng.choice(syllables, rng.integers(2, 5)))] = None
    return np.array(list(found), object)


def like_passages(rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Give blocks of unit vectors, float32 [BLOCK, DIMENSION]."""
    spread = rng.normal(size=(INNER, DIMENSION)).astype(np.float32) / DIMENSION**0.5
    centres = rng.normal(size=(GROUPS, INNER)).astype(np.float32)
    while True:
        inner = centres[rng.integers(GROUPS, size=BLOCK)] + rng.normal(size=(BLOCK, INNER)).astype(np.float32)
        vectors = inner @ spread + rng.normal(0, NOISE, (BLOCK, DIMENSION)).astype(np.float32)
        yield vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def measured(corpus: Path, index: Path, step: str) -> dict[str, Any]:
    """Build or search an index in a process of its own; give its figures, and the seconds of processor that it took."""
    if step == "build" and index.exists():
        return {}
    out = corpus / f"{step}.json"
    command = [sys.executable, str(HERE / "index_speed.py"), "--corpus", str(corpus), "--work", str(index)]
    command += ["--questions", str(2 if step == "build" else QUESTIONS), "--out", str(out)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(out.read_text())
    if step == "search":
        return {key: value for key, value in result.items() if key != "finish_s"}
    return {
        "add_s": result["add_s"],
        "finish_s": result["finish_s"],
        "processor_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "memory_mb_while_building": result["memory_mb"],
        "load": round(os.getloadavg()[1], 1),
    }


def sizes(index: Path) -> dict[str, int]:
    """Give the megabytes of the rows and of the search indexes."""
    files = [path for path in index.rglob("*") if path.is_file()]
    of = lambda part: round(sum(path.stat().st_size for path in files if part in path.parts) / 1e6)  # noqa: E731
    return {"rows_mb": of("data"), "indexes_mb": of("_indices")}


if __name__ == "__main__":
    main()
