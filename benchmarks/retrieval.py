"""How well each way of searching finds, alone and together, on six sets of questions; which step pays.

    python benchmarks/retrieval.py --data DATA --work FOLDER --out benchmarks/results/retrieval.json

Enters: SciFact (train part), Cranfield, HR questions and paraphrases, conversations, also of MTRAG-UN. Leaves: a JSON file with every
number and a Markdown file beside it. What a step changes is a paired difference to the default with its 95 % bootstrap
interval. Settings were chosen on the even questions of SciFact; its odd ones are reported. FOLDER keeps the indexes, so
that a second run embeds nothing.
"""

import argparse
import json
import math
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure

from scoville.embed import Embedder, open_embedder
from scoville.index import Workspace, add_paths
from scoville.recipe import Recipe
from scoville.recipe.file import load_recipe
from scoville.search import Rewriter, Searcher, open_searcher
from scoville.search.rerank import Reranker, open_reranker
from scoville.types import Message

VARIANTS: dict[str, list[str]] = {
    "default": [],
    "dense alone": ["search.bm25_weight=0"],
    "bm25 alone": ["search.dense_weight=0"],
    "fusion by rank": ["search.fusion=rrf"],
    "fusion by score": ["search.fusion=weighted"],
    "20 candidates": ["search.candidates=20"],
    "100 candidates": ["search.candidates=100"],
    "with graph .2": ["search.graph_weight=0.2"],
    "with graph .5": ["search.graph_weight=0.5"],
    "copies kept": ["search.max_overlap=1"],
    "mmr .8": ["search.mmr=0.8"],
}
DEEP = ("default", "dense alone", "bm25 alone", "fusion by rank", "fusion by score")
"""For these 300 passages are fetched too, which are about 100 documents and more."""
DEPTH = 50
Relevant = Mapping[str, int]


def ndcg(ranked: Sequence[str], relevant: Relevant, k: int = 10) -> float:
    """Give the discounted gain of the first ``k`` as a share of the best possible (Järvelin and Kekäläinen 2002)."""
    gained = sum(relevant.get(name, 0) / math.log2(rank + 1) for rank, name in enumerate(ranked[:k], start=1))
    best = sorted(relevant.values(), reverse=True)[:k]
    return gained / sum(gain / math.log2(rank + 1) for rank, gain in enumerate(best, start=1))


def recall(ranked: Sequence[str], relevant: Relevant, k: int = 100) -> float:
    """Give the share of the relevant that stands among the first ``k``."""
    return len(set(ranked[:k]) & relevant.keys()) / len(relevant)


def average_precision(ranked: Sequence[str], relevant: Relevant) -> float:
    """Give the mean of the precisions at each relevant one, those not found counting 0."""
    hits = [rank for rank, name in enumerate(ranked, start=1) if name in relevant]
    return sum(number / rank for number, rank in enumerate(hits, start=1)) / len(relevant)


@dataclass(frozen=True, kw_only=True)
class Questions:
    """A set of questions and what answers them."""

    name: str
    documents: Mapping[str, str] | None
    """Name → Markdown text; None for files that are read where they are."""
    folder: Path | None = None
    questions: Mapping[str, str]
    relevant: Mapping[str, Relevant]
    histories: Mapping[str, Sequence[Message]]
    page: bool = False
    """Whether pages are looked for and not documents."""


def scifact(data: Path) -> Questions:
    rows = [json.loads(line) for line in (data / "scifact/corpus.jsonl").open(encoding="utf-8")]
    asked = {
        row["_id"]: row["text"] for row in map(json.loads, (data / "scifact/queries.jsonl").open(encoding="utf-8"))
    }
    relevant: dict[str, dict[str, int]] = {}
    for line in (data / "scifact/qrels/train.tsv").read_text().splitlines()[1:]:
        question, document, grade = line.split()
        relevant.setdefault(question, {})[f"{document}.md"] = int(grade)
    odd = list(relevant)[1::2]
    return Questions(
        name="scifact", documents={f"{row['_id']}.md": f"# {row['title']}\n\n{row['text']}\n" for row in rows},
        questions={name: asked[name] for name in odd}, relevant=relevant, histories={},
    )  # fmt: skip


