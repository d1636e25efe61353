"""What every model is asked, and what it does. Knows no model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from scoville.types import Message, Reply

OnText = Callable[[str], None]
"""Called with each new piece of the reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """How one reply is written."""

    max_tokens: int
    """What a model thinks before it answers does not count."""
    temperature: float = 0.0
    """0 always takes the likeliest token."""
    top_p: float = 1.0
    """The share of the probability that tokens are drawn from, the likeliest first."""
    seed: int = 0
    stop: tuple[str, ...] = ()
    """The reply ends before the first of these strings."""
    json_schema: Mapping[str, Any] | None = None
    """The reply is JSON of this schema."""


class Llm(Protocol):
    """Writes replies; several threads may ask at once, and each gets what it would get alone."""

    @property
    def name(self) -> str:
        """Name the model as a recipe does."""
        ...

    @property
    def runtime(self) -> str:
        """Name what runs it: ``openvino``, ``llamacpp``, ``openai``, ``fake``."""
        ...

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and reply may have together."""
        ...

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Write the next turn; the pieces given to ``on_text`` make up the reply's text.

        An exception in ``on_text`` ends the reply and is passed on. Raises ContextTooLong before a local model reads a
        prompt that does not fit, and ProviderError when no reply came.
        """
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the tokens of the prompt: exact for local models; for hosted ones an estimate, rather too high."""
        ...

    def load(self) -> None:
        """Load what the first reply needs, so that it does not wait for it."""
        ...

    def close(self) -> None:
        """Free what the model holds; a closed model opens again when it is used."""
        ...


class Wrapped:
    """A model around another one: what a subclass does not write itself, the inner one does."""

    def __init__(self, llm: Llm) -> None:
        self._llm = llm

    @property
    def name(self) -> str:
        """Name the inner model."""
        return self._llm.name

    @property
    def runtime(self) -> str:
        """Name what runs the inner model."""
        return self._llm.runtime

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and reply may have together."""
        return self._llm.context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the tokens of the prompt."""
        return self._llm.count_tokens(messages)

    def load(self) -> None:
        """Load what the first reply needs."""
        self._llm.load()

    def close(self) -> None:
        """Free what the inner model holds."""
        self._llm.close()


@runtime_checkable
class LikelihoodLlm(Llm, Protocol):
    """A model that can also say how likely it holds a reply."""

    def log_probabilities(self, messages: Sequence[Message], text: str) -> list[float]:
        """Give the natural logarithm of the probability of each token of ``text`` as the next turn.

        Neither temperature nor grammar counts. Raises ContextTooLong where prompt and text do not fit.
        """
        ...
