"""The command line: finds the command, runs it, and turns errors into one line and an exit code.

Data goes to stdout, talk to stderr. Exit codes: 0 fine, 1 failed, 2 usage, 130 interrupted. A command's module is
imported when it is used or listed; none imports anything heavy at its top.
"""

import importlib
import os
import sys
from difflib import get_close_matches
from io import TextIOWrapper
from typing import Any

import click

COMMANDS = (
    "init", "add", "sync", "remove", "forget", "inspect", "search", "graph", "ask", "chat", "serve", "studio", "keys",
    "mcp", "cases", "evaluate", "calibrate", "report", "compare", "sweep", "release", "releases", "promote", "rollback",
    "diff", "plan", "train", "export", "judge", "feedback", "metrics", "trace", "monitor", "automate", "cost",
    "lineage", "models", "recipe", "doctor", "backup", "restore", "demo",
)  # fmt: skip


class Commands(click.Group):
    """Loads a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"scoville.cli.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; of a mistyped one say which is near."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
            ctx.fail(f"no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; fine too when the reader of our output went away, as in `scoville search ... | head`."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except BrokenPipeError:  # click would make it exit code 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None


HELP = """From a folder of documents to cited answers: offline, on one machine, without a key.

\b
scoville init            write a recipe
scoville add docs/       read, split, embed and index documents
scoville ask "..."       get an answer with citations, or an honest "I don't know"
"""


@click.group(cls=Commands, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scoville")
def scoville() -> None:
    """Run a command."""


def main() -> None:
    """Run the command line."""
    from scoville.cli.common import plain, say
    from scoville.errors import ScovilleError

    if isinstance(sys.stdout, TextIOWrapper):  # a name that is no UTF-8, or a sign that the terminal lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    try:
        code = scoville.main(standalone_mode=False, color=False if os.environ.get("NO_COLOR") else None)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("scoville: interrupted; what was finished is kept", err=True)
        sys.exit(130)
    except ScovilleError as error:
        say(f"scoville: {plain(str(error), keep=chr(10))}")
        sys.exit(error.exit_code)
    except Exception as error:
        from scoville.faults import machine_fault

        if fault := machine_fault(error):
            click.echo(f"scoville: {fault}", err=True)
            sys.exit(fault.exit_code)
        if not isinstance(error, OSError):
            raise
        say(plain(f"scoville: {error.filename or 'the system'}: {error.strerror or error}"))
        sys.exit(1)
