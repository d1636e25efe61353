"""`scoville inspect`: what a file is read as, and what it is split into. Needs no index."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import (
    common_options,
    open_bot,
    plain,
    say,
    style,
    write,
    write_json,
)
from scoville.cli.inspect_page import Inspected, html_page

if TYPE_CHECKING:
    from scoville.bot import Bot
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
    """Show the elements that FILE is read as, and the passages it is split into, as `add` would."""
    bot = open_bot(folder, flags)
    shown, failures = _inspect(bot, file, page)
    if page_path:
        page_path.write_text(html_page(file, shown, page), encoding="utf-8")
        say(f"Wrote {page_path}")
    if as_json:
        rows = [_json(document) for document in shown]
        write_json({"documents": rows, "failures": [{"path": path, "reason": reason} for path, reason in failures]})
    elif not page_path:
        write("\n".join(line for document in shown for line in _lines(document)))
    for path, reason in failures:
        say(f"{plain(path)} {plain(reason)}")


def _inspect(bot: "Bot", file: Path, page: int | None) -> tuple[list[Inspected], Sequence[tuple[str, str]]]:
    from scoville.embed import open_embedder
    from scoville.errors import ReadFailure, ScovilleError, UsageError
    from scoville.metadata import describe_document
    from scoville.read.reader import read_file
    from scoville.split import split_document

    recipe = bot.recipe
    if recipe.split.summary_model or recipe.metadata.model:
        say("No model is asked here: summaries are extracted, and metadata come from file, text and rules.")
    try:
        reading = read_file(file, source=_source(bot, file), settings=recipe.read)
    except ReadFailure as failure:
        raise ScovilleError(f"{plain(str(file))} {failure}") from None
    bot.fetch_models(llm=False)
    embedder = open_embedder(recipe.embed)
    inspected: list[Inspected] = []
    for read in reading.documents:
        document = describe_document(read, recipe.metadata)
        passages = split_document(document, recipe.split, embedder)
        inspected.append(_on_page(Inspected(document, document.elements, passages), page))
    if page and not any(document.elements for document in inspected):
        pages = max(document.document.pages for document in inspected)
        raise UsageError(f"--page {page}: nothing stands there; {plain(str(file))} has {pages} pages")
    return inspected, reading.failures


def _source(bot: "Bot", file: Path) -> str:
    """Name the file as `add` does: relative to the workspace where it lies below it."""
    place, root = file.absolute(), bot.workspace.root.absolute()
    return (place.relative_to(root) if place.is_relative_to(root) else place).as_posix()


def _on_page(one: Inspected, page: int | None) -> Inspected:
    if page is None:
        return one
    return Inspected(
        one.document,
        [element for element in one.elements if page in _pages(element)],
        [passage for passage in one.passages if page in _pages(passage)],
    )


def _pages(part: "Element | Passage") -> set[int | None]:
    return {region.box.page for region in part.regions} or {part.page}


def _json(one: Inspected) -> dict[str, Any]:
    from scoville.answer.contract import box_json

    text = one.document.text
    return {
        "document": one.document.source,
        "title": one.document.title,
        "media_type": one.document.media_type,
        "pages": one.document.pages,
        "metadata": dict(one.document.metadata),
        "warnings": list(one.document.warnings),
        "elements": [
            {
                "kind": element.kind, "level": element.level, "page": element.page, "anchor": element.anchor,
                "headings": list(element.headings), "start": element.start, "end": element.end,
                "text": text[element.start : element.end],
                "boxes": [box_json(region.box) for region in element.regions],
            }
            for element in one.elements
        ],
        "passages": [
            {
                "number": passage.number, "id": passage.id, "page": passage.page, "anchor": passage.anchor,
                "headings": list(passage.headings), "start": passage.start, "end": passage.end,
                "tokens": passage.tokens, "language": passage.language, "section": passage.section,
                "prefix": passage.prefix, "text": passage.text, "summary": passage.summary,
                "boxes": [box_json(box) for box in passage.boxes()],
            }
            for passage in one.passages
        ],
    }  # fmt: skip


def _lines(one: Inspected) -> list[str]:
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
