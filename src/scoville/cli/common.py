"""What the commands share: their common options, the bot they open, and how they talk.

Knows nothing of what a command does.
"""

import json
import logging
import re
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from scoville.bot import Bot

CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
"""What moves the cursor, fakes a line, turns the direction of writing round or is not seen."""
JSON_LINE_ENDS = re.compile(r"[\x7f-\x9f\u2028\u2029]")
"""JSON leaves them, but many readers of lines and terminals do not."""
P = ParamSpec("P")
R = TypeVar("R")


def common_options(function: Callable[P, R]) -> Callable[P, R]:
    """Add ``--workspace``, ``--set`` and ``--json``."""
    options = (
        click.option(
            "-w", "--workspace", "folder", type=click.Path(path_type=Path), default=None,
            help="Folder of the recipe. Default: the nearest one at or above this folder.",
        ),
        click.option(
            "--set", "flags", multiple=True, metavar="KEY=VALUE",
            help="Set a value of the recipe for this run, e.g. llm.temperature=0.2.",
        ),
        json_option,
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")
where_option = click.option(
    "--where", "filters", multiple=True, metavar="FILTER",
    help='E.g. "year >= 2023 and department in (HR, Legal)".',
)  # fmt: skip
groups_option = click.option(
    "--as", "groups", multiple=True, metavar="GROUP",
    help="Find only what everyone or this group may read; may be given several times. Default: everything.",
)  # fmt: skip
withheld_option = click.option(
    "--show-withheld", is_flag=True, help="Where no passage supports what the model wrote: show it."
)


def open_bot(folder: Path | None, flags: tuple[str, ...]) -> "Bot":
    """Find the workspace and load its recipe; the bot is closed when the command ends."""
    from scoville.bot import Bot
    from scoville.errors import UsageError
    from scoville.index import Workspace
    from scoville.index.bucket import shared_of
    from scoville.recipe.file import load_recipe

    _announce_preparations()
    if folder is not None and not folder.is_dir():
        wrong = "is a file" if folder.exists() else "does not exist"
        raise UsageError(f"--workspace {folder}: {wrong}; expected the folder of a recipe (`scoville init FOLDER`)")
    workspace = Workspace(folder) if folder else Workspace.find(Path.cwd())
    loaded = load_recipe(workspace.recipe_path, flags=flags)
    workspace.shared = shared_of(loaded.recipe.index.url)
    bot = Bot(workspace, loaded, bars=progress_bar)
    if context := click.get_current_context(silent=True):
        context.call_on_close(bot.close)
    return bot


def write(text: str) -> None:
    """Write data to stdout; on a terminal long lines break between words."""
    click.echo(_wrapped(text, sys.stdout.isatty()))


def write_json(value: Any) -> None:
    """Write data to stdout as one JSON value."""
    click.echo(_dump(value, indent=2 if sys.stdout.isatty() else None))


def write_json_line(value: Any) -> None:
    """Write data to stdout as JSON on one line, at once."""
    click.echo(_dump(value, indent=None))


def say(text: str) -> None:
    """Talk on stderr."""
    click.echo(_wrapped(text, sys.stderr.isatty()), err=True)


def _wrapped(text: str, on_terminal: bool) -> str:
    """Break long lines between words, as wide as COLUMNS or the terminal says; in pipes lines stay whole."""
    if not on_terminal:
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(_wrap_line(line, width) for line in text.split("\n"))


def _wrap_line(line: str, width: int) -> str:
    indent = " " * min(len(line) - len(line.lstrip()) + 2, width // 3)
    lines, used = [""], 0
    for word in re.findall(r"\s*\S+", line):
        length = len(click.unstyle(word))
        if used and used + length > width:
            word = indent + word.lstrip()
            length = len(click.unstyle(word))
            lines.append("")
            used = 0
        lines[-1] += word
        used += length
    return "\n".join(lines)


def style(text: str, **styles: Any) -> str:
    """Colour a text for a terminal; click takes the colours out again where there is none."""
    return click.style(text, **styles)


def plain(text: str, *, keep: str = "") -> str:
    """Write control characters and signs of direction, which could fake what a line says, as escapes."""
    return CONTROLS.sub(lambda found: found[0] if found[0] in keep else repr(found[0])[1:-1], text)


def read_stdin(what: str) -> bytes:
    """Read all of stdin, after saying on a terminal ``what`` is expected."""
    if sys.stdin.isatty():
        say(f"Type {what}, then Ctrl-D:")
    return sys.stdin.buffer.read()


def read_question(question: str) -> str:
    """Give the question, from stdin where it is ``-``; UsageError when it is empty or huge."""
    from scoville.search import check_question

    return check_question(read_stdin("the question").decode("utf-8", "replace") if question == "-" else question)


@contextmanager
def progress_bar(unit: str) -> Generator[Callable[[str, int, int | None], None]]:
    """Draw progress on stderr where that is a terminal; give a function (what, done, total)."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:.50}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, total: progress.update(task, description=plain(what), completed=done, total=total)


def _dump(value: Any, indent: int | None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return JSON_LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Talk(logging.Handler):
    """Says what the library announces, such as a fallback or a one-time preparation."""

    def emit(self, record: logging.LogRecord) -> None:
        say(plain(self.format(record), keep="\n"))


def _announce_preparations() -> None:
    """Show what the library announces on stderr."""
    logger = logging.getLogger("scoville")
    if not logger.handlers:
        logger.addHandler(_Talk())
        logger.setLevel(logging.INFO)
