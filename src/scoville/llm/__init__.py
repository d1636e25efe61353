"""The model that writes: [Message] -> Reply.

    protocol    Generation, Llm, LikelihoodLlm: what every model is asked and does
    template    messages -> the text that a local model reads
    gguf        a GGUF file -> what it says about itself
    gguf_write  weights -> a GGUF file, in another precision
    trained     folders that training leaves -> GGUF files
    grammar     a JSON schema -> a grammar
    local       which runtime suits a local model and this machine
    context     how many tokens it takes, and what is left for its reply
    openvino    local models on x86-64 CPUs, fast at reading prompts
    batching    requests of many threads on one such model, side by side
    likelihood  how likely such a model holds a text
    llamacpp    local models anywhere
    hosted      models behind an endpoint; openai and anthropic are the protocols that they speak
    quote       the nearest sentence, word for word
    fake        a model that needs no weights
    kept        replies on disk       remember  replies in memory
    stream      text on its way out of a model

Does not know questions, passages or citations.
"""

from collections.abc import Callable, Sequence

from scoville import recipe
from scoville.llm.fake import FakeLlm
from scoville.llm.protocol import Generation, LikelihoodLlm, Llm
from scoville.models.provider import find_provider
from scoville.types import Message

__all__ = ["FakeLlm", "Generation", "LikelihoodLlm", "Llm", "ask_with", "open_llm"]


def ask_with(settings: recipe.Llm, llm: Llm | None = None) -> Callable[[Sequence[Message]], str]:
    """Give a function that asks a model and gives its reply's text; the model is loaded by the first call."""
    llm = llm or open_llm(settings)
    generation = Generation(max_tokens=settings.max_tokens, temperature=settings.temperature, seed=settings.seed)
    return lambda messages: llm.generate(messages, generation).text


def open_llm(settings: recipe.Llm) -> Llm:
    """Open the model that ``settings.model`` names; the caller closes it.

    Local weights are fetched if need be, and loaded by the first reply. Raises UnknownModel for a name that means
    nothing, ModelError for a model that cannot be used.
    """
    provider = find_provider("llm", settings.model, "llm.model")
    return provider.open(provider.name, settings)
