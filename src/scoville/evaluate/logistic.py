"""A logistic of a few signals, fitted by Newton's steps. Enters: signals and labels. Leaves: weights."""

from collections.abc import Sequence

RIDGE = 1.0
"""Strength of the pull towards the weights that it starts from, as of one question's worth: labels that the signals get
all right have no finite best weights, and few say little."""
STEPS = 50


def fit_logistic(signals: Sequence[Sequence[float]], labels: Sequence[bool], start: Sequence[float]) -> list[float]:
    """Fit a weight for each signal, and the constant behind them; ``start`` are those of earlier (Platt 1999)."""
    import numpy as np

    wanted = np.asarray(labels, float)
    raw = np.column_stack([np.asarray(signals, float), np.ones(len(labels))])
    scale = np.maximum(raw.std(axis=0), 1e-6)
    scale[-1] = 1.0
    given = raw / scale
    before = np.asarray(start, float) * scale
    pull = RIDGE * np.append(np.ones(len(before) - 1), 0.0)  # the constant is free
    weights = before.copy()
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-np.clip(given @ weights, -30, 30)))
        slope = given.T @ (said - wanted) + pull * (weights - before)
        curve = (given * (said * (1 - said))[:, None]).T @ given + np.diag(pull) + 1e-9 * np.eye(len(pull))
        step = np.linalg.solve(curve, slope)
        weights -= np.clip(step, -2, 2)
        if float(np.abs(step).max()) < 1e-8:
            break
    return [float(weight) for weight in weights / scale]
