"""Systems are asked the same cases, each in a run of its own; a run that is there already is taken.

Enters: a system, cases, the folder of runs. Leaves: a run with an answer to every case, what the index behind it took,
and which stage lost each wrong answer. Knows no table and no screen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scoville.cases.files import digest
from scoville.comparison.stages import BuildCost
from scoville.errors import UsageError
from scoville.evaluate.blame import Blame
from scoville.evaluate.run_cases import same_cases
from scoville.evaluate.runs import Run, create_run, list_runs
from scoville.evaluate.system import System
from scoville.types import Case

Origin = Literal["asked", "resumed", "reused", "given"]
"""``reused``: an earlier run of the same recipe, cases and index. ``resumed``: one that lacked answers was finished.
``given``: it was named itself."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One system with its answers."""

    name: str
    run: Run
    origin: Origin
    build: BuildCost = BuildCost()
    blamed: Sequence[Blame] = ()


def open_run(
    system: System, cases: Sequence[Case], runs: Path, header: Mapping[str, Any], *, fresh: bool = False
) -> tuple[Run, Origin]:
    """Find the run in which a system was asked these cases, or begin one; unless it is ``reused``, ask it.

    Only what has a recipe's hash and an index in its header is looked for: what a function or a server is made of
    cannot be told.
    """
    whole = {**system.describe(), **header}
    run = None if fresh else earlier_run(runs, cases, whole)
    if run is None:
        return create_run(runs, cases, whole), "asked"
    saved = run.saved()
    is_whole = all(case.id in saved and not saved[case.id].get("error") for case in cases)
    return run, "reused" if is_whole else "resumed"


def earlier_run(runs: Path, cases: Sequence[Case], header: Mapping[str, Any]) -> Run | None:
    """Find the last run of the same recipe on the same cases and the same index."""
    wanted = {"cases_digest": digest(cases), **{key: header.get(key) for key in ("recipe_hash", "index")}}
    if not all(wanted.values()):
        return None
    headers = ((run, run.header) for run in reversed(list_runs(runs)))
    return next((run for run, one in headers if all(one.get(key) == value for key, value in wanted.items())), None)


def check_given(run: Run, cases: Sequence[Case]) -> None:
    """Raise UsageError unless a run that was named answers these cases, all of them."""
    try:
        same_cases(cases, run.cases())
    except UsageError as error:
        raise UsageError(f"run {run.id}: {error}") from None
    missing = sum(case.id not in run.saved() for case in cases)
    if missing:
        raise UsageError(f"run {run.id} lacks {missing} answers: finish it with scoville evaluate --resume {run.id}")
