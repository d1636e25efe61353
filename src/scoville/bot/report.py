"""Runs as one HTML page, with what to blame for the wrong answers. Enters: runs of a bot. Leaves: a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scoville.bot.run import Blames, Run
from scoville.comparison.report import report_html
from scoville.comparison.shown import shown_run
from scoville.evaluate.run_cases import same_cases
from scoville.evaluate.show_run import check_scored
from scoville.storage import write_whole


@dataclass(frozen=True, kw_only=True)
class Report:
    """A page that was written."""

    file: Path
    blamed: Mapping[str, Blames]
    """What lost the wrong answers of each run, by its id."""


def write_report(runs: Sequence[Run], file: Path, metric: str) -> Report:
    """Write runs of the same cases, which are ranked by a metric."""
    for run in runs:
        same_cases(runs[0].cases(), run.cases())
    blamed = {run.id: run.blame() for run in runs}  # which scores what was not yet
    check_scored(runs, metric)
    write_whole(file, report_html([shown_run(run, blamed[run.id]) for run in runs], metric=metric))
    return Report(file=file, blamed=blamed)
