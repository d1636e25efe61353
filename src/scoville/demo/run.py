"""The demo: a bot is given the fictional company's documents, asked its questions and scored.

Enters: a bot over a folder. Leaves: documents, cases, two runs and a report in that folder: the run of the bot's model,
and beside it that of `quote`, which is no model and answers with the nearest sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoville.answer import Answerer
from scoville.bot import Bot
from scoville.bot.run import Run
from scoville.cases.files import write_cases
from scoville.demo import DemoCase, cites_right, demo_cases, is_right, score_demo, write_demo_documents
from scoville.demo.grade import GRADER
from scoville.errors import UsageError
from scoville.evaluate.publish import note_index, publish_run
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import RecipeSystem
from scoville.llm.quote import QuoteLlm
from scoville.recipe import FILE_NAME
from scoville.recipe.file import with_values
from scoville.recipe.starter import write_recipe
from scoville.types import Answer, Case

CASES_FILE = "demo.jsonl"
OnAnswer = Callable[[DemoCase, Answer], None]


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What came of it."""

    runs: Mapping[str, Run]
    """By the model: that of the recipe first."""
    report: Path

    def answers(self, model: str) -> list[dict[str, Any]]:
        """Give what a model answered, question by question, and whether that is right and rightly cited."""
        run = self.runs[model]
        results, saved = run.results(), run.saved()
        return [
            {
                "id": case.id,
                "answerable": case.answerable,
                "expected": list(case.answers),
                "right": is_right(case, results[case.id].text, refused=results[case.id].refused),
                "cited": cites_right(case, results[case.id]),
                **{key: value for key, value in saved[case.id].items() if key not in ("case", "trace", "ranking")},
            }
            for case in demo_cases()
        ]

    def scorecards(self) -> dict[str, dict[str, Any]]:
        """Count for each model what was right, cited and declined, and what it took."""
        return {model: _scorecard(self.answers(model)) for model in self.runs}


def prepare_demo(folder: Path) -> None:
    """Begin a workspace for the demo; UsageError for a folder that holds anything else."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; expected a folder to write the demo to")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FILE_NAME).exists():
        raise UsageError(f"{folder} holds other things; give a new folder: scoville demo FOLDER")
    if not (folder / FILE_NAME).exists():
        write_recipe(folder)


def add_demo(bot: Bot) -> str:
    """Write the documents and the cases into the folder of a bot and add them; say what that did."""
    root = bot.workspace.root
    write_demo_documents(root / "documents")
    write_cases(root / "cases" / CASES_FILE, [case.case for case in demo_cases()])
    bot.fetch_models(llm=True)
    return str(bot.add(root / "documents"))


def ask_demo(bot: Bot, on_answer: OnAnswer | None = None) -> Demo:
    """Ask all questions twice, and score the answers; ``on_answer`` is told those of the bot's own model."""
    answerer = bot.answerer()
    quoter = Answerer(answerer.searcher, QuoteLlm(), with_values(bot.recipe, {"llm.model": "quote"}))
    runs = {bot.recipe.llm.model: _ask_all(bot, answerer, on_answer), "quote": _ask_all(bot, quoter, None)}
    report = bot.report(*runs.values(), out=bot.workspace.root / "report.html")
    return Demo(runs=runs, report=report.file)


def _ask_all(bot: Bot, answerer: Answerer, on_answer: OnAnswer | None) -> Run:
    """Ask every question in a run that is kept, as an evaluation does, and score it by the rules of the demo."""
    by_id = {case.id: case for case in demo_cases()}
    system = RecipeSystem(answerer, answerer.recipe.llm.model)
    asked = [case.case for case in by_id.values()]
    header = {
        "system": system.name, "cases_file": CASES_FILE, "seed": answerer.recipe.llm.seed,
        "index": note_index(bot.workspace, system), "scored_by": GRADER, **system.describe(),
    }  # fmt: skip
    run = create_run(bot.workspace.folder / "runs", asked, header)
    tracker = bot.tracker(run.id)

    def answered(case: Case, answer: Answer) -> str:
        if on_answer:
            on_answer(by_id[case.id], answer)
        return tracker.answered(answer, answerer.searcher.embedder.name, case_id=case.id)

    run_cases(system, asked, run, on_answer=answered)
    score_run(run, more={"demo": lambda case, result: score_demo(by_id[case.id], result)})
    bot.flush()  # the traces are shown with the run
    publish_run(bot.workspace, bot.recipe.track.to, run)
    return bot.run(run)


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
