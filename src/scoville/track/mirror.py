"""Runs shown elsewhere too: ``mlflow:URI`` and ``wandb:PROJECT``, beside the workspace, never in its place.

Enters: a run that ended, its cases, its files. Leaves: the same in another tracker, written once the run is over, and
over again when it is scored anew. Knows neither tracker; each has a module of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from scoville.track.runs import TrackedRun


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
