"""Any endpoint that speaks OpenAI's chat protocol: OpenAI itself, hosted models, a server in the next room.

Enters: messages. Leaves: replies with their price. Does not know prompts. Endpoints differ in what they take: an
option that one refuses is left out from then on, and that is said once.
"""

import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from scoville import recipe
from scoville.cost import price_usd
from scoville.endpoint import DEFAULT_URL, Endpoint, Failure, is_loopback
from scoville.errors import ProviderError, UnknownModel
from scoville.llm.protocol import Generation, OnText
from scoville.llm.stream import TextStream
from scoville.llm.thoughts import without_thoughts
from scoville.types import FinishReason, Message, Reply

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDelta

DEFAULT_CONTEXT_TOKENS = 8192
CHARACTERS_PER_TOKEN = 3
"""English has about 4; other languages and code have fewer. Counted in bytes of UTF-8."""
TOKENS_PER_MESSAGE = 4
FINISH_REASONS: Mapping[str, FinishReason] = {"length": "length", "content_filter": "content_filter"}
DROPPABLE = ("stream_options", "seed", "temperature", "top_p", "reasoning_effort", "chat_template_kwargs")
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
        self._thinks = bool(settings.thinking)
        """Whether the model was seen to think, or is to."""

    @property
    def base_url(self) -> str:
        """The endpoint's address."""
        return self._endpoint.url

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Write the next turn; several threads may ask at once, as many as the recipe allows."""
        import openai

        endpoint, started = self._endpoint, time.perf_counter()
        lost: Reply | None = None
        with endpoint.turn() as client:
            while True:
                thinking = self._settings.thinking_tokens if self._thinks else 0
                stream = TextStream(on_text, longest=generation.max_tokens if thinking else None)
                request = self._request(messages, generation, thinking)
                try:
                    reply = self._reply(client.chat.completions.create(**request), messages, stream, started)
                    if self._thinks or not stream.thought:
                        return _with(reply, lost)
                    self._thinks = self._settings.thinking_tokens > 0  # from now on it gets room for it
                    if not self._thinks or reply.finish_reason != "length" or (stream.text and on_text):
                        return _with(reply, lost)
                    lost = reply  # its thoughts took all the room of the answer: it is asked once more
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
        chunks: "openai.Stream[ChatCompletionChunk]",
        messages: Sequence[Message],
        stream: TextStream,
        started: float,
    ) -> Reply:
        finish_reason = ""
        usage: Any = None
        with chunks:
            for chunk in chunks:
                usage = chunk.usage or usage
                for choice in (chunk.choices or ())[:1]:  # some endpoints send null
                    if choice.delta:
                        _take(choice.delta, stream)
                    stream.raise_error()
                    finish_reason = choice.finish_reason or finish_reason
                if stream.is_cut:
                    finish_reason = "length"
                    break
        stream.end()
        counted = getattr(getattr(usage, "completion_tokens_details", None), "reasoning_tokens", None)
        if counted or (finish_reason == "length" and not stream.text):
            stream.thought = True
        if not finish_reason and usage is None:
            got = f"broke off after {len(stream.text)} characters" if stream.pieces else "sent no reply"
            raise ProviderError(f"{self.name} at {self._endpoint.where} {got}; ask again, or see whether it can stream")
        prompt_tokens = usage.prompt_tokens if usage else self.count_tokens(messages)
        completion_tokens = usage.completion_tokens if usage else _estimate(stream.text)
        return Reply(
            text=without_thoughts(stream.text),
            model=self.name,
            runtime=self.runtime,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            first_token_seconds=stream.first_seconds or 0.0,
            total_seconds=time.perf_counter() - started,
            cost_usd=self._price(prompt_tokens, completion_tokens),
            finish_reason=FINISH_REASONS.get(finish_reason, "stop"),
        )

    def _request(self, messages: Sequence[Message], generation: Generation, thinking_tokens: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": generation.max_tokens + thinking_tokens,
            "temperature": generation.temperature,
            "seed": generation.seed,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if generation.top_p < 1:
            request["top_p"] = generation.top_p
        if generation.stop:
            request["stop"] = list(generation.stop)
        if generation.json_schema is not None:
            schema = {"name": "reply", "schema": dict(generation.json_schema), "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        if "max_tokens" in self._refused:
            request["max_completion_tokens"] = request["max_tokens"]
        request = {name: value for name, value in request.items() if name not in self._refused}
        extra = {name: value for name, value in self._switch().items() if name not in self._refused}
        return {**request, "extra_body": {**extra, **self._settings.extra_body}}

    def _switch(self) -> dict[str, Any]:
        """Give what switches thinking on or off: OpenAI and Ollama have one name for it, vLLM and its like another."""
        thinking = self._settings.thinking
        if thinking is None:
            return {}
        if self.name.startswith("ollama:") or self.base_url == DEFAULT_URL:
            return {"reasoning_effort": "medium" if thinking else "none"}
        return {"chat_template_kwargs": {"enable_thinking": thinking}}

    def _leave_out(self, failure: Failure) -> bool:
        """Remember the option that the endpoint refused, if it did and can do without."""
        if failure.status not in (400, 422) or not _REFUSAL.search(failure.said):
            return False
        for option in (*DROPPABLE, "max_tokens"):
            named = failure.parameter == option or (not failure.parameter and option in failure.said)
            if named and option not in self._refused:
                self._refused.add(option)
                if option not in ("stream_options", "max_tokens"):
                    logger.warning("%s takes no %s; it is asked without", self.name, option)
                return True
        return False

    def _price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        provider = None if is_loopback(self.base_url) else self.base_url
        price = price_usd(self._endpoint.model, prompt_tokens, completion_tokens, provider=provider)
        return 0.0 if price is None and provider is None else price


def _take(delta: "ChoiceDelta", stream: TextStream) -> None:
    """Give the text of a piece to the stream; what is marked as thought is only noted."""
    content: Any = delta.content or delta.refusal or ""
    if any(getattr(delta, name, None) for name in ("reasoning_content", "reasoning")):
        stream.thought = True
    if isinstance(content, list):  # Mistral's form: parts, each with its type
        parts = cast("list[dict[str, Any]]", content)
        stream.thought = stream.thought or any(part.get("type") == "thinking" for part in parts)
        content = "".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")
    stream.push(content)


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


def open_openai(name: str, settings: recipe.Llm) -> OpenAILlm:
    """Open what ``llm.model: openai:NAME`` means, ``ollama:`` and ``vllm:`` too."""
    if not name:
        raise UnknownModel(f"llm.model: {settings.model!r} names no model; expected {settings.model}NAME")
    return OpenAILlm(settings)
