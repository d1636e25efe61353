"""An application on a port, until SIGINT or SIGTERM. Enters: an application. Leaves: when it was stopped.

What is in hand is finished within GRACE_SECONDS.
"""

import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from scoville.errors import UsageError

GRACE_SECONDS = 30
HEAD_SECONDS = 30.0


class Patient(H11Protocol):
    """HTTP with clients that are not waited for without end: who begins no request for HEAD_SECONDS is let go."""

    def connection_made(self, transport: Any) -> None:
        """Begin to watch a client."""
        super().connection_made(transport)
        self.loop.call_later(HEAD_SECONDS, self._look, None)

    def _look(self, known: object) -> None:
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle  # none before the first request
        if cycle is known and (cycle is None or cycle.response_complete):
            self.transport.close()
        else:
            self.loop.call_later(HEAD_SECONDS, self._look, cycle)


def listen(host: str, port: int) -> socket.socket:
    """Take a port; UsageError where it is taken already, or may not be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror or error}; give another --port") from None
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else bodies wait 40 ms
    return listening


def server_of(app: FastAPI) -> uvicorn.Server:
    """Give what serves an application."""
    config = uvicorn.Config(
        app, http=Patient, log_level="warning", access_log=False, proxy_headers=False, server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, lifespan="on",
    )  # fmt: skip
    return uvicorn.Server(config)


def run(app: FastAPI, listening: socket.socket) -> None:
    """Serve until a signal ends it."""
    server_of(app).run([listening])
