"""`scoville graph`: what is connected to a name, a code or a term."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, plain, style, write, write_json
from scoville.cli.search import groups_option

if TYPE_CHECKING:
    from scoville.search import Connections


@click.command("graph")
@click.argument("name")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, help="How many connections.")
@click.option("--where", "filters", multiple=True, metavar="FILTER", help="Among which passages, as for `search`.")
@groups_option
@common_options
def command(
    name: str,
    limit: int,
    filters: tuple[str, ...],
    groups: tuple[str, ...],
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what is named together with NAME, and how often.

    NAME is a person, a product, a code or a term of the documents.
    """
    found = open_bot(folder, flags).graph(name, limit=limit, where=filters, groups=groups or None)
    if not as_json:
        write(_show(found))
        return
    documents = [{"document": source, "passages": count} for source, count in found.documents]
    write_json(asdict(found) | {"documents": documents, "edges": [edge._asdict() for edge in found.edges]})


def _show(found: "Connections") -> str:
    lines = [f"{style(plain(found.entity), bold=True)}: in {found.passages} passages of"]
    lines += [f"    {plain(source)} ({count})" for source, count in found.documents]
    lines += (
        ["named together with (passages that name both, passages that name it at all, strength from 0 to 1)"]
        if found.edges
        else []
    )
    for edge in found.edges:
        lines.append(f"    {plain(edge.entity):<40} {edge.together:5} {edge.passages:5} {edge.weight:6.2f}")
    return "\n".join(lines)
