"""A system is asked every case; what it says is kept and scored.

Enters: a system, cases, a run. Leaves: the run with an answer or an error for each case, and its scores. A run that was
killed goes on where it was; one that is scored again asks no system.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from scoville.cases.files import digest
from scoville.errors import ScovilleError, UsageError
from scoville.evaluate.metrics import Scorer
from scoville.evaluate.result import Result
from scoville.evaluate.runs import Run
from scoville.evaluate.system import OnAnswer, System, answer_of
from scoville.types import Case, Score

SAME_FAILURES = 3
"""After the same error to so many cases in a row the run is halted: a refused key or a hanging system fails the rest
too, and may take a minute for each."""

NO_MODEL_ASKED = ("no_documents", "weak_evidence")
"""Refusals for these reasons say nothing of whether the model's endpoint works."""
MOST_TOLD = 1000
"""Characters of errors that are repeated."""

OnCase = Callable[[int, int], None]
"""Told how many cases are done, of how many."""


def run_cases(
    system: System,
    cases: Sequence[Case],
    run: Run,
    *,
    timeout_seconds: float = 120,
    on_case: OnCase | None = None,
    on_answer: OnAnswer | None = None,
) -> None:
    """Ask a system every case that has no answer yet; cases with an error are asked again.

    Raises ScovilleError after the same error to three cases in a row, and when none was answered; the run is kept.
    """
    errors: list[str] = []
    started = time.perf_counter()
    with run.recording() as record:
        run.update(status="running")
        waiting = waiting_cases(cases, run)
        for number, case in enumerate(waiting, start=len(cases) - len(waiting) + 1):
            answer = answer_of(system, case, timeout_seconds, on_answer)
            record(case.id, answer)
            if answer.get("reason") not in NO_MODEL_ASKED:
                errors.append(str(answer.get("error", "")))
            if len(errors) >= SAME_FAILURES and answer.get("error") and len(set(errors[-SAME_FAILURES:])) == 1:
                raise _halted(run, f"{system.name} failed on {SAME_FAILURES} cases in a row: {errors[-1]}")
            if on_case:
                on_case(number, len(cases))
        if errors and all(errors):
            told = "; ".join(dict.fromkeys(errors))
            raise _halted(run, f"{system.name} answered none of {len(errors)} cases: {told}"[:MOST_TOLD])
        seconds = run.header.get("seconds", 0.0) + time.perf_counter() - started
        run.update(status="finished", seconds=round(seconds, 2))


def _halted(run: Run, reason: str) -> ScovilleError:
    run.update(status="halted")
    longer = ", perhaps with a longer --timeout" if "no answer within" in reason else ""
    return ScovilleError(f"{reason}; run {run.id} is kept: go on with --resume {run.id}{longer}")


def waiting_cases(cases: Sequence[Case], run: Run) -> list[Case]:
    """List the cases that a run has no answer to, or only an error."""
    saved = run.saved()
    return [case for case in cases if case.id not in saved or saved[case.id].get("error")]


def score_cases(
    cases: Iterable[Case],
    results: Mapping[str, Result],
    scorers: Mapping[str, Scorer],
    *,
    on_case: OnCase | None = None,
) -> dict[str, list[Score]]:
    """Score every case that has an answer, by every scorer: case id → scores."""
    scores: dict[str, list[Score]] = {}
    for case in cases:
        if case.id in results:
            scores[case.id] = [score for scorer in scorers.values() for score in scorer(case, results[case.id])]
            if on_case:
                on_case(len(scores), len(results))
    return scores


def same_cases(first: Sequence[Case], second: Sequence[Case]) -> None:
    """Raise UsageError, with the difference, unless two runs were made on the same cases."""
    one, other = ({case.id: case for case in cases} for cases in (first, second))
    problems = [
        f"{len(ids)} {what} ({', '.join(sorted(ids)[:3])}{', …' if len(ids) > 3 else ''})"
        for ids, what in (
            (one.keys() - other.keys(), "only in the first"),
            (other.keys() - one.keys(), "only in the second"),
            (
                {name for name in one.keys() & other.keys() if digest([one[name]]) != digest([other[name]])},
                "that differ",
            ),
        )
        if ids
    ]
    if problems:
        raise UsageError(f"the runs have different cases: {'; '.join(problems)}; evaluate both on the same file")
