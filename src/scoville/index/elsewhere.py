"""The executor that `--on` names."""

from scoville.errors import UsageError
from scoville.index.executor import Executor, ProcessWorker
from scoville.recipe import Recipe


def open_executor(on: str, recipe: Recipe, build: str) -> Executor:
    """Open `processes:N`, `ray` (the cluster of RAY_ADDRESS, else one of this machine) or `ray://HOST:PORT`."""
    kind, _, rest = on.partition(":")
    if kind == "processes" and rest.isascii() and rest.isdecimal() and 0 < int(rest) <= 256:
        return Executor(recipe, build, int(rest), ProcessWorker)
    if on == "ray" or (kind == "ray" and rest.startswith("//")):
        from scoville.index.on_ray import RayWorker, connect

        return Executor(recipe, build, connect(None if on == "ray" else on), RayWorker)
    raise UsageError(f"--on {on!r}: expected processes:N with N from 1 to 256, ray, or ray://HOST:PORT")
