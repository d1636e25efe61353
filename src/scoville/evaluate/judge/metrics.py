"""The metrics that a judge decides: correctness, hallucination, faithfulness, relevance, context, preference.

Enters: a judge, a case and what a system said. Leaves: scores. What comparison can decide is decided by it
(:mod:`judge_lane`), and the judge sees the rest; the reason of a score begins with which of the two it was. A metric
that does not apply to a case yields nothing. Sources: faithfulness, context precision and recall follow Es et al.,
"Ragas", EACL 2024, with sentences for claims; preference in both orders follows Zheng et al., NeurIPS 2023.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from statistics import mean
from typing import TypeVar

from scoville.at_once import in_order
from scoville.errors import UsageError
from scoville.evaluate.judge.judge import Judge, Verdict
from scoville.evaluate.judge.lane import claims_of, decide_correctness, is_empty, is_refusal, is_same, stands_in
from scoville.evaluate.judge.prompts import (
    ANSWER_RELEVANCE,
    CONTEXT_PRECISION,
    CONTEXT_RECALL,
    CORRECTNESS,
    FAITHFULNESS,
    HALLUCINATION,
    PREFERENCE,
    Task,
)
from scoville.evaluate.metrics.metric import Metric
from scoville.evaluate.result import Result
from scoville.types import Case, Score

VERSION = 1
"""Of all metrics here: their prompts and lanes change together."""
RAGAS = "Es et al., 2024"


def _judged(task: Task, description: str, *, higher_is_better: bool = True, source: str = "") -> Metric:
    return Metric(
        name=task.name, family="judge", description=description, higher_is_better=higher_is_better, version=VERSION,
        source=source,
    )  # fmt: skip


_LISTED = (
    _judged(CORRECTNESS, "the answer says what is expected: 1, a part of it: .5; an unanswerable question is refused"),
    _judged(HALLUCINATION, "the answer states what no source says", higher_is_better=False),
    _judged(FAITHFULNESS, "share of the answer's sentences that the passages support", source=RAGAS),
    _judged(ANSWER_RELEVANCE, "the answer addresses the question: 1, in part: .5, true or not"),
    _judged(CONTEXT_PRECISION, "how far up the useful passages stand", source=RAGAS),
    _judged(CONTEXT_RECALL, "share of the expected answer's sentences that the passages say", source=RAGAS),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _LISTED}
AT_ONCE = 10
"""Claims or passages judged in one request."""

T = TypeVar("T")
OnDone = Callable[[int, int], None]
"""Told how many are done, and of how many."""
JudgeScorer = Callable[[Judge, Case, Result], Iterator[Score]]


def correctness(judge: Judge, case: Case, result: Result) -> Iterator[Score]:
    """Score 1 where the answer says what is expected, .5 for a part of it, 0 otherwise."""
    if decided := decide_correctness(case, result):
        yield _decided(CORRECTNESS, decided.value, decided.reason)
        return
    known = (
        _references(case)
        or _passages(result)
        or [("reference", evidence.quote) for evidence in case.evidence if evidence.quote]
    )
    if not known:
        yield _unscored(CORRECTNESS, "neither an expected answer nor a passage to judge by")
        return
    yield _single(judge, CORRECTNESS, [*_question(case), *known, ("answer", result.text)])


def hallucination(judge: Judge, case: Case, result: Result) -> Iterator[Score]:
    """Score 1 where the answer states what neither reference nor passages say, else 0; a refusal states nothing."""
    if is_refusal(result) or is_empty(result):
        yield _decided(HALLUCINATION, 0.0, "states nothing")
        return
    texts = [passage.text for passage in result.passages] + list(case.expected)
    if all(stands_in(claim, texts) for claim in claims_of(result.text)):
        yield _decided(HALLUCINATION, 0.0, "word for word in the sources")
        return
    known = [*_references(case), *_passages(result)]
    if not known:
        yield _unscored(HALLUCINATION, "neither an expected answer nor a passage to check against")
        return
    yield _single(judge, HALLUCINATION, [*_question(case), *known, ("answer", result.text)])


def faithfulness(judge: Judge, case: Case, result: Result) -> Iterator[Score]:
    """Score the share of the answer's sentences that its passages support; not of refusals, or without passages."""
    if is_refusal(result) or is_empty(result) or not result.passages:
        return
    claims, texts = claims_of(result.text), [passage.text for passage in result.passages]
    yield _shares(judge, FAITHFULNESS, [*_question(case), *_passages(result)], claims, texts)


