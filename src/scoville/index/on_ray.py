"""Workers as actors of a Ray cluster, one for each of its cores. Ray reports its use to nobody here."""

import os
from typing import Any

from scoville.errors import MissingExtra, UsageError
from scoville.index.executor import Order, WorkerLost
from scoville.index.worker import Making
from scoville.recipe import Recipe


def connect(address: str | None) -> int:
    """Connect to a cluster, or start one on this machine; give the number of its cores."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray is imported
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise MissingExtra("Ray is not installed: pip install 'scoville[ray]'") from None
    if not ray.is_initialized():
        try:
            ray.init(address=address, include_dashboard=False, log_to_driver=False)
        except (ConnectionError, RuntimeError) as error:
            raise UsageError(f"--on {address or 'ray'}: {' '.join(str(error).split())[:300]}") from error
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


class RayWorker:
    """An actor. It is not started again by Ray, since an item that kills it must be counted."""

    def __init__(self, recipe: Recipe) -> None:
        import ray  # pyright: ignore[reportMissingImports]

        self._actor: Any = ray.remote(num_cpus=1, max_restarts=0)(Making).remote(recipe)

    def ask(self, order: Order | None) -> Any:
        """Give what the actor gives."""
        import ray  # pyright: ignore[reportMissingImports]
        from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]

        try:
            return ray.get(self._actor.do.remote(order))
        except RayError as error:
            raise WorkerLost(" ".join(str(error).split())[:300]) from error

    def stop(self) -> None:
        """End the actor."""
        import ray  # pyright: ignore[reportMissingImports]

        ray.kill(self._actor)
