"""What `scoville calibrate` found, as the workspace keeps it: how to read the signals, and from where on to answer.

Enters: a workspace, a recipe. Leaves: a calibration; the shipped one where nothing was fitted, or for another system.
Knows no cases.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoville.answer.selective import Point, Threshold, choose, least_error
from scoville.answer.support import Calibration, Weights
from scoville.errors import UsageError
from scoville.index import Workspace
from scoville.recipe import Recipe
from scoville.recipe.recipe import Answering
from scoville.storage import write_whole

logger = logging.getLogger("scoville")
FILE = "calibration.json"
ADVICE = "run `scoville calibrate CASES`"


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Weights, and what they say of the cases that they were fitted on."""

    weights: Weights
    points: tuple[Point, ...]
    """Of each case with passages how likely it was held to be answered, by weights of the other cases; and whether an
    answer is an error."""
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What it was fitted on: cases, models, day."""

    def threshold(self, max_error: float) -> Threshold:
        """Find from where on to answer; UsageError where the cases show no way to keep the error rate."""
        if found := choose(self.points, max_error):
            return found
        raise UsageError(
            f"answer.max_error: {max_error:g} cannot be kept, by the {len(self.points)} cases of `scoville calibrate`: "
            f"the least is {least_error(self.points):.2f}; allow more, or calibrate on more cases"
        )


def system_hash(recipe: Recipe) -> str:
    """Name what the signals depend on: every choice but those of when to answer."""
    return recipe.model_copy(update={"answer": Answering()}).hash


def calibration_of(workspace: Workspace, recipe: Recipe, embedder: str) -> Calibration:
    """Give what a workspace answers by; UsageError where it needs cases that nobody calibrated on."""
    max_error, threshold = recipe.answer.max_error, recipe.answer.min_probability
    fitted = read_fitted(workspace)
    if fitted and (workspace.fixed or fitted.about.get("system") == system_hash(recipe)):  # a release has its own
        if max_error is not None:
            threshold = fitted.threshold(max_error).risk.threshold
        return Calibration(weights=fitted.weights, threshold=threshold, own=True)
    if max_error is not None:
        why = "that of this workspace is for other settings" if fitted else "this workspace has none"
        raise UsageError(f"answer.max_error: {max_error:g} needs a calibration, and {why}: {ADVICE}")
    if fitted:
        logger.info("The calibration of this workspace is for other settings and not used: %s again.", ADVICE)
    return Calibration.shipped(embedder, threshold)


def write_fitted(workspace: Workspace, fitted: Fitted) -> None:
    """Keep a fit in the workspace."""
    saved = {
        "weights": fitted.weights._asdict(), "points": [[round(p, 6), error] for p, error in fitted.points],
        "about": dict(fitted.about),
    }  # fmt: skip
    write_whole(workspace.root / ".scoville" / FILE, json.dumps(saved, indent=1))


def read_fitted(workspace: Workspace) -> Fitted | None:
    """Read the fit of a workspace; None without one, UsageError for a file that cannot be read."""
    path = (workspace.folder if workspace.fixed else workspace.root / ".scoville") / FILE
    if not path.is_file():
        return None
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        points = tuple(Point(float(probability), bool(error)) for probability, error in saved["points"])
        return Fitted(weights=Weights(**saved["weights"]), points=points, about=dict(saved["about"]))
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not what `scoville calibrate` wrote ({error!r}): {ADVICE} again") from None
