"""Which runtime suits a local model and this machine.

Enters: the ``llm`` section of a recipe and a model's files. Leaves: an opened model. Does not know how runtimes work.
"""

import logging
import platform
from typing import TYPE_CHECKING

from scoville import recipe
from scoville.errors import ContextTooLong, ModelError, UsageError
from scoville.llm.gguf import GgufMetadata, read_metadata
from scoville.llm.protocol import Generation, Llm

if TYPE_CHECKING:
    from scoville.models import ModelFiles

OPENVINO_ARCHITECTURES = frozenset({"llama", "qwen2", "qwen3"})
"""What OpenVINO GenAI 2026.4 builds from a GGUF file."""
MAX_F16_PARAMETERS = 2_000_000_000
"""Larger models take more than 4 GB as F16, which are read again for each token: llamacpp keeps them small."""
MAX_CONTEXT_TOKENS = 8192
"""The default for models that take more; the tokenizer that OpenVINO builds from a GGUF file reads no more."""

logger = logging.getLogger("scoville")


def open_local_llm(settings: recipe.Llm, files: "ModelFiles") -> Llm:
    """Open a GGUF file, or a folder in OpenVINO's form, with the runtime of the recipe or one that suits."""
    if files.weights.suffix != ".gguf":
        if settings.runtime == "llamacpp":
            raise UsageError(f"llm.runtime: llamacpp reads GGUF files, and {files.weights} is OpenVINO's form")
        return _open_openvino(settings, files, None)
    metadata = read_metadata(files.weights)
    if settings.runtime == "llamacpp":
        return _open_llamacpp(settings, files, metadata)
    obstacle = _why_not_openvino(settings, metadata)
    if obstacle is None:
        return _open_openvino(settings, files, metadata)
    if settings.runtime == "openvino":
        raise ModelError(f"{files.name} cannot run with openvino: {obstacle}; set llm.runtime to llamacpp or auto")
    logger.info("%s runs with llamacpp: %s", files.name, obstacle)
    return _open_llamacpp(settings, files, metadata)


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


def _why_not_openvino(settings: recipe.Llm, metadata: GgufMetadata) -> str | None:
    if metadata.architecture not in OPENVINO_ARCHITECTURES:
        return f"openvino builds {', '.join(sorted(OPENVINO_ARCHITECTURES))}, and this is {metadata.architecture!r}"
    if (settings.context_tokens or 0) > MAX_CONTEXT_TOKENS:
        return f"its tokenizer cuts texts off at {MAX_CONTEXT_TOKENS} tokens, below llm.context_tokens"
    if settings.runtime == "openvino":
        return None
    machine = platform.machine().lower()
    if machine not in ("x86_64", "amd64"):
        return f"openvino is chosen on x86-64, and this machine is {machine}"
    if metadata.parameters > MAX_F16_PARAMETERS:
        return f"its {metadata.parameters / 1e9:.1f} billion weights would take {metadata.parameters / 5e8:.0f} GB"
    return None


def _open_openvino(settings: recipe.Llm, files: "ModelFiles", metadata: GgufMetadata | None) -> Llm:
    from scoville.llm.openvino import OpenVINOLlm

    return OpenVINOLlm(settings, files, metadata)


def _open_llamacpp(settings: recipe.Llm, files: "ModelFiles", metadata: GgufMetadata) -> Llm:
    from scoville.llm.llamacpp import LlamaCppLlm

    return LlamaCppLlm(settings, files.weights, metadata)
