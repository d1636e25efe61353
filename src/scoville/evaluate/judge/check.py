"""How far a judge can be trusted: its verdicts beside labels.

Enters: a judge and labels. Leaves: agreement, kappa and rank correlation with their intervals, for each metric, and a
file of them in the workspace that is shown beside the judge's scores. What the deterministic lane decides is counted
apart: it is not the judge's merit.

    .scoville/judges/<model>-v<version>.json
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from scoville.evaluate.judge.agreement import (
    Statistic,
    agreement,
    cohen_kappa,
    interval_of,
    noise,
    spearman,
    weighted_kappa,
)
from scoville.evaluate.judge.judge import Judge
from scoville.evaluate.judge.labels import FIVE, Label
from scoville.evaluate.judge.metrics import OnDone, at_once, judge_result, preference
from scoville.storage import write_whole
from scoville.types import Score

FOLDER = "judges"
STATISTICS: Mapping[str, Statistic] = {
    "agreement": agreement,
    "kappa": cohen_kappa,
    "weighted_kappa": weighted_kappa,
    "spearman": spearman,
}
SAME_LABELS = "all labels are the same, so chance explains any agreement: add answers that are judged otherwise"

SAME_VERDICTS = "the judge says the same of all: its verdicts tell nothing, take another model"


class _Compared(NamedTuple):
    """A label and what was said of its answer."""

    label: float
    verdict: float
    """On the scale of the labels."""
    value: float
    """As it was scored."""
    by_judge: bool
    question: str
    """Answers to one stand and fall together."""


def check_judge(judge: Judge, labels: Sequence[Label], *, on_scored: OnDone | None = None) -> dict[str, dict[str, Any]]:
    """Judge what was labelled and compare; gives the numbers for each metric."""
    scores = at_once(judge, [partial(_score, judge, label) for label in labels], on_scored)
    pairs = list(zip(labels, scores, strict=True))
    metrics = dict.fromkeys(label.metric for label in labels)
    return {
        metric: _compare([pair for pair in pairs if pair[0].metric == metric])
        | {"noise": noise([score.rounds for label, score in pairs if score and label.metric == metric])}
        for metric in metrics
    }


def save_check(
    folder: Path, judge: Judge, labels: Path, metrics: Mapping[str, Mapping[str, Any]], questions: Iterable[str] = ()
) -> Path:
    """Keep the numbers beside those of other metrics that were checked before; gives the file."""
    path = check_path(folder, judge.label)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"labels": labels.name, "checked": now, "repeat": judge.repeat, "questions": sorted(map(_mark, questions))}
    kept = read_check(folder, judge.label) | {metric: {**numbers, **about} for metric, numbers in metrics.items()}
    write_whole(
        path, json.dumps({"judge": judge.label, "metrics": kept}, ensure_ascii=False, indent=1, allow_nan=False)
    )
    return path


def read_check(folder: Path, label: str) -> dict[str, dict[str, Any]]:
    """Read the numbers of a judge, as :attr:`Score.judge` names it, for each metric; empty where it was not checked."""
    try:
        saved = json.loads(check_path(folder, label).read_text(encoding="utf-8"))
        return dict(saved["metrics"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def read_checks(folder: Path, label: str, questions: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Read the numbers of a judge with ``shared``: of how many of these questions its labels are."""
    asked = set(map(_mark, questions))
    return {
        metric: {key: value for key, value in numbers.items() if key != "questions"}
        | {"shared": len(asked & set(numbers.get("questions", ())))}
        for metric, numbers in read_check(folder, label).items()
    }


def check_path(folder: Path, label: str) -> Path:
    """Give the file of a judge's numbers in the folder of the workspace."""
    model, _, version = label.rpartition(" ")
    return folder / FOLDER / f"{re.sub(r'[^A-Za-z0-9._-]+', '_', model)}-{version}.json"


def _mark(question: str) -> str:
    return hashlib.sha256(question.casefold().encode()).hexdigest()[:12]


def _score(judge: Judge, label: Label) -> Score | None:
    if label.other is not None:
        return preference(judge, label.case, label.result, label.other)
    return next(iter(judge_result(judge, label.case, label.result, [label.metric])), None)


def _compare(pairs: Sequence[tuple[Label, Score | None]]) -> dict[str, Any]:
    levels = _levels([label for label, _ in pairs])
    judged = [
        _Compared(label.value, _nearest(score.value, levels), score.value, bool(score.judge), label.case.question)
        for label, score in pairs
        if score is not None and score.value is not None
    ]
    unscored = [score.reason for _, score in pairs if score is not None and score.value is None]
    alone = [pair for pair in judged if pair.by_judge]
    numbers = _statistics(judged)
    return {
        "by": "/".join(sorted({label.by for label, _ in pairs})),
        "n": len(judged),
        "unscored": len(unscored),
        "unscored_reasons": sorted(set(unscored))[:5],
        "not_applicable": sum(score is None for _, score in pairs),
        "decided_without_judge": len(judged) - len(alone),
        **numbers,
        "judge_alone": {"n": len(alone), **(numbers if alone == judged else _statistics(alone))},
        "confusion": _confusion(levels, judged),
        "reason": _caution(judged, alone),
    }


def _caution(judged: Sequence[_Compared], alone: Sequence[_Compared]) -> str:
    """Say why the numbers may mean nothing."""
    if len({pair.label for pair in judged}) == 1:
        return SAME_LABELS
    return SAME_VERDICTS if len(alone) > 1 and len({pair.verdict for pair in alone}) == 1 else ""


def _statistics(judged: Sequence[_Compared]) -> dict[str, Any]:
    labels, questions = [pair.label for pair in judged], [pair.question for pair in judged]
    found: dict[str, Any] = {}
    for name, statistic in STATISTICS.items():
        said = [pair.value if name == "spearman" else pair.verdict for pair in judged]
        interval = interval_of(statistic, labels, said, questions)
        found[name] = statistic(labels, said)
        found[f"{name}_interval"] = list(interval) if interval else None
    return found


def _levels(labels: Iterable[Label]) -> tuple[float, ...]:
    """Give the values that a verdict may take beside these labels."""
    listed = list(labels)
    if any(label.five for label in listed):
        return FIVE
    ties = {0.5} if any(label.other for label in listed) else set[float]()
    return tuple(sorted({0.0, 1.0} | ties | {label.value for label in listed}))


def _nearest(value: float, levels: Sequence[float]) -> float:
    """Give the level nearest to a value 0..1 stretched over them; between two the lower: partly right is not right."""
    stretched = levels[0] + value * (levels[-1] - levels[0])
    return min(levels, key=lambda level: (abs(level - stretched), level))


def _confusion(levels: Sequence[float], judged: Sequence[_Compared]) -> dict[str, dict[str, int]]:
    """Count label → verdict → answers."""
    counts = Counter((pair.label, pair.verdict) for pair in judged)
    return {f"{label:g}": {f"{verdict:g}": counts[label, verdict] for verdict in levels} for label in levels}
