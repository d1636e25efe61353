"""The command line: finds the command, runs it, and turns errors into one line and an exit code.

Data goes to stdout, talk to stderr. Exit codes: 0 fine, 1 failed, 2 usage, 130 interrupted. A command's module is
imported when it is used or listed; none imports anything heavy at its top.
"""

import importlib
import os
import sys

import click

COMMANDS = ("init", "add", "search", "ask", "chat", "models", "recipe", "doctor", "demo")


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
    from scoville.errors import ScovilleError

    try:
        code = scoville.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("scoville: interrupted; what was finished is kept", err=True)
        sys.exit(130)
    except ScovilleError as error:
        click.echo(f"scoville: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as in `scoville search ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        click.echo(f"scoville: {error.filename or 'the system'}: {error.strerror or error}", err=True)
        sys.exit(1)
