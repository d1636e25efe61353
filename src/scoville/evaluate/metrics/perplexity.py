"""How surprising a text is to a model.

Enters: the natural logarithms of the probabilities that a model gives to each token of a text, after those before it.
Leaves: perplexity, bits per byte. Perplexities compare only under one model and one tokenizer; bits per byte compare
under any. Knows no model: it is handed in.
"""

from collections.abc import Callable, Iterable, Sequence
from math import exp, isfinite, isnan, log

from scoville.evaluate.metrics.metric import Scorer, table
from scoville.evaluate.result import Result
from scoville.types import Case, Score

METRICS = table(
    "perplexity",
    ("perplexity", "exp of the mean negative log-probability of the answer's tokens", "Jelinek et al., 1977"),
    higher_is_better=False,
    low=1.0,
    high=None,
) | table(
    "perplexity",
    ("bits_per_byte", "negative log2-probability of the answer by its bytes in UTF-8"),
    higher_is_better=False,
    high=None,
)
LogProbabilities = Callable[[str], Sequence[float]]


def perplexity(log_probabilities: Iterable[float]) -> float | None:
    """Give exp(-mean) of the tokens' log-probabilities (Jelinek et al., 1977).

    None without tokens, and where it is infinite: a token of probability 0. Raises ValueError for what is no logarithm
    of a probability.
    """
    total, count = _sum(log_probabilities)
    mean = -total / count if count else None
    return exp(mean) if mean is not None and mean < 700 else None  # exp(710) is more than a float holds


def bits_per_byte(log_probabilities: Iterable[float], text: str) -> float | None:
    """Give -log2 of the text's probability by its bytes in UTF-8; None for an empty text or one of probability 0."""
    total, count = _sum(log_probabilities)
    size = len(text.encode("utf-8", "replace"))
    return -total / log(2) / size if count and size and isfinite(total) else None


def perplexity_scorer(log_probabilities: LogProbabilities) -> Scorer:
    """Make a scorer of the answers' texts from a model."""

    def score(case: Case, result: Result) -> Iterable[Score]:
        if result.refused and not result.error:
            return
        given = () if result.error else tuple(log_probabilities(result.text))
        why = result.error or "the text has no tokens, or one that the model holds impossible"
        for name, value in (("perplexity", perplexity(given)), ("bits_per_byte", bits_per_byte(given, result.text))):
            yield METRICS[name].score(value, "" if value is not None else why)

    return score


def _sum(log_probabilities: Iterable[float]) -> tuple[float, int]:
    total, count = 0.0, 0
    for value in log_probabilities:
        if isnan(value) or value > 1e-6:
            raise ValueError(f"{value} is no log-probability: expected at most 0")
        total, count = total + min(value, 0.0), count + 1
    return total, count
