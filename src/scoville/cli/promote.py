"""`scoville promote`: a release is served."""

from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json


@click.command("promote")
@click.argument("name")
@click.option("--alias", default="production", show_default=True, help="The name that it is served under.")
@click.option("--canary", type=click.FloatRange(0, 100, min_open=True, max_open=True), metavar="PERCENT",
              help="Only this share of the questions; a conversation stays where it began.")  # fmt: skip
@click.option("--shadow", is_flag=True, help="Ask it as well, and show nobody what it says.")
@click.option("--metric", default="quality", show_default=True, help="What must not fall.")
@click.option("--max-drop", type=click.FloatRange(0), default=0.0, show_default=True, help="The fall that is allowed.")
@click.option("--force", metavar="REASON", default="", help="Serve it whatever the gate says; the log keeps REASON.")
@common_options
def command(
    name: str, alias: str, canary: float | None, shadow: bool, metric: str, max_drop: float, force: str,
    folder: Path | None, flags: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Serve release NAME under an alias.

    An alias is a model's name of `scoville serve`.

    It must have been measured as it is, and may not have done worse than what is served now, on the same cases: else
    nothing is switched, exit code 1. A service follows within a second, without losing a request.

    \b
    scoville promote 2026-05 --canary 10
    scoville promote 2026-05
    scoville rollback
    """  # noqa: D301
    from scoville.errors import UsageError

    if canary is not None and shadow:
        raise UsageError("got --canary and --shadow: expected one of them")
    served = open_bot(folder, flags).promote(
        name, alias, canary=canary, shadow=shadow, metric=metric, max_drop=max_drop, force=force
    )
    if as_json:
        write_json(served.json())
        return
    write(served_text(served))
    for reason in served.standing.gate.reasons if served.standing else ():
        say(plain(reason))


def served_text(served: object) -> str:
    """Say what an alias stands for."""
    from scoville.release import Served

    assert isinstance(served, Served)
    target = served.target
    also = [f"{target.percent:g} % by {target.canary}"] * bool(target.canary)
    also += [f"{target.shadow} in its shadow"] * bool(target.shadow)
    return plain(f"{served.alias}: {', '.join([target.release, *also])}")
