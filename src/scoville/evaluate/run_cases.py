"""A system is asked every case; what it says is kept and scored.

Enters: a system, cases, a run. Leaves: the run with an answer or an error for each case, and its scores. A run that was
killed goes on where it was; one that is scored again asks no system.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from scoville.at_once import at_once
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

NO_MODEL_ASKED = (
    "blocked", "no_documents", "weak_evidence", "low_support", "conflict", "false_premise", "underspecified",
)  # fmt: skip
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
    workers: int | None = None,
    on_case: OnCase | None = None,
    on_answer: OnAnswer | None = None,
) -> None:
    """Ask a system every case that has no answer yet, ``workers`` at a time; cases with an error are asked again.

    Without ``workers`` it is asked as many at a time as it says of itself.
    Raises ScovilleError after the same error to three cases in a row, and when none was answered; the run is kept, and
    what is still being asked is left behind.
    """
    failures = _Failures()
    workers = workers or system.concurrency
    started = time.perf_counter()
    with run.recording() as record:
        run.update(status="running", **({"workers": workers} if workers > 1 else {}))
        waiting = waiting_cases(cases, run)
        asked = at_once(lambda case: answer_of(system, case, timeout_seconds, on_answer), waiting, workers)
        for done, (number, answer) in enumerate(asked, start=len(cases) - len(waiting) + 1):
            record(waiting[number].id, answer)
            if answer.get("reason") not in NO_MODEL_ASKED and failures.is_hopeless(number, answer.get("error", "")):
                raise _halted(run, f"{system.name} failed on {SAME_FAILURES} cases in a row: {answer['error']}")
            if on_case:
                on_case(done, len(cases))
        if told := failures.of_all:
            raise _halted(run, f"{system.name} answered none of {failures.asked} cases: {told}"[:MOST_TOLD])
        seconds = run.header.get("seconds", 0.0) + time.perf_counter() - started
        run.update(status="finished", seconds=round(seconds, 2))


class _Failures:
    """The errors of a run, and whether they say that the rest will fail too."""

    def __init__(self) -> None:
        self.asked = 0
        self._errors: dict[int, str] = {}
        self._answered = -1
        """The last case, by when it began, that got an answer."""

    def is_hopeless(self, number: int, error: str) -> bool:
        """Take what came of the ``number``-th case; say whether all that began since the last answer fails alike.

        With many asked at once, cases that began together and hang end one after the other, although those that began
        after them were answered.
        """
        self.asked += 1
        if not error:
            self._answered = max(self._answered, number)
            return False
        self._errors[number] = error
        latest = [told for began, told in self._errors.items() if began > self._answered][-SAME_FAILURES:]
        return number > self._answered and len(latest) == SAME_FAILURES and len(set(latest)) == 1

    @property
    def of_all(self) -> str:
        """The errors, each once, where no case was answered."""
        return "; ".join(dict.fromkeys(self._errors.values())) if len(self._errors) == self.asked else ""


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
