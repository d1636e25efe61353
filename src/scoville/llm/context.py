"""How many tokens a local model takes, and how many are left for its reply.

Enters: the recipe's settings and counts of tokens. Leaves: counts, or an error that says what to
change. Knows no runtime.
"""

from scoville import recipe
from scoville.errors import ContextTooLong, UsageError
from scoville.llm.protocol import Generation

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


def reply_room(name: str, prompt_tokens: int, context_tokens: int, generation: Generation) -> int:
    """Give how many tokens the reply may have; raises ContextTooLong when the prompt leaves none."""
    if prompt_tokens >= context_tokens:
        raise ContextTooLong(
            f"the prompt has {prompt_tokens} tokens or more, and {name} takes {context_tokens} with its reply; "
            "lower prompt.context_tokens or search.passages, or raise llm.context_tokens"
        )
    return min(generation.max_tokens, context_tokens - prompt_tokens)


def check_room(name: str, tokens: int, context_tokens: int) -> None:
    """Raise ContextTooLong when a prompt with a given reply does not fit."""
    if tokens > context_tokens:
        raise ContextTooLong(f"prompt and reply have {tokens} tokens, and {name} takes {context_tokens}")
