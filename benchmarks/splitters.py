"""Which way of splitting, which size and which legs find the page of the answer: six HR documents, 101 questions.

    python benchmarks/splitters.py --data DATA/contoso_hr --out benchmarks/results/splitters.json

Each file is read once; every way and size is searched as `scoville search` does, and by each leg alone. Writes a JSON
file with every rank and a Markdown file beside it. See README.md here for the data.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import measure

from scoville.embed import Embedder, open_embedder
from scoville.index import LanceIndex
from scoville.read import read_document
from scoville.recipe import Recipe, Split
from scoville.recipe.file import load_recipe
from scoville.search.hybrid import Searcher
from scoville.split import split_document
from scoville.types import Document, Passage

HERE = Path(__file__).parent
WAYS = ("fixed", "sentence", "section", "parent", "summary", "semantic")
SIZES = (100, 200, 400)
BASE = "section 200"
LEGS: dict[str, dict[str, Any]] = {
    "fused": {}, "by score": {"fusion": "weighted"}, "dense": {"bm25_weight": 0}, "bm25": {"dense_weight": 0},
}  # fmt: skip
DEPTH = 20


class Ranks(NamedTuple):
    """For one way and size, where each question's page was found."""

    legs: dict[str, list[int | None]]
    """For each of LEGS, by the page on which a passage begins, as the other benchmarks count."""
    any: list[int | None]
    """Fused, by any page that a passage stands on, which favours long ones."""
    passages: int
    tokens: int
    split_seconds: float
    embed_seconds: float

    @property
    def first(self) -> list[int | None]:
        """By both legs, fused as `scoville search` does."""
        return self.legs["fused"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE / "results/splitters.json")
    given = parser.parse_args()
    recipe = Recipe()
    documents = [
        read_document(path, source=path.name, settings=recipe.read) for path in sorted((given.data / "data").iterdir())
    ]
    rows = [json.loads(line) for line in (given.data / "qa/qa.jsonl").read_text(encoding="utf-8").splitlines() if line]
    embedder = open_embedder(recipe.embed)
    results: dict[str, Ranks] = {}
    for name in (f"{way} {size}" for way in WAYS for size in SIZES):
        way, size = name.split()
        recipe = load_recipe(None, environment={}, flags=[f"split.by={way}", f"split.size={size}"]).recipe
        results[name] = ranks(documents, recipe.split, embedder, rows)
        print(name, score([measure.hit(rank, 1) for rank in results[name].first]), flush=True)
        values = {name: one._asdict() for name, one in results.items()}
        given.out.write_text(json.dumps(values, indent=1), encoding="utf-8")
    given.out.with_suffix(".md").write_text(report(results), encoding="utf-8")
    print(report(results))


def ranks(documents: Sequence[Document], settings: Split, embedder: Embedder, rows: Sequence[dict[str, Any]]) -> Ranks:
    started = time.perf_counter()
    passages = [passage for document in documents for passage in split_document(document, settings, embedder)]
    split_seconds = time.perf_counter() - started
    started = time.perf_counter()
    vectors = embedder.embed([passage.searched for passage in passages])
    embed_seconds = time.perf_counter() - started
    gold = [measure.parse_truth(row["truth"]) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        index = LanceIndex(Path(folder), "passages", embedder.dimension, create=True)
        index.replace([document.source for document in documents], passages, vectors, "benchmark")
        index.finish()  # builds the BM25 index
        found = {
            name: found_by(Searcher(index, embedder, Recipe().search.model_copy(update=changes)), rows)
            for name, changes in LEGS.items()
        }
    legs = {
        name: [
            measure.page_rank([measure.Place(one.source, one.page) for one in each], places)
            for each, places in zip(passages_found, gold, strict=True)
        ]
        for name, passages_found in found.items()
    }
    anywhere = [rank_of_any(each, places) for each, places in zip(found["fused"], gold, strict=True)]
    tokens = sum(passage.tokens for passage in passages)
    return Ranks(legs, anywhere, len(passages), tokens, split_seconds, embed_seconds)


def found_by(searcher: Searcher, rows: Sequence[dict[str, Any]]) -> list[list[Passage]]:
    return [[hit.passage for hit in searcher.search(row["question"], limit=DEPTH).hits] for row in rows]


def rank_of_any(found: Sequence[Passage], gold: Sequence[measure.Place]) -> int | None:
    for number, passage in enumerate(found, start=1):
        pages = {region.box.page for region in passage.regions} or {passage.page}
        if any(measure.is_page(measure.Place(passage.source, page), gold) for page in pages):
            return number
    return None


def score(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}"


def difference(values: Sequence[float], base: Sequence[float]) -> str:
    interval = measure.paired_difference(values, base)
    mark = " *" if interval.low > 0 or interval.high < 0 else ""
    return f"{interval.mean:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]{mark}"


def report(results: dict[str, Ranks]) -> str:
    base = results[BASE].first
    lines = [
        "# Ways of splitting", "",
        f"Six HR documents, {len(base)} questions; a page counts within one page of the gold one. Differences are against",
        f"`{BASE}`, paired by question, with 95 % bootstrap intervals; `*` marks those without 0. Page: where the passage",
        "begins. `any`: any page it stands on, which favours long passages. `passages` and `tokens` (of all passages) say",
        "what the index and the prompt pay. The embedder reads 254 tokens, so that passages of size 400 have at most 254",
        "(`summary`: its sections have 600 and only the summaries are bound by the size).", "",
        "| way, size | hit@1 | hit@5 | MRR@10 | Δ hit@1 | Δ MRR@10 | any: hit@1 | any: hit@5 | passages | tokens |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, one in results.items():
        ones, fives = [measure.hit(rank, 1) for rank in one.first], [measure.hit(rank, 5) for rank in one.first]
        reciprocal = [measure.reciprocal_rank(rank, 10) for rank in one.first]
        lines.append(
            f"| {name} | {score(ones)} | {score(fives)} | {score(reciprocal)} "
            f"| {difference(ones, [measure.hit(rank, 1) for rank in base])} "
            f"| {difference(reciprocal, [measure.reciprocal_rank(rank, 10) for rank in base])} "
            f"| {score([measure.hit(rank, 1) for rank in one.any])} | {score([measure.hit(rank, 5) for rank in one.any])} "
            f"| {one.passages} | {one.tokens} |"
        )
    lines += ["", "## Each with each way of searching", "", "hit@1, and the difference to both legs fused by rank.", ""]
    others = [name for name in LEGS if name != "fused"]
    lines += [f"| way, size | fused | {' | '.join(others)} |", "|---" * (len(LEGS) + 1) + "|"]
    for name, one in results.items():
        ones = {leg: [measure.hit(rank, 1) for rank in ranks] for leg, ranks in one.legs.items()}
        cells = [f"{score(ones[leg])} ({difference(ones[leg], ones['fused'])})" for leg in others]
        lines.append(f"| {name} | {score(ones['fused'])} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
