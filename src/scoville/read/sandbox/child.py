"""The child process that reads untrusted bytes: frames with a task in, frames with its result or a reason out.

PDFium and picture decoders are C and C++ fed with strangers' files: they can hang, crash or eat memory. In a child,
that costs one page and not the ingest. Starting one takes 0.1 s; children are used again. Knows the frames and the
limits, not what the tasks do.
Run as ``python -m scoville.read.sandbox.child``; stops when its input ends.
"""

import faulthandler
import gc
import importlib
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable
from typing import IO, Any, NamedTuple

from scoville.errors import ReadFailure

HEADER = struct.Struct("!Q")
MEMORY_BYTES = 6 << 30
"""Address space, which is far more than what is used: a page takes 0.1 GB, RapidOCR with its models 3 GB."""


class Task(NamedTuple):
    """A function of this package to call."""

    module: str
    """Below ``scoville.read``."""
    function: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    timeout_seconds: float


class Result(NamedTuple):
    """What it gave; or, in ``failure``, why it gave nothing."""

    value: Any = None
    failure: str | None = None
    expected: bool = False
    """Whether the task itself gave the reason."""


def send(stream: IO[bytes], message: Task | Result) -> None:
    """Write one frame."""
    body = pickle.dumps(tuple(message), protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(HEADER.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Any, ...] | None:
    """Read one frame; None where the stream ends."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    body = stream.read(length)
    return pickle.loads(body) if len(body) == length else None


def serve() -> None:
    """Do tasks until the input ends. Ends itself when one takes longer than it may."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing else can write into the results
    _limit_memory()
    gc.disable()  # a page makes thousands of objects and no cycles: collecting costs a quarter of the time
    while frame := receive(sys.stdin.buffer):
        task = Task(*frame)
        faulthandler.dump_traceback_later(task.timeout_seconds, exit=True)  # a C thread: works while PDFium hangs
        result = _do(task)
        faulthandler.cancel_dump_traceback_later()
        send(results, result)
        del result
        gc.collect()


def _do(task: Task) -> Result:
    try:
        module = importlib.import_module(f"scoville.read.{task.module}")
        function: Callable[..., Any] = getattr(module, task.function)
        return Result(function(*task.arguments, **task.options))
    except ReadFailure as failure:
        return Result(failure=str(failure), expected=True)
    except MemoryError:
        return Result(failure="needs more memory than it may take; split the file")
    except Exception as error:
        return Result(failure=f"cannot be read: {type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _limit_memory() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or soft > MEMORY_BYTES:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, hard))


if __name__ == "__main__":
    serve()
