"""Whether an answer is right, whether a refusal is, and what both come to: what systems are ranked by.

Enters: a case, what a system said, and the scores of that. Leaves: for a question with an answer ``answered_right``,
for one without ``refused_right``, and for each ``quality``. The first two are numbers of their own, never averaged;
``quality`` weighs them by the share of questions without an answer and by what a wrong answer costs.
"""

from collections.abc import Iterable, Iterator

from scoville.evaluate.judge.lane import is_refusal
from scoville.evaluate.metrics.metric import Metric
from scoville.evaluate.metrics.premise import corrects_premise
from scoville.evaluate.metrics.right import RIGHT_FROM, WORDS
from scoville.evaluate.result import Result
from scoville.types import Case, Score

ANSWERED = Metric(name="answered_right", family="all", description="a question with an answer is answered rightly")
REFUSED = Metric(
    name="refused_right", family="all",
    description="a question without an answer is refused, or what it wrongly supposes is corrected",
)  # fmt: skip
QUALITY = Metric(
    name="quality", family="all",
    description="1 - what the answer costs: nothing when right, 1 for a refusal, `evaluate.wrong_costs` for a wrong "
    "answer; as a share of the dearest", version=WORDS.version,
)  # fmt: skip
"""Its version is one for all cases of a run, whatever decided them: that of the rule by words."""
HEADLINE = {metric.name: metric for metric in (ANSWERED, REFUSED, QUALITY)}
DECIDES = ("correctness", "choice_match", "final_number", WORDS.name)
"""The first of these that an answer has says whether it is right."""
JUDGED_RIGHT = 0.5
"""More than this: an answer that a judge calls partly right is not right."""


def rightness(case: Case, result: Result, scores: Iterable[Score], wrong_costs: float = 1.0) -> Iterator[Score]:
    """Say whether a system did right by a case; the reason names the metric that decided."""
    found = {score.metric: score for score in scores}
    names = DECIDES if case.answerable else ("refusal_right",)
    decided = next((found[name] for name in names if name in found), None)
    part = ANSWERED if case.answerable else REFUSED
    if decided is None or decided.value is None:
        reason = decided.reason if decided else "the case has neither an expected answer nor a verdict of a judge"
        yield from (metric.score(None, reason) for metric in (part, QUALITY))
        return

    def loss(right: bool) -> float:
        return 0.0 if right else 1.0 if case.answerable and is_refusal(result) else wrong_costs

    rights = [_is_right(decided.metric, value) for value in decided.rounds or (decided.value,)]
    if not case.answerable and corrects_premise(case, result):
        rights = [True]
    weight = "" if wrong_costs == 1 else f", wrong_costs {wrong_costs:g}"
    for metric, version, values, reason in (
        (part, decided.version, [float(right) for right in rights], decided.metric),
        (
            QUALITY,
            QUALITY.version,
            [1 - loss(right) / max(1.0, wrong_costs) for right in rights],
            decided.metric + weight,
        ),
    ):
        yield Score(
            metric=metric.name, value=sum(values) / len(values), reason=reason, version=version,
            judge=decided.judge, rounds=tuple(values) if decided.rounds else (),
        )  # fmt: skip


def _is_right(metric: str, value: float) -> bool:
    return value >= RIGHT_FROM if metric == WORDS.name else value > JUDGED_RIGHT
