"""Who opens a model: the part of its name before the colon.

Enters: a reference such as ``openai:NAME`` or ``all-minilm-l6-v2``. Leaves: what opens it, and its name there. Knows
neither files nor how a model is run.
"""

from typing import Literal, NamedTuple

from scoville.errors import UnknownModel
from scoville.models.catalogue import catalogue
from scoville.models.trained import split_adapter, trained_folder, trained_names
from scoville.registry import Opener, find, has, names, unknown

LOCAL = "path"
"""What opens models of the catalogue: they are files on this machine too."""

WITH_A_NAME = {
    "hf": "hf:ORG/NAME (a hub model)", "path": "path:PLACE (files on this machine)", "openai": "openai:NAME",
    "anthropic": "anthropic:NAME", "ollama": "ollama:NAME", "vllm": "vllm:NAME (endpoints)",
}  # fmt: skip
"""How models are named that stand in no catalogue."""


class Provider(NamedTuple):
    """What opens a model, and what it is called there."""

    open: Opener
    name: str


def find_provider(kind: Literal["embedder", "reranker", "llm"], reference: str, key: str) -> Provider:
    """Find what opens a model; ``key`` is where the recipe names it. Raises UnknownModel with the names there are."""
    provider, colon, name = reference.partition(":")
    catalogued = [entry.name for entry in catalogue() if entry.kind == kind]
    if reference in catalogued or split_adapter(reference) or trained_folder(reference):
        return Provider(find(kind, LOCAL), reference)
    if colon and has(kind, provider) or not colon and has(kind, reference):
        return Provider(find(kind, provider), name)
    known = [*catalogued, *trained_names(), *(WITH_A_NAME.get(opener, opener) for opener in names(kind))]
    reason = f": {unknown(kind, provider)}" if colon else ""  # it names plugins that could not be loaded
    raise UnknownModel(f"{key}: {reference!r} is no {kind} that Scoville knows{reason}; expected {', '.join(known)}")
