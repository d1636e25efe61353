"""`scoville trace`: what happened, when, and for how long."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, style, write, write_json

if TYPE_CHECKING:
    from scoville.track.traces import Branch, StoredSpan

NAMES = 34
LEAST_BAR = 20
MOST_BAR = 60


@click.command("trace")
@click.argument("trace", required=False)
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=20, help="How many to list.")
@common_options
def command(trace: str | None, limit: int, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Show the steps that an answer went through, and their times.

    TRACE is an id, the beginning of one, or `latest`; without it, the newest are listed.
    """
    bot = open_bot(folder, flags)
    if trace is None:
        spans = bot.traces(limit)
        if as_json:
            write_json([_span_json(span) for span in spans])
        elif spans:
            write("\n".join(map(_listed, spans)))
        else:
            say("No trace is stored: `scoville ask` makes one, unless track.traces is false.")
        return
    branches = bot.trace(trace)
    if as_json:
        write_json([{**_span_json(branch.span), "depth": branch.depth} for branch in branches])
        return
    write("\n".join(_waterfall(branches)))


def _span_json(span: "StoredSpan") -> dict[str, Any]:
    return {**asdict(span), "started": span.started / 1e9, "finished": span.finished / 1e9, "seconds": span.seconds}


def _listed(span: "StoredSpan") -> str:
    when = datetime.fromtimestamp(span.started / 1e9)
    what = plain(span.question or span.name)
    mark = style("failed ", fg="red") if span.status == "ERROR" else ""
    refused = style("refused ", fg="yellow") if span.attributes.get("scoville.refused") else ""
    return f"{span.trace_id[:8]}  {when:%Y-%m-%d %H:%M:%S}  {span.seconds:8.3f} s  {mark}{refused}{what:.80}"


def _waterfall(branches: "Sequence[Branch]") -> list[str]:
    """Draw a line for each span: its name, its seconds, and where it stands in the whole."""
    from scoville.track.spans import REASON, WITHHELD
    from scoville.track.traces import bars

    width = min(max(shutil.get_terminal_size((100, 24)).columns - NAMES - 30, LEAST_BAR), MOST_BAR)
    root = branches[0].span
    when = datetime.fromtimestamp(root.started / 1e9)
    lines = [f"trace {root.trace_id}  {when:%Y-%m-%d %H:%M:%S}", *([plain(root.question)] if root.question else [])]
    lines += [f"refused: {plain(str(root.attributes[REASON]))}"] if REASON in root.attributes else []
    lines += [f"the model wrote: {plain(str(root.attributes[WITHHELD]))}"] if WITHHELD in root.attributes else []
    lines.append("")
    for (depth, span), place in zip(branches, bars(branches), strict=True):
        before = int(place.start * width)
        length = min(max(1, round(place.length * width)), width)
        before = max(0, min(before, width - length))
        bar = " " * before + "#" * length
        name = f"{'  ' * depth}{plain(span.name)}"[:NAMES]
        failed = "  failed" if span.status == "ERROR" else ""
        lines.append(f"{name:<{NAMES}} {span.seconds * 1000:10.1f} ms |{bar:<{width}}|{_said(span)}{failed}".rstrip())
    return lines


def _said(span: "StoredSpan") -> str:
    """Say tokens and dollars of a span, and its note."""
    from scoville.bot.records import dollars
    from scoville.track.spans import FEE, HARDWARE, INPUT_TOKENS, NOTE, OUTPUT_TOKENS

    about = span.attributes
    said: list[str] = []
    if about.get(INPUT_TOKENS) or about.get(OUTPUT_TOKENS):
        said.append(f"{about.get(INPUT_TOKENS, 0)} + {about.get(OUTPUT_TOKENS, 0)} tokens")
    said += [
        f"{dollars(about[name])} {what}" for name, what in ((FEE, "fees"), (HARDWARE, "machine")) if about.get(name)
    ]
    said += [plain(str(about[NOTE]))[:60]] if about.get(NOTE) else []
    return f" {', '.join(said)}" if said else ""
