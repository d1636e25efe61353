"""`scoville chat`: a conversation in the terminal."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.ask import streamer
from scoville.cli.common import (
    common_options,
    groups_option,
    open_bot,
    plain,
    say,
    style,
    where_option,
    withheld_option,
    write,
    write_json_line,
)  # fmt: skip

if TYPE_CHECKING:
    from scoville.types import Answer

HELP = "/new forgets what was asked before; /quit, an empty line or Ctrl-D ends. All else that you type is a question."
COMMANDS = {"/help": HELP, "/new": "A new conversation: what was asked before is forgotten."}
TURNS = 3  # earlier turns that the model sees


@click.command("chat")
@where_option
@groups_option
@click.option("--stream", is_flag=True, help="Show the model's text as it comes, before it is checked.")
@withheld_option
@common_options
def command(
    filters: tuple[str, ...],
    groups: tuple[str, ...],
    stream: bool,
    show_withheld: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Ask one question after another.

    Each may lean on the ones before. `/new` forgets what was asked before, `/help` lists such commands, `/quit` or
    Ctrl-D ends it. Questions may be piped in, one a line.
    """
    from scoville.answer import answer_json
    from scoville.cli.show import answer_text, usage_text
    from scoville.errors import ProviderError, UsageError

    bot = open_bot(folder, flags)
    bot.check(filters)
    bot.answerer()  # loads while the first question is typed
    past: list[Answer] = []
    while (question := _next_question()) and question != "/quit":
        if question.startswith("/"):
            say(COMMANDS.get(question, f"{plain(question)} is no command. {HELP}"))
            past = [] if question == "/new" else past
            continue
        try:
            answer = bot.ask(
                question, history=past[-TURNS:], where=filters, groups=groups or None, on_text=streamer(stream)
            )
        except (UsageError, ProviderError) as error:  # the conversation goes on
            say(f"scoville: {plain(str(error))}")
            continue
        if stream:
            say("")
        past += [] if answer.refused else [answer]
        if as_json:
            write_json_line(answer_json(answer, show_withheld=show_withheld))
            continue
        write(answer_text(answer, show_withheld=show_withheld))
        say(style(usage_text(answer), dim=True))


def _next_question() -> str:
    if sys.stdin.isatty():
        say("")
        click.echo(style("? ", bold=True), err=True, nl=False)
    line = sys.stdin.readline()
    while line and not line.strip() and not sys.stdin.isatty():
        line = sys.stdin.readline()
    return line.strip()
