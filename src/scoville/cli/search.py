"""`scoville search`: find passages."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import (
    check_session,
    common_options,
    fetch_models,
    open_session,
    plain,
    read_question,
    say,
    style,
    write,
    write_json,
)  # fmt: skip

if TYPE_CHECKING:
    from scoville.types import Hit


@click.command("search")
@click.argument("question", default="-")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=None, help="How many passages.")
@click.option("--where", "filters", multiple=True, metavar="FILTER", help='E.g. "document = hr/* and page >= 3".')
@common_options
def command(
    question: str,
    limit: int | None,
    filters: tuple[str, ...],
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find passages for QUESTION (`-`: from stdin), with the rank and score that each leg gave them."""
    from scoville.answer.contract import hit_json
    from scoville.search import open_searcher

    session = open_session(folder, flags)
    check_session(session, filters)
    text = read_question(question)
    fetch_models(session, llm=False)
    found = open_searcher(session.workspace, session.recipe).search(text, where=filters, limit=limit)
    if as_json:
        write_json([hit_json(hit) for hit in found.hits])
        return
    for number, hit in enumerate(found.hits, start=1):
        write(_show(number, hit))
    if not found.hits:
        say("Nothing found.")


def _show(number: int, hit: "Hit") -> str:
    passage = hit.passage
    page = f", page {passage.page}" if passage.page else ""
    legs = ", ".join(f"{name} #{leg.rank} {leg.score:.3f}" for name, leg in sorted(hit.legs.items()))
    head = style(f"[{number}] {plain(passage.source)}{page}", bold=True)
    path = f"    {' > '.join(passage.headings)}\n" if passage.headings else ""
    text = " ".join(passage.text.split())
    return f"{head}  {hit.score:.4f} ({legs})\n{path}    {text[:300]}{'...' if len(text) > 300 else ''}\n"
