"""PDF bytes in, a Draft out, by way of a child process (pdf_child).

Knows the child's life: one for each process, started with the first PDF, replaced when a file hangs or kills it.
Does not know PDF.
"""

import atexit
import os
import subprocess
import sys
import threading
from time import monotonic
from typing import IO, TYPE_CHECKING

from scoville.errors import ReadFailure
from scoville.read.assemble import Draft
from scoville.read.pdf_child import Reply, Request, receive, send

if TYPE_CHECKING:
    from scoville.recipe import Read

MEDIA_TYPE = "application/pdf"


def read_pdf(data: bytes, *, password: str | None, settings: "Read") -> Draft:
    """Read a PDF: typed elements with a box for each printed line or table cell.

    Raises ReadFailure when it is encrypted, damaged, without text, or takes longer than ``settings.timeout_seconds``.
    """
    reply = _child.ask(Request(data, password, settings.timeout_seconds, settings.max_characters))
    if reply.failure:
        raise ReadFailure(reply.failure)
    return Draft(
        media_type=MEDIA_TYPE,
        pieces=reply.pieces,
        title=reply.title,
        pages=reply.pages,
        metadata=dict(reply.metadata),
        warnings=reply.warnings,
    )


class _Child:
    """The child process; one request at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: Request) -> Reply:
        with self._lock:
            started = monotonic()
            try:
                answer = self._exchange(request)
            except BaseException:  # interrupted half way: what the child still writes answers nothing
                self.stop()
                raise
            if answer is not None:
                return Reply(*answer)  # pyright: ignore[reportArgumentType]
            code = self.stop()
        if monotonic() - started >= request.timeout_seconds:
            raise ReadFailure(
                f"took longer than read.timeout_seconds {request.timeout_seconds}; "
                "raise it in the recipe or split the file"
            )
        raise ReadFailure(f"made the PDF reader end with {_describe(code)}; the file is damaged or malicious")

    def stop(self) -> int:
        """End the child, if there is one; give its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for stream in (process.stdin, process.stdout):
            _close(stream)
        try:
            process.wait(timeout=0.5)  # it ends with its input
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait()

    def forget(self) -> None:
        """Leave the child to the process that started it, after a fork."""
        self.__init__()

    def _exchange(self, request: Request) -> tuple[object, ...] | None:
        process = self._process
        if process is None or process.poll() is not None:
            self.stop()
            process = self._process = _start()
        assert process.stdin and process.stdout
        try:
            send(process.stdin, request)
        except BrokenPipeError:
            return None
        return receive(process.stdout)


def _start() -> "subprocess.Popen[bytes]":
    # -P and an explicit path: a docx.py in the working directory must not be imported.
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "scoville.read.pdf_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )


def _close(stream: IO[bytes] | None) -> None:
    try:
        if stream:
            stream.close()
    except OSError:  # what was still to be written has no reader any more
        pass


def _describe(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


_child = _Child()
atexit.register(_child.stop)
os.register_at_fork(after_in_child=_child.forget)
