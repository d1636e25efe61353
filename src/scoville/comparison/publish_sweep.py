"""Where a sweep is written down besides its folder: the workspace's database, lineage, other trackers.

Enters: trials as they end. Leaves: a run for each with the values that it tried, below that of the sweep. What stands
in a tracker already is not written there again. A tracker that fails costs the sweep nothing: the next one goes on.
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from scoville.comparison.sweep import best_trials
from scoville.comparison.trials import SweepFolder, Trial
from scoville.errors import ScovilleError
from scoville.evaluate.publish import mirrored_run, record_run, tracked_run
from scoville.evaluate.runs import Run
from scoville.index import Workspace
from scoville.storage import Journal
from scoville.track.lineage import sweep_of
from scoville.track.mirror import MirroredRun, flat
from scoville.track.open import open_mirror
from scoville.track.runs import TrackedRun, save_run
from scoville.track.store import FILE_NAME, Store

logger = logging.getLogger("scoville")

FILE = "published.jsonl"
"""In the folder of the sweep: which run is in which tracker, and the hash of what was written of it."""
FILES = ("sweep.json", "trials.jsonl", "cases.jsonl")


class PublishedSweep:
    """Writes down a sweep, trial by trial."""

    def __init__(self, workspace: Workspace, targets: Sequence[str], sweep: SweepFolder) -> None:
        """Raises UsageError or MissingExtra for a tracker that cannot be written, before anything is tried."""
        self._workspace = workspace
        self._sweep = sweep
        self._mirrors = {
            target: open_mirror(target, workspace.folder) for target in targets
        }  # fmt: skip
        self._journal = Journal(sweep.folder / FILE)
        self._known = {(target, name): digest for target, name, digest in self._journal.rows()}

    def add(self, trial: Trial) -> None:
        """Write down a trial that ended; one that came to no run is told of by the sweep alone."""
        if not trial.run:
            return
        run = Run(self._sweep.runs / trial.run)
        found = tracked_run(run)
        tracked = replace(
            found, kind="trial", name=f"trial {trial.number}", status=_status(trial),
            params=trial.choices, metrics={**found.metrics, **trial.values},
        )  # fmt: skip
        with Store(self._workspace.folder / FILE_NAME) as store:
            record_run(store, run, tracked)
            sweep_of(store, self._sweep.name, [run.id])
        tags = {"sweep": self._sweep.name, "trial": trial.number, "state": trial.state, "reason": trial.reason}
        self._publish(tracked, lambda: mirrored_run(
            self._workspace, run, tracked, sweep=self._tracked("running"), tags=_named(tags)
        ))  # fmt: skip

    def end(self, status: str) -> None:
        """Write down what is not there yet, and the sweep, which is ``finished`` or ``halted``."""
        tracked = self._tracked(status)
        with Store(self._workspace.folder / FILE_NAME) as store:
            save_run(store, tracked)
            listed: dict[str, str] = dict(store.query("SELECT id, status FROM runs WHERE kind = 'trial'"))
        for trial in self._sweep.trials():
            shown = all((target, trial.run) in self._known for target in self._mirrors)
            if not shown or listed.get(trial.run) != _status(trial):
                self.add(trial)
        self._add_final(tracked)
        places = self._publish(tracked, lambda: MirroredRun(
            run=tracked, files=[self._sweep.folder / name for name in FILES], tags=_named(tracked.summary),
            group=self._workspace.root.name,
        ))  # fmt: skip
        for target, place in places.items():
            logger.info(f"{target}: {place}")

    def _add_final(self, sweep: TrackedRun) -> None:
        """Write down the run of the best on the untouched cases, where there is one."""
        run = self._sweep.final_run()
        if run is None or run.header["status"] != "finished":
            return
        tracked = replace(tracked_run(run), name=f"{run.header['system']}, untouched cases")
        with Store(self._workspace.folder / FILE_NAME) as store:
            record_run(store, run, tracked)
            sweep_of(store, self._sweep.name, [run.id])
        tags = {"sweep": self._sweep.name, "trial": run.header["trial"]}
        self._publish(tracked, lambda: mirrored_run(
            self._workspace, run, tracked, sweep=sweep, tags=_named(tags)
        ))  # fmt: skip

    def _tracked(self, status: str) -> TrackedRun:
        """Give the sweep as the database lists it, with what its best trial came to."""
        header, recipe, trials = self._sweep.header, self._sweep.recipe, self._sweep.trials()
        settings = recipe.sweep.model_dump(mode="json", include={"method", "seed", "objectives", "space", "prune"})
        states = Counter(trial.state for trial in trials)
        front = best_trials(recipe.sweep, trials)
        best = {"trial": front[0].number, "run": front[0].run, **front[0].choices} if front else {}
        return TrackedRun(
            id=self._sweep.name, kind="sweep", name=f"sweep {self._sweep.name}", status=status, recipe_hash=recipe.hash,
            started=datetime.fromisoformat(header["started"]).timestamp(), params=flat(settings),
            summary={"cases": header["cases"], **{f"best.{key}": value for key, value in best.items()}},
            metrics={**(front[0].values if front else {}), **{f"trials_{state}": n for state, n in states.items()}},
        )  # fmt: skip

    def _publish(self, tracked: TrackedRun, show: Callable[[], MirroredRun]) -> dict[str, str]:
        """Write a run into the trackers that do not have it as it is now; say where."""
        digest = hashlib.sha256(json.dumps(asdict(tracked), sort_keys=True, default=str).encode()).hexdigest()[:16]
        missing = [target for target in self._mirrors if self._known.get((target, tracked.id)) != digest]
        places: dict[str, str] = {}
        if not missing:
            return places
        shown = show()
        for target in missing:
            try:
                places[target] = self._mirrors[target].publish(shown)
            except ScovilleError as error:  # one that is down is not waited for after each trial
                logger.info(f"{target}: not written: {error}; again with scoville sweep --resume {self._sweep.name}")
                del self._mirrors[target]
                continue
            self._known[target, tracked.id] = digest
            self._journal.add([target, tracked.id, digest])
        return places


def _status(trial: Trial) -> str:
    return "finished" if trial.state == "complete" else trial.state


def _named(values: Mapping[str, Any]) -> dict[str, str]:
    return {f"scoville.{key}": str(value) for key, value in values.items() if value != ""}
