"""Which runtime suits a local model and this machine.

Enters: the ``llm`` section of a recipe and a model's files. Leaves: an opened model. Does not know how runtimes work.
"""

import logging
import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scoville import recipe
from scoville.errors import ModelError, ScovilleError, UsageError
from scoville.llm.context import MAX_CONTEXT_TOKENS
from scoville.llm.gguf import GgufMetadata, read_metadata
from scoville.llm.protocol import Llm
from scoville.models.trained import trained_folder

if TYPE_CHECKING:
    from scoville.models import ModelFiles

OPENVINO_ARCHITECTURES = frozenset({"llama", "qwen2", "qwen3"})
"""What OpenVINO GenAI 2026.4 builds from a GGUF file."""
MAX_F16_PARAMETERS = 2_000_000_000
"""Larger models take more than 4 GB as F16, which are read again for each token: llamacpp keeps them small."""

logger = logging.getLogger("scoville")


def open_local(name: str, settings: recipe.Llm) -> Llm:
    """Open a model of the catalogue, of the hub (fetched if need be) or of a file; a folder may hold a reader."""
    from scoville.extract import is_reader
    from scoville.models import locate_model

    folder = trained_folder(settings.model) or Path(name).expanduser()
    if is_reader(folder):
        from scoville.llm.reader import ReaderLlm

        return ReaderLlm(settings.model, folder, settings.threads)
    return open_local_llm(settings, locate_model(settings.model, kind="llm"))


def open_local_llm(settings: recipe.Llm, files: "ModelFiles") -> Llm:
    """Open a GGUF file, or a folder in OpenVINO's form, with the runtime of the recipe or one that suits.

    What training left is first brought into GGUF. An adapter on a base that is named runs with llamacpp, which holds
    the base once for all its adapters; only with the runtime openvino, which has no such thing, is it merged.
    """
    from scoville.llm.trained.forms import as_gguf

    if files.adapter and settings.runtime != "openvino":
        return _open_adapted(settings, files, files.adapter)
    files = as_gguf(files)
    if files.weights.suffix == ".xml":
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


def _open_adapted(settings: recipe.Llm, files: "ModelFiles", adapter: "Path") -> Llm:
    from scoville.llm.llamacpp import Applied, LlamaCppLlm
    from scoville.llm.trained.forms import adapter_file, adapters_beside, as_gguf

    named = replace(files, adapter=None, name=files.name.rpartition("+")[0])
    base, adapters = as_gguf(named), adapters_beside(named, adapter)
    metadata = read_metadata(base.weights)
    forms: dict[Path, Path] = {}
    for folder in adapters:
        try:
            forms[folder] = adapter_file(base, folder)
        except ScovilleError:
            if folder == adapter:
                raise
    return LlamaCppLlm(settings, base.weights, metadata, Applied(tuple(forms.values()), list(forms).index(adapter)))


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