def answer_relevance(judge: Judge, case: Case, result: Result) -> Iterator[Score]:
    """Score 1 where the answer addresses the question, .5 for a part; a refusal or an empty answer does not."""
    if not case.answerable:
        return
    if is_refusal(result) or is_empty(result):
        yield _decided(ANSWER_RELEVANCE, 0.0, "no answer")
        return
    yield _single(judge, ANSWER_RELEVANCE, [*_question(case), ("answer", result.text)])


def context_precision(judge: Judge, case: Case, result: Result) -> Iterator[Score]:
    """Score how far up the useful passages stand: the mean of precision@k over their ranks k; 0 without any."""
    if not case.answerable or not result.passages:
        return
    passages = [passage.text for passage in result.passages]
    rounds = _rounds(judge, CONTEXT_PRECISION, [*_question(case), *_references(case)], "passage", passages)
    yield _scored(judge, CONTEXT_PRECISION, rounds, _average_precision)


def context_recall(judge: Judge, case: Case, result: Result) -> Iterator[Score]:
    """Score the share of the expected answer's sentences that the passages say; not without either."""
    if not case.answerable or not case.expected or not result.passages:
        return
    claims = claims_of(max(case.expected, key=len))
    if claims:
        texts = [passage.text for passage in result.passages]
        yield _shares(judge, CONTEXT_RECALL, [*_question(case), *_passages(result)], claims, texts)


def preference(judge: Judge, case: Case, first: Result, second: Result) -> Score:
    """Score 1 where the first answer is better, 0 where the second is, .5 for a tie.

    The judge sees both orders, and what it says of only one of them is a tie.
    """
    if error := first.error or second.error:
        return _unscored(PREFERENCE, f"the system failed: {error}")
    lanes = [decide_correctness(case, result) for result in (first, second)]
    if is_same(first, second):
        return _decided(PREFERENCE, 0.5, "the same answer")
    if lanes[0] and lanes[1]:
        return _decided(PREFERENCE, (1 + lanes[0].value - lanes[1].value) / 2, f"{lanes[0].reason}; {lanes[1].reason}")
    shown = [*_question(case), *_references(case)]
    orders = [
        judge.verdicts(PREFERENCE, [*shown, ("first", one.text), ("second", other.text)])
        for one, other in ((first, second), (second, first))
    ]
    rounds = [_both(forward, backward) for forward, backward in zip(*orders, strict=True)]
    return _scored(judge, PREFERENCE, rounds, lambda values: values[0])


SCORERS: Mapping[str, JudgeScorer] = {
    CORRECTNESS.name: correctness,
    HALLUCINATION.name: hallucination,
    FAITHFULNESS.name: faithfulness,
    ANSWER_RELEVANCE.name: answer_relevance,
    CONTEXT_PRECISION.name: context_precision,
    CONTEXT_RECALL.name: context_recall,
}


def judge_result(judge: Judge, case: Case, result: Result, metrics: Sequence[str] = tuple(METRICS)) -> list[Score]:
    """Score one answer by the metrics named; UsageError for one that no judge decides.

    An answer that the system failed to give is unscored.
    """
    if unknown := [name for name in metrics if name not in METRICS]:
        raise UsageError(f"metric {unknown[0]!r} is none that a judge decides; there are {', '.join(METRICS)}")
    if result.error:
        return [
            Score(metric=name, value=None, reason=f"the system failed: {result.error}", version=VERSION)
            for name in metrics
        ]
    return [score for name in metrics for score in SCORERS[name](judge, case, result)]


def judge_all(
    judge: Judge,
    cases: Sequence[Case],
    results: Mapping[str, Result],
    metrics: Sequence[str] = tuple(METRICS),
    *,
    on_done: OnDone | None = None,
) -> dict[str, list[Score]]:
    """Score every answer there is, as many at once as the judge takes; gives the scores by the id of the case."""
    chosen = [case for case in cases if case.id in results]
    jobs = [partial(judge_result, judge, case, results[case.id], metrics) for case in chosen]
    return dict(zip((case.id for case in chosen), at_once(judge, jobs, on_done), strict=True))


def at_once(judge: Judge, jobs: Sequence[Callable[[], T]], on_done: OnDone | None = None) -> list[T]:
    """Do jobs, as many at once as the judge takes; gives what they give, in the order given."""
    done: list[T] = []
    for result in in_order(lambda job: job(), jobs, judge.workers):
        done.append(result)
        if on_done:
            on_done(len(done), len(jobs))
    return done


