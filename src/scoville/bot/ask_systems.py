"""Systems are asked, scored and blamed for `scoville compare`, one after the other, and their costs entered.

Enters: systems under their names, cases. Leaves: each with its run. Knows no table.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from typing import Any, NamedTuple

from scoville.bot.opened import Opened
from scoville.bot.run import blame_answers
from scoville.bot.score import open_recipe_judge
from scoville.bot.systems import commit_of
from scoville.comparison.side_by_side import Compared, Origin, check_given, open_run
from scoville.comparison.stages import BuildCost, SharedStages
from scoville.cost import Budget
from scoville.evaluate.blame_run import blame_run
from scoville.evaluate.judge.judge import Judge
from scoville.evaluate.publish import publish_run
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import Run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import OnAnswer, System
from scoville.recipe import Recipe
from scoville.track.tracker import Tracker
from scoville.types import Answer, Case

logger = logging.getLogger("scoville")

SAID = {
    "asked": "is new", "reused": "is taken (--fresh asks again)", "resumed": "was finished",
    "given": "is taken as it is",
}  # fmt: skip


class Named(NamedTuple):
    """A system as it was asked for, and what is compared under its name."""

    name: str
    spec: str
    of: Recipe | Run | System


class Asking(NamedTuple):
    """How systems are asked."""

    fresh: bool
    judged: bool
    timeout_seconds: float
    budget: Budget
    """What all of it may pay for replies."""
    cases_file: str


def ask_systems(bot: Opened, named: Sequence[Named], cases: Sequence[Case], asking: Asking) -> list[Compared]:
    """Ask all systems, or take the runs in which they were asked; what cannot be compared is refused first."""
    for one in named:
        if isinstance(one.of, Run):
            check_given(one.of, cases)
    judge = open_recipe_judge(bot, asking.budget) if asking.judged else None
    with ExitStack() as opened:
        if judge:
            opened.callback(judge.close)

        @cache
        def stages() -> SharedStages:
            made = SharedStages(
                bot.workspace, bot.recipe, budget=asking.budget,
                writers=lambda recipe: bot.with_recipe(recipe).writers(asking.budget),
            )  # fmt: skip
            opened.callback(made.close)
            return made

        if any(isinstance(one.of, Recipe) for one in named):
            stages()  # refuses a workspace without an index
        return [_ask_one(bot, one, stages, cases, asking, judge) for one in named]


def _ask_one(
    bot: Opened, named: Named, stages: Callable[[], SharedStages], cases: Sequence[Case], asking: Asking,
    judge: Judge | None,
) -> Compared:  # fmt: skip
    """Give one system with its answers, scored, and the stages to blame."""
    build = BuildCost()
    if isinstance(named.of, Run):
        run, origin = named.of, "given"
    elif isinstance(named.of, Recipe):
        run, origin = _ask_recipe(bot, named, named.of, stages(), cases, asking)
        build = stages().build_cost(named.of, bot.tracker().ledger)
    else:
        run, origin = _ask(bot, named, named.of, cases, asking)
    logger.info(f"{named.name}: run {run.id} of {run.header['started'][:16]} {SAID[origin]}")
    _score(bot, run, judge, is_new=origin in ("asked", "resumed"))
    if isinstance(named.of, Recipe):
        blamed = blame_run(run, stages().searcher(named.of))
    elif run.header.get("build_hash", bot.recipe.build_hash) == bot.recipe.build_hash:
        blamed = blame_answers(bot, run)
    else:
        logger.info(f"No stage is blamed in {run.id}: it answered from another index than the workspace's.")
        blamed = []
    return Compared(name=named.name, run=run, origin=origin, build=build, blamed=blamed)


def _ask_recipe(
    bot: Opened, named: Named, recipe: Recipe, stages: SharedStages, cases: Sequence[Case], asking: Asking
) -> tuple[Run, Origin]:
    """Ask the system of a recipe, on an index that was built with it."""
    bot.with_recipe(recipe).fetch_models(llm=True)
    built = len(stages.reports)
    system = stages.system(recipe)
    header = {"seed": recipe.llm.seed, "index": stages.index_digest(recipe)}
    embedder = stages.embedder(recipe.embed).name

    def watch(run: Run) -> OnAnswer:
        tracker = bot.tracker(run.id)
        for report, name in stages.reports[built:]:
            tracker.spent(*tracker.ledger.added(report, name))
        return _tracked(tracker, stages, embedder)

    return _ask(bot, named, system, cases, asking, header, watch, recipe)


def _ask(
    bot: Opened, named: Named, system: System, cases: Sequence[Case], asking: Asking,
    header: Mapping[str, Any] | None = None, watch: Callable[[Run], OnAnswer] | None = None,
    recipe: Recipe | None = None,
) -> tuple[Run, Origin]:  # fmt: skip
    """Ask a system, or take the run in which it was asked; ``watch`` gives what is told each answer of a run."""
    whole = {
        "system": named.name, "spec": named.spec, "cases_file": asking.cases_file,
        "commit": commit_of(bot.workspace.root), **(header or {}),
    }  # fmt: skip
    run, origin = open_run(system, cases, bot.workspace.folder / "runs", whole, fresh=asking.fresh)
    on_answer = watch(run) if watch else None
    if origin != "reused":
        if recipe:
            bot.with_recipe(recipe).say_price(len(cases), asking.budget)
        with bot.bars("cases") as progress:
            run_cases(system, cases, run, timeout_seconds=asking.timeout_seconds, on_answer=on_answer,
                      on_case=lambda done, total: progress(named.name, done, total))  # fmt: skip
    return run, origin


def _tracked(tracker: Tracker, stages: SharedStages, embedder: str) -> OnAnswer:
    """Give what keeps the cost and the trace of each answer that was really written, and not remembered."""
    told = {id(reply) for reply in stages.written}

    def answered(case: Case, answer: Answer) -> str:
        reply = answer.reply
        is_known = reply and (id(reply) in told or not any(one is reply for one in stages.written))
        told.add(id(reply))
        return "" if is_known else tracker.answered(answer, embedder, case_id=case.id)

    return answered


def _score(bot: Opened, run: Run, judge: Judge | None, *, is_new: bool) -> None:
    """Score a run that is new, or was not scored as is asked for; write a new one down where runs are kept."""
    replies = len(judge.replies) if judge else 0
    if judge or is_new or run.header.get("scored_by") or not run.scores():  # rules of its own compare with nothing
        with bot.bars("verdicts") as progress:
            score_run(
                run, judge=judge, wrong_costs=bot.recipe.evaluate.wrong_costs,
                on_case=lambda done, total: progress(run.id, done, total),
            )  # fmt: skip
    for reply in judge.replies[replies:] if judge else ():
        bot.tracker(run.id).replied("judging", reply)
    if is_new:
        bot.flush()  # the traces are shown with the run
        publish_run(bot.workspace, bot.recipe.track.to, run)
