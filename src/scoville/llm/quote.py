"""No model at all: the nearest sentence of the documents, word for word. The level that a model has to beat.

Enters: a prompt of `style: sentences`. Leaves: its nearest sentence with its heading, or a refusal when that sentence
shares too few words with the question. Words count as tokens.
"""

import time
from collections.abc import Sequence

from scoville import recipe
from scoville.errors import UnknownModel
from scoville.llm.fake import CONTEXT_TOKENS
from scoville.llm.protocol import Generation, OnText
from scoville.prompt import DECLINE, split_focus
from scoville.sentences import content_words
from scoville.types import Message, Reply

LEAST_SHARE = 0.5
"""Of the question's content words that the sentence must hold."""


class QuoteLlm:
    """Quotes; needs no weights and takes no time."""

    name = "quote"
    runtime = "quote"
    context_tokens = CONTEXT_TOKENS

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Reply with the nearest sentence."""
        started = time.perf_counter()
        lines, question = split_focus(messages)
        wanted = content_words(question)
        nearest = lines[-1] if lines else ""
        held = wanted & content_words(nearest)
        text = nearest if nearest and len(held) >= LEAST_SHARE * len(wanted) else DECLINE
        if on_text:
            on_text(text)
        return Reply(
            text=text,
            model=self.name,
            runtime=self.runtime,
            prompt_tokens=self.count_tokens(messages),
            completion_tokens=len(text.split()),
            first_token_seconds=time.perf_counter() - started,
            total_seconds=time.perf_counter() - started,
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count words."""
        return sum(len(message.content.split()) for message in messages)

    def load(self) -> None:
        """Have nothing to load."""

    def close(self) -> None:
        """Hold nothing, so free nothing."""


def open_quote(name: str, settings: recipe.Llm) -> QuoteLlm:
    """Open what ``llm.model: quote`` means."""
    if name:
        raise UnknownModel(f"llm.model: {settings.model!r}: `quote` stands alone")
    return QuoteLlm()
