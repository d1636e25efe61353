"""What went wrong, as a status and the JSON that OpenAI's clients know. Enters: an exception. Leaves: a response.

What a caller did is explained to the caller; what is wrong with the server goes to its log, since it may name paths.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from scoville.errors import (
    EmptyIndex,
    InvalidReply,
    MachineFault,
    ProviderRateLimited,
    ProviderTimeout,
    ScovilleError,
    StaleIndex,
    StorageError,
    UsageError,
)

logger = logging.getLogger("scoville")

KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
"""The ``type`` of an error, by its status; else ``invalid_request_error`` or ``server_error``."""
STALE = "stale_index"


STATUSES = {
    400: "What was sent is not what is expected: the message says what is.",
    401: "A key is needed, and none came that is valid.",
    403: "This may not be done by who asks, or from there.",
    404: "There is no such thing, or it is not for who asks.",
    408: "The request did not come in time.",
    409: "It is there already, or was changed by somebody else.",
    413: "The body is larger than may be sent here.",
    429: "Too many requests: `Retry-After` says when to come back.",
    500: "The server failed.",
    502: "The model's reply could not be used.",
    503: "No question can be answered now: nothing was added yet, or the model is busy.",
    504: "It took too long.",
    507: "The server cannot write, as on a full disk.",
}
"""What any route may reply besides."""
_TEXT, _MAYBE = {"type": "string"}, {"type": ["string", "null"]}
_ERROR = {"type": "object", "properties": {"message": _TEXT, "type": _TEXT, "param": _MAYBE, "code": _MAYBE},
          "required": ["message", "type", "param", "code"]}  # fmt: skip
FAILED = {"type": "object", "properties": {"error": _ERROR}, "required": ["error"]}


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
        case StaleIndex():
            return Refused(503, f"{error}", code=STALE)
        case ProviderRateLimited():
            return Refused(503, "the model is busy: try again", code="model_busy", headers={"Retry-After": "10"})
        case InvalidReply():
            return Refused(502, str(error), code="invalid_reply")
        case ProviderTimeout():
            return Refused(504, "the model did not answer in time: try again", code="timeout")
        case MachineFault():
            status, message = 503, "the server's machine has no memory, files or room left: its log says why"
        case StorageError():
            status, message = 507, "the server cannot write, for want of room or of permission: its log says why"
        case _:
            status, message = 500, "the server failed: its log says why"
    logger.error("%s: %s", type(error).__name__, error, exc_info=None if isinstance(error, ScovilleError) else error)
    return Refused(status, message)


class Explaining(FastAPI):
    """An application whose OpenAPI names the statuses that it replies with."""

    def openapi(self) -> dict[str, Any]:
        """Name them for every route, in place of 422, which is FastAPI's own of what is 400 here."""
        told = super().openapi()
        content = {"application/json": {"schema": FAILED}}
        told["components"]["responses"] = {
            str(status): {"description": meaning, "content": content} for status, meaning in STATUSES.items()
        }
        known = {str(status): {"$ref": f"#/components/responses/{status}"} for status in STATUSES}
        for operations in told["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
                operation["responses"] |= known
        return told


def explain_errors(app: FastAPI, show: Callable[[Request, Refused], Response]) -> None:
    """Have an application answer so whatever is raised; ``show`` makes a response of it."""

    async def answer(request: Request, error: Exception) -> Response:
        return show(request, refused_by(error))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body")
        if first["loc"] == ("body",) and "json" not in request.headers.get("content-type", ""):
            return show(request, Refused(400, "expected JSON, with the header Content-Type: application/json"))
        said = f"{place}: {first['msg']}" if place else str(first["msg"])
        return show(request, Refused(400, said, code="invalid_value"))

    async def no_route(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        route = getattr(request.scope.get("route"), "path", "")
        known = app.openapi()["paths"].get(route) if error.status_code == 405 else None
        headers = {"Allow": ", ".join(map(str.upper, known))} if known else error.headers  # else of one function alone
        return show(request, Refused(error.status_code, error.detail, headers=headers))

    for kind in (Refused, ScovilleError, ClientDisconnect):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, no_route)
    app.add_exception_handler(Exception, answer)
