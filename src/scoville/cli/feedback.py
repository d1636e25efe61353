"""`scoville feedback`: what people called wrong, and where it leads."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json

if TYPE_CHECKING:
    from scoville.bot.route import Routed


@click.group("feedback")
def command() -> None:
    """Make something of what people called wrong."""


@command.command("route")
@click.option("--write", "writes", is_flag=True, help="Add the cases to cases/feedback.jsonl.")
@common_options
def route_command(writes: bool, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Say of each wrong answer what loses it, and what would mend it.

    It becomes a case, with its evidence; settings that may mend it are tried, and what they change of the other cases
    is counted. Nothing is applied but, with --write, the cases.
    """
    from scoville.bot.route import routed_lines

    found = open_bot(folder, flags).route_feedback(write=writes)
    if as_json:
        write_json([_json(one) for one in found])
        return
    for one in found:
        write("\n".join([plain(one.question), *(f"  {plain(line)}" for line in routed_lines(one))]))
    if not found:
        say("No answer was called wrong.")


@command.command("accept")
@click.argument("trace")
@common_options
def accept_command(trace: str, folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Answer the question of TRACE from now on as the feedback says.

    That needs a right answer, and a document that says it; when the document changes, the model answers again.
    """
    case = open_bot(folder, flags).accept_feedback(trace)
    if as_json:
        from scoville.cases.files import case_json

        write_json(case_json(case))
    else:
        write(f"{plain(case.question)}\n  {plain(case.expected[0])}")


def _json(one: "Routed") -> dict[str, Any]:
    from scoville.cases.files import case_json

    return {
        "trace": one.trace, "question": one.question, "stage": one.stage, "detail": one.detail,
        "golden": one.is_golden, "case": case_json(one.case) if one.case else None, "advice": one.advice,
        "tried": [
            {"values": dict(tried.values), "right": tried.right, "better": tried.better, "worse": tried.worse,
             "others": tried.others}
            for tried in one.tried
        ],
    }  # fmt: skip
