"""How far a judge can be trusted: it judges what people labelled. Enters: a bot, labels. Leaves: how far they agree."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from scoville.bot.opened import Opened
from scoville.errors import ScovilleError
from scoville.evaluate.judge.check import check_judge, save_check
from scoville.evaluate.judge.judge import Judge, open_judge
from scoville.evaluate.judge.labels import read_labels
from scoville.llm.paid import announce
from scoville.recipe import Judge as Settings
from scoville.recipe import Llm, Recipe, WritingModel
from scoville.recipe.model import provider_of

logger = logging.getLogger("scoville")


class Checked(NamedTuple):
    """What came of it."""

    judge: Judge
    """Closed; it still knows what it was asked."""
    metrics: Mapping[str, Mapping[str, Any]]
    """Agreement, kappa and rank correlation with their intervals, for each metric."""
    saved: Path
    """The file that is shown beside the judge's scores."""
    seconds: float


def check(
    bot: Opened, labels: Path | str, settings: Settings, *, limit: int | None = None, no_limit: bool = False
) -> Checked:
    """Judge ``limit`` labels, by default all, and keep the numbers in the workspace."""
    read = read_labels(Path(labels))
    chosen = read.draw(limit, bot.recipe.llm.seed)
    budget = bot.budget(no_limit=no_limit)
    judge = open_judge(settings, cache=bot.workspace.folder / "judges", budget=budget)
    try:
        announce(f"{len(chosen):,} labels are judged by", Llm().for_model(settings), budget)
        judge.load()
        logger.info(f"{judge.label} judges {len(chosen)} of {len(read.found)} labels; {read.skipped} lines have none.")
        started = time.perf_counter()
        with bot.bars("labels") as progress:
            metrics = check_judge(judge, chosen, on_scored=lambda done, total: progress("judging", done, total))
        seconds = time.perf_counter() - started
    finally:
        judge.close()
    if judge.down:
        raise ScovilleError(
            f"{judge.down}; nothing was changed of what is known of {judge.label}. Verdicts that it gave are kept: "
            "check again when it is back"
        )
    path = save_check(bot.workspace.folder, judge, Path(labels), metrics, [label.case.question for label in chosen])
    return Checked(judge=judge, metrics=metrics, saved=path, seconds=seconds)


def judge_of(recipe: Recipe, *, model: str = "", base_url: str | None = None, **measured: Any) -> Settings:
    """Give the judge of a recipe, or another one that is named; labels are sent where the recipe sends texts already.

    One of the same provider as the recipe's judge, or else as what answers, is asked at the same endpoint. ``measured``
    are other keys of the recipe's ``judge``, such as ``repeat``, ``temperature`` and ``reasons``; None: as it has them.
    """
    given = recipe.judge.model_dump()
    if model:
        known = (one for one in (recipe.judge, recipe.llm) if provider_of(one.model) == provider_of(model))
        like = next((one for one in known if one.model), Settings(model=model))
        given |= {name: getattr(like, name) for name in WritingModel.model_fields} | {"model": model}
    measured = {name: value for name, value in {"base_url": base_url, **measured}.items() if value is not None}
    return Settings.model_validate({**given, **measured})
