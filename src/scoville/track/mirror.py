"""Runs shown elsewhere too: ``mlflow:URI`` and ``wandb:PROJECT``, beside the workspace, never in its place.

Enters: a run that ended, its cases with their scores and traces, its files. Leaves: the same in another tracker,
written once the run is over, and again when it is scored anew. Knows neither tracker; each has a module of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from scoville.track.runs import TrackedRun
from scoville.track.traces import StoredSpan
from scoville.types import Case, Score


@dataclass(frozen=True, kw_only=True)
class MirroredCase:
    """A case and what was said to it."""

    case: Case
    answer: str = ""
    refused: bool = False
    error: str = ""
    """Why there is no answer."""
    seconds: float = 0.0
    scores: Mapping[str, Score] = field(default_factory=dict[str, Score])
    """By the name of the metric."""
    spans: Sequence[StoredSpan] = ()
    """What was done, the outermost first; empty where no trace was kept, as of a function or a server."""

    @property
    def expected(self) -> str:
        """The answers of which each is right, as one text."""
        return " / ".join(self.case.expected)


@dataclass(frozen=True, kw_only=True)
class MirroredRun:
    """A run, as other trackers take it."""

    run: TrackedRun
    cases: Sequence[MirroredCase] = ()
    dataset: str = ""
    """The name of the set of cases."""
    dataset_digest: str = ""
    """What it asks and expects, hashed."""
    headline: Sequence[str] = ()
    """The metrics that say most, for places where not all fit."""
    files: Sequence[Path] = ()
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


def columns_of(cases: Sequence[MirroredCase]) -> dict[str, list[Any]]:
    """Give a table with a row for each case, as columns of one type each: texts, truths, or numbers and None."""
    metrics = dict.fromkeys(name for one in cases for name in one.scores)
    return {
        "id": [one.case.id for one in cases], "question": [one.case.question for one in cases],
        "expected": [one.expected for one in cases], "answerable": [one.case.answerable for one in cases],
        "answer": [one.answer for one in cases], "refused": [one.refused for one in cases],
        "error": [one.error for one in cases], "seconds": [one.seconds for one in cases],
        "trace": [one.spans[0].trace_id if one.spans else "" for one in cases],
        **{name: [_value(one.scores.get(name)) for one in cases] for name in metrics},
    }  # fmt: skip


def flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Write nested values with their path: ``{"llm": {"model": "x"}}`` as ``{"llm.model": "x"}``."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{above}{key}.") if isinstance(value, Mapping) and value else {f"{above}{key}": value}
    return found


def _value(score: Score | None) -> float | None:
    return None if score is None or score.value is None else float(score.value)
