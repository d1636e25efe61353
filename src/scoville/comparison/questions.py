"""Two runs question by question: what each said, how each was scored, where it went wrong.

Enters: two scored runs on the same cases, and what is to blame for their wrong answers. Leaves: a row for each case,
what got worse first, for the terminal and for programs; the page shows the rows of ``asked``, of which these are made.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Literal

from scoville.comparison import asked
from scoville.comparison.asked import SAME, Answers, Question
from scoville.evaluate.blame import Blame
from scoville.evaluate.compare_runs import compare_runs
from scoville.evaluate.result import Result
from scoville.evaluate.runs import Run
from scoville.evaluate.shown import LABELS, Unit, difference, unit_of, written
from scoville.html import not_bold
from scoville.types import Evidence, Score

Outcome = Literal["worse", "lost", "better", "gained", "same", "unscored"]
"""``lost``: the baseline has a score and the run has none; ``gained``: the other way round."""
ORDER: tuple[Outcome, ...] = ("worse", "lost", "better", "gained", "same", "unscored")
MOST_TOLD = 300
"""Characters of a question or an answer on a terminal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one system said to a case, and what it is worth."""

    answer: str
    refused: bool
    error: str
    """Why there is no answer; empty where there is one."""
    score: float | None
    reason: str
    """Of the score, or why there is none."""
    stage: str
    """What is to blame for a wrong answer, a key of :data:`scoville.evaluate.blame.STAGES`; empty where nothing is."""
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionRow:
    """One case in two runs."""

    case: str
    question: str
    answerable: bool
    expected: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    baseline: Said
    run: Said
    change: float | None
    """By how much the run is better, below 0 worse, whichever way the metric goes; None where one has no score."""
    outcome: Outcome


def question_rows(
    baseline: Run, run: Run, metric: str = "quality", blamed: tuple[Sequence[Blame], Sequence[Blame]] = ((), ())
) -> list[QuestionRow]:
    """Give a row for each case that the metric applies to, what got worse by most first; UsageError for runs that
    cannot be compared.

    ``blamed`` are the stages to blame in the baseline and in the run.
    """
    compare_runs(baseline, run, metric)  # refuses what differs in its cases, its judges or its versions
    sides = [
        Answers(name=name, results=one.results(), scores=one.scores(), blame=blames)
        for name, one, blames in zip(("baseline", "run"), (baseline, run), blamed, strict=True)
    ]
    found = asked.questions(run.cases(), sides, "baseline", metric)
    rows = [_row(one, metric) for one in found if any(metric in said.scores for said in one.said)]
    return sorted(rows, key=lambda row: (ORDER.index(row.outcome), row.change or 0.0))


def count_outcomes(rows: Sequence[QuestionRow]) -> dict[str, int]:
    """Count the outcomes, in the order of the rows."""
    counts = Counter(row.outcome for row in rows)
    return {outcome: counts[outcome] for outcome in ORDER if counts[outcome]}


def questions_text(rows: Sequence[QuestionRow], metric: str, names: tuple[str, str]) -> str:
    """Write for a terminal every case whose score differs, what got worse first; ``names`` of baseline and run."""
    told = ", ".join(f"{count} {outcome}" for outcome, count in count_outcomes(rows).items())
    unit = unit_of(metric)
    changed = [_row_text(row, unit, names) for row in rows if row.outcome not in ("same", "unscored")]
    return "\n\n".join([f"{names[1]} against {names[0]}, {LABELS.get(metric, metric)}: {told}", *changed])


def _row_text(row: QuestionRow, unit: Unit, names: tuple[str, str]) -> str:
    by = "" if row.change is None else f" by {difference(abs(row.change), unit).lstrip('+')}"
    expected = " / ".join(row.expected) if row.answerable else "a refusal"
    width = max(len("expected"), *map(len, names))
    lines = [("expected", _brief(expected))] if expected else []
    lines += [(name, _said_text(said, unit)) for name, said in zip(names, (row.baseline, row.run), strict=True)]
    lines += [("evidence", _evidence_text(one)) for one in row.evidence]
    return "\n".join(
        [
            f"{row.outcome}{by}: {_brief(row.question)} ({row.case})",
            *(f"  {name:<{width}}  {text}" for name, text in lines),
        ]
    )


def _said_text(said: Said, unit: Unit) -> str:
    answer = f"no answer: {said.error}" if said.error else said.answer or ("refused" if said.refused else "nothing")
    score = f"not scored: {said.reason}" if said.score is None else written(said.score, unit)
    blame = f"; {said.stage.replace('_', ' ')}{said.detail and f': {said.detail}'}" if said.stage else ""
    return f"{_brief(answer)} [{'refused, ' if said.refused else ''}{_brief(score)}{blame}]"


def _evidence_text(evidence: Evidence) -> str:
    page = "" if evidence.page is None else f", page {evidence.page}"
    return f"{evidence.document}{page}" + (f': "{_brief(evidence.quote)}"' if evidence.quote else "")


def _row(question: Question, metric: str) -> QuestionRow:
    case, (before, now) = question.case, (_said(one, metric) for one in question.said)
    change = question.said[1].difference
    return QuestionRow(
        case=case.id, question=case.question, answerable=case.answerable, expected=case.expected,
        evidence=case.evidence, baseline=before, run=now, change=change, outcome=_outcome(before, now, change),
    )  # fmt: skip


def _said(one: asked.Said, metric: str) -> Said:
    result = one.result or Result(case_id="", text="", refused=False, error="not asked")
    score = one.scores.get(metric, Score(metric=metric, value=None, reason="does not apply"))
    return Said(
        answer=not_bold(result.text), refused=result.refused, error=result.error, score=score.value,
        reason=result.error or score.reason, stage=one.blame.stage if one.blame else "",
        detail=one.blame.detail if one.blame else "",
    )  # fmt: skip


def _outcome(before: Said, now: Said, change: float | None) -> Outcome:
    if change is None:
        return "lost" if before.score is not None else "gained" if now.score is not None else "unscored"
    return "same" if abs(change) < SAME else "worse" if change < 0 else "better"


def _brief(text: str) -> str:
    return shorten(text, MOST_TOLD, placeholder=" …")
