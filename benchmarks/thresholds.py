"""Where `answer.min_similarity` should stand: the best cosine of any passage to questions with and without an answer.

    python benchmarks/thresholds.py --hr DATA --squad dev-v2.0.json --scifact SCIFACT --out benchmarks/results/thresholds.md

HR: the six PDFs and questions of contoso.py; off-topic: SQuAD's questions asked of the HR documents. SQuAD: its own
paragraphs as passages. SciFact: claims against abstracts (BEIR form). The default model embeds.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from scoville.embed import open_embedder
from scoville.index import Workspace, add_paths
from scoville.recipe import Recipe
from scoville.search import open_searcher

THRESHOLDS = (0.25, 0.30, 0.35, 0.40, 0.45)
SAMPLE = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hr", type=Path, required=True)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--scifact", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/thresholds.md")
    given = parser.parse_args()
    paragraphs, answerable, unanswerable = squad(given.squad)
    groups = {
        "HR, answerable": hr(given.hr, [row["question"] for row in lines(given.hr / "qa/qa.jsonl")]),
        "HR, off-topic (SQuAD's questions)": hr(given.hr, answerable[:200]),
        "SQuAD, answerable": best(paragraphs, answerable),
        "SQuAD, unanswerable but on topic": best(paragraphs, unanswerable),
        "SciFact claims": best(
            [f"{row['title']}\n{row['text']}" for row in lines(given.scifact / "corpus.jsonl")],
            [row["text"] for row in lines(given.scifact / "queries.jsonl")][:SAMPLE],
        ),
    }
    table = ["# Share of questions refused by `answer.min_similarity`", "", "Made by `benchmarks/thresholds.py`.", ""]
    table += ["| questions | n | " + " | ".join(f"{one:.2f}" for one in THRESHOLDS) + " |", "|---|" + "---|" * 6]
    for name, values in groups.items():
        shares = " | ".join(f"{np.mean(values < threshold):.3f}" for threshold in THRESHOLDS)
        table.append(f"| {name} | {len(values)} | {shares} |")
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text("\n".join([*table, ""]), encoding="utf-8")
    print("\n".join(table))


def hr(folder: Path, questions: list[str]) -> Any:
    with tempfile.TemporaryDirectory() as place:
        workspace = Workspace(Path(place))
        add_paths(workspace, Recipe(), [folder.resolve() / "data"])
        searcher = open_searcher(workspace, Recipe())
        return np.array([searcher.search(question).similarity for question in questions])


def best(passages: list[str], questions: list[str]) -> Any:
    embedder = open_embedder(Recipe().embed)
    return (embedder.embed(questions, "query") @ embedder.embed(passages).T).max(axis=1)


def squad(path: Path) -> tuple[list[str], list[str], list[str]]:
    paragraphs: list[str] = []
    questions: dict[bool, list[str]] = {False: [], True: []}
    for article in json.loads(path.read_text())["data"]:
        for paragraph in article["paragraphs"]:
            paragraphs.append(f"{article['title'].replace('_', ' ')}\n{paragraph['context']}")
            for row in paragraph["qas"]:
                questions[row["is_impossible"]].append(row["question"])
    sample = random.Random(0).sample
    return paragraphs, sample(questions[False], SAMPLE), sample(questions[True], SAMPLE)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    main()
