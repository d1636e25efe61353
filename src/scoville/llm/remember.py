"""A model that is asked nothing twice. Enters: a model. Leaves: the same, with its replies kept.

A reply that is known has the tokens and seconds of the first time, so that what it took is still told. Replies may be
kept in a file, for a process that goes on where another was killed.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scoville.llm.protocol import Generation, Llm, OnText
from scoville.types import Message, Reply


class RememberingLlm:
    """Knows a reply by its prompt and by how it was to be written, the seed included."""

    def __init__(self, llm: Llm, file: Path | None = None, identity: str = "") -> None:
        """``identity`` tells the models apart whose replies are in one file."""
        self._llm = llm
        self._file = file
        self._identity = identity or llm.name
        self._replies = _read(file)
        self._counts: dict[tuple[Message, ...], int] = {}
        self.written: list[Reply] = []
        """Replies that were really written here, and not known."""

    @property
    def name(self) -> str:
        """The model's."""
        return self._llm.name

    @property
    def runtime(self) -> str:
        """The model's."""
        return self._llm.runtime

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and reply may have together."""
        return self._llm.context_tokens

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Write the next turn, or give the one that was written for the same prompt."""
        asked = [self._identity, [[one.role, one.content] for one in messages], asdict(generation)]
        key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode(errors="surrogatepass")).hexdigest()
        reply = self._replies.get(key)
        if reply is None:
            reply = self._replies[key] = self._llm.generate(messages, generation, on_text)
            self.written.append(reply)
            self._keep(key, reply)
        elif on_text:
            on_text(reply.text)
        return reply

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the tokens of the prompt."""
        key = tuple(messages)
        if key not in self._counts:
            self._counts[key] = self._llm.count_tokens(messages)
        return self._counts[key]

    def load(self) -> None:
        """Load what the first reply needs."""
        self._llm.load()

    def close(self) -> None:
        """Free what the model holds; its replies stay."""
        self._llm.close()

    def _keep(self, key: str, reply: Reply) -> None:
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"\n{json.dumps([key, asdict(reply)])}")  # a line that a kill cut off ends here


def _read(file: Path | None) -> dict[str, Reply]:
    """Read what was kept; a line that a kill cut off is left out."""
    replies: dict[str, Reply] = {}
    if file and file.exists():
        for line in file.read_text(encoding="utf-8").split("\n"):
            try:
                key, values = json.loads(line)
                replies[key] = Reply(**values)
            except (ValueError, TypeError):
                continue
    return replies
