"""Child processes that do tasks (child): a task in, its value out, or why there is none.

Knows the children's life: started when first needed, watched while they work, replaced when one hangs, dies or takes
more memory than it may. Does not know the tasks.
"""

import atexit
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

from scoville.errors import MachineFault, ReadFailure
from scoville.faults import MEMORY
from scoville.read.sandbox.frames import Result, Task, receive_result, send_task

if TYPE_CHECKING:
    from scoville.recipe import Read

MEMORY_BYTES = 2 << 30
"""What one child may use: pages take 0.1 GB, RapidOCR with its models 0.8 GB."""
_LOOK_SECONDS = 0.05
"""Between two looks at a child's memory; it can fill 0.1 GB in that time."""
_GRACE_SECONDS = 5.0
"""How much longer than its time a task may take to answer, before the parent ends what did not end itself."""


class TaskFailed(ReadFailure):
    """A task crashed its child, exhausted it or met what nobody thought of; on fewer pages it may work."""


class TimedOut(TaskFailed):
    """A task took longer than it may."""


class Child:
    """One child process; one task at a time."""

    def __init__(self, *, threads: bool = False) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self._threads = threads

    def do(self, task: Task) -> Any:
        """Do a task; raises ReadFailure with the task's reason, TaskFailed when it has none."""
        started = monotonic()
        try:
            result = self._exchange(task)
        except BaseException:  # interrupted half way: what the child still writes answers nothing
            self.stop(at_once=True)
            raise
        if result is None:
            code = self.stop()
            if monotonic() - started >= task.timeout_seconds:
                raise TimedOut(f"takes longer than {task.timeout_seconds:g} s")
            if code > 0:
                _check_start()
            raise TaskFailed(f"made the reader end with {_describe(code)}; it is damaged or malicious")
        if result.failure is not None:
            kinds = {"file": ReadFailure, "machine": MachineFault, None: TaskFailed}
            raise kinds[result.blames](result.failure)
        return result.value

    def stop(self, *, at_once: bool = False) -> int:
        """End the child, if there is one; give its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0
        if at_once:
            process.kill()
        for stream in (process.stdin, process.stdout):
            _close(stream)
        try:
            process.wait(timeout=0.5)  # it ends with its input
        except subprocess.TimeoutExpired:
            process.kill()
        code = process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # Tesseract, where a task had called it
        return code

    def _exchange(self, task: Task) -> Result | None:
        process = self.process
        if process is None or process.poll() is not None:
            self.stop()
            process = self.process = start_child(threads=self._threads)
        assert process.stdin and process.stdout
        try:
            send_task(process.stdin, task)
        except BrokenPipeError:
            return None
        _watch(process, task.timeout_seconds + _GRACE_SECONDS, MEMORY_BYTES + task.model_bytes)
        try:
            return receive_result(process.stdout)
        except (pickle.UnpicklingError, TypeError, ValueError, LookupError, AttributeError, EOFError) as error:
            raise TaskFailed(f"made the reader answer nonsense ({error}); it is damaged or malicious") from None


class Children:
    """Up to as many children as a recipe allows; those that are started stay for the next file."""

    def __init__(self, *, threads: bool = False) -> None:
        """``threads``: a child may use all cores by itself."""
        self._threads = threads
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
        self.__init__(threads=self._threads)

    def _take(self, most: int) -> Child:
        with self._changed:
            while True:
                for child in self._all[:most]:
                    if child.lock.acquire(blocking=False):
                        return child
                if len(self._all) < most:
                    self._all.append(Child(threads=self._threads))
                else:
                    self._changed.wait()


def read_in_child(module: str, function: str, *arguments: Any, settings: "Read") -> Any:
    """Read a whole file in a child within a file's time."""
    task = Task(module, function, arguments, {}, settings.timeout_seconds)
    try:
        return CHILDREN.do(task, most=process_count(settings))
    except TimedOut:
        raise too_long(settings) from None


def read_by_model(module: str, function: str, *arguments: Any, settings: "Read", model_bytes: int) -> Any:
    """Read a whole file by a model that uses all cores, one file at a time; the child keeps the model for the next."""
    # What watches its time itself can say how far it came.
    task = Task(module, function, arguments, {}, settings.timeout_seconds + _GRACE_SECONDS, model_bytes)
    try:
        return MODELS.do(task, most=1)
    except TimedOut:
        raise too_long(settings) from None


def too_long(settings: "Read") -> ReadFailure:
    """Give the failure of a file that took too long as a whole."""
    return ReadFailure(
        f"took longer than read.timeout_seconds {settings.timeout_seconds}; raise it in the recipe or split the file"
    )


def process_count(settings: "Read") -> int:
    """Give how many children may work side by side."""
    return settings.processes or os.cpu_count() or 1


def start_child(*, threads: bool = False) -> "subprocess.Popen[bytes]":
    """Start a child; it waits for tasks. Without ``threads`` it works on one core."""
    # -P and an explicit path: a docx.py in the working directory must not be imported.
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "scoville.read.sandbox.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        process_group=0,
        # Pages are read side by side; a thread for each core within each of them would only get in the way.
        env={
            **os.environ,
            "PYTHONPATH": path,
            **({} if threads else {"OMP_THREAD_LIMIT": "1"}),
            "MALLOC_ARENA_MAX": "2",
        },
    )


def _check_start() -> None:
    """Raise MachineFault where a child ends whatever it is given: then no file is to blame."""
    process = start_child()
    if process.communicate()[0] or process.returncode:  # without a task it ends at once
        raise MachineFault(f"the machine failed, not a document: no reader can be started; {MEMORY}")


def _watch(process: "subprocess.Popen[bytes]", seconds: float, memory_bytes: int) -> None:
    """Wait until a child answers or ends. Raises TaskFailed where it takes too long or too much memory.

    A task's own thread could not look: native code may keep Python's lock.
    """
    ends = monotonic() + seconds
    poll = select.poll()
    poll.register(process.stdout or 0, select.POLLIN)
    while not poll.poll(1000 * _LOOK_SECONDS):
        if _memory_of(process.pid) > memory_bytes:
            raise TaskFailed(f"needs more than {memory_bytes >> 20:,} MB of memory; split the file")
        if monotonic() > ends:
            raise TimedOut(f"takes longer than {seconds - _GRACE_SECONDS:g} s")


def _memory_of(pid: int) -> int:
    """Give the bytes of memory that a process uses; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _close(stream: IO[bytes] | None) -> None:
    try:
        if stream:
            stream.close()
    except OSError:  # what was still to be written has no reader any more
        pass


def _describe(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


CHILDREN, MODELS = Children(), Children(threads=True)
"""Those that read pages and files side by side, and the one that hears or sees by a model."""
for _kind in (CHILDREN, MODELS):
    atexit.register(_kind.stop)
    os.register_at_fork(after_in_child=_kind.forget)
