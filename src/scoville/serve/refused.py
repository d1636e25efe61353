"""What went wrong, as a status and the JSON that OpenAI's clients know. Enters: an exception. Leaves: a response.

What a caller did is explained to the caller; what is wrong with the server goes to its log, since it may name paths.
"""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from scoville.errors import (
    EmptyIndex,
    ProviderRateLimited,
    ProviderTimeout,
    ScovilleError,
    StorageError,
    UsageError,
)

logger = logging.getLogger("scoville")

KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
"""The ``type`` of an error, by its status; else ``invalid_request_error`` or ``server_error``."""


class Refused(Exception):
    """A request that is not done."""

    def __init__(self, status: int, message: str, *, code: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})

    @property
    def json(self) -> dict[str, Any]:
        """Give it as OpenAI's servers write it."""
        kind = KINDS.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": str(self), "type": kind, "param": None, "code": self.code or None}}

    @property
    def response(self) -> JSONResponse:
        """Give it as a response."""
        return JSONResponse(self.json, self.status, self.headers)


def refused_by(error: Exception) -> Refused:
    """Say what an exception of the bot means for who asked."""
    match error:
        case Refused():
            return error
        case ClientDisconnect():
            return Refused(499, "the client has gone")
        case UsageError():
            return Refused(400, str(error))
        case EmptyIndex():
            return Refused(503, "nothing has been added yet: POST files to /api/documents", code="no_documents")
        case ProviderRateLimited():
            return Refused(503, "the model is busy: try again", code="model_busy", headers={"Retry-After": "10"})
        case ProviderTimeout():
            return Refused(504, "the model did not answer in time: try again", code="timeout")
        case StorageError():
            status, message = 507, "the server cannot write: its log says why"
        case _:
            status, message = 500, "the server failed: its log says why"
    logger.error("%s: %s", type(error).__name__, error, exc_info=None if isinstance(error, ScovilleError) else error)
    return Refused(status, message)


def explain_errors(app: FastAPI) -> None:
    """Have an application answer so whatever is raised."""

    async def answer(_: Request, error: Exception) -> JSONResponse:
        return refused_by(error).response

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body")
        if first["loc"] == ("body",) and "json" not in request.headers.get("content-type", ""):
            return Refused(400, "expected JSON, with the header Content-Type: application/json").response
        return Refused(400, f"{place}: {first['msg']}" if place else str(first["msg"]), code="invalid_value").response

    async def no_route(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return Refused(error.status_code, error.detail, headers=error.headers).response

    for kind in (Refused, ScovilleError, ClientDisconnect):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, no_route)
    app.add_exception_handler(Exception, answer)
