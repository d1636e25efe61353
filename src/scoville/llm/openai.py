"""Any endpoint that speaks OpenAI's chat protocol: OpenAI itself, hosted models, a server in the next room.

Enters: messages. Leaves: replies with their price. Does not know prompts. Endpoints differ in what they take: an
option that one refuses is left out from then on, and that is said once.
"""

import logging
import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scoville import recipe
from scoville.cost import price_usd
from scoville.endpoint import Endpoint, Failure, is_loopback
from scoville.errors import ProviderError, UnknownModel
from scoville.llm.protocol import Generation, OnText
from scoville.llm.stream import TextStream
from scoville.types import FinishReason, Message, Reply

if TYPE_CHECKING:
    import openai

DEFAULT_CONTEXT_TOKENS = 8192
CHARACTERS_PER_TOKEN = 3
"""English has about 4; other languages and code have fewer. Counted in bytes of UTF-8."""
TOKENS_PER_MESSAGE = 4
FINISH_REASONS: Mapping[str, FinishReason] = {"length": "length", "content_filter": "content_filter"}
DROPPABLE = ("stream_options", "seed", "temperature")
_REFUSAL = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|extra|not permitted|not allowed", re.I
)

logger = logging.getLogger("scoville")


class OpenAILlm:
    """A model behind an endpoint."""

    runtime = "openai"

    def __init__(self, settings: recipe.Llm) -> None:
        self.name = settings.model
        self.context_tokens = settings.context_tokens or DEFAULT_CONTEXT_TOKENS
        self._settings = settings
        self._endpoint = Endpoint(settings)
        self._refused: set[str] = set()

    @property
    def base_url(self) -> str:
        """The endpoint's address."""
        return self._endpoint.url

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Write the next turn; several threads may ask at once, as many as the recipe allows."""
        import openai

        endpoint, started = self._endpoint, time.perf_counter()
        with endpoint.turn() as client:
            while True:
                stream = TextStream(on_text)
                try:
                    return self._reply(client, messages, generation, stream, started)
                except ValueError as error:
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
        self,
        client: "openai.OpenAI",
        messages: Sequence[Message],
        generation: Generation,
        stream: TextStream,
        started: float,
    ) -> Reply:
        finish_reason = ""
        usage: Any = None
        chunks = client.chat.completions.create(**self._request(messages, generation))
        with chunks:
            for chunk in chunks:
                usage = chunk.usage or usage
                for choice in (chunk.choices or ())[:1]:  # some endpoints send null
                    if choice.delta:
                        stream.push(choice.delta.content or choice.delta.refusal or "")
                    stream.raise_error()
                    finish_reason = choice.finish_reason or finish_reason
        if not finish_reason and usage is None:
            got = f"broke off after {len(stream.text)} characters" if stream.pieces else "sent no reply"
            raise ProviderError(f"{self.name} at {self._endpoint.where} {got}; ask again, or see whether it can stream")
        prompt_tokens = usage.prompt_tokens if usage else self.count_tokens(messages)
        completion_tokens = usage.completion_tokens if usage else _estimate(stream.text)
        return Reply(
            text=stream.text,
            model=self.name,
            runtime=self.runtime,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            first_token_seconds=stream.first_seconds or 0.0,
            total_seconds=time.perf_counter() - started,
            cost_usd=self._price(prompt_tokens, completion_tokens),
            finish_reason=FINISH_REASONS.get(finish_reason, "stop"),
        )

    def _request(self, messages: Sequence[Message], generation: Generation) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": generation.max_tokens,
            "temperature": generation.temperature,
            "seed": generation.seed,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if generation.stop:
            request["stop"] = list(generation.stop)
        if generation.json_schema is not None:
            schema = {"name": "reply", "schema": dict(generation.json_schema), "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        if "max_tokens" in self._refused:
            request["max_completion_tokens"] = request["max_tokens"]
        return {name: value for name, value in request.items() if name not in self._refused}

    def _leave_out(self, failure: Failure) -> bool:
        """Remember the option that the endpoint refused, if it did and can do without."""
        if failure.status not in (400, 422) or not _REFUSAL.search(failure.said):
            return False
        for option in (*DROPPABLE, "max_tokens"):
            named = failure.parameter == option or (not failure.parameter and option in failure.said)
            if named and option not in self._refused:
                self._refused.add(option)
                if option in ("seed", "temperature"):
                    logger.warning("%s takes no %s; it is asked without", self.name, option)
                return True
        return False

    def _price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        provider = None if is_loopback(self.base_url) else self.base_url
        price = price_usd(self._endpoint.model, prompt_tokens, completion_tokens, provider=provider)
        return 0.0 if price is None and provider is None else price


def _estimate(text: str) -> int:
    return -(-len(text.encode()) // CHARACTERS_PER_TOKEN)


def open_openai(name: str, settings: recipe.Llm) -> OpenAILlm:
    """Open what ``llm.model: openai:NAME`` means, ``ollama:`` and ``vllm:`` too."""
    if not name:
        raise UnknownModel(f"llm.model: {settings.model!r} names no model; expected {settings.model}NAME")
    return OpenAILlm(settings)
