"""Models from a hub: `hf:ORG/NAME` and `hf:ORG/NAME/FILE.gguf`.

Enters: a reference. Leaves: the weights' path in the cache. Does not know what the files hold. Once a reference was
fetched, a note in the cache names its files, so it is found again without asking the hub; the note's paths are
relative, so the cache may be moved. The SHA-256 of what was fetched first is the pin: another file is not taken.
"""

import hashlib
import io
import os
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from scoville.errors import ModelIntegrity, ModelUnavailable, StorageError, UnknownModel
from scoville.models.cache import (
    NO_SPACE,
    cache_root,
    hash_file,
    is_offline,
    is_safe_member,
    make_folder,
    out_of_space,
    storage_errors,
)
from scoville.models.catalogue import Kind, Progress
from scoville.models.download import AIR_GAPPED

PREFIX = "hf:"
GLANCE_SECONDS = 5
ENCODER_FILES = ["*.json", "*.jinja", "*.safetensors", "tokenizer*", "1_Pooling/*"]
_ENCODER = re.compile(r"[\w.-]+/[\w.-]+")
_LLM = re.compile(r"([\w.-]+/[\w.-]+)/([\w./ -]+\.gguf)")


class Note(BaseModel):
    """What a fetched reference leaves in the cache."""

    model_config = ConfigDict(frozen=True)

    reference: str
    weights: str
    """Relative to the folder of hub models."""
    size: int
    sha256: str


def locate_hub_model(reference: str, kind: Kind, progress: Progress | None, *, download: bool) -> tuple[Path, str]:
    """Give the path and the SHA-256 of the weights, fetching what is not in the cache."""
    repository, file = _parse(reference, kind)
    root = cache_root() / "hf"
    place = root / f"{hashlib.sha256(f'{kind} {reference}'.encode()).hexdigest()[:16]}.json"
    if known := _noted(place, root):
        return known
    if not download or is_offline():
        why = "SCOVILLE_OFFLINE is set" if is_offline() else "fetching was not asked for"
        raise ModelUnavailable(f"{reference} is not in {root} and {why}; fetch it with a network, {AIR_GAPPED}")
    weights = fetch_from_hub(reference, repository, file, make_folder(root), progress)
    note = Note(
        reference=reference,
        weights=weights.relative_to(root).as_posix(),
        size=weights.stat().st_size,
        sha256=hash_file(weights),
    )
    if (before := _note_at(place)) and before.sha256 != note.sha256:
        raise ModelIntegrity(
            f"{reference}: the hub now gives a file with SHA-256 {note.sha256}, and what was fetched first had "
            f"{before.sha256}; to take the new one, delete {place}"
        )
    with storage_errors(place):
        unfinished = place.with_suffix(f".{os.getpid()}")
        unfinished.write_text(note.model_dump_json(indent=2), encoding="utf-8")
        unfinished.replace(place)
    return weights, note.sha256


def _parse(reference: str, kind: Kind) -> tuple[str, str | None]:
    body = reference.removeprefix(PREFIX)
    if kind != "llm" and _ENCODER.fullmatch(body):
        return body, None
    if kind == "llm" and (match := _LLM.fullmatch(body)) and is_safe_member(match[2]):
        return match[1], match[2]
    expected = "hf:ORG/NAME/FILE.gguf" if kind == "llm" else "hf:ORG/NAME"
    raise UnknownModel(f"{reference!r} is no {kind} on a hub; expected {expected}")


def verify_hub_model(reference: str, kind: Kind) -> tuple[str, ...]:
    """Hash the weights of a model that was fetched, and say what is wrong; raises ModelUnavailable when it was not."""
    weights, sha256 = locate_hub_model(reference, kind, None, download=False)
    found = hash_file(weights)
    return () if found == sha256 else (f"{weights.name} has SHA-256 {found}, and had {sha256} when it was fetched",)


def _note_at(place: Path) -> Note | None:
    try:
        return Note.model_validate_json(place.read_bytes())
    except (OSError, ValidationError):
        return None


def _noted(place: Path, root: Path) -> tuple[Path, str] | None:
    """Give what was fetched before; None, so that it is fetched again, when it is not there or not whole."""
    note = _note_at(place)
    if note and is_safe_member(note.weights):
        weights = root / note.weights
        if weights.is_file() and weights.stat().st_size == note.size:
            return weights, note.sha256
    return None


def hub_answers() -> bool:
    """Say whether the hub can be reached, without the patience of its client, which tries for half a minute."""
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=GLANCE_SECONDS)
    except Exception:  # its HTTP library's and the system's errors
        return False
    return True


def fetch_from_hub(reference: str, repository: str, file: str | None, root: Path, progress: Progress | None) -> Path:
    """Fetch a file, or the files of an encoder, into a cache of the hub's client; raises ModelUnavailable."""
    import huggingface_hub

    bar = _bar_class(reference, progress)
    try:
        if file:
            return Path(huggingface_hub.hf_hub_download(repository, file, cache_dir=root, tqdm_class=bar))
        folder = huggingface_hub.snapshot_download(
            repository, allow_patterns=ENCODER_FILES, cache_dir=root, tqdm_class=bar
        )
    except Exception as error:  # the hub client raises its own, its HTTP library's and the system's errors
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            raise StorageError(out_of_space(root, 0)) from error
        reason = re.sub(r"//[^/\s@]+@", "//", " ".join(str(error).split()))[:300].rstrip(".")
        raise ModelUnavailable(
            f"{reference} could not be fetched: {reason or type(error).__name__}. "
            f"Check the name and the network (and HF_TOKEN for a gated model), {AIR_GAPPED}"
        ) from error
    weights = Path(folder) / "model.safetensors"
    if not weights.is_file():
        raise UnknownModel(
            f"{reference} has no model.safetensors, which an embedder or reranker needs; choose another model"
        )
    return weights


def _bar_class(reference: str, progress: Progress | None) -> Any:
    from huggingface_hub.utils import tqdm

    class Bar(tqdm):  # pyright: ignore[reportUntypedBaseClass]
        """Tells ``progress`` and draws nothing."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            options["file"] = io.StringIO()
            super().__init__(*arguments, **options)

        def update(self, n: float | None = 1) -> bool | None:
            """Count, and report bytes."""
            drawn = super().update(n)
            if progress and self.unit == "B" and self.total:
                progress(f"{reference}: fetching", int(self.n), int(self.total))
            return drawn

    return Bar
