"""The pages that people open in a browser. Enters: a service. Leaves: their routes, and how a refusal is shown."""

from scoville.serve.studio import (
    ask,
    cases,
    documents,
    erasure,
    jobs,
    monitor,
    page,
    releases,
    runs,
    settings,
    traces,
    training,
)
from scoville.serve.studio.page import COOKIE, refusal

PAGES = (page, ask, erasure, documents, cases, runs, traces, monitor, releases, training, settings, jobs)
ROUTERS = tuple(one.router for one in PAGES)

__all__ = ["COOKIE", "ROUTERS", "refusal"]
