"""Any endpoint that speaks OpenAI's chat protocol: OpenAI itself, hosted models, a server in the next room."""

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from scoville import recipe
from scoville.endpoint import DEFAULT_URL
from scoville.errors import UnknownModel
from scoville.llm.hosted import HostedLlm, Piece, Usage
from scoville.llm.protocol import Generation
from scoville.types import FinishReason, Message

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDelta

FINISH_REASONS: Mapping[str, FinishReason] = {"length": "length", "content_filter": "content_filter"}


class OpenAILlm(HostedLlm):
    """A model behind an endpoint that speaks OpenAI's protocol."""

    runtime = "openai"
    droppable = (
        "stream_options", "seed", "temperature", "top_p", "reasoning_effort", "chat_template_kwargs", "max_tokens",
        "response_format",
    )  # fmt: skip

    def _ask(
        self, client: "openai.OpenAI", messages: Sequence[Message], generation: Generation, max_tokens: int
    ) -> Generator[Piece]:
        with client.chat.completions.create(**self._request(messages, generation, max_tokens)) as chunks:
            yield from map(_piece, chunks)

    def _request(self, messages: Sequence[Message], generation: Generation, max_tokens: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
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
            schema = generation.json_schema
            named = {"name": "reply", "schema": dict(schema), "strict": _is_strict(schema)}
            request["response_format"] = {"type": "json_schema", "json_schema": named}
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


def _piece(chunk: "ChatCompletionChunk") -> Piece:
    counted = getattr(getattr(chunk.usage, "completion_tokens_details", None), "reasoning_tokens", None)
    usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens) if chunk.usage else None
    if not chunk.choices:  # some endpoints send null
        return Piece(thought=bool(counted), usage=usage)
    choice = chunk.choices[0]
    text, thought = _said(choice.delta) if choice.delta else ("", False)
    ends: FinishReason | None = FINISH_REASONS.get(choice.finish_reason, "stop") if choice.finish_reason else None
    return Piece(text, thought or bool(counted), ends, usage)


def _said(delta: "ChoiceDelta") -> tuple[str, bool]:
    """Give the text of a piece, and whether there is a thought beside it."""
    content: Any = delta.content or delta.refusal or ""
    thought = any(getattr(delta, name, None) for name in ("reasoning_content", "reasoning"))
    if isinstance(content, list):  # Mistral's form: parts, each with its type
        parts = cast("list[dict[str, Any]]", content)
        thought = thought or any(part.get("type") == "thinking" for part in parts)
        content = "".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")
    return content, thought


def open_openai(name: str, settings: recipe.Llm) -> OpenAILlm:
    """Open what ``llm.model: openai:NAME`` means, ``ollama:`` and ``vllm:`` too."""
    if not name:
        raise UnknownModel(f"llm.model: {settings.model!r} names no model; expected {settings.model}NAME")
    return OpenAILlm(settings)


def _is_strict(schema: Any) -> bool:
    """Say whether endpoints take a schema as strict: each object names all its properties as required, and no others.

    Others are sent too, as what the reply should be like; whoever asks checks it.
    """
    if isinstance(schema, list):
        return all(map(_is_strict, cast("list[Any]", schema)))
    if not isinstance(schema, Mapping):
        return True
    parts = cast("Mapping[str, Any]", schema)
    if "properties" in parts and isinstance(names := parts["properties"], Mapping):
        named = set(cast("Mapping[str, Any]", names))
        if parts.get("additionalProperties") is not False or set(parts.get("required", ())) != named:
            return False
    return all(map(_is_strict, parts.values()))
