"""A model behind an endpoint: what all protocols have in common.

Enters: messages. Leaves: replies with their price. Does not know prompts, nor how a protocol writes a request or a
reply. Endpoints differ in what they take: an option that one refuses is left out from then on, and that is said once.
"""

import logging
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from scoville import recipe
from scoville.cost import price_usd
from scoville.endpoint import Endpoint, Failure, is_loopback
from scoville.errors import ProviderError
from scoville.llm.protocol import Generation, OnText
from scoville.llm.stream import TextStream
from scoville.llm.thoughts import without_thoughts
from scoville.types import FinishReason, Message, Reply

if TYPE_CHECKING:
    import openai

DEFAULT_CONTEXT_TOKENS = 8192
CHARACTERS_PER_TOKEN = 3
"""English has about 4; other languages and code have fewer. Counted in bytes of UTF-8."""
TOKENS_PER_MESSAGE = 4
UNSAID = frozenset({"stream_options", "max_tokens"})
"""Options that make no difference to a reply when they are left out."""
_REFUSAL = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|extra|not permitted|not allowed|deprecated", re.I
)

logger = logging.getLogger("scoville")


class Usage(NamedTuple):
    """The tokens that an endpoint counted."""

    prompt_tokens: int
    completion_tokens: int


class Piece(NamedTuple):
    """What an endpoint sends at a time."""

    text: str = ""
    thought: bool = False
    """Whether the model thinks here, or was found to have thought."""
    finish_reason: FinishReason | None = None
    """In the last piece with something to say: why the reply ends."""
    usage: Usage | None = None


class HostedLlm(ABC):
    """A model behind an endpoint; several threads may ask at once, as many as the recipe allows."""

    runtime: ClassVar[str]
    droppable: ClassVar[tuple[str, ...]]
    """Options of a request that a reply can do without."""

    def __init__(self, settings: recipe.Llm) -> None:
        self.name = settings.model
        self.context_tokens = settings.context_tokens or DEFAULT_CONTEXT_TOKENS
        self._settings = settings
        self._endpoint = Endpoint(settings)
        self._refused: set[str] = set()
        self._thinks = bool(settings.thinking)
        """Whether the model was seen to think, or is to."""

    @property
    def base_url(self) -> str:
        """The endpoint's address."""
        return self._endpoint.url

    @abstractmethod
    def _ask(
        self, client: "openai.OpenAI", messages: Sequence[Message], generation: Generation, max_tokens: int
    ) -> Generator[Piece]:
        """Send the request, and give what comes back; ``max_tokens`` has room for thoughts."""
        ...

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Write the next turn."""
        import openai

        endpoint, started = self._endpoint, time.perf_counter()
        lost: Reply | None = None
        with endpoint.turn() as client:
            while True:
                thinking = self._settings.thinking_tokens if self._thinks else 0
                longest = generation.max_tokens if thinking else None
                stream = TextStream(on_text, stop=generation.stop, longest=longest)
                try:
                    with closing(self._ask(client, messages, generation, generation.max_tokens + thinking)) as pieces:
                        reply = self._reply(pieces, messages, stream, started)
                    if self._thinks or not stream.thought:
                        return _with(reply, lost)
                    self._thinks = self._settings.thinking_tokens > 0  # from now on it gets room for it
                    if not self._thinks or reply.finish_reason != "length" or (stream.text and on_text):
                        return _with(reply, lost)
                    lost = reply  # its thoughts took all the room of the answer: it is asked once more
                except (ValueError, LookupError, TypeError, AttributeError) as error:
                    stream.raise_error()  # what the listener raised is no fault of the endpoint
                    told = endpoint.redacted(str(error))
                    raise ProviderError(f"{self.name} at {endpoint.where} sent what is no reply: {told}") from None
                except openai.APIError as error:
                    failure = endpoint.explain(error)
                    if not self._leave_out(failure):
                        raise failure.error from None

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Estimate the tokens of the prompt, rather too high: the model's tokenizer is not at hand."""
        return sum(_estimate(message.content) + TOKENS_PER_MESSAGE for message in messages)

    def load(self) -> None:
        """Make the client, which finds a missing key before anything else is done."""
        self._endpoint.client()

    def close(self) -> None:
        """Close the connections."""
        self._endpoint.close()

    def _reply(
        self, pieces: Generator[Piece], messages: Sequence[Message], stream: TextStream, started: float
    ) -> Reply:
        finish_reason: FinishReason | None = None
        usage: Usage | None = None
        for piece in pieces:
            stream.thought = stream.thought or piece.thought
            usage, finish_reason = piece.usage or usage, piece.finish_reason or finish_reason
            stream.push(piece.text)
            stream.raise_error()
            if stream.finished:
                finish_reason = "length" if stream.is_cut else "stop"
                break
        stream.end()
        if finish_reason == "length" and not stream.text:
            stream.thought = True
        if not finish_reason and usage is None:
            got = f"broke off after {len(stream.text)} characters" if stream.pieces else "sent no reply"
            raise ProviderError(f"{self.name} at {self._endpoint.where} {got}; ask again, or see whether it can stream")
        usage = usage or Usage(self.count_tokens(messages), _estimate(stream.text))
        return Reply(
            text=without_thoughts(stream.text),
            model=self.name,
            runtime=self.runtime,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            first_token_seconds=stream.first_seconds or 0.0,
            total_seconds=time.perf_counter() - started,
            cost_usd=self._price(usage),
            finish_reason=finish_reason or "stop",
        )

    def _leave_out(self, failure: Failure) -> bool:
        """Remember the option that the endpoint refused, if it did and can do without."""
        if failure.status not in (400, 422) or not _REFUSAL.search(failure.said):
            return False
        for option in self.droppable:
            named = failure.parameter == option or (not failure.parameter and option in failure.said)
            if named and option not in self._refused:
                self._refused.add(option)
                if option not in UNSAID:
                    logger.warning("%s takes no %s; it is asked without", self.name, option)
                return True
        return False

    def _price(self, usage: Usage) -> float | None:
        provider = None if is_loopback(self.base_url) else self.base_url
        price = price_usd(self._endpoint.model, usage.prompt_tokens, usage.completion_tokens, provider=provider)
        return 0.0 if price is None and provider is None else price


def _with(reply: Reply, lost: Reply | None) -> Reply:
    """Add what a reply took that came to nothing."""
    if lost is None:
        return reply
    known = reply.cost_usd is not None and lost.cost_usd is not None
    return replace(
        reply, prompt_tokens=reply.prompt_tokens + lost.prompt_tokens,
        completion_tokens=reply.completion_tokens + lost.completion_tokens,
        cost_usd=(reply.cost_usd or 0.0) + (lost.cost_usd or 0.0) if known else None,
    )  # fmt: skip


def _estimate(text: str) -> int:
    return -(-len(text.encode()) // CHARACTERS_PER_TOKEN)
