"""Answers that people have judged, to measure metrics by.

Enters: a JSONL file. Leaves: :class:`Judged` values. Knows no metric.

    a line an answer   question, reference, contexts, answer, human: {name: verdict, or a list of several people's}
    a line a task      question or turns, reference, contexts, answers: [{answer, human}, …] (the form of MTRAG)

A verdict is a number on any scale, true or false, or a word such as ``right``. Also read: ``facts`` that must be said,
and ``expected`` for ``reference``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from scoville.errors import UsageError
from scoville.evaluate.judge.labels import WORDS
from scoville.evaluate.result import Result, Retrieved
from scoville.types import Case

FORM = '{"question": "…", "reference": "…", "contexts": ["…"], "answer": "…", "human": {"correctness": [1, 0, 1]}}'


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """An answer with what people thought of it."""

    case: Case
    result: Result
    facts: tuple[str, ...]
    contexts: tuple[str, ...] | None
    """None: the line does not say what the system was given."""
    human: Mapping[str, tuple[float, ...]]
    """What each person said, by the name of the verdict."""
    task: str
    """What answers to one question share: they stand and fall together."""


def read_judged(path: Path) -> list[Judged]:
    """Read judged answers; UsageError, with the line, for what is none. Empty verdicts and NaN are left out."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); expected JSONL in UTF-8") from None
    found: list[Judged] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.extend(_answers(json.loads(line), number))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise UsageError(f"{path}, line {number}: {error}") from None
    if not any(one.human for one in found):
        raise UsageError(f"{path}: holds no answer with a verdict; expected lines like {FORM}")
    return found


def _answers(row: Any, number: int) -> Iterator[Judged]:
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, got {str(row)[:40]!r}")
    question = row.get("question") or _last_turn(row.get("turns"))
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"no question; expected the key question or turns, got {', '.join(row)[:200]}")
    contexts = None if row.get("contexts") is None else tuple(map(_text, _listed(row["contexts"])))
    expected = tuple(map(_text, _listed(row.get("reference", row.get("expected")))))
    answers: Sequence[Any] = _listed(row["answers"]) if "answers" in row else [row]
    for place, answer in enumerate(answers):
        if not isinstance(answer, dict) or not isinstance(answer.get("answer"), str):
            raise ValueError("no answer; expected the key answer, or answers with objects that have it")
        if not isinstance(answer.get("human"), dict):
            raise ValueError(f"no verdicts; expected an object under the key human, as in {FORM}")
        verdicts = {str(name): _verdicts(value, str(name)) for name, value in answer["human"].items()}
        human = {name: values for name, values in verdicts.items() if values}
        name = f"{number}-{place}"
        texts = enumerate(contexts or ())
        result = Result(
            case_id=name, text=answer["answer"], refused=False,
            passages=tuple(Retrieved(id=str(at), document="", pages=(), text=one) for at, one in texts),
        )  # fmt: skip
        case = Case(id=name, question=question, expected=tuple(text for text in expected if text.strip()))
        facts = tuple(map(_text, _listed(row.get("facts"))))
        task = f"{row.get('id')} {question}"
        yield Judged(case=case, result=result, facts=facts, contexts=contexts, human=human, task=task)


def _last_turn(turns: Any) -> Any:
    return _text(turns[-1]) if isinstance(turns, list) and turns else None


def _listed(value: Any) -> Sequence[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    text = value.get("text") if isinstance(value, dict) else value
    if not isinstance(text, str):
        raise ValueError(f"expected a text, got {str(value)[:40]!r}")
    return text


def _verdicts(verdicts: Any, name: str) -> tuple[float, ...]:
    return tuple(value for one in _listed(verdicts) if (value := _number(one, name)) is not None)


def _number(verdict: Any, name: str) -> float | None:
    if verdict is None:
        return None
    if isinstance(verdict, str):
        if verdict.strip().casefold() not in WORDS:
            raise ValueError(
                f"human.{name}: {verdict!r} is no verdict; expected a number, or one of {', '.join(WORDS)}"
            )
        return WORDS[verdict.strip().casefold()]
    if not isinstance(verdict, int | float):
        raise ValueError(f"human.{name}: {str(verdict)[:40]!r} is no verdict; expected a number")
    return float(verdict) if isfinite(verdict) else None
