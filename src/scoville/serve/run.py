"""An application on a port, until SIGINT or SIGTERM. Enters: an application. Leaves: when it was stopped.

What is in hand is finished within GRACE_SECONDS.
"""

import socket

import uvicorn
from fastapi import FastAPI

from scoville.errors import UsageError

GRACE_SECONDS = 30


def listen(host: str, port: int) -> socket.socket:
    """Take a port; UsageError where it is taken already, or may not be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror or error}; give another --port") from None


def server_of(app: FastAPI) -> uvicorn.Server:
    """Give what serves an application."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, proxy_headers=False, server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, lifespan="on",
    )  # fmt: skip
    return uvicorn.Server(config)


def run(app: FastAPI, listening: socket.socket) -> None:
    """Serve until a signal ends it."""
    server_of(app).run([listening])
