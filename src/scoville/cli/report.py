"""`scoville report`: runs as one HTML page, and what to blame for the wrong answers."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, say, write, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoville.bot.run import Blames


@click.command("report")
@click.argument("runs", nargs=-1, metavar="RUN...")
@click.option("--out", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True)
@click.option("--metric", default="quality", show_default=True, help="What the worst cases are the worst in.")  # fmt: skip  # noqa: E501
@click.option(
    "--blame",
    "only_blame",
    is_flag=True,
    help="Write no page: say where each wrong answer went wrong, and what to try.",
)
@common_options
def command(
    runs: tuple[str, ...], out: Path, metric: str, only_blame: bool, folder: Path | None, flags: tuple[str, ...],
    as_json: bool,
) -> None:  # fmt: skip
    """Write runs as one HTML page, or say what went wrong in them.

    RUN is the id of a run, its beginning, its end, its name, or `latest`, which is the default.
    """
    from scoville.evaluate.blame import count_stages

    bot = open_bot(folder, flags)
    found = [bot.run(name) for name in runs or ("latest",)]
    if only_blame:
        _write_blame({run.id: run.blame() for run in found}, as_json)
        return
    report = bot.report(*found, out=out, metric=metric)
    if as_json:
        counts = {
            run: {stage: count for stage, count, _ in count_stages(found)} for run, found in report.blamed.items()
        }
        write_json({"file": str(report.file), "runs": [run.id for run in found], "blame": counts})
    else:
        say(f"Wrote {report.file}: open it in a browser.")


def _write_blame(blamed: "Mapping[str, Blames]", as_json: bool) -> None:
    if as_json:
        write_json({run: [blame._asdict() for blame in found] for run, found in blamed.items()})
        return
    for run, found in blamed.items():
        write(f"{run}: {found}")
