"""A system is asked every case in a run that is kept, scored and shown where runs are shown.

Enters: a bot, cases, what answers. Leaves: a run. Python and the command come through here, so both leave the same.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scoville.bot.check_cases import say_not_indexed, say_unscorable
from scoville.bot.opened import Opened
from scoville.bot.score import Scoring, check_likelihood, open_recipe_judge, recipe_of, score
from scoville.bot.systems import Spec, answering_recipe, commit_of, known_as, open_system
from scoville.cases.files import cases_of, checked
from scoville.cases.parts import check_leakage
from scoville.cost import Budget
from scoville.errors import UsageError
from scoville.evaluate.cheats import PREFIX
from scoville.evaluate.cheats import PREFIX as CHEAT
from scoville.evaluate.publish import note_index
from scoville.evaluate.run_cases import run_cases, same_cases, waiting_cases
from scoville.evaluate.runs import Run, create_run
from scoville.evaluate.system import System, askable
from scoville.recipe.file import with_values
from scoville.types import Case

logger = logging.getLogger("scoville")

Cases = Path | str | Sequence[Case]
"""A file of cases, or cases."""


def cases_in(cases: Cases) -> list[Case]:
    """Read the cases of a file, or check those that are given."""
    return cases_of(Path(cases)) if isinstance(cases, str | Path) else checked(cases)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which cases of a file are asked."""

    split: str = ""
    """Only this part: ``train``, ``dev`` or ``test``."""
    tags: Sequence[str] = ()
    """Only cases with one of these."""
    limit: int | None = None
    """Only the first so many."""
    against: Sequence[Path | str] = ()
    """Files of training cases: a leak is refused."""

    def of(self, cases: Cases) -> list[Case]:
        """Read cases and keep those that are asked for."""
        read = cases_in(cases)
        chosen = [
            case
            for case in read
            if (not self.split or case.split == self.split) and (not self.tags or set(self.tags) & set(case.tags))
        ][: self.limit]
        if not chosen:
            raise UsageError(f"{name_of(cases)}: none of {len(read)} cases is asked for; look at split, tags and limit")
        for other in self.against:
            check_leakage(cases_of(Path(other)), chosen)
        return chosen


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a system is asked."""

    system: Spec = ""
    name: str = ""
    """In tables."""
    timeout_seconds: float = 120.0
    """For each case."""
    workers: int | None = None
    """How many cases are asked at once."""
    is_sample: bool = False
    """Whether these are questions to which nobody knows the answers: such a run never speaks for a release."""
    baseline: Run | None = None
    """Cases that cannot be compared with its own are refused before anything is asked."""


def evaluate(bot: Opened, cases: Cases, choice: Choice, asked: Asked, scoring: Scoring) -> Run:
    """Ask a system cases in a new run, and score it."""
    is_inside = answering_recipe(bot, asked.system) is not None or str(asked.system).startswith(CHEAT)
    chosen = askable(choice.of(cases), any_filter=is_inside)
    budget = bot.budget(no_limit=scoring.no_limit)
    judge = open_recipe_judge(bot, budget) if scoring.judge else None
    _check(bot, asked.system, chosen, asked, scoring)
    if not scoring.judge:
        say_unscorable(chosen)
    searches_here = answering_recipe(bot, asked.system) or known_as(asked.system).startswith(PREFIX)
    missing = say_not_indexed(bot, chosen) if searches_here else []
    _say_price(bot, asked.system, len(chosen), budget)
    system = open_system(bot, asked.system, asked.timeout_seconds, budget, asked.workers)
    run = create_run(bot.workspace.folder / "runs", chosen, {
        "system": asked.name or system.name, "spec": known_as(asked.system), "cases_file": name_of(cases),
        "seed": bot.recipe.llm.seed, "commit": commit_of(bot.workspace.root),
        "index": note_index(bot.workspace, system), **({"not_indexed": missing} if missing else {}),
        **({"is_sample": True} if asked.is_sample else {}),
        **system.describe(),
    })  # fmt: skip
    _ask(bot, system, chosen, run, asked)
    score(bot, run, judge, scoring)
    return run


def resume(bot: Opened, run: Run, asked: Asked, scoring: Scoring) -> Run:
    """Ask the system of a run that was interrupted what it has no answer to, and score it.

    Its recipe is the one that the run began with, whatever the workspace's says now; UsageError for another system,
    another value that decides answers, and an index that changed: a run has the answers of one system.
    """
    answering, spec = _as_begun(bot, run, asked.system)
    budget = bot.budget(no_limit=scoring.no_limit)
    judge = open_recipe_judge(bot, budget) if scoring.judge else None
    cases = run.cases()
    _check(answering, spec, cases, asked, scoring)
    _say_price(answering, spec, len(waiting_cases(cases, run)), budget)
    system = open_system(answering, spec, asked.timeout_seconds, budget, asked.workers)
    _check_same_system(bot, run, system)
    _ask(bot, system, cases, run, asked)
    score(bot, run, judge, scoring)
    return run


def _as_begun(bot: Opened, run: Run, given: Spec) -> tuple[Opened, Spec]:
    """Give the bot and the system that answered so far, with its recipe; UsageError where another is asked for."""
    header = run.header
    spec, began = given or header.get("spec", ""), header.get("recipe_hash")
    if not spec and header.get("kind") == "function":
        raise UsageError(
            f"run {run.id} was answered by the Python function {header['function']}: go on with it as system"
        )
    if not began:
        return bot, spec
    same = isinstance(spec, str | Path) and (not spec or Path(spec).is_file() or given)
    if same and (now := answering_recipe(bot, spec)) and now.hash == began:
        return bot, spec
    flags = bot.given_values()
    saved = recipe_of(run)
    again = with_values(saved, flags) if saved else None
    if given or again is None or again.hash != began:
        flag = f"--set {', '.join(flags)}" if flags else "this version"
        raise UsageError(
            f"run {run.id} began with another recipe than {f'--system {given}' if given else flag} gives, and its "
            "answers would be of both: leave that out to go on as it began, or begin a new run"
        )
    logger.info("The recipe changed since run %s began: it goes on with the one that it began with.", run.id)
    return bot.with_recipe(again), ""


def _check_same_system(bot: Opened, run: Run, system: System) -> None:
    """Raise UsageError unless a system is the one that answered so far, from the same index."""
    header, now = run.header, system.describe()
    known = ("kind", "recipe_hash", "function", "url", "cheat") if header.get("kind") else ()
    if changed := [name for name in known if header.get(name) != now.get(name)]:
        name = changed[0]
        raise UsageError(
            f"run {run.id} was answered by {header.get(name)} ({name}), and now {now.get(name)} is asked: its answers "
            "would be of both; begin a new run"
        )
    if header.get("index") and note_index(bot.workspace, system) != header["index"]:
        raise UsageError(
            f"the index changed since run {run.id} began, and its answers would be of both: begin a new run"
        )


def score_again(bot: Opened, run: Run, scoring: Scoring) -> Run:
    """Score a run without asking its system."""
    judge = open_recipe_judge(bot, bot.budget(no_limit=scoring.no_limit)) if scoring.judge else None
    if scoring.perplexity:
        check_likelihood(recipe_of(run))
    score(bot, run, judge, scoring)
    return run


def name_of(cases: Cases) -> str:
    """Name the file of cases; empty where they came from no file."""
    return Path(cases).name if isinstance(cases, str | Path) else ""


def _ask(bot: Opened, system: System, cases: Sequence[Case], run: Run, asked: Asked) -> None:
    """Ask a system what a run has no answer to yet."""
    logger.info("Run %s: %d cases; after an interruption: scoville evaluate --resume %s", run.id, len(cases), run.id)
    tracker = bot.tracker(run.id)
    embedder = str(system.describe().get("models", {}).get("embedder", ""))
    with bot.bars("cases") as progress:
        run_cases(system, cases, run, timeout_seconds=asked.timeout_seconds, workers=asked.workers,
                  on_case=lambda done, total: progress(run.id, done, total),
                  on_answer=lambda case, answer: tracker.answered(answer, embedder, case_id=case.id))  # fmt: skip


def _check(bot: Opened, spec: Spec, cases: Sequence[Case], asked: Asked, scoring: Scoring) -> None:
    """Refuse what the system cannot do, and cases that cannot be compared, before anything is asked."""
    if asked.baseline:
        same_cases(asked.baseline.cases(), cases)
    if scoring.perplexity:
        check_likelihood(answering_recipe(bot, spec))


def _say_price(bot: Opened, spec: Spec, questions: int, budget: Budget) -> None:
    if recipe := answering_recipe(bot, spec):
        bot.with_recipe(recipe).say_price(questions, budget)
