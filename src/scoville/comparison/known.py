"""Runs as pages list and compare them, read from the disk once for as long as they do not change.

Enters: folders of runs. Leaves: what each is, and runs side by side as the page shows them. Knows no page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from scoville.comparison.show_compare import shown_systems
from scoville.comparison.shown import Shown, shown_run
from scoville.comparison.side_by_side import Compared
from scoville.comparison.systems import compare_systems
from scoville.errors import UsageError
from scoville.evaluate.blame import Blame
from scoville.evaluate.result import Result
from scoville.evaluate.runs import Run, list_runs
from scoville.evaluate.shown import measure
from scoville.types import Score

FILES = ("run.json", "scores.json", "results.jsonl")


class Place(NamedTuple):
    """The folder of a run, and when its files were written."""

    folder: Path
    written: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A run in a list."""

    place: Place
    header: Mapping[str, Any]
    summary: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The name of the run."""
        return self.place.folder.name

    @property
    def name(self) -> str:
        """Under which it is shown."""
        return f"{self.header.get('system', 'run')} {self.id[-4:]}"

    @property
    def is_scored(self) -> bool:
        """Whether it can be compared."""
        return bool(self.summary.get("metrics"))


class _Read(Run):
    """A run whose files are read once, for all that a comparison looks up in them."""

    @cached_property
    def _results(self) -> dict[str, Result]:
        return super().results()

    @cached_property
    def _scores(self) -> dict[str, dict[str, Score]]:
        return super().scores()

    def results(self) -> dict[str, Result]:
        """Give every answer by the id of its case."""
        return self._results

    def scores(self) -> dict[str, dict[str, Score]]:
        """Give the scores."""
        return self._scores


def list_known(runs: Path) -> list[Listed]:
    """List the runs of a folder, the newest first; one whose process may be gone is looked at again."""
    found = [_listed(place_of(run.folder)) for run in reversed(list_runs(runs))]
    return [
        replace(one, header=Run(one.place.folder).header) if one.header["status"] == "running" else one for one in found
    ]


def place_of(folder: Path) -> Place:
    """Say where a run is, and when it was written."""
    return Place(folder, tuple(path.stat().st_mtime_ns for name in FILES if (path := folder / name).is_file()))


@lru_cache(32)
def shown_known(
    places: tuple[Place, ...], baseline: str, metric: str, usd_per_hour: float,
    blamed: tuple[tuple[Blame, ...] | None, ...] = (),
) -> tuple[list[Shown], Sequence[str], str]:  # fmt: skip
    """Give scored runs as the page shows them, the best first, with notes and the name of the baseline.

    ``baseline`` is the id of one, by default of the first. Runs that cannot be compared, such as of other versions of a
    metric, are shown without a verdict, and a note says why.
    """
    listed = [_listed(place) for place in places]
    lost = blamed or (None,) * len(places)
    systems = [
        Compared(name=one.name, run=_Read(one.place.folder), origin="given", blamed=found or ())
        for one, found in zip(listed, lost, strict=True)
    ]
    base = next((one.name for one in listed if one.id == baseline), systems[0].name)
    try:
        table = compare_systems(systems, baseline=base, metric=metric, usd_per_hour=usd_per_hour)
    except UsageError as error:
        shown = [replace(shown_run(one.run, one.blamed), name=one.name) for one in systems]
        return sorted(shown, key=lambda one: _mean(one.summary, metric)), [f"Not compared: {error}"], ""
    shown = shown_systems(table, systems)
    return shown, table.notes, base if len(shown) > 1 else ""


def _mean(summary: Mapping[str, Any], metric: str) -> float:
    found = measure(summary, metric)
    return 0.0 if found is None or found.mean is None else -found.mean


@lru_cache(4096)
def _listed(place: Place) -> Listed:
    run = Run(place.folder)
    return Listed(place=place, header=run.header, summary=run.summary())
