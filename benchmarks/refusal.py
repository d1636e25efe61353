"""Whether what is refused should be: an HR department's documents, SQuAD 2, MTRAG's unanswerable and underspecified turns.

    python benchmarks/refusal.py --data DATA --work FOLDER [--model NAME]

Enters: DATA/contoso_hr, for it also refusal/people.jsonl (as people ask: "can I", "how much do I get", on what is there and
on what might be; the first 70 have an answer), DATA/squad_v2 (four articles that the reader never saw; 600 questions of both kinds, and 200 about
other articles), DATA/mtrag_un (its passages in one index, since its corpora are not there: a task without an answer has
none in it). Leaves: results/refusal.json and results/refusal.md. FOLDER keeps the indexes and the signals.
"""

import argparse
import hashlib
import json
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cheats import contoso

import scoville as sc
from scoville.answer.selective import choose
from scoville.answer.support import SHIPPED, Signals, Weights
from scoville.bot.calibrate import fit_cases
from scoville.evaluate.judge.agreement import auroc, interval_of
from scoville.recipe.recipe import Answering
from scoville.types import Case, Message

HELD_OUT = {"Harvard_University", "Immune_system", "Normans", "Prime_number"}
COUNTS = {"answerable": 300, "adversarial": 300, "off document": 200}
MAX_ERRORS = (0.05, 0.1, 0.2)
SPLITS = 40
THRESHOLD = Answering().min_probability
# By reading, these of the 23 questions "without an answer" are answered by the documents (numbers from 0).
ANSWERABLE_AFTER_ALL = {4, 5, 7, 8, 10, 11}
DECLINED = ("no_documents", "weak_evidence", "model_declined")
GROUPS = {
    "not in the documents": ("not in the documents",),
    "off document": ("off document",),
    "either": ("not in the documents", "off document"),
    "not in the documents, as labelled": ("not in the documents", "labelled wrongly"),
    "adversarial": ("adversarial",),
    "underspecified": ("underspecified",),
}
"""Questions without an answer, of these kinds."""
NOTES = """The two weights and the constant were fitted on one half of these questions; on the other half alone AUROC was .99,
.77 and .80. Six of the 23 HR questions "without an answer" are answered by the documents (by reading): *as labelled*
leaves them where they were. MTRAG's passages are those of all its tasks: a task without an answer has none among them.
That the best passage holds the question's words, the second best passage, how many agree, names and numbers that no
passage has: none adds to reader and cosine (AUROC within .01). Where the surest answers hold errors, as among SQuAD's
adversarial questions, .05 cannot be had, which is said; the few halves that find a threshold by luck keep it badly.
*people* are questions about the HR documents in the words of staff. Before sentences and items of lists that say yes or no
counted whatever the reader holds, 15 were refused wrongly, nine of which want a yes or a no; now nine are, four of which do;
most are shown the line that answers as the closest one. The sets squad_v2 and mtrag_un were measured before that. Token probabilities
of SmolLM2-135M and its answer without the passages add .01 on 52 of them. Asking the reader in the third person, without
the words of earlier turns, or "What is said about …?" helps on one set and harms on another.
"""
SETS = ("contoso_hr", "people", "squad_v2", "mtrag_un")
PEOPLE = Path(__file__).parent / "refusal/people.jsonl"


class Asked(NamedTuple):
    """A question and what is known of it."""

    kind: str
    """``answerable``; or why not: ``not in the documents``, ``adversarial``, ``off document``, ``underspecified``."""
    case: Case
    signals: Signals | None = None
    """None where it is refused before it is read."""
    probability: float = 0.0
    """As the answer has it: what says yes or no in so many words is likelier than its signals."""
    declined: bool = False
    """Whether it was refused for want of an answer."""


def hr(data: Path, work: Path) -> tuple[Path, list[Asked]]:
    """Give the HR questions, and SQuAD's as such about something else."""
    documents, cases, _ = contoso(data, 1000)
    unknown = [case for case in cases if not case.answerable]
    after_all = {unknown[place].id for place in ANSWERABLE_AFTER_ALL}
    asked = [
        Asked(
            "answerable" if case.answerable else "labelled wrongly" if case.id in after_all else "not in the documents",
            case,
        )
        for case in cases
    ]
    others = [question["question"] for article in _articles(data) for question in _questions(article)]
    return documents, asked + [_asked("off document", question) for question in random.Random(1).sample(others, 60)]


