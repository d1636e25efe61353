"""Which measures people are shown, in which groups, under which words, and how a number is written.

Enters: the summary of a run. Leaves: measures in groups, numbers as text. The terminal and the page share it; programs
get every measure under its own name, and the numbers as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scoville.evaluate.metrics import SUMMARY_METRICS, described, plugged_metrics
from scoville.evaluate.rightness import HEADLINE as DECIDING

Unit = Literal["share", "score", "seconds", "usd", "count", "number"]

HEADLINE: Mapping[str, str] = {
    "answered_right": "answered rightly", "refused_right": "refused rightly", "quality": "quality",
}  # fmt: skip
"""What stands first. The first two are never averaged; quality weighs them as the recipe says."""
GROUPS: Mapping[str, Mapping[str, str]] = {
    "headline": HEADLINE,
    "answers": {
        "correctness": "right, says the judge", "correctness_words": "agrees with the expected answer",
        "faithfulness": "supported by the passages",
        "judged_faithfulness": "supported by the passages, says the judge",
        "judged_answer_relevance": "answers the question, says the judge",
        "answer_relevance": "near to the question", "answer_similarity": "near to the expected answer",
        "perplexity": "perplexity of the expected answers",
    },
    "refusals": {"refusal_precision": "refusals that were right"},
    "citations": {
        "citation_page_hit": "a citation on the right page", "citation_verified": "quotes found in the documents",
    },
    "retrieval": {
        "page_hit@5": "right page among the first five passages",
        "document_hit@5": "right document among the first five",
    },
    "cost and speed": {
        "seconds_total_p50": "time to answer, median", "seconds_total_p95": "time to answer, 95 % within",
        "cost_usd_per_1000": "fees for 1,000 questions",
    },
}  # fmt: skip
"""The measures that say most, by what they are about. Of those that a model gives only the asked for are there."""
LABELS: Mapping[str, str] = {name: label for group in GROUPS.values() for name, label in group.items()}
"""What a reader calls a metric; its name is for programs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """A number about a run, as it is shown."""

    name: str
    label: str
    unit: Unit
    mean: float | None
    """None: no case could be scored."""
    low: float | None = None
    high: float | None = None
    n: int | None = None
    """Scored cases; None where that is not told."""
    unscored: int = 0

    @property
    def value(self) -> str:
        """The number, written."""
        return "not scored" if self.mean is None else written(self.mean, self.unit)

    @property
    def interval(self) -> str:
        """The 95 % interval, written; of few values a percentile has one limit only. Empty where there is none."""
        if self.low is not None and self.high is not None:
            return between(self.low, self.high, self.unit)
        limits = (("at least", self.low), ("at most", self.high))
        return "".join(f"{which} {written(limit, self.unit)}" for which, limit in limits if limit is not None)


def measure(summary: Mapping[str, Any], name: str, label: str = "") -> Measure | None:
    """Find a measure in the summary of a run, under its label; None where it has none."""
    found = summary.get("metrics", {}).get(name)
    if found is None:
        found = summary.get("sets", {}).get(name)
    if found is None:
        return None
    values = found if isinstance(found, Mapping) else {"mean": found}
    return Measure(
        name=name, label=label or LABELS.get(name, name), unit=unit_of(name), mean=values["mean"],
        low=values.get("low"), high=values.get("high"), n=values.get("n"), unscored=values.get("unscored") or 0,
    )  # fmt: skip


def groups(summary: Mapping[str, Any], *, every: bool = False) -> Iterator[tuple[str, list[Measure]]]:
    """Give the measures of a run in groups, the headline first; ``every`` one under its own name, by its family."""
    names = _families(summary) if every else {group: dict(labels) for group, labels in GROUPS.items()}
    if not every:
        names["answers"] |= {name: name for name in plugged_metrics()}
    for group, labels in names.items():
        found = [one for name, label in labels.items() if (one := measure(summary, name, label))]
        if found:
            yield group, found


def _families(summary: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Sort all that a summary has: under the headline, then by the family of the metric."""
    known = {**described(), **SUMMARY_METRICS}
    found: dict[str, dict[str, str]] = {"headline": {name: name for name in HEADLINE}}
    for name in (*summary.get("metrics", {}), *summary.get("sets", {})):
        if name not in HEADLINE:
            found.setdefault(known[name].family if name in known else "judge", {})[name] = name
    return found


def unit_of(name: str) -> Unit:
    """Say what a measure counts in."""
    if "usd" in name:
        return "usd"
    if "seconds" in name:
        return "seconds"
    if "tokens" in name or name in ("cost_unknown", "errors"):
        return "count"
    known = {**DECIDING, **described(), **SUMMARY_METRICS}.get(name)
    if known is None:  # of a judge
        return "share"
    return "number" if known.high is None else "share" if (known.low, known.high) == (0, 1) else "score"


def written(value: float | None, unit: Unit) -> str:
    """Write a number with its unit, as precise as measures of some hundred cases are; a dash for none."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{_whole(100 * value)} %"
    if unit == "score":
        return f"{value + 0.0:.2f}"
    if unit == "seconds":
        return _seconds(value)
    if unit == "usd":
        return f"${_digits(value)}" if 0 < value < 0.1 else f"${value:,.2f}" if 0 < value < 100 else f"${value:,.0f}"
    return f"{value:,.0f}" if unit == "count" else _digits(value)


def between(low: float, high: float, unit: Unit) -> str:
    """Write two limits; the unit of a share stands once."""
    if unit == "share":
        return f"{_whole(100 * low)} to {_whole(100 * high)} %"
    return f"{written(low, unit)} to {written(high, unit)}"


def difference(value: float, unit: Unit) -> str:
    """Write by how much two numbers differ, with its sign; shares in points of a percent."""
    sign = "-" if value < 0 else "+"
    if unit == "share":
        return f"{sign}{_whole(100 * abs(value))} points"
    return f"{sign}{written(abs(value), unit)}"


def _whole(value: float) -> str:
    return f"{round(value) + 0:.0f}"  # -0 is 0


def _seconds(value: float) -> str:
    if value < 0.0995:
        return f"{1000 * value:.0f} ms"
    return f"{value:.2f} s" if value < 0.995 else f"{value:.1f} s" if value < 9.95 else f"{value:,.0f} s"


def _digits(value: float) -> str:
    """Write three digits that count, never as a power of ten; as many as there are before the point."""
    if value == 0 or abs(value) >= 100:
        return f"{value + 0.0:,.0f}"
    from math import floor, log10

    return f"{value:.{max(0, 2 - floor(log10(abs(value))))}f}"
