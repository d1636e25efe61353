"""The runs of a workspace in its database: what can be listed and compared without opening their folders.

Enters: what a run is, its parameters and metrics. Leaves: the same. Knows no cases and no metric.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from scoville.track.store import Store


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """One run: an evaluation, a sweep, a trial of one, a training."""

    id: str
    kind: str
    name: str = ""
    status: str = "running"
    """``running``, ``finished``, ``failed`` or ``halted``; of a trial also ``pruned``."""
    started: float = field(default_factory=time.time)
    """Unix time."""
    finished: float | None = None
    recipe_hash: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict[str, Any])
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What it was made with, e.g. the keys of the recipe: ``llm.model``."""
    metrics: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """What came of it; a metric that has no value is left out."""


def save_run(store: Store, run: TrackedRun) -> None:
    """Write a run, in place of what was known of it; metrics that were logged by step stay."""
    metrics = {name: value for name, value in run.metrics.items() if value is not None and isfinite(value)}
    with store.writing():
        store.write(
            "INSERT OR REPLACE INTO runs (id, kind, name, status, started, finished, recipe_hash, summary) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(run.id, run.kind, run.name, run.status, run.started, run.finished, run.recipe_hash, _dump(run.summary))],
        )
        store.write("DELETE FROM params WHERE run_id = ?", [(run.id,)])
        store.write(
            "INSERT INTO params (run_id, key, value) VALUES (?, ?, ?)",
            [(run.id, key, _dump(value)) for key, value in run.params.items()],
        )
        log_metrics(store, run.id, metrics)


def log_metrics(store: Store, run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
    """Write metrics of one step of a run."""
    store.write(
        "INSERT OR REPLACE INTO metrics (run_id, name, step, value) VALUES (?, ?, ?, ?)",
        [(run_id, name, step, value) for name, value in metrics.items()],
    )


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
