"""What two releases do otherwise: their documents, their settings, their models, and what they said to the same cases.

Enters: two releases. Leaves: the differences, as values and as a text.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scoville.comparison.questions import QuestionRow, count_outcomes, question_rows, questions_text
from scoville.evaluate.compare_runs import compare_runs
from scoville.evaluate.paired import Comparison
from scoville.evaluate.rightness import QUALITY
from scoville.index import Workspace
from scoville.release.release import Release
from scoville.release.standing import paired_runs
from scoville.track.mirror import flat

MOST_LISTED = 20


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What the second release does otherwise than the first."""

    first: str
    second: str
    settings: Mapping[str, tuple[Any, Any]]
    """By the key of the recipe, and ``index.embedder`` and ``prompt``: in the first, in the second."""
    added: tuple[str, ...]
    """Documents that only the second has."""
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    """Documents whose content is another."""
    metric: str
    scores: Comparison | None
    """Of the second less the first on the same cases; None where there are no such runs."""
    questions: tuple[QuestionRow, ...]
    """Each case in both, what got worse first."""

    def json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {
            "first": self.first, "second": self.second, "metric": self.metric,
            "settings": {key: list(values) for key, values in self.settings.items()},
            "documents": {"added": self.added, "removed": self.removed, "changed": self.changed},
            "scores": asdict(self.scores) if self.scores else None,
            "questions": [
                {"case": row.case, "question": row.question, "outcome": row.outcome, "change": row.change,
                 "first": asdict(row.baseline), "second": asdict(row.run)}
                for row in self.questions
            ],
        }  # fmt: skip

    def __str__(self) -> str:
        """Write what differs, one thing after the other."""
        lines = [f"{key}: {one!r} -> {other!r}" for key, (one, other) in self.settings.items()] or [
            "settings: the same"
        ]
        for sign, names in (("+", self.added), ("-", self.removed), ("~", self.changed)):
            lines += [f"{sign} {name}" for name in names[:MOST_LISTED]]
            lines += [f"{sign} and {len(names) - MOST_LISTED} more"] * (len(names) > MOST_LISTED)
        if not (self.added or self.removed or self.changed):
            lines.append("documents: the same")
        if self.scores is None:
            lines.append("scores: both were not measured on the same cases")
        else:
            lines += ["", questions_text(self.questions, self.metric, (self.first, self.second))]
        return "\n".join(lines)

    @property
    def outcomes(self) -> dict[str, int]:
        """Count what became of the cases."""
        return count_outcomes(self.questions)


def compare_releases(workspace: Workspace, first: Release, second: Release, metric: str = QUALITY.name) -> Difference:
    """Compare two releases, and their newest runs on the same cases where there are such."""
    one, other = first.documents(), second.documents()
    pair = paired_runs(workspace, second, first)
    return Difference(
        first=first.name, second=second.name, settings=_settings(first, second), metric=metric,
        added=tuple(sorted(other.keys() - one.keys())), removed=tuple(sorted(one.keys() - other.keys())),
        changed=tuple(sorted(name for name in one.keys() & other.keys() if one[name] != other[name])),
        scores=compare_runs(pair.baseline, pair.run, metric) if pair and pair.baseline else None,
        questions=tuple(question_rows(pair.baseline, pair.run, metric)) if pair and pair.baseline else (),
    )  # fmt: skip


def _settings(first: Release, second: Release) -> dict[str, tuple[Any, Any]]:
    one, other = (
        flat(release.recipe.model_dump(mode="json"))
        | {"embedder": release.manifest["index"]["embedder"], "prompt": release.manifest["prompt"]}
        for release in (first, second)
    )
    keys = dict.fromkeys((*one, *other))
    return {key: (one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)}
