"""From what a reader's two heads say to the probability that a text answers a question.

Enters: of some questions the margin of the best span over "no answer", the second head's logit, and whether the text
does answer. Leaves: the weights of a logistic, and how far such probabilities are off. Knows no network.
"""

from collections.abc import Sequence
from math import exp
from typing import NamedTuple

RIDGE = 1.0
"""Strength of the penalty on weights, as of one question's worth: a dev part that the reader gets all right has no
finite best weights."""
STEPS = 50
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
    import numpy as np

    if min(sum(labels), len(labels) - sum(labels)) < LEAST_ROWS:
        return Calibration()
    wanted = np.asarray(labels, float)
    raw = np.column_stack([np.asarray(features, float), np.ones(len(labels))])
    scale = np.maximum(raw.std(axis=0), 1e-6)
    scale[2] = 1.0
    given = raw / scale
    penalty = np.diag([RIDGE, RIDGE, 0.0])
    weights = np.zeros(3)
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-np.clip(given @ weights, -30, 30)))
        slope = given.T @ (said - wanted) + penalty @ weights
        curve = (given * (said * (1 - said))[:, None]).T @ given + penalty + 1e-9 * np.eye(3)
        step = np.linalg.solve(curve, slope)
        weights -= np.clip(step, -2, 2)
        if float(np.abs(step).max()) < 1e-8:
            break
    return Calibration(*(float(weight) for weight in weights / scale))


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
