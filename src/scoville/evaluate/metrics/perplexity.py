"""How surprising a text is to a model.

Enters: the natural logarithms of the probabilities that a model gives to each token of a text, after those before it
and after the prompt. Leaves: perplexity, bits per byte. Perplexities compare only under one model and one tokenizer;
bits per byte compare under any. Knows no model: it is handed in.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import exp, isfinite, isnan, log

from scoville.errors import ContextTooLong, WorkspaceError
from scoville.evaluate.metrics.metric import Scorer, table
from scoville.evaluate.result import Result
from scoville.types import Case, Score

METRICS = table(
    "perplexity",
    ("perplexity", "exp of the mean negative log-probability of the expected answer's tokens", "Jelinek et al., 1977"),
    higher_is_better=False,
    low=1.0,
    high=None,
) | table(
    "perplexity",
    ("bits_per_byte", "negative log2-probability of the expected answer by its bytes in UTF-8"),
    higher_is_better=False,
    high=None,
)
LogProbabilities = Callable[[Case, Result, str], Sequence[float]]
"""Gives those of the tokens of a text, as an answer to the case from the passages of the result."""


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


def perplexity_scorer(log_probabilities: LogProbabilities, model: str = "") -> Scorer:
    """Make a scorer of expected answers from a model; of several the likeliest counts.

    ``model`` is named as the judge of the scores, so that those of different models are not compared. A case that does
    not fit the model, or that the index has changed for, is unscored.
    """

    def score(case: Case, result: Result) -> Iterable[Score]:
        expected = [text for text in case.expected if text.strip()]
        if not case.answerable or case.choices or not expected:
            return
        values: dict[str, list[float | None]] = {"perplexity": [], "bits_per_byte": []}
        why = result.error
        try:
            for text in [] if why else expected:
                found = log_probabilities(case, result, text)
                values["perplexity"].append(perplexity(found))
                values["bits_per_byte"].append(bits_per_byte(found, text))
        except (ContextTooLong, WorkspaceError) as error:
            why = str(error)
        for name, given in values.items():
            best = None if why else min((one for one in given if one is not None), default=None)
            reason = why or "the text has no tokens, or one that the model holds impossible"
            yield replace(METRICS[name].score(best, "" if best is not None else reason), judge=model)

    return score


def _sum(log_probabilities: Iterable[float]) -> tuple[float, int]:
    total, count = 0.0, 0
    for value in log_probabilities:
        if isnan(value) or value > 1e-6:
            raise ValueError(f"{value} is no log-probability: expected at most 0")
        total, count = total + min(value, 0.0), count + 1
    return total, count
