"""All levels of customisation on the same questions about six HR documents, and what a changed fact takes.

    python benchmarks/phases.py --data DATA --work FOLDER --out benchmarks/results/phases.json [--only rag,prompt]

Enters: contoso_hr. Leaves: results/phases.json and results/phases.md. FOLDER keeps the workspace, its models and runs,
so that what was interrupted goes on, and models can be trained one by one (--only). Everything runs in one process with
one thread for training.
"""

import argparse
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import scoville as sc
from scoville.bot.phase_build import build_model, phase_rows
from scoville.bot.phases import compare_phases
from scoville.cases.importers.formats import import_cases
from scoville.cases.parts import divide
from scoville.types import Case

WRITER = "smollm2-135m-instruct"
PHASES = ("rag", f"rag={WRITER}", "prompt", "finetune", "finetune+rag", "pretrain")
TUNING: dict[str, dict[str, Any]] = {
    "finetune": {"steps": 32, "batch_tokens": 1024, "learning_rate": 6e-4},
    "finetune+rag": {"steps": 20, "batch_tokens": 1400, "learning_rate": 6e-4},
    "pretrain": {"epochs": 2.0, "learning_rate": 2e-3},
}
"""What 20 minutes of one thread allow on a machine that others use."""
SHARES = {"train": 0.35, "dev": 0.0, "test": 0.65}
ASKED = 40
"""Questions with an answer, drawn from the part test; of those without one all are asked."""
TIMEOUT_SECONDS = 900.0


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


def report(found: dict[str, Any], table: str) -> str:
    """Write it as Markdown."""
    lines = [
        "# The phases of customisation on six HR documents",
        "",
        f"{found['cases']} questions, {found['refusals']} of them without an answer.",
        "",
        table,
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", default=",".join(PHASES))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    phases = given.only.split(",")
    cases = contoso(given.data)
    with sc.open(given.work / "contoso_hr") as bot:
        bot.add(given.data / "contoso_hr" / "data")
        build(bot, cases, phases)
        found = compare_phases(bot, cases, phases, split="test", timeout_seconds=TIMEOUT_SECONDS)
        print(found)


if __name__ == "__main__":
    main()
