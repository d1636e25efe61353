"""Work that takes longer than a request: documents come and go, one job after another.

Enters: functions, and who asked for them. Leaves: jobs that say how far they are. What is finished is remembered until
there are MOST of them; a restart forgets all.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal

from scoville.progress import OnProgress
from scoville.serve.callers import Caller
from scoville.serve.refused import Refused, refused_by

MOST = 500
WAITING = 50
"""How many may wait."""

logger = logging.getLogger("scoville")


class Job:
    """One job, as it goes on."""

    def __init__(self, caller: str, what: str) -> None:
        self.id = secrets.token_hex(8)
        self.caller = caller
        self.what = what
        self.status: Literal["waiting", "running", "done", "failed"] = "waiting"
        self.begun = time.time()
        self.done = 0
        self.total: int | None = None
        self.current = ""
        self.result: dict[str, Any] = {}

    @property
    def json(self) -> dict[str, Any]:
        """Say how far it is, and what came of it."""
        keys = ("id", "what", "status", "begun", "done", "total", "current", "result")
        return {key: getattr(self, key) for key in keys}


class Jobs:
    """The jobs of one service."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._thread = ThreadPoolExecutor(1, "scoville-jobs")
        self._here = threading.local()
        self._lock = threading.Lock()

    def begin(self, caller: Caller, what: str, function: Callable[[], dict[str, Any]]) -> Job:
        """Queue a job; Refused (429) when too many wait."""
        with self._lock:
            if sum(job.status == "waiting" for job in self._jobs.values()) >= WAITING:
                raise Refused(429, f"{WAITING} jobs wait: try again later", headers={"Retry-After": "30"})
            job = Job(caller.name, what)
            self._jobs[job.id] = job
            finished = [one.id for one in self._jobs.values() if one.status in ("done", "failed")]
            for id in finished[: max(0, len(self._jobs) - MOST)]:
                del self._jobs[id]
        self._thread.submit(self._run, job, function)
        return job

    def of(self, caller: Caller) -> list[Job]:
        """List the jobs that a caller began, or all where they may see all; the newest first."""
        return [job for job in reversed([*self._jobs.values()]) if caller.sees_all or job.caller == caller.name]

    def close(self) -> None:
        """Begin nothing new, and wait for the one in hand."""
        self._thread.shutdown(cancel_futures=True)

    @contextmanager
    def bars(self, _unit: str) -> Generator[OnProgress]:
        """Have what a bot counts show in the job that it does: a bot's ``bars``."""

        def show(what: str, done: int, total: int | None) -> None:
            if job := getattr(self._here, "job", None):
                job.current, job.done, job.total = what, done, total

        yield show

    def _run(self, job: Job, function: Callable[[], dict[str, Any]]) -> None:
        self._here.job = job
        job.status = "running"
        try:
            job.result = function()
            job.done = job.total or 0
            job.status = "done"
        except Exception as error:
            job.result = refused_by(error).json
            job.status = "failed"
        finally:
            job.current = ""
