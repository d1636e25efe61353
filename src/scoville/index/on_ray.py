"""Workers as actors of a Ray cluster, one for each of its cores. Ray reports its use to nobody here."""

import logging
import os
import re
import warnings
from pathlib import Path
from typing import Any

from scoville.errors import MissingExtra, UsageError
from scoville.index.executor import Order, WorkerLost
from scoville.index.worker import Making
from scoville.recipe import Recipe


def connect(address: str | None) -> int:
    """Connect to a cluster, without an address that of RAY_ADDRESS, else start one on this machine; give its cores.

    Raises MissingExtra without Ray, UsageError where the cluster cannot be reached or started.
    """
    given = address or os.environ.get("RAY_ADDRESS")
    _prepare(given)
    try:
        import ray  # pyright: ignore[reportMissingImports]
        from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise MissingExtra("Ray is not installed: pip install 'scoville[ray]'") from None
    if not ray.is_initialized():
        logging.getLogger("ray").setLevel(logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "lancedb fork support")  # Ray's own processes use no LanceDB
                warnings.filterwarnings("ignore", "Ray Client connection timed out")  # the error says so, too
                ray.init(
                    address=given or "local",
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
        except (OSError, RuntimeError, ValueError, RayError) as error:
            raise UsageError(f"--on {address or 'ray'}: {_reason(error)}{_hint(given)}") from error
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


class RayWorker:
    """An actor. It is not started again by Ray, since an item that kills it must be counted."""

    def __init__(self, recipe: Recipe) -> None:
        import ray  # pyright: ignore[reportMissingImports]
        from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]

        try:
            self._actor: Any = ray.remote(num_cpus=1, max_restarts=0)(Making).remote(recipe)
        except (ImportError, OSError, RayError) as error:  # through a client, it is the cluster's own
            raise WorkerLost(_reason(error)) from error

    def ask(self, order: Order | None) -> Any:
        """Give what the actor gives."""
        import ray  # pyright: ignore[reportMissingImports]
        from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]

        try:
            return ray.get(self._actor.do.remote(order))
        except (OSError, RayError) as error:
            raise WorkerLost(_reason(error)) from error

    def stop(self) -> None:
        """End the actor."""
        import ray  # pyright: ignore[reportMissingImports]

        if ray.is_initialized():  # else Ray starts a cluster to end it in
            ray.kill(self._actor)


def _prepare(given: str | None) -> None:
    """Set what Ray reads when it is imported."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not given:  # of Ray's settings the one by which a cluster of one machine listens on 127.0.0.1 alone
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    elif _has_token():  # which Ray sends only where it is told to
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _has_token() -> bool:
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    return bool(named) or (Path.home() / ".ray" / "auth_token").is_file()


def _reason(error: BaseException) -> str:
    """Give what an error says on one line, of a traceback its last."""
    lines = re.sub(r"\x1b\[\d*m", "", str(error)).strip().splitlines()
    told = lines[-1:] if any("Traceback (" in line for line in lines) else lines
    return " ".join(" ".join(told).split())[:300]


def _hint(given: str | None) -> str:
    if not given:
        return ""
    return "; expected a running cluster, and its token in RAY_AUTH_TOKEN or ~/.ray/auth_token where it asks for one"
