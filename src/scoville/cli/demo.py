"""`scoville demo`: from documents to scored answers, with nothing of the user's."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.common import (
    json_option,
    open_bot,
    say,
    style,
    write,
    write_json,
)  # fmt: skip

if TYPE_CHECKING:
    from scoville.answer import Answerer
    from scoville.bot import Bot
    from scoville.demo import DemoCase
    from scoville.evaluate.runs import Run
    from scoville.types import Answer, Case

CASES_FILE = "demo.jsonl"
NEXT = """\
Left for you in {folder}:
  report.html        the scores, and each answer with the passages that the model was given: open it in a browser
  recipe.yaml        every choice that was made, to change
  .scoville/runs     both runs as files

Three things to try next, after `cd {folder}`:
  scoville ask "Which form is used for lost or stolen keys?"
  scoville search --explain "stolen keys"
  mkdir my-bot && cd my-bot && scoville init && scoville add PATH/TO/YOUR/DOCUMENTS && scoville chat
"""


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("scoville-demo"))
@click.option("--set", "flags", multiple=True, metavar="KEY=VALUE", help="Set a value of the recipe for this run.")
@json_option
def command(folder: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """Show it all on a fictional insurer's documents: add them, ask a dozen questions, score the answers.

    Everything is left in FOLDER (default: scoville-demo). Four of the questions have no answer in the documents: the
    right reply to them is "I don't know".
    """
    from scoville.answer import Answerer
    from scoville.cases.files import write_cases
    from scoville.demo import demo_cases, write_demo_documents
    from scoville.llm.quote import QuoteLlm
    from scoville.recipe.file import with_values

    bot = _prepare(folder, flags)
    written = write_demo_documents(folder / "documents")
    cases = demo_cases()
    write_cases(folder / "cases" / CASES_FILE, [case.case for case in cases])
    say(f"Larkspur Excess Cover is fictional; its {len(written)} documents are in {folder / 'documents'}.")
    bot.fetch_models(llm=True)
    say(str(bot.add(folder / "documents")))
    answerer = bot.answerer()
    quoter = Answerer(answerer.searcher, QuoteLlm(), with_values(bot.recipe, {"llm.model": "quote"}))
    runs = {
        bot.recipe.llm.model: _ask_all(bot, answerer, cases, show=not as_json),
        "quote": _ask_all(bot, quoter, cases, show=False),
    }
    cards = {name: _scorecard(cases, run) for name, run in runs.items()}
    report = _write_report(bot, list(runs.values()))
    if as_json:
        first = runs[bot.recipe.llm.model]
        write_json({
            "folder": str(folder), "report": str(report), "runs": {name: run.id for name, run in runs.items()},
            "cases": [_case_json(case, first) for case in cases], "scorecards": cards,
        })  # fmt: skip
        return
    write(_cards_text(cards))
    write(NEXT.format(folder=folder))


def _prepare(folder: Path, flags: tuple[str, ...]) -> "Bot":
    from scoville.cli.init import write_recipe
    from scoville.errors import UsageError
    from scoville.recipe import FILE_NAME

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; expected a folder to write the demo to")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FILE_NAME).exists():
        raise UsageError(f"{folder} holds other things; give a new folder: scoville demo FOLDER")
    if not (folder / FILE_NAME).exists():
        write_recipe(folder)
    return open_bot(folder, flags)


def _ask_all(bot: "Bot", answerer: "Answerer", cases: "Sequence[DemoCase]", *, show: bool) -> "Run":
    """Ask every question in a run that is kept, as `scoville evaluate` does, and score it by the rules of the demo."""
    from scoville.demo import score_demo
    from scoville.evaluate.run_cases import run_cases
    from scoville.evaluate.runs import create_run
    from scoville.evaluate.score_run import score_run
    from scoville.evaluate.system import RecipeSystem

    by_id = {case.id: case for case in cases}
    system = RecipeSystem(answerer, answerer.recipe.llm.model)
    asked = [case.case for case in cases]
    header = {"system": system.name, "cases_file": CASES_FILE, "seed": answerer.recipe.llm.seed, **system.describe()}
    run = create_run(bot.workspace.folder / "runs", asked, header)
    tracker = bot.tracker(run.id)

    def answered(case: "Case", answer: "Answer") -> str:
        if show:
            write(_show(by_id[case.id], answer))
        return tracker.answered(answer, answerer.searcher.embedder.name, case_id=case.id)

    run_cases(system, asked, run, on_answer=answered)
    score_run(run, more={"demo": lambda case, result: score_demo(by_id[case.id], result)})
    return run


def _write_report(bot: "Bot", runs: "list[Run]") -> Path:
    from scoville.bot.run import blame_answers
    from scoville.comparison.report import report_html, shown_run

    path = bot.workspace.root / "report.html"
    shown = [shown_run(run, blame_answers(bot, run)) for run in runs]
    path.write_text(report_html(shown, metric="quality"), encoding="utf-8")
    return path


def _show(case: "DemoCase", answer: "Answer") -> str:
    from scoville.cli.show import answer_text
    from scoville.demo import is_right

    right = is_right(case, answer.text, refused=answer.refused)
    mark = style("right", fg="green") if right else style("wrong", fg="red")
    if not right:
        mark += f": {case.says}" if case.answerable else ': the documents do not say, so "I don\'t know" is right'
    return f"{style(f'? {case.question}', bold=True)}\n{answer_text(answer)}\n{mark}\n"


def _case_json(case: "DemoCase", run: "Run") -> dict[str, Any]:
    from scoville.demo import cites_right, is_right

    result, saved = run.results()[case.id], run.saved()[case.id]
    return {
        "id": case.id,
        "answerable": case.answerable,
        "expected": list(case.answers),
        "right": is_right(case, result.text, refused=result.refused),
        "cited": cites_right(case, result),
        **{key: value for key, value in saved.items() if key not in ("case", "trace")},
    }


def _scorecard(cases: "Sequence[DemoCase]", run: "Run") -> dict[str, Any]:
    rows = [_case_json(case, run) for case in cases]
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
        "`quote` is no model: it answers with the nearest sentence, and a model has to beat it. The default model is\n"
        "the smallest there is, so that it runs anywhere; the last two questions show where it gets lost. A larger\n"
        "one is one line in recipe.yaml (llm.model). Strict rules told right from wrong, not a model."
    )
    return "\n".join((*lines, "", note, ""))
