"""The usual stack (PyPDFLoader, recursive splitter, sentence-transformers, FAISS), timed on a folder.

What enters: a folder of PDFs, texts and HTML pages, questions as JSON lines, the folder of an embedding model. What leaves: one JSON file
with the seconds of each step and, for each question, the places it ranked. It runs in the peers' own environment,
knows nothing of Scoville, and scores nothing: ``measure.score_ranked`` does, for every stack alike.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from langchain_community.vectorstores import FAISS
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings

Made = TypeVar("Made")
PACKAGES = ("torch", "langchain", "langchain-community", "sentence-transformers", "faiss-cpu", "pypdf")
IMPORTED = (
    "faiss",
    "langchain_community.document_loaders",
    "langchain_community.vectorstores",
    "langchain_huggingface",
    "langchain_text_splitters",
    "pypdf",
    "sentence_transformers",
)
TOP = 20
FIRST = 5
"""Of so many the texts are noted."""
WARM_UP = ["A few words, so that threads and kernels exist before the clock starts."] * 32


class Indexed(NamedTuple):
    """What one pass over the documents made, and the seconds of its steps."""

    store: "FAISS"
    passages: list[str]
    pages: int
    seconds: dict[str, float]


def timed(seconds: dict[str, float], step: str, work: Callable[[], Made]) -> Made:
    """Do the work and note its wall time under the step's name."""
    start = time.perf_counter()
    made = work()
    seconds[step] = time.perf_counter() - start
    return made


def load_model(folder: Path) -> "HuggingFaceEmbeddings":
    """Load the model for the CPU and run it once."""
    from langchain_huggingface import HuggingFaceEmbeddings

    model = HuggingFaceEmbeddings(model_name=str(folder), model_kwargs={"device": "cpu"})
    model.embed_documents(WARM_UP)
    model.embed_query(WARM_UP[0])
    return model


class PageText(HTMLParser):
    """Collects the text of an HTML page, a line for each piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep a piece of text."""
        self.pieces.append(data)


def read(files: Sequence[Path]) -> "list[Document]":
    """Read the files: PDFs one document a page, text as it is, HTML without its tags."""
    from langchain_community.document_loaders import PyPDFLoader, TextLoader

    pages: list[Document] = []
    for file in files:
        found = PyPDFLoader(str(file)).load() if file.suffix == ".pdf" else TextLoader(str(file)).load()
        if file.suffix == ".html":
            parser = PageText()
            parser.feed(found[0].page_content)
            found[0].page_content = "\n".join(parser.pieces)
        pages += found
    return pages


def index(files: Sequence[Path], model: "HuggingFaceEmbeddings", size: int = 500, overlap: int = 0) -> Indexed:
    """Read, split, embed and index the files: ``FAISS.from_documents``, with embedding and indexing timed apart."""
    from langchain_community.vectorstores import FAISS
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap)
    seconds: dict[str, float] = {}
    pages = timed(seconds, "read", lambda: read(files))
    chunks = timed(seconds, "split", lambda: splitter.split_documents(pages))
    texts = [chunk.page_content for chunk in chunks]
    places = [chunk.metadata for chunk in chunks]
    vectors = timed(seconds, "embed", lambda: model.embed_documents(texts))
    pairs = list(zip(texts, vectors, strict=True))
    store = timed(seconds, "index", lambda: FAISS.from_embeddings(pairs, model, metadatas=places))
    return Indexed(store, texts, len(pages), seconds)


def count_tokens(folder: Path, texts: Sequence[str]) -> dict[str, int]:
    """Count the tokens that the model embeds: no padding, cut where the model cuts."""
    from sentence_transformers import SentenceTransformer

    model: Any = SentenceTransformer(str(folder), device="cpu")
    cut = int(model.max_seq_length)
    lengths = [len(ids) for ids in model.tokenizer(list(texts), padding=False, truncation=False)["input_ids"]]
    embedded = [min(length, cut) for length in lengths]
    return {
        "text": sum(embedded) - 2 * len(embedded),  # [CLS] and [SEP]
        "with_special": sum(embedded),
        "passages_cut": sum(length > cut for length in lengths),
    }


