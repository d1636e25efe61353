"""How far measures of an answer agree with people, what cheats get from them, and which false claims they catch.

    python benchmarks/ruler.py --mtrag answers.jsonl --graded graded_answers.jsonl --labels LABELS.jsonl ... \
        --out benchmarks/results/ruler.md

--mtrag: answers with people's verdicts in MTRAG's form. --graded: answers with question, truth and context, of which
cheats and corrupted sentences are made. --labels: short answers, or sentences with a context, as `scoville judge check`
reads them. Halves are by the hash of the question; measures were chosen by half 0 only. Intervals resample questions.
"""

import argparse
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scoville.answer.claims import claimed, claims, faithfulness
from scoville.answer.evidence import Claim, Evidence, support
from scoville.embed import open_embedder
from scoville.evaluate.judge.agreement import auroc, bootstrap, kendall
from scoville.evaluate.judge.labels import WORDS
from scoville.evaluate.judged_answers import read_judged
from scoville.evaluate.metrics.correctness import correctness
from scoville.evaluate.metrics.grounded import LEAST_SUPPORT, cosine
from scoville.evaluate.metrics.overlap import chrf, rouge_l
from scoville.evaluate.metrics.text import gold_token_recall, token_f1
from scoville.recipe import Embed
from scoville.sentences import sentences
from scoville.types import Passage
from scoville.words import strip_citations

GOOD = 3.25
MEANING = """## What it means

- Answers, verdicts and texts of MTRAG: IBM/mt-rag-benchmark, commit cc5b1d48 (Apache-2.0), 80 tasks × 3 answers, three people each; people call an answer good when both faithfulness and completeness reach 3.25 of 4. Beside them stand the references, which people judged too: every comparison with the reference gives those 1, and people find one in seven wanting, so the second table, without them, says more. People themselves are not of one mind: one of three against the other two reaches an AUROC of .78 in faithfulness, .65 in completeness.
- nq301_all: all 1,490 short answers of ehsk/OpenQA-eval, commit 8b9317d0 (MIT). evouna: 300 questions each of Natural Questions and TriviaQA, five systems, of wangcunxiang/QA-Eval, commit 90007d39 (Apache-2.0). No contexts are known there. The recall has the higher τ because most of its values are 0 or 1, as the labels are.
- qags: 953 sentences of summaries, three people each, W4ngatang/qags, commit 47798e9b. graded: 100 answers of a bot on the HR documents, Azure-Samples/ai-rag-chat-evaluator.
- `correctness` is chosen by half 0: words beside the expected ones cost half when a text holds them (0.1 to 1 tried: AUROC .945 to .950), 8 words are free (0 to 16), the support is squared (1: .924, 2: .949, 3: .956). Embeddings added nothing to it: times the cosine .911 for .906, plus it .915, and nothing on short answers. Half 1 is harder for every measure; the order stays, and only RB_agg is level there over all answers, ahead in AUROC and behind in τ.
- RL_F of MTRAG is the faithfulness of Ragas, which asks a large model; its RB_agg, the harmonic mean of ROUGE-L, Bert-Recall and Bert-K-Precision, is made here with our embedder, by sentences.
- A copied passage is worth nothing, an echo nothing, an answer with a passage behind it less than half of the answer. A random sentence that holds some expected words is worth what it says. The recall gives the paste of all passages more than the bot.
- In `faithfulness` the order of answers of MTRAG was good already; sentences out of context (QAGS) and claims turned round were not. Names are caught worst: the corrupted ones are often words that are no names, such as a heading. The nine directions are few. Corruptions are of our own making: others may be harder."""
PASSAGE = re.compile(r"(?=\b[\w-]+\.pdf#page=\d+: )")
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
VERB = re.compile(r"\b(is|are|was|were|will|can|may|must|should|does|do)\b( not\b)?")
TURNS = [
    pair.split("/") for pair in "more/less higher/lower greater/smaller increase/decrease before/after above/below "
    "minimum/maximum earlier/later longer/shorter better/worse affordable/expensive include/exclude included/excluded "
    "in-network/out-of-network internal/external required/optional allowed/prohibited".split()
]  # fmt: skip
SWAPS = re.compile(r"\b(in-network|out-of-network)\b(.+?)\b(?!\1)(in-network|out-of-network)\b")
Measure = Callable[["Row"], float | None]


