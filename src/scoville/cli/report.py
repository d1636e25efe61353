"""`scoville report`: runs as one HTML page, and what to blame for the wrong answers."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, say, write, write_json

if TYPE_CHECKING:
    from scoville.bot import Bot
    from scoville.compare.report import Shown
    from scoville.evaluate.blame import Blame
    from scoville.evaluate.runs import Run


@click.command("report")
@click.argument("runs", nargs=-1, metavar="RUN...")
@click.option("--out", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True)
@click.option("--metric", default="quality", show_default=True, help="What cases are ranked by.")
@click.option("--blame", "only_blame", is_flag=True, help="Write no page: say which stage lost each wrong answer.")
@common_options
def command(
    runs: tuple[str, ...], out: Path, metric: str, only_blame: bool, folder: Path | None, flags: tuple[str, ...],
    as_json: bool,
) -> None:  # fmt: skip
    """Write runs (default: the latest) as one HTML page that loads nothing."""
    from scoville.compare.report import report_html
    from scoville.evaluate.blame import count_stages
    from scoville.evaluate.run_cases import same_cases
    from scoville.evaluate.runs import find_run
    from scoville.evaluate.score_run import score_run
    from scoville.storage import storage_errors

    bot = open_bot(folder, flags)
    found = [find_run(bot.workspace.folder / "runs", name) for name in runs or ("latest",)]
    for run in found:
        same_cases(found[0].cases(), run.cases())
        if not run.scores():
            score_run(run)
    blamed = {run.id: blame_answers(bot, run) for run in found}
    if only_blame:
        _write_blame(blamed, as_json)
        return
    shown = [shown_run(run, blamed[run.id]) for run in found]
    with storage_errors(out.parent):
        out.write_text(report_html(shown, metric=metric), encoding="utf-8")
    if as_json:
        counts = {run: {stage: count for stage, count, _ in count_stages(found)} for run, found in blamed.items()}
        write_json({"file": str(out), "runs": [run.id for run in found], "blame": counts})
    else:
        say(f"Wrote {out}: open it in a browser.")


def shown_run(run: "Run", blamed: "list[Blame]") -> "Shown":
    """Give a run as a page shows it."""
    from scoville.compare.report import Shown
    from scoville.evaluate.blame import count_stages
    from scoville.evaluate.metrics import risk_coverage, risks

    header, cases, results, scores = run.header, run.cases(), run.results(), run.scores()
    status = "" if header["status"] == "finished" else f" ({header['status']})"
    curve = risk_coverage(risks(cases, results, {case: list(found.values()) for case, found in scores.items()}))
    return Shown(
        name=f"{header.get('system', 'run')} {run.id[-4:]}{status}", header=header, summary=run.summary(),
        cases=cases, results=results, scores=scores, blame=count_stages(blamed), risk=curve,
    )  # fmt: skip


def blame_answers(bot: "Bot", run: "Run") -> "list[Blame]":
    """Say which stage lost each wrong answer, by the index of the workspace; nothing where another system answered."""
    from scoville.errors import ScovilleError
    from scoville.evaluate.blame_run import blame_run
    from scoville.search import open_searcher

    if run.header.get("kind") != "recipe":
        say(f"No stage is blamed in {run.id}: what {run.header.get('system')} searched is not known here.")
        return []
    try:
        searcher = open_searcher(bot.workspace, bot.recipe)
    except ScovilleError as error:
        say(f"No stage is blamed in {run.id}: {error}")
        return []
    return blame_run(run, searcher)


def _write_blame(blamed: "dict[str, list[Blame]]", as_json: bool) -> None:
    from scoville.evaluate.blame import count_stages

    if as_json:
        write_json({run: [blame._asdict() for blame in found] for run, found in blamed.items()})
        return
    for run, found in blamed.items():
        write(f"{run}: {len(found)} wrong answers")
        for stage, count, advice in count_stages(found):
            write(f"  {stage:<16} {count:4}  {advice}")