def ask(store: "FAISS", model: "HuggingFaceEmbeddings", question: str) -> dict[str, Any]:
    """Rank the places for a question and note the seconds of embedding it and of searching."""
    start = time.perf_counter()
    vector = model.embed_query(question)
    embedded = time.perf_counter()
    found = store.similarity_search_by_vector(vector, k=TOP)
    end = time.perf_counter()
    ranked = [[Path(hit.metadata["source"]).name, hit.metadata.get("page", 0) + 1] for hit in found]
    texts = [hit.page_content for hit in found[:FIRST]]
    return {"embed_seconds": embedded - start, "search_seconds": end - embedded, "ranked": ranked, "texts": texts}


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Give the median and the 95th percentile in milliseconds."""
    last = max(0, -(-len(seconds) * 95 // 100) - 1)
    return {"p50_ms": 1000 * statistics.median(seconds), "p95_ms": 1000 * sorted(seconds)[last]}


def measure(
    documents: Path, questions: Path, folder: Path, repeat: int, size: int = 500, overlap: int = 0
) -> dict[str, Any]:
    """Index the documents ``repeat`` times, keep the fastest pass, and ask every question once."""
    for module in IMPORTED:  # before any clock starts: imports are no part of a step
        import_module(module)
    import torch

    files = sorted(file for file in documents.iterdir() if file.suffix in (".pdf", ".txt", ".html"))
    if not files:
        raise SystemExit(f"no PDF, text or HTML in {str(documents)!r}: give the folder that holds the documents")
    loading: dict[str, float] = {}
    model = timed(loading, "load_model", lambda: load_model(folder))
    passes = [index(files, model, size, overlap) for _ in range(repeat)]
    best = min(passes, key=lambda one: sum(one.seconds.values()))
    tokens = count_tokens(folder, best.passages)
    rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    asked = [row | ask(best.store, model, row["question"]) for row in rows]
    total = sum(best.seconds.values())
    return {
        "stack": "langchain",
        "versions": {name: version(name) for name in PACKAGES},
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "documents": len(files),
        "pages": best.pages,
        "passages": len(best.passages),
        "tokens": tokens,
        "seconds": loading | best.seconds | {"read_to_index": total},
        "all_passes_seconds": [one.seconds for one in passes],
        "pages_per_second": best.pages / total,
        "tokens_per_second_embedded": tokens["text"] / best.seconds["embed"],
        "question_embed": quantiles([one["embed_seconds"] for one in asked]),
        "question_search": quantiles([one["search_seconds"] for one in asked]),
        "question_total": quantiles([one["embed_seconds"] + one["search_seconds"] for one in asked]),
        "questions": asked,
    }


def main() -> None:
    """Measure the stack and write the result."""
    parser = argparse.ArgumentParser(description="Time the usual LangChain stack and note what it finds.")
    parser.add_argument("--documents", type=Path, required=True, help="folder of PDFs, texts and HTML pages")
    parser.add_argument("--questions", type=Path, required=True, help='JSON lines with "question" and "truth"')
    parser.add_argument("--model", type=Path, required=True, help="folder of a sentence-transformers model")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--repeat", type=int, default=1, help="passes over the documents; the fastest counts")
    parser.add_argument("--size", type=int, default=500, help="characters of a passage")
    parser.add_argument("--overlap", type=int, default=0, help="characters that two neighbours share")
    given = parser.parse_args()
    if given.repeat < 1:
        parser.error(f"--repeat {given.repeat}: at least 1 pass is needed")
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "LANGSMITH_TRACING": "false"}
    result = measure(given.documents, given.questions, given.model, given.repeat, given.size, given.overlap)
    given.out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(json.dumps({key: value for key, value in result.items() if key != "questions"}, indent=1))


if __name__ == "__main__":
    main()
