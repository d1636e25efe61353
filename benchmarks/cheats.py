"""What a measure of answers is worth: cheats beside honest systems, on an HR department's documents and on SQuAD 2.

    python benchmarks/cheats.py --data DATA --work FOLDER

Enters: contoso_hr (questions with and without an answer, the answers of a real bot) and SQuAD 2, of each a seeded part.
Leaves: results/cheats.json and a Markdown table: answered rightly, refused rightly, quality, each with its interval.
Honest systems: the default recipe, a bot with a GPT model (contoso_hr/qa/graded_answers.jsonl; it was asked no question
without an answer, and refuses those here), and answers by hand, which are the expected ones. FOLDER keeps the indexes.
"""

import argparse
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import scoville as sc
from scoville.cases.importers.documents import parse_truth
from scoville.cases.importers.formats import import_cases
from scoville.evaluate.cheats import CHEATS
from scoville.types import Case

REFUSAL = "I don't know."
SHOWN = ("answered_right", "refused_right", "quality", "correctness_words", "gold_token_recall")
PADDING = 2
"""Passages behind an answer."""


def contoso(data: Path, count: int) -> tuple[Path, list[Case], Mapping[str, str]]:
    """Give the documents, cases of both kinds, and what a real bot answered."""
    place = data / "contoso_hr"
    rows = [json.loads(line) for line in (place / "qa/graded_answers.jsonl").open(encoding="utf-8")]
    graded = {row["question"]: row["answer"] for row in rows}
    truths = {row["question"]: parse_truth(row["truth"]) for row in rows}
    answered = [
        Case(id=question, question=question, expected=(truth.answer,), evidence=truth.places)
        for question, truth in truths.items()
    ]
    cases = random.Random(0).sample(answered, min(count, len(answered)))
    return place / "data", [*cases, *import_cases(place / "qa/qa_dontknows.jsonl").cases], graded


def squad(data: Path, count: int, folder: Path) -> tuple[Path, list[Case], Mapping[str, str]]:
    """Write three articles as documents, and draw their questions, half of them without an answer."""
    articles = json.loads((data / "squad_v2/train.json").read_text(encoding="utf-8"))["data"][:3]
    folder.mkdir(parents=True, exist_ok=True)
    for article in articles:
        text = "\n\n".join(paragraph["context"] for paragraph in article["paragraphs"])
        (folder / f"{article['title']}.md").write_text(f"# {article['title']}\n\n{text}\n", encoding="utf-8")
    part = folder.parent / "squad.json"
    part.write_text(json.dumps({"data": articles}), encoding="utf-8")
    found = import_cases(part).cases
    halves = ([case for case in found if case.answerable is kind] for kind in (True, False))
    return folder, [case for half in halves for case in random.Random(0).sample(half, min(count, len(half)))], {}


def honest(cases: Sequence[Case], graded: Mapping[str, str]) -> dict[str, Callable[[str], str]]:
    """Give systems that answer rightly as far as they know."""
    expected = {case.question: (case.expected or (REFUSAL,))[0] for case in cases}
    systems = {"by hand": lambda question: expected[question]}
    return systems | ({"a real bot": lambda question: graded.get(question, REFUSAL)} if graded else {})


def padded(bot: sc.Bot, answer: Callable[[str], str]) -> Callable[[str], Any]:
    """Put passages that were found behind each answer."""

    def answer_and_paste(question: str) -> Any:
        hits = bot.search(question, limit=5)
        passages = [{"id": hit.passage.id, "document": hit.passage.source, "text": hit.passage.text} for hit in hits]
        texts = [passage["text"] for passage in passages[:PADDING]]
        said = answer(question)
        return {"answer": "\n\n".join([said, *texts]), "refused": said == REFUSAL, "passages": passages}

    return answer_and_paste


def measured(
    folder: Path, documents: Path, cases: Sequence[Case], graded: Mapping[str, str], slow: bool
) -> dict[str, Any]:
    """Ask every system every case."""
    folder.mkdir(parents=True, exist_ok=True)
    with sc.open(folder) as bot:
        bot.add(documents)
        told = honest(cases, graded)
        systems: dict[str, Any] = {
            **told, **{f"{name}, with passages pasted behind": padded(bot, one) for name, one in told.items()},
            **({"the default recipe": ""} if slow else {}), **{f"cheat:{cheat}": f"cheat:{cheat}" for cheat in CHEATS},
        }  # fmt: skip
        found: dict[str, Any] = {}
        for name, system in systems.items():
            metrics = bot.evaluate(list(cases), system=system, name=name).summary()["metrics"]
            found[name] = {metric: metrics.get(metric) for metric in SHOWN}
            print(name, {metric: one and one["mean"] for metric, one in found[name].items()}, flush=True)
        return found


def report(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Write a table for each set, best quality first."""
    lines = ["# Cheats beside honest systems", "", "Made by `benchmarks/cheats.py`; in brackets 95 % intervals."]
    for name, systems in results.items():
        first = next(iter(systems.values()))
        counts = [first[metric]["n"] for metric in ("answered_right", "refused_right")]
        lines += ["", f"## {name}: {counts[0]} questions with an answer, {counts[1]} without", ""]
        lines += ["| system | answered rightly | refused rightly | quality | recall of the expected words |"]
        lines += ["|---|---|---|---|---|"]
        for system, found in sorted(systems.items(), key=lambda one: -one[1]["quality"]["mean"]):
            cells = [
                _cell(found[metric]) for metric in ("answered_right", "refused_right", "quality", "gold_token_recall")
            ]
            lines.append(f"| {system} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(found: Mapping[str, Any] | None) -> str:
    if not found or found["mean"] is None:
        return "–"
    return f"{found['mean']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40, help="questions with an answer, and of SQuAD as many without")
    parser.add_argument("--only", choices=["contoso_hr", "squad_v2"], nargs="*", default=["contoso_hr", "squad_v2"])
    parser.add_argument("--quick", action="store_true", help="without the default recipe, whose model takes minutes")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/cheats.json")
    given = parser.parse_args()
    sets = {
        "contoso_hr": lambda: contoso(given.data, given.count),
        "squad_v2": lambda: squad(given.data, given.count, given.work / "articles"),
    }
    results: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    for name in given.only:
        documents, cases, graded = sets[name]()
        fresh = measured(given.work / name, documents, cases, graded, not given.quick)
        results[name] = results.get(name, {}) | fresh
        given.out.write_text(json.dumps(results, indent=1), encoding="utf-8")
        given.out.with_suffix(".md").write_text(report(results), encoding="utf-8")
    print(report(results))


if __name__ == "__main__":
    main()
