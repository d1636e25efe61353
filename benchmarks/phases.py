"""All levels of customisation on the same questions about six HR documents, and what a changed fact takes.

    python benchmarks/phases.py --data DATA --work FOLDER --out benchmarks/results/phases.json [--only rag,prompt]

Enters: contoso_hr. Leaves: results/phases.json and results/phases.md. FOLDER keeps the workspace, its models and runs,
so that what was interrupted goes on, and phases can be built and asked one by one (--only). One thread trains.
"""

import argparse
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import scoville as sc
from scoville.bot.phase_build import build_model, phase_rows
from scoville.bot.phases import PhaseComparison, compare_phases
from scoville.cases.importers.formats import import_cases
from scoville.cases.parts import divide
from scoville.comparison.break_even import break_even_text
from scoville.types import Case

WRITER = "smollm2-135m-instruct"
PHASES = ("rag", f"rag={WRITER}", "prompt", "finetune", "finetune+rag", "pretrain")
TUNING: dict[str, dict[str, Any]] = {
    "finetune": {"steps": 32, "batch_tokens": 1024, "learning_rate": 6e-4},
    "finetune+rag": {"steps": 9, "batch_tokens": 1400, "learning_rate": 6e-4},
    "pretrain": {"epochs": 1.0, "learning_rate": 2e-3},
}
"""What 20 minutes of one thread allow on a machine that others use."""
SHARES = {"train": 0.35, "dev": 0.0, "test": 0.65}
ASKED = 40
"""Questions with an answer, drawn from the part test; of those without one all are asked."""
TIMEOUT_SECONDS = 900.0
CHANGE = "$1,500=$1,900"
"""Of Northwind Health Plus: one question that is learned and one that is asked expect it."""


def contoso(data: Path) -> list[Case]:
    """Give the questions, divided by the pages that they are about; of the part test only what is asked."""
    place = data / "contoso_hr" / "qa"
    found = [*import_cases(place / "qa.jsonl").cases, *import_cases(place / "qa_dontknows.jsonl").cases]
    divided = divide(found, SHARES)
    tested = [case for case in divided if case.split == "test"]
    answerable = random.Random(0).sample([case for case in tested if case.answerable], ASKED)
    kept = {case.id for case in (*answerable, *(case for case in tested if not case.answerable))}
    return [case for case in divided if case.split == "train" or case.id in kept]


def build(bot: sc.Bot, cases: Sequence[Case], phases: Sequence[str]) -> None:
    """Train the models that are missing."""
    writer = bot.variant({"llm.model": WRITER})
    tested, learned = ([case for case in cases if case.split == part] for part in ("test", "train"))
    for phase in TUNING:
        folder = bot.workspace.folder / "models" / f"phase-{phase.replace('+', '-')}"
        if phase in phases and not (folder / "training.json").is_file():
            build_model(writer, phase, folder, phase_rows(writer, phase, tested, learned, 1000), TUNING[phase])


def report(found: PhaseComparison, cases: Sequence[Case]) -> str:
    """Write it as Markdown."""
    declined = sum(not case.answerable for case in cases)
    lines = [
        "# The phases of customisation on six HR documents", "",
        f"Made by `benchmarks/phases.py`; in brackets 95 % intervals. {len(cases)} questions, {declined} of them without an "
        "answer; no training row holds one of them, or its evidence.", "", found.table.markdown, "",
        f"```\n{break_even_text(found.table.economies)}\n```", "",
        *(f"```\n{told}\n```\n" for told in (found.change, *found.forgotten) if told),
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", default=",".join(PHASES), help="phases")
    parser.add_argument("--change", default="", help=f"a fact to change, such as {CHANGE!r}")
    parser.add_argument("--forgetting", action="store_true")
    parser.add_argument("--out", type=Path, help="a file for the numbers, with the table as Markdown beside it")
    given = parser.parse_args()
    phases = given.only.split(",")
    cases = contoso(given.data)
    tested = [case for case in cases if case.split == "test"]
    with sc.open(given.work / "contoso_hr") as bot:
        bot.add(given.data / "contoso_hr" / "data")
        build(bot, cases, phases)
        found = compare_phases(
            bot, cases, phases, split="test", change=given.change, forgetting=given.forgetting,
            timeout_seconds=TIMEOUT_SECONDS,
        )  # fmt: skip
    print(found)
    if given.out:
        given.out.write_text(json.dumps(found.json(), indent=1), encoding="utf-8")
        given.out.with_suffix(".md").write_text(report(found, tested), encoding="utf-8")


if __name__ == "__main__":
    main()
