"""Runs shown elsewhere too: ``mlflow:URI`` and ``wandb:PROJECT``, beside the workspace, never in its place.

Enters: a run that ended, its cases, its files. Leaves: the same in another tracker, written once the run is over, and
over again when it is scored anew. Knows neither tracker; each has a module of its own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from scoville.errors import UsageError
from scoville.track.runs import TrackedRun

FORMS = (
    "expected mlflow:URI, e.g. mlflow:sqlite:///mlflow.db or mlflow:http://127.0.0.1:5000, "
    "or wandb:PROJECT, or wandb:ENTITY/PROJECT"
)
PASSWORD = re.compile(r"://[^/@\s]*@")


@dataclass(frozen=True, kw_only=True)
class MirroredRun:
    """A run, as other trackers take it."""

    run: TrackedRun
    table: Sequence[Mapping[str, Any]] = ()
    """A row for each case, all with the same columns: its id, question, answer, scores, the id of its trace."""
    files: Sequence[Path] = ()
    trace_ids: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else is known of it and may change, by names like ``scoville.sweep``."""
    group: str = "scoville"
    """What runs are listed under, e.g. the name of the workspace's folder."""
    sweep: TrackedRun | None = None
    """That it is a trial of."""


class Mirror(Protocol):
    """Shows runs elsewhere."""

    def publish(self, shown: MirroredRun) -> str:
        """Write a run, or write it again, and say where it can be seen."""
        ...


def open_mirror(target: str, folder: Path) -> Mirror:
    """Open what a recipe names; ``folder`` is the workspace's, where what is not sent anywhere is kept.

    Raises UsageError for a name that means nothing, MissingExtra when its library is not installed, both before a run.
    """
    kind, _, place = target.partition(":")
    if PASSWORD.search(place):
        raise UsageError(f"track: {kind}:… holds a user or a password: set them in the environment of {kind}")
    if kind == "mlflow" and place:
        from scoville.track.mlflow import MlflowMirror

        return MlflowMirror(place, folder)
    if kind == "wandb" and re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", place):
        from scoville.track.wandb import WandbMirror

        return WandbMirror(place, folder)
    raise UsageError(f"track: {target!r} is nothing that Scoville knows; {FORMS}")


def columns_of(table: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Turn rows into columns; values that are neither texts nor numbers are written as texts."""
    names = dict.fromkeys(name for row in table for name in row)
    return {name: [_plain(row.get(name)) for row in table] for name in names}


def flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Write nested values with their path: ``{"llm": {"model": "x"}}`` as ``{"llm.model": "x"}``."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{above}{key}.") if isinstance(value, Mapping) and value else {f"{above}{key}": value}
    return found


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
