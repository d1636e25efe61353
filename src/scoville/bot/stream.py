"""An answer as it is written. Enters: what asks. Leaves: pieces of text, then the answer.

A thread asks; what it raises is raised where the pieces are read.
"""

import queue
import threading
from collections.abc import Callable, Iterator

from scoville.types import Answer


class Stream(Iterator[str]):
    """The model's text, piece by piece, before it is checked; afterwards ``answer`` is what came of it.

    A question that is refused before the model is asked has no pieces.
    """

    def __init__(self, ask: Callable[[Callable[[str], None]], Answer]) -> None:
        """``ask`` is given what takes each piece."""
        self._pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._answer: Answer | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(ask,), daemon=True)
        self._thread.start()

    def __next__(self) -> str:
        """Wait for the next piece."""
        piece = self._pieces.get() if self._thread.is_alive() or not self._pieces.empty() else None
        if piece is not None:
            return piece
        self._pieces.put(None)  # whoever asks once more is told the same
        if self._error:
            raise self._error
        raise StopIteration

    @property
    def answer(self) -> Answer:
        """The answer, with its citations checked; waits for it."""
        self._thread.join()
        if self._error:
            raise self._error
        assert self._answer
        return self._answer

    def _run(self, ask: Callable[[Callable[[str], None]], Answer]) -> None:
        try:
            self._answer = ask(self._pieces.put)
        except BaseException as error:
            self._error = error
        finally:
            self._pieces.put(None)
