"""A run as a bot gives it: it says what it came to, what to blame and how it compares.

Enters: a saved run and the bot that asked. Leaves: texts, tables, blames.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoville.bot.opened import Opened
from scoville.errors import ScovilleError
from scoville.evaluate import runs
from scoville.evaluate.blame import Blame, count_stages
from scoville.evaluate.blame_run import blame_run
from scoville.evaluate.compare_runs import compare_runs
from scoville.evaluate.gate import Gate, check_gate
from scoville.evaluate.paired import Comparison
from scoville.evaluate.rightness import ANSWERED, REFUSED
from scoville.evaluate.score_run import score_run
from scoville.evaluate.show_run import summary_facts, summary_rows, summary_text
from scoville.html import fold, pre, table

logger = logging.getLogger("scoville")


class Summary(dict[str, Any]):
    """What a run came to, as data; as a text it is a table."""

    def __init__(self, values: Mapping[str, Any], text: str) -> None:
        super().__init__(values)
        self._text = text

    def __str__(self) -> str:
        """Write the table."""
        return self._text


class Blames(list[Blame]):
    """The stage that lost each wrong answer; as a text how often each stage did, and what to try."""

    def __str__(self) -> str:
        """Count the stages."""
        lines = [f"  {stage.replace('_', ' '):<16} {count:4}  {advice}" for stage, count, advice in count_stages(self)]
        return "\n".join([f"{len(self)} wrong answers", *lines])

    def _repr_html_(self) -> str:
        rows = [(stage.replace("_", " "), str(count), advice) for stage, count, advice in count_stages(self)]
        return table(("where it went wrong", "wrong answers", "what to try"), rows)


@dataclass(frozen=True)
class Run(runs.Run):
    """The folder of one run of a bot."""

    bot: Opened = field(compare=False, repr=False)

    def summary(self) -> Summary:
        """Give the mean of each metric with its interval, the counts, and what only a set of cases has."""
        return Summary(super().summary(), summary_text(runs.Run(self.folder)))

    def blame(self) -> Blames:
        """Say which stage lost each wrong answer, by the bot's index; nothing where another system answered."""
        if not self.scores():
            score_run(self, wrong_costs=self.bot.recipe.evaluate.wrong_costs)
        return Blames(blame_answers(self.bot, self))

    def compare(self, baseline: runs.Run | str, metric: str = "quality") -> Comparison:
        """Compare with an earlier run on the same cases: the difference, its interval and whether it is chance."""
        found = runs.find_run(self.folder.parent, baseline) if isinstance(baseline, str) else baseline
        if not found.scores():
            score_run(found, wrong_costs=self.bot.recipe.evaluate.wrong_costs)
        return compare_runs(found, self, metric)

    def compare_parts(self, baseline: runs.Run | str) -> dict[str, Comparison]:
        """Compare the two parts of ``quality``, what was answered rightly and what was refused rightly, where the cases
        have such.
        """
        asked = {case.answerable for case in self.cases()}
        parts = {ANSWERED.name: True, REFUSED.name: False}
        return {name: self.compare(baseline, name) for name, answerable in parts.items() if answerable in asked}

    def gate(self, baseline: runs.Run | str, metric: str = "quality", max_drop: float = 0.0) -> Gate:
        """Say whether it may take the place of an earlier run: whether the metric really fell by more, or fewer cases
        have a score; and where the cases are too few to tell, how many would do.
        """
        found = runs.find_run(self.folder.parent, baseline) if isinstance(baseline, str) else baseline
        for one in (found, self):
            if not one.scores():
                score_run(one, wrong_costs=self.bot.recipe.evaluate.wrong_costs)
        return check_gate(found, self, metric, max_drop)

    def _repr_html_(self) -> str:
        summary = super().summary()
        head, *rows = summary_rows(summary)
        whole_head, *whole = summary_rows(summary, every=True)
        first = table((f"run {self.id}", *head[1:]), rows)
        return f"<div>{first}{fold('every measure', table(whole_head, whole))}{pre(summary_facts(summary))}</div>"


def blame_answers(bot: Opened, run: runs.Run) -> list[Blame]:
    """Say which stage lost each wrong answer, by the index of the workspace; nothing where another system answered."""
    if run.header.get("kind") != "recipe":
        logger.info("No stage is blamed in %s: what %s searched is not known here.", run.id, run.header.get("system"))
        return []
    try:
        searcher = bot.searcher()
    except ScovilleError as error:
        logger.info("No stage is blamed in %s: %s", run.id, error)
        return []
    return blame_run(run, searcher)
