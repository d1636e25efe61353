"""What answers took: seconds, tokens, dollars.

Enters: results. Leaves: scores of each, percentiles and sums of all. What is not known is not counted as nothing: a
price that is not known makes the sum unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from scoville.evaluate.metrics.metric import Family, Scores, table
from scoville.evaluate.result import Result
from scoville.evaluate.statistics import Estimate, estimate, percentile
from scoville.types import Case, Score

STEPS = {"search": "searching", "first_token": "from the question to the first token", "generate": "writing",
         "total": "the whole answer"}  # fmt: skip
PERCENTILES = (50, 95, 99)
PERCENTILE = "Hyndman and Fan, 1996, type 7"
METRICS = table(
    "cost",
    *((f"seconds_{step}", f"seconds: {what}") for step, what in STEPS.items()),
    ("prompt_tokens", "tokens that models read"),
    ("completion_tokens", "tokens that models wrote"),
    ("cost_usd", "US dollars; unscored where the price is not known"),
    higher_is_better=False,
    high=None,
)
SUMMARIES = table(
    "cost",
    *(
        (f"seconds_{step}_p{percent}", f"{percent} % of the answers took at most so many seconds: {what}", PERCENTILE)
        for step, what in STEPS.items()
        for percent in PERCENTILES
    ),
    ("prompt_tokens_sum", "tokens that models read, all answers"),
    ("completion_tokens_sum", "tokens that models wrote, all answers"),
    ("cost_usd_sum", "US dollars of all answers; not known when one price is not"),
    ("cost_usd_known_sum", "US dollars of the answers whose price is known"),
    ("cost_unknown", "answers whose price is not known"),
    ("cost_usd_per_1000", "US dollars of 1,000 answers; not known when one price is not"),
    higher_is_better=False,
    high=None,
)


def score_cost(case: Case, result: Result) -> Iterable[Score]:
    """Score what one answer took; of a step that the system does not tell there is no score."""
    for step in STEPS:
        seconds = result.seconds.get(step)
        if result.error or seconds is not None:
            yield _score(f"seconds_{step}", seconds, result.error)
    yield _score("prompt_tokens", result.prompt_tokens, result.error)
    yield _score("completion_tokens", result.completion_tokens, result.error)
    unknown = "the price is not known" if result.cost_usd is None else ""
    yield _score("cost_usd", result.cost_usd, result.error or unknown)


def summarise_cost(
    cases: Sequence[Case], results: Mapping[str, Result], scores: Scores
) -> dict[str, Estimate | float | None]:
    """Give percentiles of the seconds, and the sums of tokens and dollars, over the answers without an error."""
    done = [results[case.id] for case in cases if case.id in results and not results[case.id].error]
    values: dict[str, Estimate | float | None] = {}
    for step in STEPS:
        seconds = [one.seconds.get(step) for one in done]
        values |= {f"seconds_{step}_p{percent}": percentile(seconds, percent / 100) for percent in PERCENTILES}
    known = [one.cost_usd for one in done if one.cost_usd is not None]
    whole = sum(known) if done and len(known) == len(done) else None
    return values | {
        "prompt_tokens_sum": float(sum(one.prompt_tokens for one in done)),
        "completion_tokens_sum": float(sum(one.completion_tokens for one in done)),
        "cost_usd_sum": whole,
        "cost_usd_known_sum": float(sum(known)),
        "cost_unknown": float(len(done) - len(known)),
        "cost_usd_per_1000": None if whole is None else estimate([1000 * usd for usd in known], high=None),
    }


def _score(name: str, value: float | None, reason: str) -> Score:
    if reason or value is None or not isfinite(value):
        return METRICS[name].score(None, reason or "the system gave no number")
    return METRICS[name].score(float(value))


def open_family() -> Family:
    """Give what is scored without a model."""
    return Family(score=score_cost, metrics=METRICS, summarise=summarise_cost)
