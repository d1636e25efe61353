"""What a metric is: a name with its meaning, and the scores it gives.

Enters: values. Leaves: :class:`Score`. Knows no formula.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scoville.evaluate.result import Result
from scoville.evaluate.statistics import Estimate
from scoville.types import Case, Score

Scorer = Callable[[Case, Result], Iterable[Score]]
"""Scores one answer by a family of metrics; a metric that does not apply to the case gives nothing."""
Scores = Mapping[str, Iterable[Score]]
"""The scores of each case, by its id."""
Summary = Callable[[Sequence[Case], Mapping[str, Result], Scores], Mapping[str, Estimate | float | None]]
"""What can be said only of a set of cases, with its interval where it is estimated; None where nothing can be divided
by. Sums are counted, not estimated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric, as reports and docs/metrics.md describe it."""

    name: str
    family: str
    description: str
    higher_is_better: bool | None = True
    """None: neither is."""
    low: float = 0.0
    high: float | None = 1.0
    """None: without bound."""
    version: int = 1
    source: str = ""
    """Where the formula stands."""

    def score(self, value: float | None, reason: str = "") -> Score:
        """Give a score of this metric."""
        return Score(metric=self.name, value=value, reason=reason, version=self.version)

    def score_silence(self, result: Result) -> Score | None:
        """Score a result without an answer: unscored after an error, 0 for a refusal. None: there is an answer."""
        if result.error:
            return self.score(None, result.error)
        return self.score(0.0, "refused") if result.refused else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Metrics that are scored together: what a plugin of the kind ``metric`` gives."""

    score: Scorer
    metrics: Mapping[str, Metric]
    """By their names; what ``score`` gives is named after them."""
    summarise: Summary | None = None


def table(
    family: str,
    *rows: tuple[str, str] | tuple[str, str, str],
    higher_is_better: bool | None = True,
    low: float = 0.0,
    high: float | None = 1.0,
    version: int = 1,
) -> dict[str, Metric]:
    """Index metrics of one kind by their names; a row has name, description and perhaps the source."""
    return {
        row[0]: Metric(
            name=row[0],
            family=family,
            description=row[1],
            source="".join(row[2:]),
            higher_is_better=higher_is_better,
            low=low,
            high=high,
            version=version,
        )
        for row in rows
    }
