"""`scoville demo`: from documents to a scorecard, with nothing of the user's."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import Session, fetch_models, json_option, open_session, say, style, write, write_json

if TYPE_CHECKING:
    from scoville.demo import DemoCase
    from scoville.types import Answer

NEXT = """\
Now with your own documents:

  mkdir my-bot && cd my-bot
  scoville init                       # writes recipe.yaml
  scoville add PATH/TO/YOUR/DOCUMENTS
  scoville ask "your question"
"""


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("scoville-demo"))
@click.option("--set", "flags", multiple=True, metavar="KEY=VALUE", help="Set a value of the recipe for this run.")
@json_option
def command(folder: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """Write a fictional insurer's documents to FOLDER, add them, ask a dozen questions and score the answers.

    Four of the questions have no answer in the documents: the right reply to them is "I don't know".
    """
    from scoville.answer import Answerer, open_answerer
    from scoville.cli.add import run, summary
    from scoville.demo import demo_cases, write_demo_documents
    from scoville.llm.quote import QuoteLlm

    session = _prepare(folder, flags)
    written = write_demo_documents(folder / "documents")
    say(f"Larkspur Excess Cover is fictional; its {len(written)} documents are in {folder / 'documents'}.")
    fetch_models(session, llm=True)
    say(summary(run(session, (folder / "documents",))))
    answerer = open_answerer(session.workspace, session.recipe)
    rows: list[dict[str, Any]] = []
    for case in demo_cases():
        answer = answerer.ask(case.question)
        rows.append(_score(case, answer))
        if not as_json:
            write(_show(case, answer, rows[-1]))
    quoter = Answerer(answerer.searcher, QuoteLlm(), session.recipe)
    cards = {
        session.recipe.llm.model: _scorecard(rows),
        "quote": _scorecard([_score(case, quoter.ask(case.question)) for case in demo_cases()]),
    }
    if as_json:
        write_json({"folder": str(folder), "cases": rows, "scorecards": cards})
        return
    write(_cards_text(cards))
    write(NEXT)


def _prepare(folder: Path, flags: tuple[str, ...]) -> Session:
    from scoville.cli.init import write_recipe
    from scoville.errors import UsageError
    from scoville.recipe import FILE_NAME

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; expected a folder to write the demo to")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FILE_NAME).exists():
        raise UsageError(f"{folder} holds other things; give a new folder: scoville demo FOLDER")
    if not (folder / FILE_NAME).exists():
        write_recipe(folder)
    return open_session(folder, flags)


def _score(case: "DemoCase", answer: "Answer") -> dict[str, Any]:
    from scoville.answer import answer_json
    from scoville.demo import cites_right, is_right

    return {
        "id": case.id,
        "answerable": case.answerable,
        "expected": list(case.answers),
        "right": is_right(case, answer),
        "cited": cites_right(case, answer),
        **answer_json(answer),
    }


def _show(case: "DemoCase", answer: "Answer", row: dict[str, Any]) -> str:
    from scoville.cli.show import answer_text

    mark = style("right", fg="green") if row["right"] else style("wrong", fg="red")
    expected = " or ".join(case.answers) if case.answerable else '"I don\'t know": the documents do not say'
    question = style(f"? {case.question}", bold=True)
    return f"{question}\n{answer_text(answer)}\n{mark}; expected: {expected}\n"


def _scorecard(rows: list[dict[str, Any]]) -> dict[str, Any]:
    answerable = [row for row in rows if row["answerable"]]
    others = [row for row in rows if not row["answerable"]]
    return {
        "right": sum(row["right"] for row in answerable),
        "answerable": len(answerable),
        "cited": sum(row["cited"] for row in answerable),
        "declined": sum(row["right"] for row in others),
        "unanswerable": len(others),
        "seconds": round(sum(row["seconds"]["total"] for row in rows), 2),
        "cost_usd": round(sum(row["cost_usd"] or 0.0 for row in rows), 6),
    }


def _cards_text(cards: dict[str, dict[str, Any]]) -> str:
    names = list(cards)
    width = max(24, *(len(name) for name in names)) + 2
    rows = {
        "answered rightly": "{right} of {answerable}",
        "cited the right place": "{cited} of {answerable}",
        'said "I don\'t know"': "{declined} of {unanswerable}",
        "seconds in all": "{seconds}",
        "cost": "${cost_usd:.2f}",
    }
    lines = [style(f"{'Scorecard':<24}" + "".join(f"{name:<{width}}" for name in names), bold=True)]
    for label, form in rows.items():
        lines.append(f"  {label:<22}" + "".join(f"{form.format(**cards[name]):<{width}}" for name in names))
    note = "`quote` is no model: it answers with the nearest sentence. A model has to beat it to be worth its cost."
    return "\n".join((*lines, "", note, ""))
