"""Where a run is written down besides its folder: the workspace's database, lineage, other trackers."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from scoville.errors import ScovilleError
from scoville.evaluate.metrics import plugged_metrics
from scoville.evaluate.result import Result
from scoville.evaluate.runs import Run
from scoville.evaluate.shown import LABELS
from scoville.evaluate.system import RecipeSystem, System
from scoville.index import Workspace
from scoville.track.lineage import Artifact, cases_of, index_of, run_of
from scoville.track.mirror import MirroredCase, MirroredRun, flat
from scoville.track.open import open_mirror
from scoville.track.runs import TrackedRun, save_run
from scoville.track.store import FILE_NAME, Store
from scoville.track.traces import load_trace

logger = logging.getLogger("scoville")

FILES = ("run.json", "cases.jsonl", "results.jsonl", "scores.json")


def publish_run(workspace: Workspace, targets: Sequence[str], run: Run) -> None:
    """Write a run that was scored into the database, with what it was made of, and into other trackers."""
    tracked = tracked_run(run)
    with Store(workspace.folder / FILE_NAME) as store:
        record_run(store, run, tracked)
    for target in targets:
        shown = mirrored_run(workspace, run, tracked)
        try:
            logger.info(f"{target}: {open_mirror(target, workspace.folder).publish(shown)}")
        except ScovilleError as error:  # the run itself is safe
            logger.info(f"{target}: not written: {error}; again with scoville evaluate --score {run.id}")


def record_run(store: Store, run: Run, tracked: TrackedRun) -> Artifact:
    """Write a run into the database, with what it was made of."""
    header = run.header
    models: Mapping[str, str] = header.get("models", {})
    save_run(store, tracked)
    return run_of(
        store, run.id, recipe_hash=header.get("recipe_hash", ""),
        cases=cases_of(store, header["cases_digest"], header.get("cases_file", "")),
        index=Artifact(kind="index", name="index", digest=header["index"]) if header.get("index") else None,
        models=[name for key, name in models.items() if key != "runtime"],
    )  # fmt: skip


def note_index(workspace: Workspace, system: System) -> str:
    """Write down what the index is made of that a system answers from, and name it; empty where it has none."""
    if not isinstance(system, RecipeSystem):
        return ""
    made = system.describe()
    documents = system.answerer.searcher.index.documents()
    with Store(workspace.folder / FILE_NAME) as store:
        return index_of(
            store, {source: state.document_id for source, state in documents.items()},
            recipe_hash=made["build_hash"], embedder=made["models"]["embedder"],
        ).digest  # fmt: skip


def tracked_run(run: Run) -> TrackedRun:
    """Give a run as the database lists it."""
    header, summary = run.header, run.summary()
    means = {name: found["mean"] for name, found in summary.get("metrics", {}).items()}
    started = datetime.fromisoformat(header["started"]).timestamp()
    return TrackedRun(
        id=run.id, kind="evaluation", name=str(header.get("system", "")), status=header["status"], started=started,
        finished=started + header["seconds"] if "seconds" in header else None,
        recipe_hash=header.get("recipe_hash", ""), summary=summary.get("counts", {}),
        params=flat(header.get("recipe", {})), metrics={**means, **summary.get("sets", {})},
    )  # fmt: skip


def mirrored_run(workspace: Workspace, run: Run, tracked: TrackedRun, **more: Any) -> MirroredRun:
    """Give a run as other trackers take it."""
    header = run.header
    headline = [*LABELS, *plugged_metrics()]
    values = {**tracked.metrics, **_bounds(run)}
    place = {name: at for at, name in enumerate(headline)}
    names = sorted(values, key=lambda name: place.get(name.partition("/")[0], len(place)))  # first what says most
    return MirroredRun(
        run=replace(tracked, metrics={name: values[name] for name in names}), cases=_cases(workspace, run),
        dataset=header.get("cases_file", ""), dataset_digest=header["cases_digest"], headline=headline,
        files=[file for name in FILES if (file := run.folder / name).exists()], group=workspace.root.name, **more,
    )  # fmt: skip


def _bounds(run: Run) -> Mapping[str, float | None]:
    """Give the 95 % interval of each mean, and the cases that it is of, by names like ``answered_right/low``."""
    return {
        f"{name}/{key}": found[key]
        for name, found in run.summary().get("metrics", {}).items()
        for key in ("low", "high", "n", "unscored")
    }


def _cases(workspace: Workspace, run: Run) -> list[MirroredCase]:
    """Give each case with what was said to it, the scores, and its trace where one was kept."""
    saved, results, scores = run.saved(), run.results(), run.scores()
    unasked = Result(case_id="", text="", refused=False, error="not asked")
    with Store(workspace.folder / FILE_NAME) as store:
        return [
            MirroredCase(
                case=case, answer=result.text, refused=result.refused, error=result.error,
                seconds=result.seconds.get("total") or 0.0, scores=scores.get(case.id, {}),
                spans=[branch.span for branch in load_trace(store, trace)] if trace else [],
            )
            for case in run.cases()
            for result in [results.get(case.id, unasked)]
            for trace in [saved.get(case.id, {}).get("trace")]
        ]  # fmt: skip
