"""`scoville train rows`: what a model is trained on, out of documents, cases and files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import common_options, open_bot, plain, say, style, write, write_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from scoville.train.examples import Example, Text
    from scoville.train.rows.gather import TrainingRows
    from scoville.types import Message

SHOWN_CHARACTERS = 1500


@click.command("rows")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--kinds", default="grounded", show_default=True, metavar="KIND,...",
              help="grounded: asked on the evidence among other passages; closed-book: asked without passages; text: "
              "the documents themselves, for continued pretraining.")  # fmt: skip
@click.option("-n", "--count", type=click.IntRange(1), default=1000, show_default=True,
              help="At most so many questions of each file, or of the documents.")  # fmt: skip
@click.option("--refusals", type=click.FloatRange(0, 1, max_open=True), default=0.25, show_default=True,
              help="The share of grounded rows in which the right reply declines.")  # fmt: skip
@click.option("--dev", type=click.FloatRange(0, 1, max_open=True), default=0.1, show_default=True,
              help="The share that is not trained on; a source is in one part only.")  # fmt: skip
@click.option("--against", type=click.Path(path_type=Path), multiple=True,
              help="Cases that are kept for testing, besides the part test of those in cases/: what shares a question "
              "or evidence with them is refused.")  # fmt: skip
@click.option("--longest", type=click.IntRange(16), default=None, help="Leave out rows of more tokens. Default: what "
              "the model takes.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed, other rows.")
@click.option("--out", type=click.Path(path_type=Path), default=None,
              help="The folder they are written to. Default: .scoville/rows in the workspace.")  # fmt: skip
@click.option("--show", type=click.IntRange(0), default=0, metavar="N", help="Print the first so many of each kind.")
@common_options
def command(
    files: tuple[Path, ...],
    kinds: str,
    count: int,
    refusals: float,
    dev: float,
    against: tuple[Path, ...],
    longest: int | None,
    seed: int,
    out: Path | None,
    show: int,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make training rows of FILES, or of the workspace's documents.

    FILES are cases, SQuAD and its like, OpenAI messages, ShareGPT, Alpaca or texts, known by their content. The prompts
    are the very ones that the bot sends.
    """
    from scoville.train.examples import Example

    bot = open_bot(folder, flags)
    place = out or bot.workspace.folder / "rows"
    rows = bot.training_rows(
        *files, kinds=kinds.split(","), count=count, refusals=refusals, dev=dev, against=against, longest=longest,
        seed=seed, out=place,
    )  # fmt: skip
    if as_json:
        write_json({"folder": str(place), **rows.describe()})
    else:
        shown = _first(rows, show)
        before = shown[0].messages if shown and isinstance(shown[0], Example) else ()
        write("\n\n".join(_shown(row, before if number else ()) for number, row in enumerate(shown)))
    _tell(rows, place)


def _first(rows: "TrainingRows", show: int) -> "list[Example | Text]":
    """Give the first rows of each kind."""
    found: list[Example | Text] = []
    for kind in dict.fromkeys(row.kind for row in rows.train):
        found += [row for row in rows.train if row.kind == kind][:show]
    return [*found, *rows.texts[:show]]


def _shown(row: "Example | Text", before: "Collection[Message]" = ()) -> str:
    """Write a row; turns that stood in a row before, such as the worked examples of a prompt, are only counted."""
    from scoville.train.examples import Text

    if isinstance(row, Text):
        return f"{style(plain(row.id), bold=True)}\n{_brief(row.text)}"
    new = [turn for turn in row.messages[:-1] if turn not in before]
    same = len(row.messages) - 1 - len(new)
    lines = [style(plain(f"{row.id}  {row.kind}  {row.source}"), bold=True)]
    lines += [style(f"({same} turns as above)", dim=True)] if same else []
    return "\n".join(
        [*lines, *(f"{style(f'{turn.role}:', dim=True)} {_brief(turn.content)}" for turn in (*new, row.messages[-1]))]
    )


def _brief(text: str) -> str:
    return plain(f"{text[:SHOWN_CHARACTERS]}…" if len(text) > SHOWN_CHARACTERS else text, keep="\n")


def _tell(rows: "TrainingRows", place: Path) -> None:
    counts = rows.describe()
    kinds = ", ".join(f"{count} {kind.replace('_', '-')}" for kind, count in counts["kinds"].items())
    texts = f"{counts['texts']} texts to train, {counts['dev_texts']} dev" if rows.texts else ""
    examples = f"{counts['train']} rows to train, {counts['dev']} dev ({kinds})" if kinds else ""
    say(f"Wrote {place}: {'; '.join(filter(None, (examples, texts)))}, from {counts['sources']} sources.")
    for reason, count in counts["skipped"].items():
        say(f"  {count} left out: {plain(reason)}")
    if not (rows.dev or rows.dev_texts):
        say("  no dev part: there is one source only, or dev is too small a share")
