"""Answers that someone has judged already, to measure a judge by.

Enters: a JSONL file in one of three forms. Leaves: :class:`Label` values. Knows no judge.

    plain       question, answer, label; also expected, context, answerable, metric (correctness), by (human)
    graded      question, answer, truth, context, gpt_groundedness, gpt_relevance: ratings 1..5 by a model
    MT-bench    conversation_a, conversation_b, turn, winner: what a human preferred
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from scoville.errors import UsageError
from scoville.evaluate.judge.metrics import METRICS
from scoville.evaluate.judge.prompts import ANSWER_RELEVANCE, CORRECTNESS, FAITHFULNESS, PREFERENCE
from scoville.evaluate.result import Result, Retrieved
from scoville.types import Case
from scoville.words import strip_citations

WORDS: Mapping[str, float] = {
    "right": 1.0, "correct": 1.0, "true": 1.0, "yes": 1.0, "good": 1.0, "pass": 1.0, "partly": 0.5, "partial": 0.5,
    "partially correct": 0.5, "wrong": 0.0, "incorrect": 0.0, "false": 0.0, "no": 0.0, "bad": 0.0, "fail": 0.0,
}  # fmt: skip
WINNERS: Mapping[str, float] = {"model_a": 1.0, "a": 1.0, "model_b": 0.0, "b": 0.0}
"""All others, such as ``tie (inconsistent)``, are ties."""
RATINGS = {
    "groundedness": FAITHFULNESS.name, "relevance": ANSWER_RELEVANCE.name, "correctness": CORRECTNESS.name,
    "similarity": CORRECTNESS.name,
}  # fmt: skip
FIVE = (1.0, 2.0, 3.0, 4.0, 5.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """What someone thought of one answer."""

    metric: str
    value: float
    case: Case
    result: Result
    other: Result | None = None
    """The second of two answers, of which a preference is the label."""
    five: bool = False
    """Whether the value is a rating 1..5, and not a share of 1."""
    by: str = "human"
    """Who judged, such as ``human`` or ``model``: agreeing with another model is not the same."""


class Labels(NamedTuple):
    """The labels of a file."""

    found: tuple[Label, ...]
    skipped: int
    """Lines, or ratings, without a label: null, NaN."""

    def draw(self, limit: int | None, seed: int) -> tuple[Label, ...]:
        """Draw some of the labels, in their order; all without a limit."""
        if limit is None or limit >= len(self.found):
            return self.found
        return tuple(self.found[place] for place in sorted(random.Random(seed).sample(range(len(self.found)), limit)))


def read_labels(path: Path) -> Labels:
    """Read labels; UsageError, with the line, for what is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise UsageError(f"{path}: {reason}; expected a file of JSON lines with question, answer and label") from None
    found: list[Label] = []
    skipped = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            for label in _labels(json.loads(line), number):
                if label is None:
                    skipped += 1
                else:
                    found.append(label)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise UsageError(f"{path}, line {number}: {error}") from None
    if not found:
        raise UsageError(
            f"{path}: holds no label ({skipped} without one); expected lines like "
            '{"question": "…", "answer": "…", "expected": "…", "context": "…", "label": "right"}'
        )
    return Labels(tuple(found), skipped)


def _labels(row: Any, number: int) -> Iterator[Label | None]:
    """Give the labels of one line; None for each that is missing."""
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, got {str(row)[:40]!r}")
    if "conversation_a" in row:
        yield _preferred(row, number)
        return
    case, result = _case(row, number), _result(row.get("answer"), row.get("context"), number)
    if "label" in row:
        metric = str(row.get("metric") or CORRECTNESS.name)
        if metric not in METRICS:
            raise ValueError(f"metric {metric!r} is none that a judge decides; there are {', '.join(METRICS)}")
        value = _value(row["label"])
        who = str(row.get("by") or "human")
        yield None if value is None else Label(metric=metric, value=value, case=case, result=result, by=who)
        return
    rated = [(by, name) for name in RATINGS for by in ("gpt_", "") if f"{by}{name}" in row]
    if not rated:
        raise ValueError(f"no label; expected the key label, gpt_groundedness or winner, got {', '.join(row)[:200]}")
    for by, name in rated:
        value = _number(row[f"{by}{name}"])
        if value is not None and value not in FIVE:
            raise ValueError(f"{by}{name}: {value:g} is no rating; expected 1 to 5")
        who = "model" if by else "human"
        yield (
            None
            if value is None
            else Label(metric=RATINGS[name], value=value, case=case, result=result, five=True, by=who)
        )


def _preferred(row: Mapping[str, Any], number: int) -> Label | None:
    """Read a line of MT-bench's human judgments: of the first turn, or of the whole conversation."""
    winner = row.get("winner")
    if not isinstance(winner, str):
        return None
    shown = 2 * int(row.get("turn") or 1)
    first, second = (row[side][:shown] for side in ("conversation_a", "conversation_b"))
    question = "\n\n".join(_texts(first, "user"))
    return Label(
        metric=PREFERENCE.name,
        value=WINNERS.get(winner.casefold(), 0.5),
        case=Case(id=f"{row.get('question_id', '')}:{number}", question=question),
        result=_result("\n\n".join(_texts(first, "assistant")), None, number),
        other=_result("\n\n".join(_texts(second, "assistant")), None, number),
        by="model" if str(row.get("judge") or "").startswith("gpt") else "human",
    )


def _texts(turns: Sequence[Mapping[str, Any]], role: str) -> list[str]:
    return [str(turn["content"]) for turn in turns if turn["role"] == role]


def _case(row: Mapping[str, Any], number: int) -> Case:
    expected = row.get("expected", row.get("truth")) or ()
    listed: Iterable[Any] = [expected] if isinstance(expected, str) else expected
    question = row.get("question")
    if not isinstance(question, str) or not question.strip():
        raise ValueError("no question; expected a text under the key question")
    return Case(
        id=str(row.get("id") or number),
        question=question,
        expected=tuple(strip_citations(str(answer)) for answer in listed),
        answerable=bool(row.get("answerable", True)),
    )


def _result(answer: Any, context: Any, number: int) -> Result:
    if not isinstance(answer, str):
        raise ValueError(f"no answer; expected a text under the key answer, got {answer!r:.40}")
    texts: Iterable[Any] = [context] if isinstance(context, str) else context or ()
    passages = [
        Retrieved(id=str(place), document="", pages=(), text=str(text)) for place, text in enumerate(texts, start=1)
    ]
    return Result(case_id=str(number), text=answer, refused=False, passages=tuple(passages))


def _value(label: Any) -> float | None:
    """Read a label: a word, true or false, or a share of 1."""
    if isinstance(label, str) and label.strip():
        word = label.strip().casefold()
        if word not in WORDS:
            raise ValueError(f"label {label[:40]!r} is no word that is known; expected one of {', '.join(WORDS)}")
        return WORDS[word]
    value = _number(label)
    if value is not None and not 0 <= value <= 1:
        raise ValueError(f"label {value:g}: expected 0 to 1; ratings 1 to 5 stand under groundedness, relevance, …")
    return value


def _number(value: Any) -> float | None:
    """Read a number; None for null, NaN and infinite ones, and an empty text."""
    if value is None or value == "":
        return None
    number = float(value)
    return number if isfinite(number) else None
