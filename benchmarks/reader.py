"""What the reader that comes with Scoville is worth: on texts it never saw, on an HR department's documents, in seconds.

    python benchmarks/reader.py --data DATA --work FOLDER

Enters: DATA as recipes/reader.yaml names it, and contoso_hr. Leaves: results/reader.json and results/reader.md.
Beside it stand `quote` (the nearest sentence, no model) and SmolLM2-135M, in the same run, on the same passages.
"""

import argparse
import json
import math
import os
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cheats import contoso

import scoville as sc
from scoville.answer.support import SHIPPED as SHIPPED_WEIGHTS
from scoville.answer.support import Signals
from scoville.evaluate.judge.agreement import auroc
from scoville.extract import open_reader
from scoville.llm.reader import SHIPPED
from scoville.recipe.reader import load_reader_training
from scoville.train.reader.calibrate import expected_error
from scoville.train.reader.mixture import mix, read_part
from scoville.train.reader.score import score, with_reader
from scoville.types import Case

RECIPE = Path(__file__).parents[1] / "recipes" / "reader.yaml"
OTHERS = ("quote", "smollm2-135m-instruct")
MEASURED = ("answered_right", "refused_right", "quality")
ROUNDS = 20
MOST_ROWS = 300
"""Of each part but SQuAD 2, whose figures are asked for whole."""
OPEN_QUESTIONS = 200


def held_out(data: Path) -> dict[str, Any]:
    """Score what the recipe holds out of its training."""
    training = load_reader_training(RECIPE)
    mixture = mix([read_part(file, data) for file in training.files])
    reader = open_reader(SHIPPED)
    found: dict[str, Any] = {}
    for part in mixture.parts:
        if part.held_out:
            count = len(part.held_out) if part.name.startswith("squad_v2") else min(MOST_ROWS, len(part.held_out))
            rows = random.Random(0).sample(list(part.held_out), count)
            found[part.name] = asdict(score(rows, with_reader(reader)))
            print(part.name, found[part.name], flush=True)
    return found


