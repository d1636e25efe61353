"""How far metrics agree with people.

Enters: answers that people have judged. Leaves: for each metric, plugged-in ones too, AUROC and Kendall's tau against
what people say. Asks no system and no model.
"""

from collections.abc import Mapping, Sequence
from math import isfinite, prod
from pathlib import Path
from typing import Any, NamedTuple

from scoville.answer.claims import faithfulness
from scoville.evaluate.judge.agreement import auroc, bootstrap, kendall
from scoville.evaluate.judged_answers import Judged, read_judged
from scoville.evaluate.metrics import score_text, scorers
from scoville.evaluate.metrics.correctness import correctness
from scoville.registry import plugged_in

GOOD, MAJORITY = 0.75, 0.5
"""An answer is good from this share of the scale on: 3.25 of 1 to 4; of right and wrong, from the half on."""
OVERALL = ("correctness", "correct", "right", "overall", "quality", "label")
"""What a verdict on the whole answer may be called."""
PARTS = ("faithfulness", "completeness")
"""Where there is none, a right answer is faithful and complete."""


Scales = Mapping[str, tuple[float, float]]
"""The lowest and the highest verdict of each name."""


class Pair(NamedTuple):
    """What a metric and people say of one answer."""

    said: float
    people: float
    """From 0 to 1; the product where several verdicts are meant."""
    good: float
    """1 or 0."""
    task: str


def check_metrics(path: Path) -> dict[str, dict[str, Any]]:
    """Compare metrics with the verdicts of a file of judged answers; correctness and faithfulness come first.

    A metric is compared with the verdict of its name, others with that on the whole answer: ``correctness``,
    ``overall``, or the product of faithfulness and completeness. ``low`` and ``high`` are the 95 % interval of the
    AUROC, from whole questions drawn anew. Raises UsageError for a file that cannot be read.
    """
    answers = read_judged(path)
    scales = _scales(answers)
    values = [_values(one) for one in answers]
    names = dict.fromkeys(name for found in values for name in found)
    return {name: _agreement(name, answers, [found.get(name) for found in values], scales) for name in names}


def _scales(answers: Sequence[Judged]) -> Scales:
    found: dict[str, list[float]] = {}
    for one in answers:
        for name, verdicts in one.human.items():
            found.setdefault(name, []).extend(verdicts)
    return {name: (min(verdicts), max(verdicts)) for name, verdicts in found.items()}


def _values(one: Judged) -> dict[str, float | None]:
    """Give what each metric says of an answer; None where it says nothing."""
    case, text, contexts = one.case, one.result.text, one.contexts
    right = correctness(text, case.expected, case.question, contexts or (), one.facts)
    found: dict[str, float | None] = {
        "correctness": right.value if right else None,
        "faithfulness": None if contexts is None else faithfulness(text, contexts, case.question),
    }
    added = set(plugged_in("metric"))
    for scorer in (score_text, *(scorer for name, scorer in scorers().items() if name in added)):
        found |= {score.metric: score.value for score in scorer(case, one.result)}
    return found


def _agreement(name: str, answers: Sequence[Judged], values: Sequence[float | None], scales: Scales) -> dict[str, Any]:
    target = _target(name, scales)
    pairs, unscored = _pairs(target, answers, values, scales)
    row: dict[str, Any] = {
        "against": " × ".join(target), "n": len(pairs), "unscored": unscored, "auroc": None, "kendall": None,
        "low": None, "high": None, "reason": _why_not(target, pairs, unscored, scales),
    }  # fmt: skip
    if row["reason"]:
        return row
    said, good = [pair.said for pair in pairs], [pair.good for pair in pairs]
    interval = bootstrap(auroc, good, said, [pair.task for pair in pairs])
    row |= {"auroc": auroc(good, said), "kendall": kendall([pair.people for pair in pairs], said)}
    return row | ({"low": interval.low, "high": interval.high} if interval else {"reason": "too few for an interval"})


def _target(name: str, scales: Scales) -> tuple[str, ...]:
    """Name the verdicts that a metric is compared with; none where people say nothing of the kind."""
    named = {verdict.casefold().replace("-", "_"): verdict for verdict in scales}
    if name in named:
        return (named[name],)
    if name == "faithfulness":
        return tuple(named[other] for other in ("groundedness", "faithful", "grounded") if other in named)[:1]
    whole = next((named[other] for other in OVERALL if other in named), None)
    return (whole,) if whole else tuple(named[part] for part in PARTS) if set(PARTS) <= named.keys() else ()


def _pairs(
    target: tuple[str, ...], answers: Sequence[Judged], values: Sequence[float | None], scales: Scales
) -> tuple[list[Pair], int]:
    """Pair a metric with people; count the judged answers of which it says nothing."""
    pairs: list[Pair] = []
    unscored = 0
    for one, value in zip(answers, values, strict=True):
        if not target or not set(target) <= one.human.keys():
            continue
        if value is None or not isfinite(value):
            unscored += 1
            continue
        shares = [_share(one.human[name], *scales[name]) for name in target]
        good = all(share >= _least(*scales[name]) for share, name in zip(shares, target, strict=True))
        pairs.append(Pair(value, prod(shares), float(good), one.task))
    return pairs, unscored


def _share(verdicts: Sequence[float], lowest: float, highest: float) -> float:
    """Give the mean verdict as a share of the scale."""
    return (sum(verdicts) / len(verdicts) - lowest) / (highest - lowest) if highest > lowest else 0.0


def _least(lowest: float, highest: float) -> float:
    return MAJORITY if (lowest, highest) == (0, 1) else GOOD


def _why_not(target: tuple[str, ...], pairs: Sequence[Pair], unscored: int, scales: Scales) -> str:
    """Say why a metric cannot be compared; nothing where it can."""
    if not target:
        return f"people give no such verdict, only {', '.join(scales)}"
    if not pairs:
        return f"the metric says nothing of these {unscored} answers" if unscored else "no answer has this verdict"
    if equal := [name for name in target if scales[name][0] == scales[name][1]]:
        return f"all verdicts of {equal[0]} are equal ({scales[equal[0]][0]:g})"
    if len({pair.good for pair in pairs}) < 2:
        return f"people call all these answers {'good' if pairs[0].good else 'bad'}"
    return "the metric says the same of all answers" if len({pair.said for pair in pairs}) < 2 else ""
