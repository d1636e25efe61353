"""`scoville search`: find passages."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import (
    common_options,
    groups_option,
    open_bot,
    plain,
    read_question,
    say,
    style,
    where_option,
    write,
    write_json,
)  # fmt: skip

if TYPE_CHECKING:
    from scoville.search import Found
    from scoville.types import Hit


@click.command("search")
@click.argument("question", default="-")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=None, help="How many passages.")
@where_option
@groups_option
@click.option(
    "--explain", is_flag=True, help="Show the rank and score of each passage after each step, and how long steps took."
)
@common_options
def command(
    question: str,
    limit: int | None,
    filters: tuple[str, ...],
    groups: tuple[str, ...],
    explain: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find the passages nearest to QUESTION (`-`: from stdin).

    \b
    scoville search "parental leave" --where "year >= 2023" -n 3
    scoville search --explain "parental leave"
    """  # noqa: D301
    from scoville.answer.contract import hit_json

    bot = open_bot(folder, flags)
    found = bot.search(read_question(question), where=filters, groups=groups or None, limit=limit).found
    if as_json:
        hits = [hit_json(hit) for hit in found.hits]
        write_json(_explained_json(found, hits) if explain else hits)
        return
    for number, hit in enumerate(found.hits, start=1):
        write(_show(number, hit, explain) + (_steps_of(found, hit) if explain else ""))
    if explain:
        write(_steps(found))
    for note in found.notes:
        say(note)
    if not found.hits:
        say("Nothing found.")


def _show(number: int, hit: "Hit", explain: bool) -> str:
    passage = hit.passage
    page = f", page {passage.page}" if passage.page else ""
    legs = ", ".join(f"{name} #{leg.rank} {leg.score:.3f}" for name, leg in sorted(hit.legs.items()))
    head = style(f"[{number}] {plain(passage.source)}{page}", bold=True)
    path = f"    {plain(' > '.join(passage.headings))}\n" if passage.headings else ""
    text = plain(" ".join(passage.text.split()))
    ranked = f"  {hit.score:.4f} ({legs})" if explain else ""
    return f"{head}{ranked}\n{path}    {text[:300]}{'...' if len(text) > 300 else ''}\n"


def _steps_of(found: "Found", hit: "Hit") -> str:
    """Say which place a hit had after each step."""
    name = found.origins.get(hit.passage.id, hit.passage.id)
    places = [
        f"{step.name} #{step.ranking[name].rank} {step.ranking[name].score:.4f}" if name in step.ranking
        else f"{step.name} -"
        for step in found.steps
        if step.ranking
    ]  # fmt: skip
    return style(f"    {' > '.join(places)}\n", dim=True)


def _steps(found: "Found") -> str:
    """List the steps with their times."""
    lines = [
        f"{step.name:<10}{step.seconds * 1000:8.1f} ms  {len(step.ranking):4} passages"
        f"{f'  {plain(step.note)}' if step.note else ''}"
        for step in found.steps
    ]
    return "\n".join([*lines, f"{'all':<10}{found.seconds * 1000:8.1f} ms"])


def _explained_json(found: "Found", hits: list[dict[str, Any]]) -> dict[str, Any]:
    """Write the hits with their places after each step, and the steps."""
    for hit, written in zip(found.hits, hits, strict=True):
        name = found.origins.get(hit.passage.id, hit.passage.id)
        written["steps"] = [
            {"step": step.name, "rank": step.ranking[name].rank, "score": step.ranking[name].score}
            for step in found.steps
            if name in step.ranking
        ]
    steps = [
        {"step": step.name, "seconds": round(step.seconds, 6), "passages": len(step.ranking), "note": step.note}
        for step in found.steps
    ]
    return {
        "question": found.question,
        "hits": hits,
        "steps": steps,
        "similarity": found.similarity,
        "seconds": round(found.seconds, 6),
    }