def cranfield(data: Path) -> Questions:
    documents: dict[str, str] = {}
    for record in re.split(r"^\.I ", (data / "cranfield/cran.all.1400").read_text(), flags=re.MULTILINE)[1:]:
        number, rest = record.split("\n", 1)
        title, text = re.search(r"\.T\n(.*?)\.A\n", rest, re.DOTALL), re.search(r"\.W\n(.*)", rest, re.DOTALL)
        heading, body = (" ".join(part[1].split()) if part else "" for part in (title, text))
        if heading or body:
            documents[f"{number.strip()}.md"] = f"# {heading}\n\n{body.removeprefix(heading).strip()}\n"
    records = re.split(r"^\.I ", (data / "cranfield/cran.qry").read_text(), flags=re.MULTILINE)[1:]
    asked = {str(place): " ".join(one.split(".W\n", 1)[1].split()) for place, one in enumerate(records, start=1)}
    relevant: dict[str, dict[str, int]] = {}
    for line in (data / "cranfield/cranqrel").read_text().splitlines():
        question, document, grade = line.split()
        if int(grade) > 0:  # 1 is a full answer, 4 of least interest, -1 not relevant
            relevant.setdefault(question, {})[f"{document}.md"] = 5 - int(grade)
    return Questions(
        name="cranfield", documents=documents, questions={name: asked[name] for name in relevant}, relevant=relevant,
        histories={},
    )  # fmt: skip


def contoso(data: Path) -> Questions:
    rows = [json.loads(line) for line in (data / "contoso_hr/qa/qa.jsonl").read_text("utf-8").splitlines() if line]
    gold = {str(number): measure.parse_truth(row["truth"]) for number, row in enumerate(rows)}
    relevant = {
        number: {f"{place.file}#{place.page}": 1 for place in places} for number, places in gold.items() if places
    }
    asked = {str(number): row["question"] for number, row in enumerate(rows)}
    return Questions(
        name="contoso", documents=None, folder=data / "contoso_hr/data", relevant=relevant, histories={}, page=True,
        questions={name: asked[name] for name in relevant},
    )  # fmt: skip


def followups(data: Path) -> Questions:
    """Last questions of conversations that were written for this over the HR documents."""
    lines = (Path(__file__).parent / "followups/conversations.jsonl").read_text("utf-8").splitlines()
    rows = {row["id"]: row for row in map(json.loads, lines)}
    return Questions(
        name="followups", documents=None, folder=data / "contoso_hr/data", page=True,
        questions={name: row["question"] for name, row in rows.items()},
        relevant={name: {f"{one['document']}#{one['page']}": 1 for one in row["evidence"]} for name, row in rows.items()},
        histories={name: [Message(**turn) for turn in row["history"]] for name, row in rows.items()},
    )  # fmt: skip


def paraphrases(data: Path) -> Questions:
    """Questions in other words than the documents', half of them with abbreviations.

    They were written before looking. A page is right that says what is asked about: not every such page answers.
    """
    lines = (Path(__file__).parent / "paraphrases/questions.jsonl").read_text("utf-8").splitlines()
    rows = {row["id"]: row for row in map(json.loads, lines)}
    return Questions(
        name="paraphrases", documents=None, folder=data / "contoso_hr/data", page=True, histories={},
        questions={name: row["question"] for name, row in rows.items()},
        relevant={name: {f"{one['document']}#{one['page']}": 1 for one in row["evidence"]} for name, row in rows.items()},
    )  # fmt: skip


def mtrag(data: Path) -> Questions:
    """Later questions of conversations; what was retrieved for them and used to answer counts as relevant."""
    tasks = [json.loads(line) for line in (data / "mtrag_un/tasks.jsonl").open(encoding="utf-8")]
    documents = {f"{one['document_id']}.md": one["text"].strip() for task in tasks for one in task["contexts"]}
    chosen = {
        task["task_id"]: task
        for task in tasks
        if task["contexts"] and len(task["input"]) > 1 and task["answerability"][0] in ("ANSWERABLE", "PARTIAL")
    }
    return Questions(
        name="mtrag", documents=documents,
        questions={name: task["input"][-1]["text"] for name, task in chosen.items()},
        relevant={name: {f"{one['document_id']}.md": 1 for one in task["contexts"]} for name, task in chosen.items()},
        histories={name: _turns(task["input"][:-1]) for name, task in chosen.items()},
    )  # fmt: skip


