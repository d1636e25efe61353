"""`scoville serve`: the bot over HTTP."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from scoville.cli.common import common_options, open_bot, say, write_json_line


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Another one needs a key: `scoville keys add`.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--url", default="", help="The address that callers know it by, as behind a proxy; links begin with it.")
@click.option("--queue", type=click.IntRange(0), default=64, show_default=True, help="How many may wait; then 429.")
@click.option("--timeout", type=click.FloatRange(1), default=120, show_default=True, help="Seconds of a question.")
@common_options
def command(
    host: str,
    port: int,
    url: str,
    queue: int,
    timeout: float,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Answer over HTTP: on a page, by OpenAI's API, and by our own.

    \b
    scoville serve --port 8000
    curl localhost:8000/api/ask -H 'Content-Type: application/json' -d '{"question": "How long is parental leave?"}'
    """  # noqa: D301
    serve(host, port, url, folder, flags, as_json, limits={"queue": queue, "timeout_seconds": timeout})


def serve(
    host: str,
    port: int,
    url: str,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
    opens: Callable[[str], object] | None = None,
    limits: Mapping[str, Any] | None = None,
) -> None:
    """Serve a workspace until it is told to end; ``opens`` gets its address, ``limits`` are those of a service."""
    from scoville.errors import MissingExtra, UsageError

    try:
        from scoville.recipe.serve import LOOPBACK
        from scoville.serve.app import build_app
        from scoville.serve.run import listen, run
        from scoville.serve.service import Limits, service_in
    except ModuleNotFoundError as error:
        raise MissingExtra(f"{error.name} is missing: pip install 'scoville[serve]'") from None
    bot = open_bot(folder, flags)
    app = build_app({bot.name: bot}, Limits(**limits or {}), url=url)
    keyed = service_in(app).knows_callers
    if host not in LOOPBACK and not keyed:
        raise UsageError(f"--host {host}: others could read everything; make a key first: scoville keys add NAME")
    listening = listen(host, port)
    address = url or f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    if as_json:
        write_json_line({"url": address, "model": bot.name, "keys": keyed})
    who = "those whom it knows" if keyed else "this machine only: there are no keys"
    say(f"Serving {bot.name!r} at {address} to {who}. For OpenAI's clients: {address}/v1. Ctrl-C ends it.")
    if opens:
        opens(address)
    run(app, listening)
