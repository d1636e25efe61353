"""`scoville monitor`: what became of the questions that people asked."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json
from scoville.storage import write_whole

if TYPE_CHECKING:
    from scoville.monitor import Monitored, Topic

MOST_TOPICS = 10
MOST_DOCUMENTS = 20


@click.command("monitor")
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How far to look back.")
@click.option("--out", type=click.Path(path_type=Path), help="Write it there as an HTML page to share.")
@click.option("--studio", default="", metavar="URL", help="Of the page: the service whose traces it links to.")
@common_options
def command(
    days: int, out: Path | None, studio: str, folder: Path | None, flags: tuple[str, ...], as_json: bool
) -> None:
    """Show what became of the questions that people asked.

    By day and by release; questions that no case is like, and what the documents lack; documents that no answer cites.
    """
    bot = open_bot(folder, flags)
    found = bot.monitor(since=datetime.now() - timedelta(days=days))
    if out:
        from scoville.monitor.page import production_html

        write_whole(out, production_html(found, f"{bot.name}, the last {days} days", studio=studio))
        say(f"Wrote {out}: open it in a browser.")
    elif as_json:
        write_json(found.json())
    elif found.total.asked:
        write("\n".join(_lines(found)))
    else:
        if found.outdated:
            write("\n".join(_outdated(found)))
        say(f"Nothing was asked in the last {days} days; `scoville ask` and the service leave the traces it looks at.")


def _lines(found: "Monitored") -> Iterator[str]:
    from scoville.monitor.shown import HEAD, figures_row, reasons

    table = [HEAD, *(figures_row(one) for one in (*found.days, found.total))]
    if any(one.name for one in found.releases):
        table[-1:-1] = [figures_row(one, one.name or "no release") for one in found.releases]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for name, *cells in table:
        yield "  ".join([f"{name:<{widths[0]}}", *(f"{c:>{w}}" for c, w in zip(cells, widths[1:], strict=True))])
    for one in found.shadows:
        alike = f"{one.agreed / one.asked:.0%} of {one.asked} questions alike"
        yield f"\n{plain(one.release)}, shown to nobody, answered {alike}"
        yield from (f"  {trace[:8]}  {plain(question):.90}" for question, _, trace in one.differs[:MOST_TOPICS])
    if found.total.refused:
        yield f"\nRefused because: {reasons(found.total)}"
    if found.likeness is not None:
        near = f"mean cosine with the nearest {found.likeness:.2f}"
        yield f"\n{found.new:.0%} of the questions are like no case ({near})."
    yield from _outdated(found)
    yield from _topics("Not asked in any case:", found.new_topics)
    yield from _topics("Without an answer, so what the documents lack:", found.lacking)
    if found.disliked:
        yield "\nJudged bad:"
        yield from (f"  {one.trace[:8]}  {plain(one.question):.90}" for one in found.disliked[:MOST_TOPICS])
    if found.never_cited:
        named = ", ".join(map(plain, found.never_cited[:MOST_DOCUMENTS]))
        more = len(found.never_cited) - MOST_DOCUMENTS
        yield f"\nDocuments that no answer cites: {named}{f' and {more} more' if more > 0 else ''}"


def _outdated(found: "Monitored") -> Iterator[str]:
    if found.outdated:
        yield "\nChecked answers that are not given, as the documents no longer say so (mend cases/golden.jsonl):"
        yield from (f"  {plain(one):.90}" for one in found.outdated[:MOST_TOPICS])


def _topics(title: str, topics: "Sequence[Topic]") -> Iterator[str]:
    if topics:
        yield f"\n{title}"
    for one in topics[:MOST_TOPICS]:
        yield f"  {len(one.questions):>4}  {plain(one.name)}: {plain(one.example):.90}"
    if len(topics) > MOST_TOPICS:
        yield f"        and {len(topics) - MOST_TOPICS} more groups (--json lists all)"
