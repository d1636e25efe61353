"""`scoville mcp`: the bot as tools of other programs."""

from pathlib import Path

import click

from scoville.cli.common import common_options, groups_option, open_bot


@click.command("mcp")
@groups_option
@common_options
def command(groups: tuple[str, ...], folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Give programs that speak MCP the tools search, ask and open_page.

    It is started by that program, by a command such as `scoville mcp -w my-bot`.
    """
    from scoville.errors import MissingExtra

    try:
        from scoville.serve.tools import Here, build_server
    except ModuleNotFoundError as error:
        raise MissingExtra(f"{error.name} is missing: pip install 'scoville[mcp]'") from None
    bot = open_bot(folder, flags)
    build_server(bot, Here(bot, groups or None)).run()
