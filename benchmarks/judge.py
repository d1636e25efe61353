"""How far people agree with what decides an answer here: the lane, plain comparisons, a judge.

    python benchmarks/judge.py LABELS.jsonl ... --cache FOLDER --out benchmarks/results/judge.md

LABELS as `scoville judge check` reads them, right or wrong, or preferences. Two more keys are used where they are there:
`people`, the verdicts of two persons apart, and `verdicts`, those of other judges by name. LABELS.txt beside it says where
the labels are from. Intervals resample questions, not answers.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from scoville.evaluate.judge.agreement import Interval, Statistic, agreement, bootstrap, cohen_kappa, interval_of
from scoville.evaluate.judge.judge import Judge, open_judge
from scoville.evaluate.judge.labels import WORDS, Label, read_labels
from scoville.evaluate.judge.lane import decide_correctness
from scoville.evaluate.judge.metrics import at_once, judge_result, preference
from scoville.evaluate.judge.prompts import CORRECTNESS
from scoville.evaluate.metrics.text import contains, exact_match, gold_token_recall, token_f1
from scoville.recipe import Judge as JudgeSettings
from scoville.types import Score

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
CHOSEN = 0.5
Compare = Callable[[str, str], float | None]
Verdicts = list[float | None]
COMPARISONS: dict[str, Compare] = {"token F1": token_f1, "recall of the expected words": gold_token_recall}
MEANING = """## What it means

- What the lane decides, people decide alike, but where they overrule the reference itself. It decides little: it is there to spare a judge, not to replace one.
- Of the plain comparisons, the recall of the expected words agrees best with people, with .5 as the limit: this is what `quality` takes without a judge, and below which `--blame` calls an answer wrong. Of short answers it stays behind what two people, or GPT-4 and people, agree on. Exact match and token F1 call right answers wrong as soon as they are sentences.
- SmolLM2-135M calls nearly all right that it is shown: its kappa is that of a constant. With such a judge `quality` is worse than with none, and `scoville judge check` says so. Of pairs it says the first or the second by their place, not by what they say.
- Answers that hold an expected text are right to nearly all people, so the lane might decide them too. It does not: these are answers of systems that try to be right, and one that denies or lists what is expected holds it as well.
- Answers to one question stand and fall together. Intervals that take each for itself are too narrow."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", type=Path, nargs="+")
    parser.add_argument("--judge", default="smollm2-135m-instruct")
    parser.add_argument("--cache", type=Path)
    parser.add_argument(
        "--replications", type=int, default=400, help="of the coverage of intervals, on the first LABELS"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/judge.md")
    given = parser.parse_args()
    judge = open_judge(JudgeSettings(model=given.judge), cache=given.cache)
    parts = [
        "# What decides an answer, beside people",
        "",
        "Made by `benchmarks/judge.py`; in brackets 95 % intervals, by resampling questions.",
    ]
    try:
        for path in given.labels:
            labels = read_labels(path).found
            parts += ["", f"## {path.stem}", "", path.with_suffix(".txt").read_text(encoding="utf-8").strip(), ""]
            if labels[0].other:
                parts += table(labels, dict(preferences(judge, labels)))
            else:
                rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
                parts += [
                    *people(labels, rows),
                    *table(labels, dict(methods(judge, labels, rows))),
                    "",
                    *halves(labels),
                ]
                if path == given.labels[0]:
                    parts += ["", *widths(labels, given.replications)]
            print("\n".join(parts), flush=True)
    finally:
        judge.close()
    given.out.write_text("\n".join([*parts, "", MEANING, ""]), encoding="utf-8")


def methods(judge: Judge, labels: Sequence[Label], rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Verdicts]]:
    """Give what each way says of each answer; None where it says nothing."""
    lane: Verdicts = [
        decided.value if (decided := decide_correctness(one.case, one.result)) else None for one in labels
    ]
    yield "the lane, where it decides", lane
    plain = {
        "exact match": at_least(exact_match, 1), "holds an expected text": at_least(contains, 1),
        **{f"{name} ≥ {CHOSEN}": at_least(compare, CHOSEN) for name, compare in COMPARISONS.items()},
    }  # fmt: skip
    for name, says in plain.items():
        yield name, [says(one) for one in labels]
    judged = [level(one) for one in at_once(judge, [partial(of_correctness, judge, one) for one in labels])]
    yield (
        f"{judge.name}, where the lane does not",
        [None if sure is not None else one for sure, one in zip(lane, judged, strict=True)],
    )
    yield f"the lane and {judge.name}", judged
    for name in dict.fromkeys(name for row in rows for name in row.get("verdicts", ())):
        said: Verdicts = [WORDS.get(row.get("verdicts", {}).get(name)) for row in rows]
        yield name, said
        yield (
            f"the lane and {name}",
            [one if sure is None or one is None else sure for sure, one in zip(lane, said, strict=True)],
        )


def preferences(judge: Judge, labels: Sequence[Label]) -> Iterator[tuple[str, Verdicts]]:
    def prefer(one: Label) -> Score:
        assert one.other
        return preference(judge, one.case, one.result, one.other)

    longer = [len(one.result.text) - len(one.other.text) if one.other else 0 for one in labels]
    yield "the longer answer", [0.5 + 0.5 * ((more > 0) - (more < 0)) for more in longer]
    scores = at_once(judge, [partial(prefer, one) for one in labels])
    yield f"{judge.name}, in both orders", [score.value for score in scores]


