"""How many tokens a local model takes, and how many are left for its reply.

Enters: the recipe's settings and counts of tokens. Leaves: counts, what collects a reply, or an error that says what
to change. Knows no runtime.
"""

from scoville import recipe
from scoville.errors import ContextTooLong, UsageError
from scoville.llm.protocol import Generation, OnText
from scoville.llm.stream import TextStream
from scoville.llm.template import ChatTemplate

MAX_CONTEXT_TOKENS = 8192
"""The default for models that take more; the tokenizer that OpenVINO builds from a GGUF file reads no more."""


def usable_context(settings: recipe.Llm, trained: int) -> int:
    """Give the context to use; raises UsageError when the recipe wants more than the model was trained on."""
    if settings.context_tokens is None:
        return min(trained, MAX_CONTEXT_TOKENS)
    if settings.context_tokens > trained:
        raise UsageError(
            f"llm.context_tokens: {settings.context_tokens} is more than the {trained} of {settings.model}; "
            "lower it or choose another model"
        )
    return settings.context_tokens


def thinking_room(template: ChatTemplate | None, settings: recipe.Llm, generation: Generation) -> int:
    """Give how many tokens a model may think; none where a grammar lets it write nothing but JSON."""
    return settings.thinking_tokens if template and template.thinks and generation.json_schema is None else 0


def open_stream(on_text: OnText | None, generation: Generation, thinking_tokens: int) -> TextStream:
    """Give what collects a reply; one of a model that thinks is as long as it may be when its thoughts are over."""
    longest = generation.max_tokens if thinking_tokens else None
    return TextStream(on_text, stop=generation.stop, ends_with_json=generation.json_schema is not None, longest=longest)


def reply_room(
    name: str, prompt_tokens: int, context_tokens: int, generation: Generation, thinking_tokens: int = 0
) -> int:
    """Give how many tokens thoughts and reply may have; raises ContextTooLong when the prompt leaves none."""
    if prompt_tokens >= context_tokens:
        raise ContextTooLong(
            f"the prompt has {prompt_tokens} tokens or more, and {name} takes {context_tokens} with its reply; "
            "lower prompt.context_tokens or search.passages, or raise llm.context_tokens"
        )
    return min(generation.max_tokens + thinking_tokens, context_tokens - prompt_tokens)


def check_room(name: str, tokens: int, context_tokens: int) -> None:
    """Raise ContextTooLong when a prompt with a given reply does not fit."""
    if tokens > context_tokens:
        raise ContextTooLong(f"prompt and reply have {tokens} tokens, and {name} takes {context_tokens}")
