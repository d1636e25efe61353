"""The GGUF file of a folder that training left, built once, in the model cache.

Enters: a folder as transformers or PEFT saves it. Leaves: a GGUF file that every runtime loads. An adapter alone is
merged into its base; with a base that is named, it stays apart and is applied while the base runs.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scoville.errors import ModelError, ScovilleError, StorageError
from scoville.llm.gguf_write import Content, open_gguf, write_gguf
from scoville.llm.trained.adapter import CONFIG as ADAPTER
from scoville.llm.trained.adapter import as_gguf_adapter, is_adapter, merged, open_adapter
from scoville.llm.trained.huggingface import CONFIG as HUGGINGFACE
from scoville.llm.trained.huggingface import open_huggingface
from scoville.llm.trained.safetensors import read_json
from scoville.models.locate import PATH_PREFIX, ModelFiles, locate_model

if TYPE_CHECKING:
    from scoville.llm.gguf_write import Precision

RECORD = "training.json"
"""What training wrote down of itself, beside the weights."""

logger = logging.getLogger("scoville")


def content_of(files: ModelFiles) -> Content:
    """Open the weights of a model: a GGUF file, a folder of transformers, or an adapter merged into its base."""
    if files.adapter:
        return merged(content_of(replace(files, adapter=None)), open_adapter(files.adapter))
    match files.weights.name:
        case name if name == ADAPTER:
            return content_of(replace(base_of(files.folder), adapter=files.folder))
        case name if name == HUGGINGFACE:
            return open_huggingface(files.folder)
        case _:
            return open_gguf(files.weights)


def base_name(folder: Path) -> str:
    """Name the model that an adapter was trained on, as a recipe does."""
    known = read_json(folder / RECORD).get("base") if (folder / RECORD).is_file() else None
    named = str(known or read_json(folder / ADAPTER).get("base_model_name_or_path") or "")
    if not named:
        raise ModelError(f"{folder / ADAPTER} does not say what it was trained on; set base_model_name_or_path there")
    return f"{PATH_PREFIX}{named}" if Path(named).exists() else named


def base_of(folder: Path) -> ModelFiles:
    """Find the model that an adapter was trained on."""
    named = base_name(folder)
    base = locate_model(named, kind="llm")
    if base.weights.name == ADAPTER:
        raise ModelError(f"{folder}: its base {named} is an adapter itself; merge that with `scoville export` first")
    return base


def as_gguf(files: ModelFiles) -> ModelFiles:
    """Give the F16 GGUF file of a folder that training left, or of a base with an adapter; others as they are."""
    known = files
    if files.adapter:
        known = replace(files, sha256=_digest(files, _adapter_at(files.adapter)))
    elif files.weights.name == ADAPTER:
        known = replace(files, sha256=_digest(files, base_of(files.folder)))
    elif files.weights.name != HUGGINGFACE:
        return files
    return _built(known, lambda target: write_gguf(target, content_of(files)))


def adapter_file(base: ModelFiles, folder: Path) -> Path:
    """Give llama.cpp's form of an adapter on a base, whose GGUF file it is."""
    files = _adapter_at(folder)
    known = replace(files, sha256=_digest(files, base), name=f"{files.name}-adapter")

    def write(target: Path) -> None:
        write_gguf(target, as_gguf_adapter(open_gguf(base.weights), open_adapter(folder)), "f32")

    return _built(known, write).weights


def adapters_beside(base: ModelFiles, folder: Path) -> list[Path]:
    """List the adapters on the same base that were trained in the same workspace, this one among them."""
    found = [folder]
    for other in folder.parent.iterdir():
        if other != folder and is_adapter(other):
            try:
                found += [other] if base_of(other).identity == base.identity else []
            except ScovilleError:  # it has its own error when it is asked for
                continue
    return sorted(found)


def write_form(target: Path, content: Content, precision: "Precision") -> None:
    """Write a GGUF file where a person wants it; StorageError where the disk does not take it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_gguf(target, content, precision)
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror or error}; make room there") from error


def _built(files: ModelFiles, write: Callable[[Path], None]) -> ModelFiles:
    from filelock import FileLock

    folder = files.build_folder("gguf")
    path = folder / f"{files.name}.gguf"
    try:
        if not path.is_file():
            with FileLock(folder / ".lock"):
                if not path.is_file():
                    logger.info("Preparing %s as GGUF; this happens once", files.name)
                    write(path)
    except OSError as error:
        raise StorageError(
            f"{folder} cannot take the GGUF form of {files.name}: {error.strerror or error}; make room there, or set "
            "SCOVILLE_MODELS to another folder"
        ) from error
    return ModelFiles(name=files.name, kind="llm", folder=folder, weights=path, licence=files.licence)


def _adapter_at(folder: Path) -> ModelFiles:
    return locate_model(f"{PATH_PREFIX}{folder}", kind="llm")


def _digest(*files: ModelFiles) -> str:
    return hashlib.sha256(" ".join(one.identity for one in files).encode()).hexdigest()
