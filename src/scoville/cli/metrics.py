"""`scoville metrics`: how far metrics can be trusted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from scoville.cli.common import json_option, plain, write, write_json


@click.group("metrics")
def command() -> None:
    """Measure the metrics."""


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check_command(file: Path, as_json: bool) -> None:
    """Say how metrics agree with people who judged the answers of FILE.

    FILE is JSONL: {"question", "reference", "contexts", "answer", "human": {"correctness": [1, 0, 1], …}} a line, or a
    task a line with "answers": [{"answer", "human"}, …]. Numbers on any scale, or words like right and wrong.
    """
    from scoville.evaluate.check_metrics import check_metrics

    found = check_metrics(file)
    if as_json:
        write_json(found)
        return
    width = max(map(len, found))
    write(f"{'metric':<{width}}  AUROC  95 % interval    Kendall     n  against")
    for name, row in sorted(found.items(), key=lambda item: -(item[1]["auroc"] or 0)):
        write(f"{name:<{width}}  {_numbers(row)}")


def _numbers(row: Mapping[str, Any]) -> str:
    if row["auroc"] is None:
        return plain(row["reason"])
    interval = "–" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"
    unscored = f" ({row['unscored']} unscored)" if row["unscored"] else ""
    return (
        f"{row['auroc']:.3f}  {interval:<15}  {row['kendall']:+.3f}  {row['n']:>5}  {plain(row['against'])}{unscored}"
    )
