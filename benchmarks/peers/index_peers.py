"""The usual stacks on the passages, vectors and questions of index_corpus.py; prints JSON like index_speed.py.

    benchmarks/.venv/bin/python benchmarks/peers/index_peers.py --corpus FOLDER --out FILE --only faiss_flat bm25s …

LangChain's FAISS filters after ranking: it is given 1,000 candidates for that. Chroma and FAISS HNSW run with the
parameters that they come with. BM25 of LangChain is rank_bm25, which scores every passage for every question.
"""

import argparse
import json
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

CANDIDATES = 50
DEPARTMENT = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--only", nargs="*", choices=list(STACKS), default=list(STACKS))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    corpus = Corpus(given.corpus, given.questions)
    result: dict[str, Any] = json.loads(given.out.read_text()) if given.out and given.out.exists() else {}
    for name in given.only:
        result[name] = STACKS[name](corpus)
        result[name]["memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
        print(name, json.dumps(result[name]), flush=True)
        if given.out:
            given.out.write_text(json.dumps(result, indent=1) + "\n")


class Corpus:
    def __init__(self, folder: Path, questions: int) -> None:
        self.texts = (folder / "texts.txt").read_text(encoding="utf-8").splitlines()
        self.vectors = np.load(folder / "vectors.npy")
        self.departments = np.load(folder / "departments.npy")
        self.questions = (folder / "questions.txt").read_text(encoding="utf-8").split("\n")[:questions]
        self.asked = np.load(folder / "question_vectors.npy")[:questions]

    def recall(self, found: list[list[int]], filtered: bool = False) -> float:
        scores = self.asked @ self.vectors.T
        if filtered:
            scores[:, self.departments != DEPARTMENT] = -2
        exact = np.argpartition(-scores, 10, axis=1)[:, :10]
        return round(
            statistics.mean(
                len(set(one[:10]) & set(wanted)) / 10 for one, wanted in zip(found, exact.tolist(), strict=True)
            ),
            4,
        )

    def times(self, way: Callable[[int], list[int]]) -> tuple[list[list[int]], dict[str, float]]:
        way(0)
        found, seconds = [], []
        for at in range(len(self.questions)):
            started = time.perf_counter()
            found.append(way(at))
            seconds.append(time.perf_counter() - started)
        cuts = statistics.quantiles(seconds, n=20)
        return found, {"p50": round(statistics.median(seconds) * 1e3, 2), "p95": round(cuts[-1] * 1e3, 2)}


def faiss_stack(corpus: Corpus, index: Any, hybrid: bool) -> dict[str, Any]:
    from langchain_community.docstore.in_memory import InMemoryDocstore
    from langchain_community.vectorstores import FAISS
    from langchain_core.documents import Document

    started = time.perf_counter()
    index.add(corpus.vectors)
    documents = [
        Document(page_content=text, metadata={"at": at, "department": int(department)})
        for at, (text, department) in enumerate(zip(corpus.texts, corpus.departments, strict=True))
    ]
    keys = {at: str(at) for at in range(len(documents))}
    store = FAISS(lambda text: [], index, InMemoryDocstore(dict(zip(keys.values(), documents, strict=True))), keys)
    result: dict[str, Any] = {"build_s": round(time.perf_counter() - started, 1)}

    def dense(at: int, **options: Any) -> list[int]:
        found = store.similarity_search_with_score_by_vector(corpus.asked[at].tolist(), k=CANDIDATES, **options)
        return [document.metadata["at"] for document, _ in found]

    filtered = {"filter": {"department": DEPARTMENT}, "fetch_k": 1000}
    found, result["dense_ms"] = corpus.times(dense)
    result["recall_at_10"] = corpus.recall(found)
    found, result["dense_filter_ms"] = corpus.times(lambda at: dense(at, **filtered))
    result["recall_at_10_filter"] = corpus.recall(found, True)
    if hybrid:
        from langchain_community.retrievers import BM25Retriever

        started = time.perf_counter()
        words = BM25Retriever.from_documents(documents, k=CANDIDATES)
        result["bm25_build_s"] = round(time.perf_counter() - started, 1)
        ask = [document.metadata["at"] for document in words.invoke(corpus.questions[0])]
        assert len(ask) == CANDIDATES
        corpus.questions, kept = corpus.questions[:20], corpus.questions
        _, result["bm25_ms"] = corpus.times(lambda at: [d.metadata["at"] for d in words.invoke(corpus.questions[at])])
        _, result["hybrid_ms"] = corpus.times(
            lambda at: dense(at) + [d.metadata["at"] for d in words.invoke(corpus.questions[at])]
        )
        corpus.questions = kept
    return result


def faiss_flat(corpus: Corpus) -> dict[str, Any]:
    import faiss

    return faiss_stack(corpus, faiss.IndexFlatIP(corpus.vectors.shape[1]), hybrid=True)


def faiss_hnsw(corpus: Corpus) -> dict[str, Any]:
    import faiss

    return faiss_stack(
        corpus, faiss.IndexHNSWFlat(corpus.vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT), hybrid=False
    )


def chroma(corpus: Corpus) -> dict[str, Any]:
    import chromadb

    folder = tempfile.mkdtemp()
    client = chromadb.PersistentClient(folder, settings=chromadb.Settings(anonymized_telemetry=False))
    collection = client.create_collection("passages", metadata={"hnsw:space": "cosine"}, embedding_function=None)
    started = time.perf_counter()
    for first in range(0, len(corpus.texts), 5000):
        part = slice(first, first + 5000)
        collection.add(
            ids=[str(at) for at in range(first, first + len(corpus.texts[part]))], documents=corpus.texts[part],
            embeddings=corpus.vectors[part], metadatas=[{"department": int(one)} for one in corpus.departments[part]],
        )  # fmt: skip
    result: dict[str, Any] = {"build_s": round(time.perf_counter() - started, 1)}
    result["disk_mb"] = round(sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6)

    def dense(at: int, **options: Any) -> list[int]:
        found = collection.query(query_embeddings=corpus.asked[at : at + 1], n_results=CANDIDATES, **options)
        return [int(one) for one in found["ids"][0]]

    found, result["dense_ms"] = corpus.times(dense)
    result["recall_at_10"] = corpus.recall(found)
    found, result["dense_filter_ms"] = corpus.times(lambda at: dense(at, where={"department": DEPARTMENT}))
    result["recall_at_10_filter"] = corpus.recall(found, True)
    shutil.rmtree(folder)
    return result


def bm25s(corpus: Corpus) -> dict[str, Any]:
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    started = time.perf_counter()
    retriever = bm25s.BM25(backend="numba", k1=1.2, b=0.75)
    retriever.index(
        bm25s.tokenize(corpus.texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False
    )
    result: dict[str, Any] = {"build_s": round(time.perf_counter() - started, 1)}

    def ask(at: int) -> list[int]:
        words = bm25s.tokenize(corpus.questions[at], stopwords="en", stemmer=stemmer, show_progress=False)
        return retriever.retrieve(words, k=CANDIDATES, show_progress=False)[0][0].tolist()

    _, result["bm25_ms"] = corpus.times(ask)
    return result


STACKS: dict[str, Callable[[Corpus], dict[str, Any]]] = {
    "faiss_flat": faiss_flat,
    "faiss_hnsw": faiss_hnsw,
    "chroma": chroma,
    "bm25s": bm25s,
}

if __name__ == "__main__":
    main()
