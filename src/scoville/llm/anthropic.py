"""Anthropic's models, asked by its Messages API over the HTTP client of the others.

The client reads server-sent events whoever sends them, and its limits, its retries and the meaning of its errors are
the endpoint's; only the words of request and reply are another.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from scoville import recipe
from scoville.errors import UnknownModel
from scoville.llm.hosted import HostedLlm, Piece, Usage
from scoville.llm.protocol import Generation
from scoville.types import FinishReason, Message

if TYPE_CHECKING:
    import openai

FINISH_REASONS: Mapping[str, FinishReason] = {
    "max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "content_filter",
}  # fmt: skip
COUNTED = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""What makes up the tokens of a prompt."""

BOUNDS = frozenset(
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems".split()
)
"""Parts of a schema that the API refuses; whoever asks checks the reply by the whole schema."""

Event = dict[str, Any]


class AnthropicLlm(HostedLlm):
    """A model behind Anthropic's Messages API."""

    runtime = "anthropic"
    droppable = ("temperature", "top_p", "thinking")

    def _ask(
        self, client: "openai.OpenAI", messages: Sequence[Message], generation: Generation, max_tokens: int
    ) -> Generator[Piece]:
        import openai

        body = self._request(messages, generation, max_tokens)
        with client.post("/messages", cast_to=object, body=body, stream=True, stream_cls=openai.Stream[object]) as sent:
            yield from _pieces(cast("openai.Stream[Event]", sent))

    def _request(self, messages: Sequence[Message], generation: Generation, max_tokens: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [{"role": one.role, "content": one.content} for one in messages if one.role != "system"],
            "max_tokens": max_tokens,
            "stream": True,
        }
        if instructions := [one.content for one in messages if one.role == "system"]:
            request["system"] = "\n\n".join(instructions)
        if self._settings.thinking:  # which allows no other temperature than its own
            request["thinking"] = {"type": "adaptive"}
        else:
            request["temperature"] = generation.temperature
        if generation.top_p < 1:
            request["top_p"] = generation.top_p
        if stop := [text for text in generation.stop if text.strip()]:  # of white space alone it takes none
            request["stop_sequences"] = stop
        if generation.json_schema is not None:
            request["output_config"] = {"format": {"type": "json_schema", "schema": _taken(generation.json_schema)}}
        request = {name: value for name, value in request.items() if name not in self._refused}
        return {**request, **self._settings.extra_body}


def _taken(schema: Any) -> Any:
    """Give a schema as the API takes it: objects hold nothing that is not named, and there are no bounds."""
    if isinstance(schema, list):
        return [_taken(part) for part in cast("list[Any]", schema)]
    if not isinstance(schema, Mapping):
        return schema
    parts = cast("Mapping[str, Any]", schema)
    taken = {name: _taken(part) for name, part in parts.items() if name not in (*BOUNDS, "properties")}
    if "properties" not in parts:
        return taken
    fields = {name: _taken(field) for name, field in parts["properties"].items()}
    return {**taken, "properties": fields, "additionalProperties": False}


def _pieces(events: "openai.Stream[Event]") -> Generator[Piece]:
    prompt_tokens = 0
    for event in events:
        match event["type"]:
            case "message_start":
                counts = event["message"]["usage"]
                prompt_tokens = sum(counts.get(name) or 0 for name in COUNTED)
            case "content_block_start":
                yield Piece(thought="thinking" in event["content_block"]["type"])
            case "content_block_delta":
                yield Piece(event["delta"].get("text", ""))
            case "message_delta":
                why = event["delta"].get("stop_reason")
                usage = Usage(prompt_tokens, event["usage"]["output_tokens"])
                yield Piece(finish_reason=FINISH_REASONS.get(why, "stop") if why else None, usage=usage)
            case _:  # pings, ends, and what is yet to be invented
                pass


def open_anthropic(name: str, settings: recipe.Llm) -> AnthropicLlm:
    """Open what ``llm.model: anthropic:NAME`` means."""
    if not name:
        raise UnknownModel(f"llm.model: {settings.model!r} names no model; expected anthropic:NAME")
    return AnthropicLlm(settings)
