"""Who opens a model: the part of its name before the colon.

Enters: a reference such as ``openai:NAME`` or ``all-minilm-l6-v2``. Leaves: what opens it, and its name there. Knows
neither files nor how a model is run.
"""

from typing import Literal, NamedTuple

from scoville.errors import UnknownModel
from scoville.models.catalogue import catalogue
from scoville.registry import Opener, find, has

LOCAL = "path"
"""What opens models of the catalogue: they are files on this machine too."""


class Provider(NamedTuple):
    """What opens a model, and what it is called there."""

    open: Opener
    name: str


def find_provider(kind: Literal["embedder", "reranker", "llm"], reference: str, key: str) -> Provider:
    """Find what opens a model; ``key`` is where the recipe names it. Raises UnknownModel with the names there are."""
    provider, colon, name = reference.partition(":")
    if not colon and (any(entry.name == reference for entry in catalogue()) or not has(kind, reference)):
        return Provider(find(kind, LOCAL), reference)  # it lists the catalogue where the name stands nowhere
    try:
        return Provider(find(kind, provider), name)
    except UnknownModel as error:
        raise UnknownModel(
            f"{key}: {reference!r} has no provider that Scoville knows: {error}. Expected a name from "
            "`scoville models`, hf:ORG/NAME, path:PLACE, openai:NAME, ollama:NAME, vllm:NAME, fake, or what "
            "a plugin adds"
        ) from None
