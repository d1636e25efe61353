"""From what a reader's two heads say to the probability that a text answers a question.

Enters: of some questions the margin of the best span over "no answer", the second head's logit, and whether the text
does answer. Leaves: the weights of a logistic, and how far such probabilities are off. Knows no network.
"""

from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from scoville.evaluate.logistic import fit_logistic

BINS = 15
LEAST_ROWS = 20
"""Of each kind; a logistic from fewer says little."""


class Calibration(NamedTuple):
    """Weights of a logistic, as ``config.json`` holds them."""

    margin: float = 1.0
    answerable: float = 0.0
    constant: float = 0.0

    def probability(self, margin: float, answerable: float) -> float:
        """Give the probability that the text answers the question."""
        logit = self.margin * margin + self.answerable * answerable + self.constant
        return 1 / (1 + exp(-max(-60.0, min(60.0, logit))))


def fit(features: Sequence[tuple[float, float]], labels: Sequence[bool]) -> Calibration:
    """Fit a logistic by Newton's steps; the default where there are too few questions of one kind (Platt 1999)."""
    if min(sum(labels), len(labels) - sum(labels)) < LEAST_ROWS:
        return Calibration()
    return Calibration(*fit_logistic(features, labels, (0.0, 0.0, 0.0)))


def calibrate(features: Sequence[tuple[float, float]], labels: Sequence[bool]) -> tuple[Calibration, float | None]:
    """Fit a logistic to all questions; its expected error is that of each half by a logistic of the other."""
    said = [0.0] * len(labels)
    for first in (0, 1):
        weights = fit(features[1 - first :: 2], labels[1 - first :: 2])
        said[first::2] = [weights.probability(*one) for one in features[first::2]]
    return fit(features, labels), expected_error(said, labels)


def expected_error(probabilities: Sequence[float], labels: Sequence[bool]) -> float | None:
    """Give the expected calibration error: the mean gap of said and true shares over 15 bins (Guo et al. 2017)."""
    if not labels:
        return None
    gaps: dict[int, list[float]] = {}
    for said, true in zip(probabilities, labels, strict=True):
        gaps.setdefault(min(int(said * BINS), BINS - 1), []).append(said - true)
    return sum(abs(sum(gap)) for gap in gaps.values()) / len(labels)
