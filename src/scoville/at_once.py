"""Work that is done side by side, in threads.

Enters: a function and what to call it with. Leaves: what it gives, as each call ends or in the order given. Nothing new
begins once whoever reads the results stops reading. The threads are daemons: a call that hangs does not keep a program
from ending, as those of ``concurrent.futures`` would.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def at_once(work: Callable[[T], R], given: Sequence[T], workers: int) -> Generator[tuple[int, R]]:
    """Call ``work`` with each thing given, ``workers`` calls at a time; give each result with its place as it comes.

    What a call raises is raised here, and no further call begins. One worker works in the caller's thread, and begins a
    call when the result before it was read.
    """
    if workers <= 1:
        for number, one in enumerate(given):
            yield number, work(one)
        return
    waiting = deque(enumerate(given))
    ended: SimpleQueue[Callable[[], tuple[int, R]]] = SimpleQueue()

    def run() -> None:
        while True:
            try:
                number, one = waiting.popleft()
            except IndexError:
                return
            ended.put(_result(number, work, one))

    for _ in range(min(workers, len(given))):
        threading.Thread(target=run, daemon=True).start()
    try:
        for _ in given:
            yield ended.get()()
    finally:
        waiting.clear()


def in_order(work: Callable[[T], R], given: Sequence[T], workers: int) -> Generator[R]:
    """Do the same, and give the results in the order of what was given."""
    early: dict[int, R] = {}
    wanted = 0
    for number, result in at_once(work, given, workers):
        early[number] = result
        while wanted in early:
            yield early.pop(wanted)
            wanted += 1


def _result(number: int, work: Callable[[T], R], one: T) -> Callable[[], tuple[int, R]]:
    """Call, and give what gives the result, or raises what the call raised."""
    try:
        value = work(one)
    except BaseException as error:  # raised in the thread that reads
        raised = error

        def fail() -> tuple[int, R]:
            raise raised

        return fail
    return lambda: (number, value)
