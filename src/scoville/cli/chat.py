"""`scoville chat`: a conversation in the terminal, and the list of those that are stored."""

import sys
from datetime import datetime
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
    write_json,
    write_json_line,
)  # fmt: skip

if TYPE_CHECKING:
    from scoville.bot import Bot
    from scoville.types import Answer

ENDS = ("/quit", "quit", "exit")
HELP = "/new begins a new conversation; /quit, an empty line or Ctrl-D ends. All else that you type is a question."
COMMANDS = {"/help": HELP, "/new": "A new conversation, which is not stored: what was asked before is not looked at."}


@click.command("chat")
@click.option("--conversation", metavar="ID", help="Go on with this conversation, or begin it; its turns are stored.")
@click.option("--list", "listed", is_flag=True, help="List the stored conversations.")
@click.option("--forget", metavar="ID|all", help="Delete a stored conversation, or all, and their traces.")
@where_option
@groups_option
@click.option("--stream", is_flag=True, help="Show the model's text as it comes, before it is checked.")
@withheld_option
@common_options
def command(
    conversation: str | None,
    listed: bool,
    forget: str | None,
    filters: tuple[str, ...],
    groups: tuple[str, ...],
    stream: bool,
    show_withheld: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Ask one question after another.

    Each may lean on the ones before; what was searched in its place is shown. Only with --conversation is anything
    stored, without personal data (`memory` in the recipe says what, and for how long). `/new` begins anew, `/help`
    lists such commands, `/quit` or Ctrl-D ends it. Questions may be piped in, one a line.
    """
    from scoville.answer import answer_json
    from scoville.errors import ProviderError, UsageError

    if sum((conversation is not None, listed, forget is not None)) > 1:
        raise UsageError("expected one of --conversation, --list and --forget")
    bot = open_bot(folder, flags)
    if forget is not None:
        say(f"{_turns(bot.conversations().forget(forget))} deleted.")
        return
    if listed:
        _list(bot, as_json)
        return
    bot.check(filters)
    talk = bot.conversation(conversation)  # its model loads while the first question is typed
    if conversation is not None and (known := len(talk.turns)):
        say(f"{_turns(known)} before; the last question was: {plain(talk.turns[-1].question)}")
    while (question := _next_question()) and question.lower() not in ENDS:
        if question.startswith("/"):
            say(COMMANDS.get(question, f"{plain(question)} is no command. {HELP}"))
            talk = bot.conversation() if question == "/new" else talk
            continue
        try:
            answer = talk.ask(question, where=filters, groups=groups or None, on_text=streamer(stream))
        except (UsageError, ProviderError) as error:  # the conversation goes on
            say(f"scoville: {plain(str(error))}")
            continue
        if stream:
            say("")
        if as_json:
            write_json_line(answer_json(answer, show_withheld=show_withheld))
        else:
            _show(answer, show_withheld)


def _show(answer: "Answer", show_withheld: bool) -> None:
    from scoville.cli.show import answer_text, usage_text

    if answer.searched not in ("", answer.question):
        say(style(f"searched: {plain(answer.searched)}", dim=True))
    write(answer_text(answer, show_withheld=show_withheld))
    say(style(usage_text(answer), dim=True))


def _list(bot: "Bot", as_json: bool) -> None:
    stored = bot.conversations().all()
    if as_json:
        write_json([one._asdict() for one in stored])
    elif not stored:
        say("No conversation is stored: `scoville chat --conversation ID` begins one.")
    for one in () if as_json else stored:
        when = datetime.fromtimestamp(one.last_time)
        write(f"{one.id}  {when:%Y-%m-%d %H:%M}  {_turns(one.turns):>9}  {plain(one.first_question):.80}")


def _turns(count: int) -> str:
    return f"{count} turn{'s' * (count != 1)}"


def _next_question() -> str:
    if sys.stdin.isatty():
        say("")
        click.echo(style("? ", bold=True), err=True, nl=False)
    line = sys.stdin.readline()
    while line and not line.strip() and not sys.stdin.isatty():
        line = sys.stdin.readline()
    return line.strip()
