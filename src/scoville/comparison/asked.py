"""Every question with what each of any number of systems said to it, those that say most first.

Enters: cases, the results, scores and blames of runs. Leaves: rows, for the page as they are and for two runs side by
side as ``questions`` writes them. Knows no HTML.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from scoville.evaluate.blame import STAGES, Blame
from scoville.evaluate.result import Result, Retrieved
from scoville.evaluate.rightness import JUDGED_RIGHT
from scoville.evaluate.score_run import known_metrics
from scoville.types import Case, Score

SAME = 1e-9
Look = str
"""How a verdict looks: ``good``, ``fair``, ``bad`` or ``none``."""


class Verdict(NamedTuple):
    """What an answer is worth, in words."""

    name: str
    label: str
    look: Look
    rank: int | None
    """By which answers are compared that have no score, more is better; None: it cannot be."""


VERDICTS = {
    one.name: one
    for one in (
        Verdict("failed", "failed", "bad", -2),
        Verdict("wrong", "wrong", "bad", -1),
        Verdict("answered", "should have refused", "bad", -1),
        Verdict("refused", "refused wrongly", "fair", 0),
        Verdict("unscored", "not scored", "none", None),
        Verdict("missing", "not asked", "none", None),
        Verdict("right", "right", "good", 1),
        Verdict("refused_rightly", "refused rightly", "good", 1),
        Verdict("corrected", "corrected the question", "good", 1),
    )
}
CHOICES = {
    "all": "All", "worse": "Worse than {}", "better": "Better than {}", "wrong": "Wrong", "refused": "Refused wrongly",
    "failed": "Failed", "unscored": "Not scored", "right": "Right",
}  # fmt: skip
"""By which questions can be filtered; of several systems one is enough."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a system answered, and what that is worth, by the ids of cases."""

    name: str
    """Under which it is shown."""
    results: Mapping[str, Result]
    scores: Mapping[str, Mapping[str, Score]]
    """By metric."""
    blame: Sequence[Blame] = ()
    """What lost each wrong answer."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one system said to a question."""

    system: str
    verdict: Verdict
    result: Result | None
    scores: Mapping[str, Score]
    blame: Blame | None = None
    difference: float | None = None
    """By how much it is better than the baseline, whichever way the metric goes; None where one has no score."""
    gain: float = 0.0
    """The same, and where there is no score by what both are worth in words."""

    @property
    def change(self) -> str:
        """``worse`` or ``better`` than the baseline, where it is."""
        return "" if abs(self.gain) < SAME else "worse" if self.gain < 0 else "better"

    @property
    def advice(self) -> str:
        """What to try, where a stage is to blame."""
        return STAGES[self.blame.stage] if self.blame else ""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A passage that at least one system was given."""

    passage: Retrieved
    ranks: Mapping[str, int]
    """At which rank each system had it, from 1."""
    quotes: Sequence[str]
    """What of it was cited, or is the evidence."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A row of the page, and what opens beside it."""

    case: Case
    said: Sequence[Said]
    passages: Sequence[Passage]
    kinds: frozenset[str]
    """Of :data:`CHOICES`."""

    @property
    def stages(self) -> list[str]:
        """The stages to blame, each once."""
        return list(dict.fromkeys(one.blame.stage for one in self.said if one.blame))


def verdict(case: Case, result: Result | None, scores: Mapping[str, Score]) -> Verdict:
    """Say what an answer is worth: by whether it is right, or for earlier runs by their quality."""
    if result is None:
        return VERDICTS["missing"]
    if result.error:
        return VERDICTS["failed"]
    if case.answerable and result.refused:
        return VERDICTS["refused"]
    names = ("answered_right" if case.answerable else "refused_right", "quality")
    value = next((scores[name].value for name in names if name in scores), None)
    if value is None:
        return VERDICTS["unscored"]
    rightly = "refused_rightly" if result.refused else "corrected"
    words = ("wrong", "right") if case.answerable else ("answered", rightly)
    return VERDICTS[words[value > JUDGED_RIGHT]]


def questions(cases: Iterable[Case], systems: Sequence[Answers], baseline: str, metric: str) -> list[Question]:
    """Give the questions that were asked: first where a system is worse than the baseline, by most; then the worst."""
    known = known_metrics().get(metric)
    sign = -1.0 if known and known.higher_is_better is False else 1.0
    blamed = {system.name: {one.case_id: one for one in system.blame} for system in systems}
    rows: list[Question] = []
    for case in cases:
        said = [
            Said(
                system=one.name, result=one.results.get(case.id), scores=(own := one.scores.get(case.id, {})),
                verdict=verdict(case, one.results.get(case.id), own), blame=blamed[one.name].get(case.id),
            )
            for one in systems
        ]  # fmt: skip
        if any(one.result for one in said):
            base = next((one for one in said if one.system == baseline), None)
            said = [_against(base, one, metric, sign) for one in said] if base else said
            rows.append(Question(case=case, said=said, passages=_passages(case, said), kinds=_kinds(said)))
    return sorted(rows, key=lambda row: _order(row, metric, sign))


def _against(base: Said, said: Said, metric: str, sign: float) -> Said:
    """Say by how much an answer is better than the baseline's."""
    first, second = (one.scores[metric].value if metric in one.scores else None for one in (base, said))
    if first is not None and second is not None:
        return replace(said, difference=(better := sign * (second - first)), gain=better)
    ranks = base.verdict.rank, said.verdict.rank
    return said if None in ranks else replace(said, gain=float((ranks[1] or 0) - (ranks[0] or 0)))


def _kinds(said: Sequence[Said]) -> frozenset[str]:
    same = {"answered": "wrong", "refused_rightly": "right", "corrected": "right", "missing": "unscored"}
    names = {same.get(one.verdict.name, one.verdict.name) for one in said}
    return frozenset({"all"} | names | {one.change for one in said if one.change})


def _order(row: Question, metric: str, sign: float) -> tuple[bool, float, int, float]:
    worst = min((one.gain for one in row.said), default=0.0)
    ranks = [one.verdict.rank for one in row.said if one.verdict.rank is not None]
    values = [sign * score.value for one in row.said if (score := one.scores.get(metric)) and score.value is not None]
    return worst > -SAME, min(worst, 0.0), min(ranks, default=0), min(values, default=0.0)


def _passages(case: Case, said: Sequence[Said]) -> list[Passage]:
    """Give every passage once, in the order of its best rank."""
    found: dict[tuple[str, str], tuple[Retrieved, dict[str, int]]] = {}
    quotes = [evidence.quote for evidence in case.evidence if evidence.quote]
    for one in said:
        for rank, passage in enumerate(one.result.passages if one.result else (), start=1):
            ranks = found.setdefault((passage.document, passage.text), (passage, {}))[1]
            ranks.setdefault(one.system, rank)
        quotes += [cited.quote for cited in (one.result.citations if one.result else ()) if cited.verified]
    return [
        Passage(passage=passage, ranks=ranks, quotes=[quote for quote in quotes if quote and quote in passage.text])
        for passage, ranks in sorted(found.values(), key=lambda one: min(one[1].values()))
    ]