class Row(NamedTuple):
    question: str
    expected: Sequence[str]
    contexts: Sequence[str]
    answer: str
    people: float = 0.0
    good: float = 0.0
    reference: bool = False
    task: str = ""

    @property
    def half(self) -> int:
        return hashlib.sha256((self.task or self.question).encode()).digest()[0] & 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mtrag", type=Path, required=True)
    parser.add_argument("--graded", type=Path, required=True)
    parser.add_argument("--labels", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/ruler.md")
    given = parser.parse_args()
    found: dict[str, Any] = {}
    right = {"all answers": mtrag(given.mtrag, ("faithfulness", "completeness"))}
    right["answers of models"] = [row for row in right["all answers"] if not row.reference]
    embedded = Embedded(right["all answers"])
    found["correctness"] = {name: agreement(rows, {**MEASURES, **embedded.measures()}) for name, rows in right.items()}
    held = {"all answers": mtrag(given.mtrag, ("faithfulness",))}
    held["answers of models"] = [row for row in held["all answers"] if not row.reference]
    labelled = {path.stem: list(labels(path)) for path in given.labels}
    found["correctness"] |= {name: agreement(rows, MEASURES) for name, rows in labelled.items() if rows[0].expected}
    held |= {name: rows for name, rows in labelled.items() if not rows[0].expected}
    found["faithfulness"] = {name: agreement(rows, HELD) for name, rows in held.items()}
    graded = [json.loads(line) for line in given.graded.read_text(encoding="utf-8").splitlines()]
    found["cheats"] = cheats(graded)
    found["claims"] = caught(graded)
    given.out.with_suffix(".json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    given.out.write_text("\n".join(report(found)) + "\n", encoding="utf-8")


def mtrag(path: Path, verdicts: Sequence[str]) -> list[Row]:
    """Read answers; people's verdict is the product of shares of the scale, and good where each is good."""
    tasks = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    named = [(task["id"], one["model"]) for task in tasks for one in task["answers"]]
    rows: list[Row] = []
    for (task, model), one in zip(named, read_judged(path), strict=True):
        means = [sum(one.human[verdict]) / len(one.human[verdict]) for verdict in verdicts]
        people = 1.0
        for mean in means:
            people *= (mean - 1) / 3
        rows.append(
            Row(one.case.question, one.case.expected, one.contexts or (), one.result.text, people,
                float(min(means) >= GOOD), model == "reference", task)
        )  # fmt: skip
    return rows


def labels(path: Path) -> Iterator[Row]:
    for line in path.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        value = WORDS.get(str(one["label"]), one["label"])
        expected = one.get("expected") or []
        context = one.get("context") or []
        yield Row(
            one["question"], [expected] if isinstance(expected, str) else expected,
            [context] if isinstance(context, str) else context, one["answer"], float(value), float(value > 0.5),
        )  # fmt: skip


def best(compare: Callable[[str, str], float | None]) -> Measure:
    return lambda row: max((compare(row.answer, text) or 0.0 for text in row.expected), default=None)


def right_of(row: Row) -> float | None:
    verdict = correctness(row.answer, row.expected, row.question, row.contexts)
    return verdict.value if verdict else None


def before(row: Row) -> float | None:
    """The faithfulness of version 1: the share of sentences that three neighbouring ones of a passage hold."""
    given = "\n".join([row.question, *row.contexts])
    texts = [Evidence(passage(text)) for text in row.contexts]
    found = [
        max((support(Claim(text, row.question, given), one, LEAST_SUPPORT).share for one in texts), default=0.0)
        for text in claimed(row.answer)
    ]
    return sum(share >= LEAST_SUPPORT for share in found) / len(found) if found else None


def passage(text: str) -> Passage:
    return Passage(id="", source="", document_id="", title="", media_type="", start=0, end=len(text), text=text)


MEASURES: Mapping[str, Measure] = {
    "correctness": right_of, "token F1": best(token_f1), "ROUGE-L": best(rouge_l),
    "chrF": best(lambda answer, expected: chrf(answer, [expected])),
    "recall of the expected words (quality of version 1)": best(gold_token_recall),
}  # fmt: skip
HELD: Mapping[str, Measure] = {
    "faithfulness": lambda row: faithfulness(row.answer, row.contexts, row.question),
    "faithfulness of version 1": before,
}


class Embedded:
    """Measures by the embedder of the recipe."""

    def __init__(self, rows: Sequence[Row]) -> None:
        texts = {text for row in rows for text in (row.answer, *row.expected)}
        texts |= {one for row in rows for text in (row.answer, *row.expected, *row.contexts) for one in parts(text)}
        ordered = sorted(texts)
        self.vectors = dict(zip(ordered, open_embedder(Embed()).embed(ordered), strict=True))

    def measures(self) -> dict[str, Measure]:
        return {
            "cosine, whole": best(lambda answer, text: cosine(self.vectors[answer], self.vectors[text])),
            "BERTScore-like F1, by sentences": best(self.score),
            "RB_agg-like": self.aggregate,
        }

    def near(self, text: str, others: Sequence[str]) -> float:
        """Mean over the sentences of a text of the cosine of the nearest sentence of others."""
        import numpy as np

        if not others:
            return 0.0
        one = np.array([self.vectors[part] for part in parts(text)])
        other = np.array([self.vectors[part] for text in others for part in parts(text)])
        return float((one @ other.T).max(1).mean())

    def score(self, answer: str, text: str) -> float:
        precision, recall = self.near(answer, [text]), self.near(text, [answer])
        return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0

    def aggregate(self, row: Row) -> float:
        """MTRAG's RB_agg: the harmonic mean of ROUGE-L, Bert-Recall and Bert-K-Precision; here of our embedder."""
        values = [
            max(rouge_l(row.answer, text) for text in row.expected),
            max(self.near(text, [row.answer]) for text in row.expected),
            self.near(row.answer, row.contexts),
        ]
        return 3 / sum(1 / value for value in values) if min(values) > 0 else 0.0


def parts(text: str) -> list[str]:
    return [one.text for one in sentences(strip_citations(text))] or [text]


def agreement(rows: Sequence[Row], measures: Mapping[str, Measure]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, measure in measures.items():
        said = [(row, value) for row in rows if (value := measure(row)) is not None]
        found[name] = {}
        for half in (0, 1):
            some = [(row, value) for row, value in said if row.half == half]
            good, values = [row.good for row, _ in some], [value for _, value in some]
            interval = bootstrap(auroc, good, values, [row.question for row, _ in some])
            found[name][half] = {
                "n": len(some), "auroc": auroc(good, values), "interval": interval,
                "kendall": kendall([row.people for row, _ in some], values),
            }  # fmt: skip
    return found


def cheats(graded: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Give what each measure gives on average to answers of a bot, and to cheats on the same questions."""
    chance = random.Random(0)
    answers: dict[str, list[Row]] = {}
    for one in graded:
        texts = [" ".join(text.split()) for text in PASSAGE.split(one["context"]) if text.strip()]
        single = [part for text in texts for part in parts(text)]
        said = {
            "the bot's answer": one["answer"], "the expected answer": one["truth"],
            "the bot's answer and a passage": f"{one['answer']}\n{texts[0]}",
            "first passage": texts[0], "all passages": "\n".join(texts), "a random sentence": chance.choice(single),
            "echo": one["question"], "refusal": "I don't know.",
        }  # fmt: skip
        for name, text in said.items():
            answers.setdefault(name, []).append(Row(one["question"], [one["truth"]], texts, text))
    return {
        name: {measure: sum(says(row) or 0.0 for row in rows) / len(rows) for measure, says in MEASURES.items()}
        for name, rows in answers.items()
    }


def caught(graded: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Say how many corrupted sentences each measure calls unfaithful, and how many true ones."""
    chance = random.Random(3)
    whole = [" ".join(text.split()) for one in graded for text in PASSAGE.split(one["context"]) if text.strip()]
    figures = sorted({match for text in whole for match in NUMBER.findall(text)})
    named = sorted({match for text in whole for match in NAME.findall(text)})
    sets: dict[str, list[Row]] = {}
    for text in dict.fromkeys(whole):
        for line in parts(text):
            if not (8 <= len(line.split()) <= 40 and line[0].isupper() and line.endswith(".") and "#" not in line):
                continue
            texts = [text, *chance.sample(whole, 4)]
            sets.setdefault("copied, true", []).append(Row("", [], texts, line))
            for kind, corrupted in corruptions(line, figures, named, chance):
                sets.setdefault(kind, []).append(Row("", [], texts, corrupted))
    for one in graded:
        if float(one["gpt_groundedness"]) == 5:
            texts = [" ".join(text.split()) for text in PASSAGE.split(one["context"]) if text.strip()]
            said = [line for line in claimed(one["answer"]) if len(line.split()) > 4]
            sets.setdefault("paraphrased, true", []).extend(Row(one["question"], [], texts, line) for line in said)
    found: dict[str, dict[str, Any]] = {}
    for kind, rows in sorted(sets.items()):
        some = chance.sample(rows, min(200, len(rows)))
        found[kind] = {
            "n": len(some),
            "faithfulness": sum(any(not one.supported for one in claims(row.answer, row.contexts)) for row in some),
            "faithfulness of version 1": sum((before(row) or 0.0) < 1 for row in some),
        }
    return found


def corruptions(
    line: str, figures: Sequence[str], named: Sequence[str], chance: random.Random
) -> Iterator[tuple[str, str]]:
    if match := NUMBER.search(line):
        other = chance.choice([one for one in figures if one != match[0]])
        yield "another number", line[: match.start()] + other + line[match.end() :]
    if match := NAME.search(line):
        other = chance.choice([one for one in named if not set(one.split()) & set(match[0].split())])
        yield "another name", line[: match.start()] + other + line[match.end() :]
    if match := VERB.search(line):
        turned = match[1] if match[2] else f"{match[1]} not"
        yield "negation", line[: match.start()] + turned + line[match.end() :]
    for one, other in [*TURNS, *(pair[::-1] for pair in TURNS)]:
        if re.search(rf"(?<![\w-]){one}(?![\w-])", line):
            yield "comparison", re.sub(rf"(?<![\w-]){one}(?![\w-])", other, line, count=1)
            break
    match = SWAPS.search(line)
    if match and re.search(r"\bthan\b|\d", line):
        yield "direction", line[: match.start()] + match[3] + match[2] + match[1] + line[match.end() :]


def report(found: Mapping[str, Any]) -> Iterator[str]:
    yield from ("# Measures of an answer beside people", "", "Made by `benchmarks/ruler.py`. AUROC of good against bad, "
                "in brackets its 95 % interval by resampling questions; τ: Kendall's tau-b. Measures were chosen by half 0; "
                "**half 1** is the check.")  # fmt: skip
    for what in ("correctness", "faithfulness"):
        for name, table in found[what].items():
            yield from (
                "",
                f"## {what.capitalize()}: {name}",
                "",
                "| | n | half 0 | τ | half 1 | τ |",
                "|---|---:|---|---:|---|---:|",
            )
            for measure, halves in table.items():
                cells = [f"{cell(halves[half])} | {number(halves[half]['kendall'])}" for half in (0, 1)]
                yield f"| {measure} | {halves[0]['n']} + {halves[1]['n']} | {' | '.join(cells)} |"
    yield from ("", "## What cheats get", "", f"| | {' | '.join(MEASURES)} |", "|---|" + "---:|" * len(MEASURES))
    for name, values in found["cheats"].items():
        yield f"| {name} | {' | '.join(f'{value:.3f}' for value in values.values())} |"
    yield from ("", "## False claims that are caught", "", "| | n | faithfulness | version 1 |", "|---|---:|---:|---:|")
    for name, row in found["claims"].items():
        shares = [f"{row[key] / row['n']:.1%}" for key in ("faithfulness", "faithfulness of version 1")]
        yield f"| {name} | {row['n']} | {' | '.join(shares)} |"
    yield from ("", MEANING)


def cell(one: Mapping[str, Any]) -> str:
    limits = f" ({one['interval'][0]:.3f} to {one['interval'][1]:.3f})" if one["interval"] else ""
    return number(one["auroc"]) + limits


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
