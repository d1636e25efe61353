"""How well the right document and page are found in a pile of documents that look alike, beside plain LangChain.

    python benchmarks/look_alikes.py --work FOLDER --peers benchmarks/.venv/bin/python --out results/look_alikes.json

Enters: nothing; the pile is made (`look_alikes_pile.py`). Leaves: a JSON file and a Markdown file beside it. Of the first
five passages two numbers are told: which share of the right documents is among theirs, and which share of the right
pages. A passage that runs over two pages counts for both. Where a format has no pages, a passage of the right document
that holds the row or sentence that answers counts as the right page. LangChain is given 500 characters without overlap,
and 1,000 with 200. Intervals draw documents, not questions.
"""

import argparse
import json
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import measure
from look_alikes_pile import Place, Question, make_pile

from scoville.index import Workspace, add_paths
from scoville.models import locate_model
from scoville.recipe import Recipe
from scoville.recipe.file import load_recipe
from scoville.search import Searcher, open_searcher

HERE = Path(__file__).parent
FIRST = 5
VARIANTS: dict[str, list[str]] = {
    "default": [],
    "dense alone": ["search.bm25_weight=0"],
    "bm25 alone": ["search.dense_weight=0"],
    "fusion by rank": ["search.fusion=rrf"],
    "copies kept": ["search.max_overlap=1"],
}
PEERS = {"langchain 500/0": (500, 0), "langchain 1000/200": (1000, 200)}
Scores = dict[str, list[float]]


class Given(NamedTuple):
    """A passage that a stack gave."""

    document: str
    pages: frozenset[int]
    text: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="keeps the index, and what the peers gave")
    parser.add_argument("--peers", type=Path, default=HERE / ".venv/bin/python")
    parser.add_argument("--out", type=Path, default=HERE / "results/look_alikes.json")
    given = parser.parse_args()
    pile = given.work / "pile"
    questions = make_pile(pile)
    scores = ours(pile, questions, given.work)
    for name, (size, overlap) in PEERS.items():
        scores[name] = score(questions, theirs(pile, questions, given, size, overlap))
    groups = [question.places[0].document for question in questions]
    kinds = [question.kind for question in questions]
    result = {name: summary(values, scores["default"], groups, kinds) for name, values in scores.items()}
    given.out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    given.out.with_suffix(".md").write_text(report(result, len(questions), len(list(pile.iterdir()))), encoding="utf-8")
    print(given.out.with_suffix(".md").read_text())


def ours(pile: Path, questions: Sequence[Question], work: Path) -> dict[str, Scores]:
    home = work / f"index-{Recipe().build_hash}"
    if not (home / "done").exists():
        home.mkdir(parents=True, exist_ok=True)
        add_paths(Workspace(home), Recipe(), [pile.resolve()])
        (home / "done").touch()
    opened = open_searcher(Workspace(home), Recipe())
    scores: dict[str, Scores] = {}
    for name, flags in VARIANTS.items():
        recipe = load_recipe(None, environment={}, flags=flags).recipe
        searcher = Searcher(opened.index, opened.embedder, recipe.search, rewriter=opened.rewriter)
        scores[name] = score(questions, [found(searcher, question.text) for question in questions])
    return scores


def found(searcher: Searcher, question: str) -> list[Given]:
    passages = [hit.passage for hit in searcher.search(question, limit=FIRST).hits]
    return [
        Given(Path(one.source).name, frozenset(region.box.page for region in one.regions), one.content)
        for one in passages
    ]


def theirs(
    pile: Path, questions: Sequence[Question], given: argparse.Namespace, size: int, overlap: int
) -> list[list[Given]]:
    asked, out = given.work / "questions.jsonl", given.work / f"langchain-{size}-{overlap}.json"
    asked.write_text("\n".join(json.dumps({"question": question.text, "truth": ""}) for question in questions))
    model = locate_model("all-minilm-l6-v2", kind="embedder").folder
    command = [given.peers, HERE / "peers/langchain_stack.py", "--documents", pile, "--questions", asked, "--model", model,
               "--out", out, "--size", size, "--overlap", overlap]  # fmt: skip
    if not out.exists():
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    rows = json.loads(out.read_text())["questions"]
    assert [row["question"] for row in rows] == [question.text for question in questions], f"{out} is of another pile"
    return [
        [Given(name, frozenset([page]), text) for (name, page), text in zip(row["ranked"], row["texts"], strict=False)]
        for row in rows
    ]


def score(questions: Sequence[Question], given: Sequence[Sequence[Given]]) -> Scores:
    pairs = list(zip(questions, given, strict=True))
    return {
        "document recall@5": [
            statistics.mean(any(one.document == place.document for one in five) for place in question.places)
            for question, five in pairs
        ],
        "page@5": [
            statistics.mean(any(is_place(one, place) for one in five) for place in question.places)
            for question, five in pairs
        ],
    }


def is_place(given: Given, place: Place) -> bool:
    if given.document != place.document:
        return False
    if place.document.endswith(".pdf"):
        return place.page in given.pages
    text = " ".join(given.text.split())
    return all(needle in text for needle in place.needles)


def summary(values: Scores, default: Scores, groups: Sequence[str], kinds: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for key, one in values.items():
        told[key] = measure.bootstrap_interval(one, groups)._asdict()
        told[f"{key} difference"] = measure.paired_difference(one, default[key], groups)._asdict()
        told[f"{key} by kind"] = {
            kind: statistics.mean(value for value, its in zip(one, kinds, strict=True) if its == kind)
            for kind in sorted(set(kinds))
        }
    return told


def report(result: Mapping[str, Any], questions: int, documents: int) -> str:
    lines = [
        "# Finding among look-alikes", "", "Made by `benchmarks/look_alikes.py`: "
        f"{documents} made-up documents that look alike, {questions} questions. In brackets 95 % bootstrap intervals, by document.",
    ]  # fmt: skip
    for key in ("document recall@5", "page@5"):
        kinds = list(result["default"][f"{key} by kind"])
        lines += [
            "",
            f"## {key}",
            "",
            f"| | all | against the first | {' | '.join(kinds)} |",
            "|---" * (len(kinds) + 3) + "|",
        ]
        for name, row in result.items():
            cells = [_interval(row[key]), _interval(row[f"{key} difference"], "+")]
            cells += [f"{row[f'{key} by kind'][kind]:.2f}" for kind in kinds]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _interval(one: Mapping[str, float], sign: str = "") -> str:
    return f"{one['mean']:{sign}.3f} [{one['low']:{sign}.3f}, {one['high']:{sign}.3f}]"


if __name__ == "__main__":
    main()