def of_correctness(judge: Judge, label: Label) -> Score:
    return judge_result(judge, label.case, label.result, [CORRECTNESS.name])[0]


def level(score: Score) -> float | None:
    """Partly right is not right, where people say only right and wrong."""
    return None if score.value is None else float(score.value > 0.5)


def at_least(compare: Compare, threshold: float) -> Callable[[Label], float]:
    return lambda one: float(max((compare(one.result.text, text) or 0) for text in one.case.expected) >= threshold)


def table(labels: Sequence[Label], said: dict[str, Verdicts]) -> list[str]:
    levels = sorted(
        {one.value for one in labels} | {value for one in said.values() for value in one if value is not None},
        reverse=True,
    )
    names = {1.0: "right", 0.0: "wrong"} if not labels[0].other else {1.0: "first", 0.5: "tie", 0.0: "second"}
    pairs = list(product(levels, levels))
    lines = [
        "| | n | agreement | kappa | "
        + " | ".join(f"{names[person]}, said {names[verdict]}" for person, verdict in pairs)
        + " |",
        "|---|" + "---:|" * (3 + len(pairs)),
    ]
    for name, values in said.items():
        told = [
            (one.value, value, one.case.question)
            for one, value in zip(labels, values, strict=True)
            if value is not None
        ]
        counts = Counter((person, verdict) for person, verdict, _ in told)
        lines.append(
            f"| {name} | {len(told)} | {number(agreement, told)} | {number(cohen_kappa, told)} | "
            + " | ".join(str(counts[pair]) for pair in pairs) + " |"
        )  # fmt: skip
    return lines


def people(labels: Sequence[Label], rows: Sequence[dict[str, Any]]) -> list[str]:
    told = [
        (WORDS[row["people"][0]], WORDS[row["people"][1]], one.case.question)
        for one, row in zip(labels, rows, strict=True) if None not in row.get("people", [None])
    ]  # fmt: skip
    if not told:
        return []
    return [
        f"Two people apart agree on {number(agreement, told)} of {len(told)} answers, kappa {number(cohen_kappa, told)}.",
        "",
    ]


def number(statistic: Statistic, told: Sequence[tuple[float, float, str]]) -> str:
    people, verdicts = [one[0] for one in told], [one[1] for one in told]
    value, interval = statistic(people, verdicts), interval_of(statistic, people, verdicts, [one[2] for one in told])
    limits = f" ({interval.low:.3f} to {interval.high:.3f})" if interval else ""
    return ("–" if value is None else f"{value:.3f}") + limits


def halves(labels: Sequence[Label]) -> list[str]:
    """Choose a threshold on one half of the questions, and see what it does on the other."""
    questions = sorted({one.case.question for one in labels})
    random.Random(0).shuffle(questions)
    first = set(questions[: len(questions) // 2])
    parts = [[one for one in labels if (one.case.question in first) == side] for side in (True, False)]
    lines = [
        "| chosen on one half of the questions | best threshold | kappa on the other half | that of .5 |",
        "|---|---:|---:|---:|",
    ]
    for (name, compare), (chosen, other) in product(COMPARISONS.items(), (parts, parts[::-1])):
        best = max(THRESHOLDS, key=lambda threshold: kappa_at(compare, threshold, chosen))
        lines.append(
            f"| {name} | {best} | {kappa_at(compare, best, other):.3f} | {kappa_at(compare, CHOSEN, other):.3f} |"
        )
    held = [
        [one for one in part if not decide_correctness(one.case, one.result) and at_least(contains, 1)(one)]
        for part in parts
    ]
    shares = " and ".join(f"{sum(one.value == 1 for one in part)} of {len(part)}" for part in held)
    return [
        *lines,
        "",
        f"Answers that hold an expected text and are left to the judge: {shares} are right to people, by halves.",
    ]


def kappa_at(compare: Compare, threshold: float, labels: Sequence[Label]) -> float:
    return cohen_kappa([one.value for one in labels], list(map(at_least(compare, threshold), labels))) or 0.0


def widths(labels: Sequence[Label], replications: int) -> list[str]:
    """Draw as many questions anew from those here, and count how often an interval holds the kappa of all of them."""
    says = at_least(gold_token_recall, CHOSEN)
    by_question: dict[str, list[tuple[float, float]]] = {}
    for one in labels:
        by_question.setdefault(one.case.question, []).append((one.value, says(one)))
    chance, everything = random.Random(0), list(by_question.values())
    truth = cohen_kappa(*zip(*(pair for pairs in everything for pair in pairs), strict=True))
    assert truth is not None
    found: dict[str, list[Interval]] = {"answers": [], "questions": []}
    for _ in range(replications):
        drawn = [
            (pair, place) for place, pairs in enumerate(chance.choices(everything, k=len(everything))) for pair in pairs
        ]
        people, verdicts = [pair[0] for pair, _ in drawn], [pair[1] for pair, _ in drawn]
        for by, clusters in {"answers": None, "questions": [place for _, place in drawn]}.items():
            if interval := bootstrap(cohen_kappa, people, verdicts, clusters):
                found[by].append(interval)
    said = [
        f"{by} hold it in {sum(one.low <= truth <= one.high for one in some) / len(some):.0%} and are "
        f"{sum(one.high - one.low for one in some) / len(some):.3f} wide"
        for by, some in found.items()
    ]
    return [
        f"Intervals of the kappa of the recall, in {replications} drawings of {len(everything)} questions: those by "
        f"resampling {'; those by resampling '.join(said)}."
    ]


if __name__ == "__main__":
    main()
