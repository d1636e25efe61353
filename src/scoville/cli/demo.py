"""`scoville demo`: from documents to scored answers, with nothing of the user's."""

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import json_option, open_bot, say, style, write, write_json

if TYPE_CHECKING:
    from scoville.demo import DemoCase
    from scoville.types import Answer

NEXT = """\
Left for you in {folder}:
  report.html        the scores, and each answer with the passages that the model was given: open it in a browser
  recipe.yaml        every choice that was made, to change
  .scoville/runs     both runs as files

Three things to try next, after `cd {folder}`:
  {scoville} ask "Which form is used for lost or stolen keys?" --pages pages
  {scoville} search --explain "stolen keys"
  mkdir ../my-bot && cd ../my-bot && {scoville} add PATH/TO/YOUR/DOCUMENTS && {scoville} chat
"""


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("scoville-demo"))
@click.option("--set", "flags", multiple=True, metavar="KEY=VALUE", help="Set a value of the recipe for this run.")
@json_option
def command(folder: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """Show it all on the documents of a fictional insurer.

    They are added, a dozen questions asked, and the answers scored. Everything is left in FOLDER (default:
    scoville-demo). Four of the questions have no answer in the documents: the right reply to them is "I don't know".
    """
    from scoville.demo.run import add_demo, ask_demo, prepare_demo

    prepare_demo(folder)
    bot = open_bot(folder, flags)
    say(f"Larkspur Excess Cover is fictional; its documents are in {folder / 'documents'}.")
    say(add_demo(bot))
    done = ask_demo(bot, None if as_json else lambda case, answer: write(_show(case, answer)))
    if as_json:
        write_json({
            "folder": str(folder), "report": str(folder / done.report.name),
            "runs": {name: run.id for name, run in done.runs.items()},
            "cases": done.answers(bot.recipe.llm.model), "scorecards": done.scorecards(),
        })  # fmt: skip
        return
    write(_cards_text(done.scorecards()))
    program = Path(sys.argv[0]).absolute()
    found = shutil.which("scoville") or not program.name.startswith("scoville")
    write(NEXT.format(folder=folder, scoville="scoville" if found else program))


def _show(case: "DemoCase", answer: "Answer") -> str:
    from scoville.cli.show import answer_text
    from scoville.demo import is_right

    right = is_right(case, answer.text, refused=answer.refused)
    mark = style("right", fg="green") if right else style("wrong", fg="red")
    if not right:
        mark += f": {case.says}" if case.answerable else ': the documents do not say, so "I don\'t know" is right'
    return f"{style(f'? {case.question}', bold=True)}\n{answer_text(answer)}\n{mark}\n"


def _cards_text(cards: dict[str, dict[str, Any]]) -> str:
    names = list(cards)
    width = max(len(name) for name in names) + 2
    rows = {
        "right answers": "{right} of {answerable}",
        "quote from the right place": "{cited} of {answerable}",
        'rightly said "I don\'t know"': "{declined} of {unanswerable}",
        "seconds in all": "{seconds}",
        "cost": "${cost_usd:.2f}",
    }
    lines = [style(f"{'':<30}" + "".join(f"{name:<{width}}" for name in names).rstrip(), bold=True)]
    for label, form in rows.items():
        lines.append(f"  {label:<28}" + "".join(f"{form.format(**cards[name]):<{width}}" for name in names).rstrip())
    note = (
        "`quote` answers with the nearest sentence, word for word. `reader` points at the words that answer, says how\n"
        "likely the documents hold them, and writes no sentences of its own. A model that does is one line in\n"
        "recipe.yaml (llm.model). Strict rules told right from wrong, not a model."
    )
    return "\n".join((*lines, "", note, ""))
