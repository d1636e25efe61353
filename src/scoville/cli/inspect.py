"""`scoville inspect`: what a file is read as, and what it is split into. Needs no index."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, plain, say, style, write, write_json

if TYPE_CHECKING:
    from scoville.bot.inspect_page import Inspected
    from scoville.types import Element, Passage

HEAD_CHARACTERS = 100


@click.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--page", type=click.IntRange(min=1), default=None, help="Show this page only.")
@click.option(
    "--html", "page_path", type=click.Path(path_type=Path), default=None, metavar="OUT",
    help="Draw elements and passages over the pages, into one HTML file.",
)  # fmt: skip
@common_options
def command(
    file: Path, page: int | None, page_path: Path | None, folder: Path | None, flags: tuple[str, ...], as_json: bool
) -> None:
    """Show what FILE is read as, and the passages it is split into.

    It is read as `add` would read it, and nothing is added.
    """
    found = open_bot(folder, flags).inspect(file, page)
    if page_path:
        say(f"Wrote {found.write(page_path)}")
    if as_json:
        write_json(found.json())
    elif not page_path:
        write("\n".join(line for one in found.documents for line in _lines(one)))
    for path, reason in found.failures:
        say(f"{plain(path)} {plain(reason)}")


def _lines(one: "Inspected") -> list[str]:
    document = one.document
    pages = f", {document.pages} pages" if document.pages else ""
    lines = [style(f"{plain(document.source)}: {document.media_type}{pages}", bold=True)]
    lines.append(f"  title: {plain(document.title)}")
    lines += [f"  {plain(key)}: {plain(str(value))}" for key, value in document.metadata.items() if key != "pages"]
    lines += [style(f"  warning: {plain(warning)}", fg="yellow") for warning in document.warnings]
    lines += ["", style(f"{len(one.elements)} elements", bold=True)]
    lines += [_element_line(element, document.text) for element in one.elements]
    tokens = sum(passage.tokens for passage in one.passages)
    lines += ["", style(f"{len(one.passages)} passages, {tokens} tokens", bold=True)]
    lines += [_passage_lines(passage) for passage in one.passages]
    return lines


def _element_line(element: "Element", text: str) -> str:
    level = f" {element.level}" if element.level else ""
    box = element.regions[0].box if element.regions else None
    edges = f" ({box.x0:.0f}, {box.y0:.0f}, {box.x1:.0f}, {box.y1:.0f})" if box else ""
    return (
        f"  {f'{element.kind}{level}':<12} {_place(element):<8}{edges:<22} {_head(text[element.start : element.end])}"
    )


def _passage_lines(passage: "Passage") -> str:
    place = _place(passage)
    facts = ", ".join(filter(None, (f"{passage.tokens} tokens", place, passage.language)))
    lines = [style(f"[{passage.number}] {facts}", bold=True)]
    lines += [style(f"    {plain(line)}", dim=True) for line in passage.prefix.splitlines()]
    lines.append(f"    {_head(passage.text, 3 * HEAD_CHARACTERS)}")
    if passage.summary:
        lines.append(f"    summary: {_head(passage.summary, 3 * HEAD_CHARACTERS)}")
    return "\n".join(lines)


def _place(part: "Element | Passage") -> str:
    return f"page {part.page}" if part.page else plain(part.anchor or "")


def _head(text: str, limit: int = HEAD_CHARACTERS) -> str:
    text = plain(" ".join(text.split()))
    return f"{text[:limit]}..." if len(text) > limit else text
