"""Text on its way out of a model.

Enters: pieces of text from a runtime's callback. Leaves: the whole text, when it began, and whether to go on. Does not
know the runtimes. Exceptions must not pass through their native code, so they are kept and raised afterwards.
"""

import json
import time
from collections.abc import Sequence

from scoville.llm.protocol import OnText
from scoville.llm.thoughts import Thoughts


class TextStream:
    """Collects a reply and hands it on."""

    def __init__(
        self,
        on_text: OnText | None = None,
        *,
        stop: Sequence[str] = (),
        ends_with_json: bool = False,
        longest: int | None = None,
    ) -> None:
        """Give ``on_text`` the reply without thoughts; ``longest`` is the most pieces, which are tokens, after them."""
        self.pieces: list[str] = []
        self.first_seconds: float | None = None
        self.finished = False
        """Whether nothing more is wanted."""
        self.is_cut = False
        """Whether it was ended for its length."""
        self.thought = False
        """Whether the model thought before it answered."""
        self._thoughts = Thoughts()
        self._longest = longest
        self._taken = 0
        self._started = time.perf_counter()
        self._on_text = on_text
        self._stop = [text for text in stop if text]
        self._held = ""  # may be the beginning of a stop string
        self._ends_with_json = ends_with_json
        self._error: BaseException | None = None

    @property
    def text(self) -> str:
        """What came so far."""
        return "".join(self.pieces)

    @property
    def seconds(self) -> float:
        """The time since the stream was made."""
        return time.perf_counter() - self._started

    def push(self, piece: str) -> bool:
        """Take a piece and say whether to go on."""
        if self.finished or not piece:
            return not self.finished
        piece = self._thoughts.take(piece)
        self.thought = self.thought or self._thoughts.found
        if not piece:
            return True
        if self.first_seconds is None:
            self.first_seconds = self.seconds
        self._taken += 1
        if self._longest is not None and self._taken > self._longest:
            self.finished = self.is_cut = True
            return False
        self._hand_on(self._until_stop(self._held + piece))
        # A JSON grammar allows white space after the last brace, and small models fill the rest of the reply with it.
        if self._ends_with_json and ("}" in piece or "]" in piece) and _is_json(self.text):
            self.finished = True
        return not self.finished

    def raise_error(self) -> None:
        """Raise what ``on_text`` raised."""
        if self._error:
            raise self._error

    def end(self) -> None:
        """Hand on what was held back, now that nothing follows, and raise what ``on_text`` raised."""
        held, self._held = self._held + self._thoughts.end(), ""
        if not self.finished:
            self._hand_on(held)
        self.raise_error()

    def _until_stop(self, text: str) -> str:
        """Give the part of a text that no stop string touches; runtimes miss those that span several tokens."""
        found = [position for stop in self._stop if (position := self._find(stop, text)) >= 0]
        if found:
            self.finished = True
            return text[: min(found)]
        longest = max((len(stop) for stop in self._stop), default=1) - 1
        for start in range(max(len(text) - longest, 0), len(text)):
            if any(stop.startswith(text[start:]) for stop in self._stop):
                self._held = text[start:]
                return text[:start]
        self._held = ""
        return text

    def _find(self, stop: str, text: str) -> int:
        """Find a stop string; white space alone stops neither before a word came nor where a colon announces a list."""
        position = text.find(stop)
        while position >= 0 and not stop.strip() and (self.text + text[:position]).rstrip()[-1:] in ("", ":"):
            position = text.find(stop, position + len(stop))
        return position

    def _hand_on(self, piece: str) -> None:
        if not piece:
            return
        self.pieces.append(piece)
        try:
            if self._on_text:
                self._on_text(piece)
        except BaseException as error:  # Ctrl-C too: it is raised here when it falls into the callback
            self._error = error
            self.finished = True


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