def open_questions(data: Path, work: Path) -> dict[str, Any]:
    """Ask about four held-out articles, indexed: SQuAD's questions of both kinds, and such about other articles."""
    articles = json.loads((data / "squad_v2/train.json").read_text(encoding="utf-8"))["data"]
    titles = {name for file in load_reader_training(RECIPE).files for name in _titles(file.hold_out)}
    asked: dict[str, list[str]] = {"answerable": [], "adversarial": [], "off document": []}
    (work / "articles").mkdir(parents=True, exist_ok=True)
    for article in articles:
        held = article["title"].replace("_", " ") in titles
        texts = [paragraph["context"] for paragraph in article["paragraphs"]]
        if held:
            path = work / "articles" / f"{article['title']}.md"
            path.write_text(f"# {article['title']}\n\n" + "\n\n".join(texts) + "\n", encoding="utf-8")
        for question in (question for paragraph in article["paragraphs"] for question in paragraph["qas"]):
            kind = "answerable" if not question["is_impossible"] else "adversarial"
            asked[kind if held else "off document"].append(question["question"])
    with sc.open(work, answer={"min_similarity": -1}) as bot:
        bot.add(work / "articles")
        reader, rows = open_reader(SHIPPED), []
        for kind, questions in asked.items():
            for question in random.Random(0).sample(questions, OPEN_QUESTIONS // (1 if kind == "answerable" else 2)):
                found = bot.searcher().search(question)
                spans = reader.read(question, [hit.passage.content for hit in found.hits])
                best = max((span.probability for span in spans), default=0.001)
                rows.append((kind, math.log(best / (1 - best)), found.similarity or 0.0))
    labels = [kind == "answerable" for kind, _, _ in rows]
    told = [SHIPPED_WEIGHTS.probability(Signals(odds, cosine)) for _, odds, cosine in rows]
    found: dict[str, Any] = {"ece": expected_error(told, labels)}
    for kind in ("adversarial", "off document"):
        chosen = [place for place, row in enumerate(rows) if row[0] in ("answerable", kind)]
        has = [float(labels[place]) for place in chosen]
        found[kind] = {
            "reader": auroc(has, [rows[place][1] for place in chosen]),
            "cosine": auroc(has, [rows[place][2] for place in chosen]),
            "both": auroc(has, [told[place] for place in chosen]),
        }
    print("open", found, flush=True)
    return found


def _titles(held: object) -> tuple[str, ...]:
    return held if isinstance(held, tuple) else ()


def speed(bot: sc.Bot, cases: Sequence[Case]) -> dict[str, float]:
    """Time five passages, warm: what reading adds to a search."""
    reader = open_reader(SHIPPED)
    texts = [[hit.passage.content for hit in bot.search(case.question, limit=5)] for case in cases[:ROUNDS]]
    reader.load()
    seconds: list[float] = []
    for case, five in zip(cases, texts, strict=False):
        reader.read(case.question, five)
        started = time.perf_counter()
        reader.read(case.question, five)
        seconds.append(time.perf_counter() - started)
    words = statistics.mean(sum(len(text.split()) for text in five) for five in texts)
    return {"median_ms": 1000 * statistics.median(seconds), "words": words, "cores": len(os.sched_getaffinity(0))}


def on_documents(bot: sc.Bot, cases: Sequence[Case], slow: bool) -> dict[str, Any]:
    """Let the reader and the others answer, and compare them case by case."""
    run = bot.evaluate(list(cases), name="reader")
    found: dict[str, Any] = {"reader": run.summary()["metrics"]}
    differences: dict[str, Any] = {}
    for model in OTHERS if slow else OTHERS[:1]:
        other = bot.variant({"llm.model": model}).evaluate(list(cases), name=model)
        found[model] = other.summary()["metrics"]
        differences[model] = {
            metric: asdict(run.compare(other, metric=metric)) for metric in ("answered_right", "quality")
        }
    results = run.results()
    said = [one for case in cases if (one := results[case.id])]
    saved = run.saved()
    has = [float(case.answerable) for case in cases]
    return {
        "metrics": {name: {metric: one.get(metric) for metric in MEASURED} for name, one in found.items()},
        "differences": differences,
        "auroc": {
            "probability": auroc(has, [saved[case.id]["probability"] or 0.0 for case in cases]),
            "similarity": auroc(has, [one.confidence or 0.0 for one in said]),
        },
    }


def report(found: Mapping[str, Any]) -> str:
    """Write the tables."""
    lines = ["# The reader", "", "Made by `benchmarks/reader.py`; in brackets 95 % intervals.", ""]
    lines += ["## One text, one question: texts held out of its training", ""]
    lines += ["| questions | n | F1 | exact | AUROC | F1 with refusals | wrongly refused | ECE | seconds |"]
    lines += ["|---|---|---|---|---|---|---|---|---|"]
    for name, card in found["held_out"].items():
        keys = ("f1_answerable", "em_answerable", "auroc", "best_f1", "wrongly_refused_at_best", "ece")
        cells = " | ".join("–" if card[key] is None else f"{card[key]:.3f}" for key in keys)
        lines.append(f"| {name} | {card['n']} | {cells} | {card['seconds']:.1f} |")
    lines += ["", "## Questions to an index of the held-out articles: AUROC of answerable against not", ""]
    lines += ["| without an answer | reader | best cosine | both |", "|---|---|---|---|"]
    for kind in ("adversarial", "off document"):
        one = found["open"][kind]
        lines.append(f"| {kind} | {one['reader']:.3f} | {one['cosine']:.3f} | {one['both']:.3f} |")
    lines += ["", f"Both: `answer.support.SHIPPED`; ECE {found['open']['ece']:.3f}."]
    for name, told in found["documents"].items():
        lines += [
            "",
            f"## {name}",
            "",
            "| system | answered rightly | refused rightly | quality |",
            "|---|---|---|---|",
        ]
        for system, metrics in told["metrics"].items():
            lines.append(f"| {system} | {' | '.join(_cell(metrics.get(key)) for key in MEASURED)} |")
        for model, differences in told["differences"].items():
            one = differences["answered_right"]
            lines += [
                "",
                f"Reader less {model}, answered rightly, case by case: {one['difference']:+.2f} ({one['low']:+.2f} to {one['high']:+.2f}).",
            ]
        lines += [
            "",
            f"AUROC of answerable against not: {told['auroc']['probability']:.3f} by the reader, {told['auroc']['similarity']:.3f} by the best cosine.",
        ]
    quick = found["speed"]
    lines += [
        "",
        f"Five passages ({quick['words']:.0f} words): {quick['median_ms']:.0f} ms at the median, {quick['cores']} cores.",
    ]
    return "\n".join(lines) + "\n"


def _cell(found: Mapping[str, Any] | None) -> str:
    if not found or found["mean"] is None:
        return "–"
    return f"{found['mean']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=101, help="HR questions with an answer")
    parser.add_argument("--quick", action="store_true", help="without SmolLM2, which takes minutes")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/reader.json")
    given = parser.parse_args()
    documents, cases, _ = contoso(given.data, given.count)
    (given.work / "contoso_hr").mkdir(parents=True, exist_ok=True)
    asked = open_questions(given.data, given.work / "squad_v2")
    with sc.open(given.work / "contoso_hr") as bot:
        bot.add(documents)
        found = {
            "open": asked,
            "held_out": held_out(given.data),
            "documents": {"contoso_hr": on_documents(bot, cases, not given.quick)},
            "speed": speed(bot, cases),
        }
    given.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    given.out.with_suffix(".md").write_text(report(found), encoding="utf-8")
    print(report(found))


if __name__ == "__main__":
    main()
