"""A model that is asked nothing twice. Enters: a model. Leaves: the same, with its replies kept.

A reply that is known has the tokens and seconds of the first time, so that what it took is still told. Replies may be
kept in a file, for a process that goes on where another was killed.
"""

import hashlib
import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from scoville.llm.protocol import Generation, Llm, OnText, Wrapped
from scoville.llm.reader import ReaderLlm
from scoville.storage import Journal
from scoville.types import Message, Reply


class RememberingLlm(Wrapped):
    """Knows a reply by its prompt and by how it was to be written, the seed included."""

    def __init__(self, llm: Llm, file: Path | None = None, identity: str = "") -> None:
        """``identity`` tells the models apart whose replies are in one file."""
        super().__init__(llm)
        self._journal = Journal(file) if file else None
        self._identity = identity or llm.name
        self._replies = _read(self._journal) if self._journal else {}
        self._asking: dict[str, threading.Lock] = {}
        """Held while a prompt is answered, so that of threads that ask the same one does."""
        self._writing = threading.Lock()
        self._counts: dict[tuple[Message, ...], int] = {}
        self.written: list[Reply] = []
        """Replies that were really written here, and not known."""

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Write the next turn, or give the one that was written for the same prompt."""
        asked = [self._identity, [[message.role, message.content] for message in messages], asdict(generation)]
        key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode(errors="surrogatepass")).hexdigest()
        with self._asking.setdefault(key, threading.Lock()):
            if reply := self._replies.get(key):
                if on_text:
                    on_text(reply.text)
                return reply
            reply = self._llm.generate(messages, generation, on_text)
            with self._writing:
                self._replies[key] = reply
                self.written.append(reply)
                if self._journal:
                    self._journal.add([key, asdict(reply)])
            return reply

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the tokens of the prompt."""
        key = tuple(messages)
        if key not in self._counts:
            self._counts[key] = self._llm.count_tokens(messages)
        return self._counts[key]


class RememberingReader(ReaderLlm):
    """A reader, which answers by reading passages and not by a prompt; it reads anew each time, in milliseconds."""

    def __init__(self, reader: ReaderLlm) -> None:
        super().__init__(reader.name, reader.folder, reader.threads)
        self.written: list[Reply] = []

    def reply(self, text: str, prompt_tokens: int, seconds: float) -> Reply:
        """Write what was read as a reply."""
        self.written.append(super().reply(text, prompt_tokens, seconds))
        return self.written[-1]


def _read(journal: Journal) -> dict[str, Reply]:
    """Read what was kept; a reply of another version is left out."""
    replies: dict[str, Reply] = {}
    for key, values in journal.rows():
        with suppress(TypeError):
            replies[key] = Reply(**values)
    return replies
