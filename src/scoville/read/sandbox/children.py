"""Child processes that do tasks (pdf_child): a task in, its value out, or why there is none.

Knows the children's life: started when first needed, replaced when one hangs or dies. Does not know the tasks.
"""

import atexit
import os
import subprocess
import sys
import threading
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

from scoville.errors import ReadFailure
from scoville.read.sandbox.child import Result, Task, receive, send

if TYPE_CHECKING:
    from scoville.recipe import Read


class TaskFailed(ReadFailure):
    """A task crashed its child, exhausted it or met what nobody thought of; on fewer pages it may work."""


class TimedOut(TaskFailed):
    """A task took longer than it may."""


class Child:
    """One child process; one task at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def do(self, task: Task) -> Any:
        """Do a task; raises ReadFailure with the task's reason, TaskFailed when it has none."""
        started = monotonic()
        try:
            frame = self._exchange(task)
        except BaseException:  # interrupted half way: what the child still writes answers nothing
            self.stop()
            raise
        if frame is None:
            code = self.stop()
            if monotonic() - started >= task.timeout_seconds:
                raise TimedOut(f"takes longer than {task.timeout_seconds:g} s")
            raise TaskFailed(f"made the reader end with {_describe(code)}; it is damaged or malicious")
        result = Result(*frame)
        if result.failure is not None:
            raise (ReadFailure if result.expected else TaskFailed)(result.failure)
        return result.value

    def stop(self) -> int:
        """End the child, if there is one; give its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0
        for stream in (process.stdin, process.stdout):
            _close(stream)
        try:
            process.wait(timeout=0.5)  # it ends with its input
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait()

    def _exchange(self, task: Task) -> tuple[Any, ...] | None:
        process = self.process
        if process is None or process.poll() is not None:
            self.stop()
            process = self.process = start_child()
        assert process.stdin and process.stdout
        try:
            send(process.stdin, task)
        except BrokenPipeError:
            return None
        return receive(process.stdout)


class Children:
    """Up to as many children as a recipe allows; those that are started stay for the next file."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._all: list[Child] = []

    def do(self, task: Task, *, most: int, first: bool = False) -> Any:
        """Do a task in a free child of the first ``most``, or in the very first, whose memory the last task filled."""
        child = self._take(1 if first else most)
        try:
            return child.do(task)
        finally:
            with self._changed:
                child.lock.release()
                self._changed.notify_all()

    def stop(self) -> None:
        """End all children."""
        for child in self._all:
            child.stop()

    def processes(self) -> "list[subprocess.Popen[bytes]]":
        """Give the processes of the children that run."""
        return [child.process for child in self._all if child.process]

    def forget(self) -> None:
        """Leave the children to the process that started them, after a fork."""
        self.__init__()

    def _take(self, most: int) -> Child:
        with self._changed:
            while True:
                for child in self._all[:most]:
                    if child.lock.acquire(blocking=False):
                        return child
                if len(self._all) < most:
                    self._all.append(Child())
                else:
                    self._changed.wait()


def process_count(settings: "Read") -> int:
    """Give how many children may work side by side."""
    return settings.processes or os.cpu_count() or 1


def start_child() -> "subprocess.Popen[bytes]":
    """Start a child; it waits for tasks."""
    # -P and an explicit path: a docx.py in the working directory must not be imported.
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "scoville.read.sandbox.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Pages are read side by side; a thread for each core within each of them would only get in the way.
        env={**os.environ, "PYTHONPATH": path, "OMP_THREAD_LIMIT": "1", "MALLOC_ARENA_MAX": "2"},
    )


def _close(stream: IO[bytes] | None) -> None:
    try:
        if stream:
            stream.close()
    except OSError:  # what was still to be written has no reader any more
        pass


def _describe(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


CHILDREN = Children()
atexit.register(CHILDREN.stop)
os.register_at_fork(after_in_child=CHILDREN.forget)