def _turns(turns: Sequence[Mapping[str, Any]]) -> list[Message]:
    return [Message(role="user" if turn["speaker"] == "user" else "assistant", content=turn["text"]) for turn in turns]


SETS: dict[str, Callable[[Path], Questions]] = {
    "scifact": scifact, "cranfield": cranfield, "contoso": contoso, "mtrag": mtrag, "paraphrases": paraphrases,
    "followups": followups,
}  # fmt: skip


class RememberingReranker:
    """Scores each list once."""

    def __init__(self, reranker: Reranker) -> None:
        self._reranker = reranker
        self._known: dict[tuple[str, ...], Any] = {}

    def score(self, question: str, texts: Sequence[str]) -> Any:
        key = (question, *texts)
        if key not in self._known:
            self._known[key] = self._reranker.score(question, texts)
        return self._known[key]


class RememberingEmbedder:
    """Embeds each question once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[tuple[str, ...], Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed(self, texts: Sequence[str], kind: Any = "passage", on_done: Any = None) -> Any:
        key = (kind, *texts)
        if key not in self._known:
            self._known[key] = self._embedder.embed(texts, kind, on_done)
        return self._known[key].copy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/retrieval.json")
    parser.add_argument("--only", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--reranker", type=Path, help="A folder of `scoville train reranker`: measured besides.")
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS))
    given = parser.parse_args()
    for weight in (1, 0.5, 0.3) if given.reranker else ():
        VARIANTS[f"reranked, weight {weight}"] = [
            f"search.rerank=path:{given.reranker.resolve()}", f"search.rerank_weight={weight}"
        ]  # fmt: skip
    if given.reranker:
        given.variants = [*given.variants, *(name for name in VARIANTS if name.startswith("reranked"))]
    result: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    embedder = RememberingEmbedder(open_embedder(Recipe().embed))
    for name in given.only:
        asked = SETS[name](given.data.resolve())
        searcher = open_searcher(workspace(asked, given.work), Recipe())
        searcher.embedder = embedder
        result[name] = result.get(name, {}) | (
            conversations(searcher, asked) if asked.histories else variants(searcher, asked, given.variants)
        )
        given.out.parent.mkdir(exist_ok=True)
        given.out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    given.out.with_suffix(".md").write_text(report(result), encoding="utf-8")
    print(report(result))


def workspace(asked: Questions, work: Path) -> Workspace:
    place = work / asked.name
    documents = asked.folder or place / "documents"
    if asked.documents:
        documents.mkdir(parents=True, exist_ok=True)
        for name, text in asked.documents.items():
            documents.joinpath(name).write_text(text, encoding="utf-8")
    home = place / f"index-{Recipe().build_hash}"
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "done").exists():
        add_paths(Workspace(home), Recipe(), [documents])
        (home / "done").touch()
    return Workspace(home)


def variants(searcher: Searcher, asked: Questions, names: Sequence[str]) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    default: dict[str, list[float]] = {}
    reranker: Reranker | None = None
    for name in dict.fromkeys(["default", *names]):
        recipe = load_recipe(None, environment={}, flags=VARIANTS[name]).recipe
        if recipe.search.rerank != "none" and reranker is None:
            opened = open_reranker(recipe.search, None, 1)
            assert opened
            reranker = RememberingReranker(opened)
        reads_again = reranker if recipe.search.rerank != "none" else None
        one = Searcher(searcher.index, searcher.embedder, recipe.search, reranker=reads_again)
        values, seconds = score(asked, lambda question, _, one=one: one.search(question, limit=DEPTH))
        if name in DEEP and not asked.page:
            deep, _ = score(asked, lambda question, _, one=one: one.search(question, limit=300))
            values["recall@100"] = deep["recall@100"]
        else:
            values.pop("recall@100", None)
        default = default or values
        scores[name] = {"n": len(values["ndcg@10"]), "p50_ms": statistics.median(seconds) * 1000}
        for key, found in values.items():
            scores[name][key] = measure.bootstrap_interval(found)._asdict()
            scores[name][f"{key} difference"] = measure.paired_difference(found, default[key])._asdict()
        print(asked.name, name, *(f"{key} {statistics.mean(found):.4f}" for key, found in values.items()), flush=True)
    return scores


def conversations(searcher: Searcher, asked: Questions) -> dict[str, Any]:
    """Compare what is searched for a later question: itself, or with the words of what came before."""
    scores: dict[str, Any] = {}
    default: dict[str, list[float]] = {}
    for name, way in {"last question alone": "none", "with words of the one before": "words"}.items():
        rewriter = Rewriter(load_recipe(None, environment={}, flags=[f"rewrite.standalone={way}"]).recipe.rewrite)

        def search(question: str, history: Sequence[Message], rewriter: Rewriter = rewriter) -> Any:
            return searcher.search(question, history=history, rewrite=rewriter, limit=DEPTH)

        values, _ = score(asked, search)
        default = default or values
        scores[name] = {"n": len(values["ndcg@10"])}
        for key, found in values.items():
            scores[name][key] = measure.bootstrap_interval(found)._asdict()
            scores[name][f"{key} difference"] = measure.paired_difference(found, default[key])._asdict()
        print(asked.name, name, *(f"{key} {statistics.mean(found):.4f}" for key, found in values.items()), flush=True)
    return scores


def score(
    asked: Questions, search: Callable[[str, Sequence[Message]], Any]
) -> tuple[dict[str, list[float]], list[float]]:
    values: dict[str, list[float]] = {}
    seconds: list[float] = []
    for name in asked.questions:
        started = time.perf_counter()
        found = search(asked.questions[name], asked.histories.get(name, ()))
        seconds.append(time.perf_counter() - started)
        for key, value in _values(found.hits, asked, asked.relevant[name]).items():
            values.setdefault(key, []).append(value)
    return values, seconds


def _values(hits: Sequence[Any], asked: Questions, relevant: Relevant) -> dict[str, float]:
    places = [measure.Place(Path(hit.passage.source).name, hit.passage.page) for hit in hits]
    if asked.page:
        gold = [measure.Place(*_page(name)) for name in relevant]
        rank = measure.page_rank(places, gold)
        return {
            "ndcg@10": 1 / math.log2(rank + 1) if rank and rank <= 10 else 0.0,
            "hit@1": measure.hit(rank, 1), "hit@5": measure.hit(rank, 5), "mrr@10": measure.reciprocal_rank(rank, 10),
        }  # fmt: skip
    ranked = list(dict.fromkeys(place.file for place in places))
    return {
        "ndcg@10": ndcg(ranked, relevant), "recall@10": recall(ranked, relevant, 10),
        "recall@100": recall(ranked, relevant), "map": average_precision(ranked, relevant),
    }  # fmt: skip


def _page(name: str) -> tuple[str, int | None]:
    file, _, page = name.rpartition("#")
    return file, int(page) if page.isdigit() else None


def report(result: Mapping[str, Any]) -> str:
    """Write a table for each set."""
    lines = [
        "# Finding", "",
        "Made by `benchmarks/retrieval.py` with the default embedder and splitter. Differences are paired with the "
        "first row, in brackets their 95 % bootstrap interval. Fusion by score is the default. Of SciFact the odd questions of the train part: settings "
        "were chosen on the even ones.", "",
    ]  # fmt: skip
    for name, scores in result.items():
        keys = [key for key in next(iter(scores.values())) if key not in ("n", "p50_ms") and "difference" not in key]
        lines += [
            f"## {name}",
            "",
            f"| | n | {' | '.join(keys)} | ndcg@10 against the first |",
            "|---|---|" + "---|" * (len(keys) + 1),
        ]
        for variant, row in scores.items():
            gain = row["ndcg@10 difference"]
            cells = [f"{row[key]['mean']:.3f}" if key in row else "" for key in keys]
            lines.append(
                f"| {variant} | {row['n']} | {' | '.join(cells)} | {gain['mean']:+.3f} [{gain['low']:+.3f}, {gain['high']:+.3f}] |"
            )
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
