"""A model that needs no weights, for tests, demos and measuring everything else.

Enters: messages. Leaves: a reply that depends on nothing else. Words count as tokens.
"""

import re
from collections.abc import Callable, Sequence
from math import log
from typing import TYPE_CHECKING

from scoville.llm.protocol import Generation, OnText
from scoville.llm.stream import TextStream
from scoville.types import Message, Reply

if TYPE_CHECKING:
    from scoville import recipe

CONTEXT_TOKENS = 8192
NOTHING_TO_QUOTE = "There is no passage to quote."
_FIRST_PASSAGE = re.compile(r"^\[1\](.*?)(?=^\[\d+\]|^Question:|\Z)", re.DOTALL | re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")


class FakeLlm:
    """Replies with a text, with what a function says, or by default with the first sentence of passage [1]."""

    runtime = "fake"
    context_tokens = CONTEXT_TOKENS

    def __init__(self, reply: str | Callable[[Sequence[Message]], str] | None = None) -> None:
        self.name = f"fake:{reply}" if isinstance(reply, str) else "fake"
        self._reply = quote_first_passage if reply is None else reply

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Reply, word by word."""
        text = self._reply if isinstance(self._reply, str) else self._reply(messages)
        for stop in generation.stop:
            text = text.partition(stop)[0]
        words = re.findall(r"\s*\S+", text)
        stream = TextStream(on_text)
        for word in words[: generation.max_tokens]:
            stream.push(word)
            stream.raise_error()
        stream.end()
        return Reply(
            text=stream.text,
            model=self.name,
            runtime=self.runtime,
            prompt_tokens=self.count_tokens(messages),
            completion_tokens=len(stream.pieces),
            first_token_seconds=stream.first_seconds or 0.0,
            total_seconds=stream.seconds,
            finish_reason="length" if len(words) > generation.max_tokens else "stop",
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count words."""
        return sum(len(message.content.split()) for message in messages)

    def log_probabilities(self, messages: Sequence[Message], text: str) -> list[float]:
        """Hold each word that the prompt has for as likely as not, every other for half as likely."""
        known = {word for message in messages for word in message.content.split()}
        return [log(1 / 2) if word in known else log(1 / 4) for word in text.split()]

    def load(self) -> None:
        """Have nothing to load."""

    def close(self) -> None:
        """Hold nothing, so free nothing."""


def quote_first_passage(messages: Sequence[Message]) -> str:
    """Give the first sentence of the passage numbered [1], with its marker.

    The passage is the text after the ``[1]`` that begins a line of the last message that has one; a first line that
    is no sentence and is followed by more is taken for its headings. Of a table it is the first row below the header.
    """
    for message in reversed(messages):
        if match := _FIRST_PASSAGE.search(message.content):
            first_line, _, others = match[1].strip().partition("\n")
            passage = others if others and first_line[-1:] not in ".!?" else f"{first_line} {others}"
            for paragraph in passage.split("\n\n"):
                rows = [row for row in paragraph.splitlines() if not re.fullmatch(r"[|\s:-]+", row)]
                if rows and rows[0].startswith("|"):
                    return f"{rows[min(1, len(rows) - 1)]} [1]"
                if re.search(r"[.!?:]", paragraph):
                    passage = paragraph
                    break
            sentence = _SENTENCE_END.split(" ".join(passage.split()))[0]
            return f"{sentence} [1]"
    return NOTHING_TO_QUOTE


def open_fake(name: str, settings: "recipe.Llm") -> FakeLlm:
    """Open what ``llm.model: fake`` or ``fake:TEXT`` means."""
    return FakeLlm(name if ":" in settings.model else None)
