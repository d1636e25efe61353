"""Passages for the speed of an index: many, in real sentences, with vectors near to those of a real model.

    python benchmarks/index_corpus.py --data DATA --out FOLDER --passages 100000

Each passage is a run of three to five neighbouring sentences of a document of SciFact, Cranfield or SQuAD, and for half
of them one or two of another document. Every sentence is embedded by the default model; the vector of a passage is the
mean of those of its sentences with a little noise, at length 1. Sentences come again in other passages, so neighbours
lie closer than in documents that people write, and finding the nearest ten is harder. Questions and their vectors are
real and none is a sentence of the corpus. Written: `texts.txt` (a passage a line), `vectors.npy`, `departments.npy`
(0..9 at random: one is the 10 % filter), `questions.txt`, `question_vectors.npy`.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from scoville.embed import open_embedder
from scoville.recipe import Recipe

NOISE = 0.01
BLOCK = 20_000
QUESTIONS = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=100_000)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    documents, questions = read_documents(given.data)
    flat = [sentence for document in documents for sentence in document]
    pool = embedded(flat, given.out / "pool.npy")
    np.save(given.out / "question_vectors.npy", embedded(questions, given.out / "questions.npy", "query"))
    (given.out / "questions.txt").write_text("\n".join(questions), encoding="utf-8")
    write_passages(given.out, documents, flat, pool, given.passages)


def read_documents(data: Path) -> tuple[list[list[str]], list[str]]:
    rng = np.random.default_rng(0)
    texts: list[str] = []
    questions: list[str] = []
    with (data / "scifact/corpus.jsonl").open() as file:
        rows = [json.loads(line) for line in file]
    texts += [f"{row['title']}. {row['text']}" for row in rows]
    with (data / "scifact/queries.jsonl").open() as file:
        questions += [json.loads(line)["text"] for line in file]
    cranfield = (data / "cranfield/cran.all.1400").read_text()
    texts += [part.split(".W\n")[-1].replace("\n", " ") for part in re.split(r"(?m)^\.I ", cranfield)[1:]]
    for article in json.loads((data / "squad_v2/train.json").read_text())["data"]:
        for paragraph in article["paragraphs"]:
            texts.append(paragraph["context"])
            questions += [entry["question"] for entry in paragraph["qas"][:1]]
    split = [re.split(r"(?<=[.!?]) +", " ".join(text.split())) for text in texts]
    kept = [[one for one in found if 20 < len(one) < 600] for found in split]
    chosen = rng.permutation(len(questions))[:QUESTIONS]
    return [found for found in kept if len(found) > 2], [" ".join(questions[at].split()) for at in chosen]


def embedded(texts: list[str], path: Path, kind: Any = "passage") -> np.ndarray:
    if not path.exists():
        np.save(path, open_embedder(Recipe().embed).embed(texts, kind))
    return np.load(path)


def write_passages(out: Path, documents: list[list[str]], flat: list[str], pool: np.ndarray, count: int) -> None:
    rng = np.random.default_rng(1)
    sizes = np.array([len(document) for document in documents])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    vectors = np.lib.format.open_memmap(out / "vectors.npy", "w+", np.float32, (count, pool.shape[1]))
    np.save(out / "departments.npy", rng.integers(0, 10, count).astype(np.int8))

    def run(shortest: int, longest: int) -> list[int]:
        document = rng.integers(len(sizes))
        length = min(int(rng.integers(shortest, longest + 1)), int(sizes[document]))
        first = starts[document] + rng.integers(sizes[document] - length + 1)
        return list(range(first, first + length))

    with (out / "texts.txt").open("w", encoding="utf-8") as file:
        for begin in range(0, count, BLOCK):
            block = [run(3, 5) + (run(1, 2) if rng.random() < 0.5 else []) for _ in range(min(BLOCK, count - begin))]
            file.writelines(" ".join(flat[at] for at in places) + "\n" for places in block)
            means = np.array([pool[places].mean(axis=0) for places in block])
            means += rng.normal(0, NOISE, means.shape)
            vectors[begin : begin + len(block)] = means / np.linalg.norm(means, axis=1, keepdims=True)
    vectors.flush()


if __name__ == "__main__":
    main()
