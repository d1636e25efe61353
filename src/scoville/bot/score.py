"""A run gets its scores: by comparison always, and by models where that is asked for.

Enters: a run. Leaves: its scores, what they cost in the ledger, and the run where runs are kept. Knows no command.
"""

import json
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from scoville.answer import open_answerer
from scoville.bot.opened import Opened
from scoville.cost import Budget
from scoville.embed import open_embedder
from scoville.errors import UsageError
from scoville.evaluate.judge.check import read_checks
from scoville.evaluate.judge.judge import Judge, open_judge
from scoville.evaluate.judge.metrics import METRICS
from scoville.evaluate.likelihood import likelihood_of
from scoville.evaluate.metrics import Scorer, embedded_scorer, perplexity_scorer
from scoville.evaluate.publish import publish_run
from scoville.evaluate.result import Result
from scoville.evaluate.runs import Run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.show_run import Judges
from scoville.llm.paid import announce
from scoville.recipe import Llm, Recipe
from scoville.recipe.model import is_hosted
from scoville.track.ledger import CHARACTERS_PER_TOKEN
from scoville.types import Case, Score


class Scoring(NamedTuple):
    """What a run is scored by besides what needs no model."""

    judge: bool = False
    """The judge of the recipe decides what comparison leaves open."""
    semantic: bool = False
    """Relevance and similarity, by the recipe's embedder."""
    perplexity: bool = False
    """By the model that answered."""
    no_limit: bool = False
    """Whether it may cost more than ``cost.limit_usd``."""


def score(bot: Opened, run: Run, judge: Judge | None, scoring: Scoring) -> None:
    """Score a run, with what it cost to judge it in the ledger, and write it down where runs are kept."""
    more: dict[str, Scorer] = {}
    with ThreadPoolExecutor(1) as aside:
        if scoring.perplexity:
            more["perplexity"] = _perplexity_scorer(bot, run)
        if scoring.semantic:
            bot.fetch_models(llm=False)
            semantic = aside.submit(_semantic_scorer, bot, run)  # while words are compared
            more["semantic"] = lambda case, result: semantic.result()(case, result)
        with bot.bars("cases") as progress:
            score_run(
                run, judge=judge, more=more, wrong_costs=bot.recipe.evaluate.wrong_costs,
                on_case=lambda done, total: progress("scoring", done, total),
            )  # fmt: skip
    if judge:
        tracker = bot.tracker(run.id)
        for reply in judge.replies:
            tracker.replied("judging", reply)
        judge.close()
    bot.flush()  # the traces are shown with the run
    publish_run(bot.workspace, bot.recipe.track.to, run)


def open_recipe_judge(bot: Opened, budget: Budget) -> Judge:
    """Open the judge that the recipe names, and say what it may cost at most."""
    settings = bot.recipe.judge
    judge = open_judge(
        settings, answering_model=bot.recipe.llm.model, cache=bot.workspace.folder / "judges", budget=budget
    )  # fmt: skip
    announce("answers are judged by", Llm().for_model(settings), budget)
    return judge


def judges_of(bot: Opened, run: Run) -> Judges:
    """Give what is known of the judges of a run."""
    labels = {one.judge for found in run.scores().values() for one in found.values() if one.metric in METRICS} - {""}
    questions = [case.question for case in run.cases()]
    return {label: read_checks(bot.workspace.folder, label, questions) for label in sorted(labels)}


def check_likelihood(recipe: Recipe | None) -> None:
    """Raise UsageError where it is plain that what answers cannot say how likely it holds a text."""
    if recipe is None:
        raise UsageError("--perplexity: a function or a server answers; expected a recipe with a local model")
    if recipe.llm.model.partition(":")[0] in ("quote", "reader") or is_hosted(recipe.llm.model):
        raise UsageError(f"--perplexity: llm.model is {recipe.llm.model}; expected a local model")


def recipe_of(run: Run) -> Recipe | None:
    """Read the recipe that answered in a run; None where something else did. UsageError for one of another version."""
    from pydantic import ValidationError

    saved = run.header.get("recipe")
    try:
        return Recipe.model_validate_json(json.dumps(saved)) if saved else None
    except ValidationError:
        raise UsageError(f"run {run.id} was answered by a recipe of another version: ask again") from None


def _semantic_scorer(bot: Opened, run: Run) -> Scorer:
    embedder = open_embedder(bot.recipe.embed)
    tracker = bot.tracker(run.id)

    def embed(texts: Sequence[str]) -> list[list[float]]:
        started = time.perf_counter()
        vectors = embedder.embed(texts).tolist()
        tokens = sum(map(len, texts)) // CHARACTERS_PER_TOKEN
        tracker.spent(tracker.ledger.embedding("judging", embedder.name, tokens, time.perf_counter() - started))
        return vectors

    return embedded_scorer(embed, run.cases(), run.results(), embedder.name)


def _perplexity_scorer(bot: Opened, run: Run) -> Scorer:
    recipe = recipe_of(run)
    check_likelihood(recipe)
    assert recipe
    answerer = open_answerer(*bot.with_recipe(recipe).place(), load=False, cases=bot.train_cases)
    llm = answerer.llm
    scorer = perplexity_scorer(likelihood_of(answerer), llm.name)
    tracker = bot.tracker(run.id)

    def timed(case: Case, result: Result) -> Iterable[Score]:
        started = time.perf_counter()
        yield from scorer(case, result)
        seconds = time.perf_counter() - started
        tracker.spent(tracker.ledger.entry("judging", model=llm.name, runtime=llm.runtime, seconds=seconds))

    return timed