def people(data: Path, work: Path) -> tuple[Path, list[Asked]]:
    """Give questions to the same documents in the words of people."""
    rows = [json.loads(line) for line in PEOPLE.read_text(encoding="utf-8").splitlines()]
    kinds = {True: "answerable", False: "not in the documents"}
    return data / "contoso_hr/data", [_asked(kinds[row["answerable"]], row["question"]) for row in rows]


def squad(data: Path, work: Path) -> tuple[Path, list[Asked]]:
    """Write the held-out articles, and draw questions of each kind."""
    texts, questions = _squad(data)
    folder = work / "articles"
    folder.mkdir(parents=True, exist_ok=True)
    for title, text in texts.items():
        (folder / f"{title}.md").write_text(f"# {title}\n\n{text}\n", encoding="utf-8")
    return folder, [
        _asked(kind, question)
        for kind, found in questions.items()
        for question in random.Random(0).sample(found, COUNTS[kind])
    ]


def mtrag(data: Path, work: Path) -> tuple[Path, list[Asked]]:
    """Write the passages of all tasks, and give their last turns with the conversation before."""
    folder, asked = work / "passages", list[Asked]()
    folder.mkdir(parents=True, exist_ok=True)
    for line in (data / "mtrag_un/tasks.jsonl").read_text(encoding="utf-8").splitlines():
        task = json.loads(line)
        for text in (context["text"] for context in task["contexts"]):
            (folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.txt").write_text(text, encoding="utf-8")
        label = task["answerability"][0]
        kind = {"UNANSWERABLE": "not in the documents", "UNDERSPECIFIED": "underspecified"}.get(label, "answerable")
        *before, last = task["input"]
        turns = [
            Message(role="user" if one["speaker"] == "user" else "assistant", content=one["text"]) for one in before
        ]
        asked.append(Asked(kind, Case(
            id=task["task_id"], question=last["text"], history=tuple(turns), answerable=kind == "answerable",
            tags=(task["conversation_id"],),
        )))  # fmt: skip
    return folder, asked


def _asked(kind: str, question: str) -> Asked:
    return Asked(kind, Case(id=question, question=question, answerable=kind == "answerable"))


def _squad(data: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    texts: dict[str, str] = {}
    questions: dict[str, list[str]] = {"answerable": [], "adversarial": [], "off document": []}
    for article in _articles(data):
        held = article["title"] in HELD_OUT
        if held:
            texts[article["title"]] = "\n\n".join(paragraph["context"] for paragraph in article["paragraphs"])
        for question in _questions(article):
            kind = "adversarial" if question["is_impossible"] else "answerable"
            questions[kind if held else "off document"].append(question["question"])
    return texts, questions


def _articles(data: Path) -> list[dict[str, Any]]:
    return json.loads((data / "squad_v2/train.json").read_text(encoding="utf-8"))["data"]


def _questions(article: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (question for paragraph in article["paragraphs"] for question in paragraph["qas"])


def read(name: str, data: Path, work: Path) -> Iterator[Asked]:
    """Index the documents of a set, and say of each question what its signals are; kept from run to run."""
    documents, asked = {"contoso_hr": hr, "people": people, "squad_v2": squad, "mtrag_un": mtrag}[name](data, work)
    kept = work / "signals.json"
    known: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    with sc.open(work) as bot:
        bot.add(documents)
        answerer = bot.answerer()
        for one in asked:
            if one.case.id not in known:
                answer = answerer.ask(one.case.question, history=one.case.history)
                signals = [answer.signals[name] for name in Signals._fields] if answer.signals else None
                known[one.case.id] = signals, answer.probability or 0.0, answer.reason in DECLINED
                kept.write_text(json.dumps(known))
    for one in asked:
        signals, probability, declined = known[one.case.id]
        yield one._replace(signals=Signals(*signals) if signals else None, probability=probability, declined=declined)


def measure(asked: Sequence[Asked]) -> dict[str, Any]:
    """Say how the shipped weights and threshold do, against each kind of question without an answer."""
    found: dict[str, Any] = {"n": {"answerable": sum(one.kind == "answerable" for one in asked)}}
    for name, negatives in GROUPS.items():
        chosen = [one for one in asked if one.kind in ("answerable", *negatives)]
        if not {one.kind for one in chosen} >= set(negatives):
            continue
        found["n"][name] = sum(one.kind != "answerable" for one in chosen)
        labels = [float(one.kind == "answerable") for one in chosen]
        said = [one.probability for one in chosen]
        low, high = interval_of(auroc, labels, said) or (None, None)
        refused = [one.declined for one in chosen]
        right = sum(one and not label for one, label in zip(refused, labels, strict=True))
        found[name] = {
            "auroc": auroc(labels, said), "low": low, "high": high,
            "reader": auroc(labels, [one.signals.reader if one.signals else -9.0 for one in chosen]),
            "cosine": auroc(labels, [one.signals.similarity if one.signals else -1.0 for one in chosen]),
            "refusal_precision": right / max(1, sum(refused)), "refusal_recall": right / labels.count(0.0),
            "answerable_refused": (sum(refused) - right) / labels.count(1.0),
        }  # fmt: skip
    return found


def _told(one: Asked, weights: Weights) -> float:
    return weights.probability(one.signals) if one.signals else 0.0


def keep_error(asked: Sequence[Asked], max_error: float) -> dict[str, Any]:
    """Calibrate on one half and measure on the other, many times: the error and what is still answered."""
    chosen = [one for one in asked if one.kind not in ("labelled wrongly", "underspecified")]
    errors: list[tuple[int, int, bool, float]] = []
    none = 0
    for seed in range(SPLITS):
        mixed = random.Random(seed).sample(chosen, len(chosen))
        half, other = mixed[::2], mixed[1::2]
        readable = [one for one in half if one.signals]
        fitted = fit_cases([one.case for one in readable], [one.signals for one in readable if one.signals], SHIPPED)
        threshold = choose(fitted.points, max_error)
        if threshold is None:
            none += 1
            continue
        given = [one for one in other if _told(one, fitted.weights) >= threshold.risk.threshold]
        answerable = sum(one.kind == "answerable" for one in other)
        wrong = sum(one.kind != "answerable" for one in given)
        errors.append((wrong, len(given), threshold.holds, (len(given) - wrong) / answerable))
    sure = [one for one in errors if one[2]]
    return {
        "splits": SPLITS, "not_to_be_had": none, "error": _error(errors), "with_confidence": len(sure),
        "error_with_confidence": _error(sure), "answered": statistics.mean(one[3] for one in errors) if errors else None,
    }  # fmt: skip


def _error(splits: Sequence[tuple[int, int, bool, float]]) -> float | None:
    return sum(one[0] for one in splits) / sum(one[1] for one in splits) if splits else None


def report(found: Mapping[str, Any]) -> str:
    """Write the tables."""
    lines = [
        "# Refusal", "", "Made by `benchmarks/refusal.py`; in brackets 95 % intervals. The shipped weights and "
        f"`answer.min_probability: {THRESHOLD:g}`.", "",
        "| set | without an answer | n | AUROC of support | reader alone | cosine alone | refusals: precision | recall "
        "| answerable refused |", "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, one in found.items():
        for kind, row in one["measured"].items():
            if kind != "n":
                n = f"{one['measured']['n']['answerable']} + {one['measured']['n'][kind]}"
                lines.append(
                    f"| {name} | {kind} | {n} | {row['auroc']:.3f} ({row['low']:.2f} to {row['high']:.2f}) "
                    f"| {row['reader']:.3f} | {row['cosine']:.3f} | {row['refusal_precision']:.2f} "
                    f"| {row['refusal_recall']:.2f} | {row['answerable_refused']:.2f} |"
                )
    lines += [
        "", f"`answer.max_error` after calibrating on one half, measured on the other, {SPLITS} random halves:", "",
        "| set | max_error | error on the other half | of those with 90 % confidence | halves with it "
        "| without any threshold | answerable that are answered |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, one in found.items():
        for rate, row in one["max_error"].items():
            shares = [
                "–" if row[key] is None else f"{row[key]:.3f}" for key in ("error", "error_with_confidence", "answered")
            ]
            lines.append(
                f"| {name} | {rate} | {shares[0]} | {shares[1]} | {row['with_confidence']} of {SPLITS} "
                f"| {row['not_to_be_had']} | {shares[2]} |"
            )
    return "\n".join([*lines, "", NOTES])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/refusal.json")
    parser.add_argument("--only", nargs="*", default=SETS, help="sets to measure; the others stay as they are in OUT")
    given = parser.parse_args()
    found: dict[str, Any] = json.loads(given.out.read_text(encoding="utf-8")) if given.out.exists() else {}
    for name in given.only:
        (given.work / name).mkdir(parents=True, exist_ok=True)
        asked = list(read(name, given.data, given.work / name))
        found[name] = {
            "measured": measure(asked),
            "max_error": {str(rate): keep_error(asked, rate) for rate in MAX_ERRORS},
        }
        print(name, json.dumps(found[name]), flush=True)
    given.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    given.out.with_suffix(".md").write_text(report(found), encoding="utf-8")
    print(report(found))


if __name__ == "__main__":
    main()
