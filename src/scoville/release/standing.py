"""Whether a release may be served: it was measured as it is, and did not do worse than what is served now.

Enters: a release, the one that it would take the place of. Leaves: the run that speaks for it and the verdict of the
gate; NotPromoted, with what to do, where it may not. Only runs count that answered by this very recipe from this very
index, whole and scored; never one that asked a sample of what people ask, to which nobody knows the answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from scoville.errors import NotPromoted
from scoville.evaluate.gate import Gate, check_gate
from scoville.evaluate.rightness import QUALITY
from scoville.evaluate.runs import FOLDER as RUNS
from scoville.evaluate.runs import Run, list_runs
from scoville.index import Workspace
from scoville.release.release import Release


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What speaks for a release."""

    run: str
    """Its run."""
    cases: str
    """The digest of the cases, frozen: as they were when it ran."""
    asked: int
    """How many cases."""
    baseline: str
    """The run of what is served now on the same cases; empty where nothing is."""
    gate: Gate

    def json(self) -> dict[str, Any]:
        """Give it as a log holds it."""
        gate = {"verdict": self.gate.verdict, "reasons": list(self.gate.reasons), "needed": self.gate.needed}
        return {"run": self.run, "cases": self.cases, "asked": self.asked, "baseline": self.baseline, "gate": gate}


def newest_run(workspace: Workspace, recipe_hash: str, index: str) -> Run | None:
    """Give the newest run of a recipe from an index; None where there is none that is whole and scored."""
    return next(_runs(workspace, recipe_hash, index), None)


def runs_of(workspace: Workspace, release: Release) -> list[Run]:
    """Give the runs of a release, the newest first; the one that it keeps is the last resort."""
    known = release.manifest
    found = list(_runs(workspace, known["recipe_hash"], known["index"]["digest"]))
    own = release.run
    return found + ([own] if own and known["run"] not in [run.id for run in found] else [])


def check_standing(
    workspace: Workspace, release: Release, served: Release | None, *, metric: str = QUALITY.name, max_drop: float = 0.0
) -> Standing:
    """Say what speaks for a release; NotPromoted where it was not measured, or may not take the place of another.

    The cases are those on which both were measured; where nothing is served yet, those of its newest run.
    """
    if faults := release.manifest["drift"]:
        raise NotPromoted(
            f"{release.name}: its model does not reply as it was trained, by `scoville export --check`: "
            f"{'; '.join(faults)}"
        )
    pair = paired_runs(workspace, release, served)
    if pair is None:
        raise NotPromoted(
            f"{release.name} was never measured: no run answered by its recipe from its index; run "
            f"`scoville evaluate CASES --release {release.name}`"
        )
    run, baseline = pair
    if baseline is None and served and served.name != release.name:
        raise NotPromoted(
            f"{release.name} and {served.name}, which is served, were not measured on the same cases: run "
            f"`scoville evaluate CASES --release NAME` with the same file for both"
        )
    gate = check_gate(baseline or run, run, metric, max_drop)
    if gate.verdict == "fails":
        raise NotPromoted(f"{release.name} did not pass: {'; '.join(gate.reasons)}")
    header = run.header
    return Standing(
        run=header["id"], cases=header["cases_digest"], asked=header["cases"],
        baseline=baseline.header["id"] if baseline else "", gate=gate,
    )  # fmt: skip


class Pair(NamedTuple):
    """A run, and that of another release on the same cases."""

    run: Run
    baseline: Run | None


def paired_runs(workspace: Workspace, release: Release, other: Release | None) -> Pair | None:
    """Give the newest run of a release on cases on which the other one was measured, too; else its newest alone, and
    None where it has none.
    """
    runs = runs_of(workspace, release)
    known = {run.header["cases_digest"]: run for run in reversed(runs_of(workspace, other) if other else [])}
    pairs = [Pair(run, known.get(run.header["cases_digest"])) for run in runs]
    return next((pair for pair in pairs if pair.baseline), pairs[0] if pairs else None)


def _runs(workspace: Workspace, recipe_hash: str, index: str) -> Iterator[Run]:
    for run in reversed(list_runs(workspace.folder / RUNS)):
        header = run.header
        made_by = (header.get("recipe_hash"), header.get("index"), header["status"])
        if made_by == (recipe_hash, index, "finished") and not header.get("is_sample") and run.scores():
            yield run
