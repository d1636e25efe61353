"""/healthz, /readyz and /metrics, for what watches a service. Enters: nothing. Leaves: whether it lives, and counts."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from scoville.serve.service import Admin, service_of

router = APIRouter(tags=["Health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """Say whether questions can be answered: 503 while models load, before documents are added, while it shuts down."""
    reason = service_of(request).not_ready
    return JSONResponse({"status": "not ready" if reason else "ready"}, 503 if reason else 200)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request, _: Admin) -> Response:
    """Give counts in the format of Prometheus."""
    service = service_of(request)
    return Response(service.metrics.text(service.work.under_way), media_type="text/plain; version=0.0.4; charset=utf-8")