def _single(judge: Judge, task: Task, material: Sequence[tuple[str, str]]) -> Score:
    return _scored(judge, task, judge.verdicts(task, material), lambda values: values[0])


def _shares(
    judge: Judge, task: Task, material: Sequence[tuple[str, str]], claims: Sequence[str], texts: Sequence[str]
) -> Score:
    """Score the share of claims that are supported; those that stand in a text are, without the judge."""
    open_claims = [claim for claim in claims if not stands_in(claim, texts)]
    if not open_claims:
        return _decided(task, 1.0, f"all {len(claims)} claims word for word in the passages")
    rounds = _rounds(judge, task, material, "claim", open_claims)
    known = len(claims) - len(open_claims)
    return _scored(judge, task, rounds, lambda values: (known + sum(values)) / len(claims))


def _rounds(
    judge: Judge, task: Task, material: Sequence[tuple[str, str]], name: str, texts: Sequence[str]
) -> list[Verdict]:
    """Ask for a verdict on each text, some at once; a round in which one of them is missing is none."""
    parts: list[list[Verdict]] = []
    for start in range(0, len(texts), AT_ONCE):
        named = [(f"{name}_{number}", text) for number, text in enumerate(texts[start : start + AT_ONCE], start + 1)]
        parts.append(judge.verdicts(task, [*material, *named], [key for key, _ in named]))
    return [_joined(verdicts) for verdicts in zip(*parts, strict=True)]


def _joined(verdicts: Sequence[Verdict]) -> Verdict:
    if failed := next((verdict for verdict in verdicts if not verdict.words), None):
        return failed
    words = {key: word for verdict in verdicts for key, word in verdict.words.items()}
    return Verdict(words=words, reason=" ".join(verdict.reason for verdict in verdicts if verdict.reason))


def _both(forward: Verdict, backward: Verdict) -> Verdict:
    """Join what the judge said in both orders: a win only where they agree."""
    if not forward.words or not backward.words:
        return backward if forward.words else forward
    said, swapped = forward.words["verdict"], backward.words["verdict"]
    agreed = {("first", "second"), ("second", "first")}
    if (said, swapped) in agreed or said == swapped == "tie":
        return forward
    return Verdict(words={"verdict": "tie"}, reason=f"{said} in one order, {swapped} in the other")


def _scored(judge: Judge, task: Task, rounds: Sequence[Verdict], value: Callable[[Sequence[float]], float]) -> Score:
    """Give the mean over the rounds that have a verdict; unscored where none has."""
    given = [verdict for verdict in rounds if verdict.words]
    if not given:
        return _unscored(task, rounds[0].reason, judge.label)
    values = [value([task.verdicts[word] for word in verdict.words.values()]) for verdict in given]
    said = "; ".join(" ".join(verdict.words.values()) for verdict in given)
    missing = f" ({len(rounds) - len(given)} of {len(rounds)} without a verdict)" if len(given) < len(rounds) else ""
    why = f": {given[0].reason}" if given[0].reason else ""
    return Score(
        metric=task.name, value=mean(values), reason=f"judge: {said}{missing}{why}", version=VERSION, judge=judge.label,
        rounds=tuple(values) if len(values) > 1 else (),
    )  # fmt: skip


def _decided(task: Task, value: float, reason: str) -> Score:
    return Score(metric=task.name, value=value, reason=f"lane: {reason}", version=VERSION)


def _unscored(task: Task, reason: str, judge: str = "") -> Score:
    return Score(metric=task.name, value=None, reason=reason, version=VERSION, judge=judge)


def _average_precision(values: Sequence[float]) -> float:
    found = [rank for rank, value in enumerate(values, start=1) if value]
    return mean(number / rank for number, rank in enumerate(found, start=1)) if found else 0.0


def _question(case: Case) -> list[tuple[str, str]]:
    turns = "\n".join(f"{turn.role}: {turn.content}" for turn in case.history)
    choices = "".join(f"\n{chr(65 + number)}. {text}" for number, text in enumerate(case.choices))
    return [*([("conversation", turns)] if turns else []), ("question", case.question + choices)]


def _references(case: Case) -> list[tuple[str, str]]:
    return [("reference", text) for text in case.expected if text.strip()]


def _passages(result: Result) -> list[tuple[str, str]]:
    return [(f"passage_{number}", one.text) for number, one in enumerate(result.passages, start=1)]
