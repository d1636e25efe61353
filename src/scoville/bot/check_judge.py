"""How far a judge can be trusted: it judges what people labelled. Enters: a bot, labels. Leaves: how far they agree."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from scoville.bot.opened import Opened
from scoville.evaluate.judge.check import check_judge, save_check
from scoville.evaluate.judge.judge import Judge, open_judge
from scoville.evaluate.judge.labels import read_labels
from scoville.llm.paid import announce
from scoville.recipe import Judge as Settings
from scoville.recipe import Llm, WritingModel

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
    path = save_check(bot.workspace.folder, judge, Path(labels), metrics)
    return Checked(judge=judge, metrics=metrics, saved=path, seconds=seconds)


def judge_like(llm: Llm, *, model: str = "", base_url: str | None = None, **measured: Any) -> Settings:
    """Give a judge that is asked like the model of the recipe where nothing else is said.

    ``measured`` are other keys of the recipe's ``judge``, such as ``repeat``, ``temperature`` and ``reasons``.
    """
    own = {name: getattr(llm, name) for name in WritingModel.model_fields}
    named = {**own, "model": model, "base_url": None, "api_key_env": None, "runtime": "auto"} if model else own
    return Settings.model_validate(
        {**named, **({"base_url": base_url} if base_url else {}), **measured, "seed": llm.seed}
    )
