"""Sweeps on disk: what was tried and what came of it.

Enters: trials. Leaves: the same, read back. Knows no space and runs nothing.

    .scoville/sweeps/<name>/
      sweep.json      the recipe with its sweep, the digests of cases and documents
      cases.jsonl     the cases of every trial
      untouched.jsonl the cases that the best is measured on at the end
      trials.jsonl    a line for each trial that ended
      runs/           a run for each trial; that of a trial which was killed goes on
      final/          the run of the best on the untouched cases
      replies.jsonl   what models wrote, so that nothing is asked twice
      published.jsonl what other trackers show of it, so that nothing is shown twice
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from scoville.cases.files import case_json, cases_of, digest
from scoville.errors import WorkspaceError
from scoville.evaluate.runs import Run, list_runs, whole_name
from scoville.recipe import Recipe
from scoville.storage import Journal, storage_errors
from scoville.types import Case

FOLDER = "sweeps"
FORMAT = 1

State = Literal["complete", "pruned", "invalid", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One combination, and what came of it."""

    number: int
    """From 0."""
    choices: Mapping[str, Any]
    recipe_hash: str = ""
    state: State
    """``pruned``: it ended early, because another was surely better. ``invalid``: its values contradict each other."""
    values: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """Mean of each objective over the cases that have it."""
    cases: int = 0
    """How many were answered."""
    reason: str = ""
    run: str = ""
    seconds: float = 0.0
    """What it really took; an answer that was known took none."""

    @property
    def is_scored(self) -> bool:
        """Whether every objective has a value."""
        return self.state in ("complete", "pruned") and bool(self.values) and None not in self.values.values()


@dataclass(frozen=True)
class SweepFolder:
    """The folder of one sweep."""

    folder: Path

    @property
    def name(self) -> str:
        """When it began, and a random part."""
        return self.folder.name

    @property
    def header(self) -> dict[str, Any]:
        """What is swept."""
        try:
            header = json.loads((self.folder / "sweep.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WorkspaceError(f"{self.folder} is no sweep: {error}") from None
        if header.get("format", 0) > FORMAT:
            raise WorkspaceError(f"{self.folder} was written by a newer version of Scoville: install that")
        return header

    @property
    def recipe(self) -> Recipe:
        """The recipe as it was, with its sweep."""
        return Recipe.model_validate_json(json.dumps(self.header["recipe"]))

    @property
    def recipe_file(self) -> Path:
        """The recipe's file as it was, with its comments; missing where there was none."""
        return self.folder / "recipe.yaml"

    @property
    def runs(self) -> Path:
        """The folder of its runs."""
        return self.folder / "runs"

    @property
    def final(self) -> Path:
        """The folder of the run on the untouched cases."""
        return self.folder / "final"

    def untouched(self) -> list[Case]:
        """Read the cases that the best is measured on at the end; empty where none were left."""
        file = self.folder / "untouched.jsonl"
        return cases_of(file) if file.exists() else []

    def final_run(self) -> Run | None:
        """Find the run of the best on the untouched cases."""
        return next(iter(list_runs(self.final)), None)

    @property
    def replies(self) -> Path:
        """The file of what models wrote."""
        return self.folder / "replies.jsonl"

    def cases(self) -> list[Case]:
        """Read the cases, as they were when it began."""
        return cases_of(self.folder / "cases.jsonl")

    def trials(self) -> list[Trial]:
        """Read the trials, in their order, those that failed as they were tried last.

        A line that a kill cut off is left out.
        """
        trials: dict[int, Trial] = {}
        for values in Journal(self.folder / "trials.jsonl").rows():
            with suppress(TypeError):
                trials[values["number"]] = Trial(**values)
        return list(trials.values())

    def add(self, trial: Trial) -> None:
        """Append a trial."""
        Journal(self.folder / "trials.jsonl").add(asdict(trial))

    def unfinished(self, recipe: Recipe) -> Run | None:
        """Find the run of a trial that was killed."""
        return next((run for run in list_runs(self.runs) if run.header.get("recipe_hash") == recipe.hash), None)


def identity(recipe: Recipe, cases: Sequence[Case], documents: str, untouched: Sequence[Case] = ()) -> str:
    """Name what decides the trials of a sweep; not how many they are."""
    sweep = recipe.sweep.model_dump(mode="json", include={"method", "seed", "objectives", "space", "prune"})
    left = [digest(untouched)] if untouched else []
    named = json.dumps([recipe.hash, sweep, digest(cases), documents, *left], sort_keys=True)
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def open_sweep(
    sweeps: Path, recipe: Recipe, cases: Sequence[Case], documents: str, *, cases_file: str = "",
    recipe_file: Path | None = None, untouched: Sequence[Case] = (),
) -> SweepFolder:  # fmt: skip
    """Open the last sweep of the same recipe, space, cases and documents, or begin one that keeps the recipe's file.

    ``untouched`` are cases that share nothing with the others, to measure the best on at the end.
    """
    name = identity(recipe, cases, documents, untouched)
    for known in reversed(list_sweeps(sweeps)):
        if known.header.get("identity") == name:
            return known
    now = datetime.now(UTC)
    sweep = SweepFolder(sweeps / f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
    header = {
        "format": FORMAT, "identity": name, "started": now.isoformat(timespec="seconds"), "cases": len(cases),
        "cases_digest": digest(cases), "cases_file": cases_file, "documents": documents,
        "recipe": recipe.model_dump(mode="json"),
    }  # fmt: skip
    with storage_errors(sweeps):
        sweep.folder.mkdir(parents=True)
        for file, kept in (("cases.jsonl", cases), ("untouched.jsonl", untouched)):
            if kept:
                lines = (json.dumps(case_json(case), ensure_ascii=False) for case in kept)
                (sweep.folder / file).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        if recipe_file and recipe_file.exists():
            sweep.recipe_file.write_bytes(recipe_file.read_bytes())
        temporary = sweep.folder / "sweep.json.tmp"  # a folder without sweep.json is no sweep
        temporary.write_text(json.dumps(header, ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(sweep.folder / "sweep.json")
    return sweep


def list_sweeps(sweeps: Path) -> list[SweepFolder]:
    """List the sweeps, oldest first."""
    return [SweepFolder(folder) for folder in sorted(sweeps.glob("*")) if (folder / "sweep.json").is_file()]


def find_sweep(sweeps: Path, name: str) -> SweepFolder:
    """Find a sweep by its name, the beginning or the end of it, or ``latest``: the one that was worked on last."""
    known = list_sweeps(sweeps)
    if name == "latest" and known:
        return max(known, key=lambda one: (_touched(one), one.name))
    return SweepFolder(sweeps / whole_name(name, [sweep.name for sweep in known], "sweep", "scoville sweep"))


def _touched(sweep: SweepFolder) -> float:
    trials = sweep.folder / "trials.jsonl"
    return (trials if trials.exists() else sweep.folder / "sweep.json").stat().st_mtime
