"""The tracker that a name means: ``mlflow:URI`` or ``wandb:PROJECT``.

Enters: a target of the recipe's ``track.to``. Leaves: an opened :class:`Mirror`. Knows no run.
"""

import re
from pathlib import Path

from scoville.errors import UsageError
from scoville.track.mirror import Mirror

FORMS = (
    "expected mlflow:URI, e.g. mlflow:sqlite:///mlflow.db or mlflow:http://127.0.0.1:5000, "
    "or wandb:PROJECT, or wandb:ENTITY/PROJECT"
)
PASSWORD = re.compile(r"://[^/@\s]*@")


def open_mirror(target: str, folder: Path) -> Mirror:
    """Open what a recipe names; ``folder`` is the workspace's, where what is not sent anywhere is kept.

    Raises UsageError for a name that means nothing, MissingExtra when its library is not installed, both before a run.
    """
    kind, _, place = target.partition(":")
    if PASSWORD.search(place):
        raise UsageError(f"track: {kind}:… holds a user or a password: set them in the environment of {kind}")
    if kind == "mlflow" and place:
        from scoville.track.mlflow import MlflowMirror

        return MlflowMirror(place, folder)
    if kind == "wandb" and re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", place):
        from scoville.track.wandb import WandbMirror

        return WandbMirror(place, folder)
    raise UsageError(f"track: {target!r} is nothing that Scoville knows; {FORMS}")
