"""The child process that reads untrusted bytes: frames with a task in, frames with its result or a reason out.

PDFium and picture decoders are C and C++ fed with strangers' files, and any parser can be sent round in circles: they
can hang, crash or eat memory. In a child, that costs one page or file and not the ingest. Starting one takes 0.1 s;
children are used again. Knows the limits, not what the tasks do.
Run as ``python -m scoville.read.sandbox.child``; stops when its input ends.
"""

import faulthandler
import gc
import importlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from scoville.errors import ReadFailure
from scoville.faults import MEMORY, machine_fault
from scoville.read.sandbox.frames import Result, Task, receive_task, send_result

ADDRESS_BYTES = 6 << 30
"""Address space, which is far more than what is used: a page takes 0.1 GB, RapidOCR with its models 3 GB. The parent
watches what is used."""
ADDRESS_BYTES_OF_MODEL = 3
"""For each byte that a model may use."""


def serve() -> None:
    """Do tasks until the input ends. Ends itself when one takes longer than it may."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing else can write into the results
    outer = resource.getrlimit(resource.RLIMIT_AS)[0]
    gc.disable()  # a page makes thousands of objects and no cycles: collecting costs a quarter of the time
    while task := receive_task(sys.stdin.buffer):
        faulthandler.dump_traceback_later(task.timeout_seconds, exit=True)  # a C thread: works while PDFium hangs
        ours = _limit_memory(outer, ADDRESS_BYTES + ADDRESS_BYTES_OF_MODEL * task.model_bytes)
        result = _do(task, ours=ours)
        faulthandler.cancel_dump_traceback_later()
        send_result(results, result)
        del task, result
        gc.collect(0)  # what this task made; all generations take 10 ms, as long as 20 small files


def _do(task: Task, *, ours: bool) -> Result:
    """Do a task; ``ours`` says whether the limit on memory is, so that reaching it is the file's fault."""
    try:
        module = importlib.import_module(f"scoville.read.{task.module}")
        function: Callable[..., Any] = getattr(module, task.function)
        return Result(function(*task.arguments, **task.options))
    except Exception as error:
        fault = machine_fault(error)
        if fault and not (ours and MEMORY in str(fault)):
            return Result(failure=str(fault), blames="machine")
        if isinstance(error, ReadFailure):
            return Result(failure=str(error), blames="file")
        if isinstance(error, MemoryError):
            return Result(failure="needs more memory than it may take; split the file")
        return Result(failure=f"cannot be read: {type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _limit_memory(outer: int, wanted: int) -> bool:
    """Limit the address space; give whether this limit holds and not the lower one from outside."""
    ours = outer == resource.RLIM_INFINITY or wanted < outer
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (wanted if ours else outer, hard))
    return ours


if __name__ == "__main__":
    serve()
