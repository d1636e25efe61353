"""`scoville ask`: one question, or a batch of them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import (
    common_options,
    groups_option,
    open_bot,
    plain,
    progress_bar,
    read_question,
    read_stdin,
    say,
    style,
    where_option,
    withheld_option,
    write,
    write_json,
    write_json_line,
)  # fmt: skip

if TYPE_CHECKING:
    from scoville.answer.show_prompt import ShownPart
    from scoville.answer.structured import Schema
    from scoville.bot import Bot
    from scoville.types import Answer


@click.command("ask")
@click.argument("question", required=False)
@click.option(
    "--batch", type=click.Path(path_type=Path, allow_dash=True), help='JSONL of {"id", "question"} lines; `-`: stdin.'
)
@where_option
@groups_option
@click.option("--stream", is_flag=True, help="Show the model's text on stderr as it comes, before it is checked.")
@click.option(
    "--pages", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Write each cited page there as a picture with the words boxed.",
)  # fmt: skip
@click.option(
    "--schema", metavar="NAME|FILE", help="Answer with JSON: citations, fields, or a file with a JSON schema."
)
@click.option(
    "--field", "labels", multiple=True, metavar="LABEL",
    help='Answer with JSON of what a form says beside this label, e.g. "Policy number"; may be given several times.',
)  # fmt: skip
@click.option("--show-prompt", is_flag=True, help="Show what the model would see, with its tokens, and do not ask it.")
@withheld_option
@click.option("--yes", is_flag=True, help="Go on with a batch beyond cost.limit_usd.")
@common_options
def command(
    question: str | None,
    batch: Path | None,
    filters: tuple[str, ...],
    groups: tuple[str, ...],
    stream: bool,
    pages: Path | None,
    schema: str | None,
    labels: tuple[str, ...],
    show_prompt: bool,
    show_withheld: bool,
    yes: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Answer QUESTION from the documents, with citations.

    Where they hold no answer it is "I don't know", with the reason. `-` takes the question from stdin.

    \b
    scoville ask "How long is parental leave?"
    scoville ask "How long is parental leave?" --set llm.model=ollama:NAME
    scoville ask --field "Policy number" --field "Total paid" --where 'document = "*schedule.pdf"'
    scoville ask "Who may approve leave?" --schema citations --set llm.model=ollama:NAME
    scoville ask --batch questions.jsonl > answers.jsonl
    """  # noqa: D301
    from scoville.answer import answer_json
    from scoville.cli.show import answer_text, usage_text
    from scoville.errors import UsageError

    if batch and question:
        raise UsageError(f"got the question {question!r} and --batch {batch}: expected one of them")
    if batch and show_prompt:
        raise UsageError("got --batch and --show-prompt: expected one question to show the prompt of")
    if schema and labels:
        raise UsageError(f"got --schema {schema} and --field: expected one of them")
    bot = open_bot(folder, flags)
    bot.check(filters)
    form = labels or schema or None
    if batch:
        _answer_all(bot, list(_batch(batch)), filters, groups, form, no_limit=yes, show_withheld=show_withheld)
        return
    asked = "" if question is None and (form or bot.recipe.answer.json_schema) else read_question(question or "-")
    if show_prompt:
        _show_prompt(bot.show_prompt(asked, where=filters, groups=groups or None, schema=form), as_json)
        return
    answer = bot.ask(asked, where=filters, groups=groups or None, on_text=streamer(stream), schema=form)
    if stream:
        say("\n")
    if as_json:
        write_json(answer_json(answer, show_withheld=show_withheld))
    else:
        write(answer_text(answer, show_withheld=show_withheld))
        say(style(usage_text(answer), dim=True))
    if pages:
        _draw_pages(answer, pages)


def _show_prompt(parts: "list[ShownPart]", as_json: bool) -> None:
    """Write each part below its name and its tokens."""
    if as_json:
        write_json({"parts": [part._asdict() for part in parts], "tokens": sum(part.tokens for part in parts)})
        return
    for part in parts:
        place = f"{part.step}: " if part.step else ""
        write(style(f"{place}{part.name} ({part.role}, {part.tokens} tokens)", bold=True))
        write(plain(part.text, keep="\n\t") + "\n")
    say(style(f"{sum(part.tokens for part in parts)} tokens", dim=True))


def _draw_pages(answer: "Answer", folder: Path) -> None:
    """Write the page of each citation as a picture; where there is none, say why."""
    from scoville.errors import UsageError
    from scoville.storage import storage_errors

    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for number, citation in enumerate(answer.citations, start=1):
            file = folder / f"{number}.png"
            try:
                citation.image().save(file)
                say(f"  [{citation.marker}] {file}")
            except UsageError as error:
                say(f"  [{citation.marker}] {error}")


def streamer(wanted: bool) -> Callable[[str], None] | None:
    """Give a function that shows text on stderr at once, dimmed since it is not checked yet."""
    return (lambda text: click.echo(style(plain(text, keep="\n\t"), dim=True), err=True, nl=False)) if wanted else None


def _batch(path: Path) -> Iterator[dict[str, Any]]:
    from scoville.errors import UsageError

    if str(path) != "-" and not path.is_file():
        raise UsageError(f"--batch {path}: no such file")
    content = read_stdin("the lines") if str(path) == "-" else path.read_bytes()
    lines = content.decode("utf-8-sig", "replace").split("\n")  # JSON may hold the other line ends that Python knows
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("question"), str):
            raise UsageError(f'--batch {path}, line {number}: {line[:80]!r}; expected {{"id": ..., "question": "..."}}')
        yield {"id": row.get("id", number), "question": row["question"]}


def _answer_all(
    bot: "Bot",
    rows: list[dict[str, Any]],
    filters: tuple[str, ...],
    groups: tuple[str, ...],
    form: "Schema | None",
    *,
    no_limit: bool,
    show_withheld: bool,
) -> None:
    """Write a line for each question, in their order; one that fails has its error."""
    from scoville.answer import answer_json
    from scoville.types import Answer

    questions = [row["question"] for row in rows]
    answers = bot.batch(
        questions, where=filters, groups=groups or None, no_limit=no_limit, return_exceptions=True, schema=form
    )
    failed = 0
    with progress_bar("questions") as progress:
        for done, (row, answer) in enumerate(zip(rows, answers, strict=True), start=1):
            if isinstance(answer, Answer):
                write_json_line({"id": row["id"], **answer_json(answer, show_withheld=show_withheld)})
            else:
                write_json_line({**row, "error": str(answer)})
                failed += 1
            progress(row["question"], done, len(rows))
    if failed:
        say(f"{failed} of {len(rows)} questions failed; see their lines")
        raise SystemExit(1)
